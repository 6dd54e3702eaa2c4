package gitrepo

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/gitrepo/internal/object"
	"github.com/gatorcloud/sluice/renderer/internal/edit"
	"github.com/gatorcloud/sluice/renderer/tree"
)

// forkPuts is the number of edits from which a subtree is worth a goroutine.
const forkPuts = 256

// merger builds the new trees from the bottom up. It reads only the trees
// along edited paths.
type merger struct {
	ctx   context.Context
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

// node returns what is at path now, given what was.
func (m *merger) node(w *worker, path string, n *node, old object.Entry, reset bool) (object.Entry, error) {
	if n.Put {
		return n.Value, nil
	}
	if err := m.ctx.Err(); err != nil {
		return object.Entry{}, err
	}
	reset = reset || n.Reset
	was, err := m.oldEntries(w, old)
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

// oldEntries returns the entries of an old directory by name.
func (m *merger) oldEntries(w *worker, old object.Entry) (map[string]object.Entry, error) {
	if !old.Mode.IsDir() {
		return nil, nil
	}
	t, err := w.repo.tree(old.Hash)
	if err != nil {
		return nil, err
	}
	entries := map[string]object.Entry{}
	for e, err := range t.All() {
		if err != nil {
			return nil, err
		}
		entries[e.Name] = e
	}
	return entries, nil
}

// children returns the entries of a directory now, unsorted.
func (m *merger) children(w *worker, path string, n *node, was map[string]object.Entry, reset bool) ([]object.Entry, error) {
	now := make([]object.Entry, 0, len(was)+len(n.Children))
	for name, e := range was {
		switch {
		case n.Children[name] != nil:
		case reset:
			if err := w.removed(join(path, name), e); err != nil {
				return nil, err
			}
		default:
			now = append(now, e)
		}
	}
	edited, err := m.edited(w, path, n, was, reset)
	for _, e := range edited {
		if !e.IsZero() {
			now = append(now, e)
		}
	}
	return now, err
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

// tree makes the tree of the given entries, unless it is the old one.
func (m *merger) tree(w *worker, now []object.Entry, old object.Entry) (object.Entry, error) {
	if len(now) == 0 {
		return object.Entry{}, nil
	}
	slices.SortFunc(now, object.Compare)
	size := 0
	for _, e := range now {
		size += len(e.Name) + object.Size + 8
	}
	encoded := make(object.Encoded, 0, size)
	for _, e := range now {
		encoded = object.AppendEntry(encoded, e)
	}
	made := object.Entry{Mode: object.ModeDir, Hash: w.hasher.Sum(object.Tree, encoded)}
	if w.batch == nil || made.Hash == old.Hash || !w.wants(made.Hash) {
		return made, nil
	}
	w.repo.trees.put(made.Hash, encoded)
	return made, w.batch.Add(object.Tree, made.Hash, encoded)
}
