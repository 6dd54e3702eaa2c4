package git

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/git/internal/edit"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// forkPuts is the number of edits from which a subtree is worth a goroutine.
const forkPuts = 256

// merger builds the new trees from the bottom up. It reads only the trees
// along edited paths.
type merger struct {
	ctx   context.Context //nolint:containedctx // of the one merge
	edits *edits
	free  chan struct{} // a token for each further goroutine
}

// merge returns the new root tree and how many files differ in all.
func (e *edits) merge(ctx context.Context) (object.Entry, tree.Counts, error) {
	m := &merger{ctx, e, make(chan struct{}, runtime.GOMAXPROCS(0)-1)}
	w := e.worker()
	root, err := m.node(w, "", e.set.Root(), object.Entry{Mode: object.ModeDir, Hash: e.base.Tree}, false)
	counts, err := e.finish(w, err)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		err = e.err
	}
	return root, e.counts.Plus(counts), err
}

// node is a path on the way to, or with, an edit.
type node = edit.Node[object.Entry]

// named returns a function that tells the names of a node's children.
func named(n *node) func(name []byte) bool {
	if len(n.Children) > 4 {
		return func(name []byte) bool { return n.Children[string(name)] != nil }
	}
	names := slices.Collect(maps.Keys(n.Children)) // comparing few beats hashing each
	return func(name []byte) bool {
		return slices.Contains(names, string(name))
	}
}

// node returns what is at path now, given what was.
func (m *merger) node(w *worker, path string, n *node, old object.Entry, reset bool) (object.Entry, error) {
	if n.Put {
		return n.Value, nil
	}
	if err := m.ctx.Err(); err != nil {
		return object.Entry{}, err
	}
	reset = reset || n.Reset
	was, err := w.oldEncoded(old)
	if err != nil {
		return object.Entry{}, fmt.Errorf("directory %q: %w", path, err)
	}
	now, err := m.children(w, path, n, was, reset)
	if err != nil {
		return object.Entry{}, err
	}
	switch {
	case len(now) == 0 && !old.Mode.IsDir() && !reset:
		return old, nil // nothing came of it: a file or nothing stays
	case len(now) > 0 && !old.Mode.IsDir(), reset && !old.Mode.IsDir():
		if err := w.removed(path, old); err != nil {
			return object.Entry{}, err
		}
	}
	return m.tree(w, now, old)
}

// oldEncoded returns the tree of an old directory.
func (w *worker) oldEncoded(old object.Entry) (object.Encoded, error) {
	if !old.Mode.IsDir() {
		return nil, nil
	}
	return w.repo.tree(old.Hash)
}

// children returns the tree of a directory now. Of the old one only the
// entries with edits are decoded.
func (m *merger) children(w *worker, path string, n *node, was object.Encoded, reset bool) (object.Encoded, error) {
	edited := named(n)
	before, err := was.Select(func(name []byte) bool { return reset || edited(name) })
	if err != nil {
		return nil, fmt.Errorf("directory %q: %w", path, err)
	}
	old := make(map[string]object.Entry, len(before))
	for _, e := range before {
		old[e.Name] = e.Entry
		if n.Children[e.Name] == nil { // below a reset path
			if err := w.removed(join(path, e.Name), e.Entry); err != nil {
				return nil, err
			}
		}
	}
	now, err := m.edited(w, path, n, old, reset)
	if err != nil {
		return nil, err
	}
	if !reset && replaces(before, now) {
		return was.Replace(before), nil
	}
	now = slices.DeleteFunc(now, object.Entry.IsZero)
	slices.SortFunc(now, object.Compare)
	return was.Splice(now, func(name []byte) bool { return reset || edited(name) })
}

// replaces reports whether the entries now differ from those before in nothing
// but their hashes, as they mostly do, and if so gives them the new ones.
func replaces(before []object.Placed, now []object.Entry) bool {
	const few = 8
	if len(before) != len(now) || len(now) > few {
		return false
	}
	for i, e := range before {
		at := slices.IndexFunc(now, func(o object.Entry) bool { return o.Name == e.Name })
		if at < 0 || now[at].Mode != e.Mode || !e.Plain {
			return false
		}
		before[i].Hash = now[at].Hash
	}
	return true
}

// edited returns the entries with edits, side by side where there are many.
func (m *merger) edited(w *worker, path string, n *node, was map[string]object.Entry, reset bool) ([]object.Entry, error) {
	names := slices.Sorted(maps.Keys(n.Children))
	edited := make([]object.Entry, len(names))
	var forks errgroup.Group
	one := func(w *worker, i int) (err error) {
		name := names[i]
		edited[i], err = m.node(w, join(path, name), n.Children[name], was[name], reset)
		edited[i].Name = name
		return err
	}
	var failed error
	for i, name := range names {
		if n.Children[name].Puts >= forkPuts && m.fork(&forks, func(w *worker) error { return one(w, i) }) {
			continue
		}
		if failed = one(w, i); failed != nil {
			break
		}
	}
	if err := forks.Wait(); err != nil && failed == nil {
		failed = err
	}
	return edited, failed
}

// fork runs f in a goroutine with a worker of its own, if there is a processor for it.
func (m *merger) fork(g *errgroup.Group, f func(*worker) error) bool {
	select {
	case m.free <- struct{}{}:
	default:
		return false
	}
	g.Go(func() error {
		defer func() { <-m.free }()
		w := m.edits.worker()
		counts, err := m.edits.finish(w, f(w))
		m.edits.add(counts)
		return err
	})
	return true
}

// tree makes the tree, unless it is the old one.
func (m *merger) tree(w *worker, now object.Encoded, old object.Entry) (object.Entry, error) {
	if len(now) == 0 {
		return object.Entry{}, nil
	}
	made := object.Entry{Mode: object.ModeDir, Hash: w.hasher.Sum(object.Tree, now)}
	if w.batch == nil || made.Hash == old.Hash {
		return made, nil
	}
	// The store is not asked for it: a tree on the way to an edit is hardly
	// ever an older one again.
	w.repo.trees.put(made.Hash, now)
	return made, w.batch.Add(object.Tree, made.Hash, now)
}
