package worktree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/edit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// errClosed is the error of a transaction that was applied.
var errClosed = errors.New("the transaction is closed")

// Tx collects content. Put, PutFile and Reset may be called from many
// goroutines and in any order; each path is put once.
type Tx struct {
	root  *Root
	set   edit.Set[content]
	guard tree.Guard // may be nil

	mu      sync.Mutex
	changes []tree.Change
	err     error // the first failure; nothing is applied after it
}

// content says what was put at a path: a directory, a file, or nothing.
type content struct {
	digest string // of a directory
	file   string // the content of a file
	isFile bool
}

// Begin starts a transaction.
func (r *Root) Begin() *Tx { return &Tx{root: r} }

// Put makes d the directory at path. A nil or empty d removes what is there.
func (t *Tx) Put(path string, d *tree.Dir) error {
	if !hasFile(d) {
		return t.put(path, content{}, func(c *comparison) error { return c.removed(path) })
	}
	return t.put(path, content{digest: tree.Digest(d)}, func(c *comparison) error { return c.dir(path, d) })
}

// PutFile makes data the file at path.
func (t *Tx) PutFile(path string, data []byte) error {
	return t.put(path, content{file: string(data), isFile: true}, func(c *comparison) error { return c.file(path, data) })
}

// hasFile reports whether there is a file in d: directories without any do
// not exist here, as they do not in Git.
func hasFile(d *tree.Dir) bool {
	return slices.ContainsFunc(d.Entries(), func(e tree.Entry) bool { return e.Dir == nil || hasFile(e.Dir) })
}

func (t *Tx) put(path string, now content, find func(*comparison) error) error {
	err := t.tryPut(path, now, find)
	if err != nil {
		err = fmt.Errorf("putting %q: %w", path, err)
		t.fail(err)
	}
	return err
}

func (t *Tx) tryPut(path string, now content, find func(*comparison) error) error {
	segments, err := tree.CheckPath(path)
	if err != nil {
		return fault.New(fault.Person, "use names separated by single slashes", "%w", err)
	}
	if err := t.failed(); err != nil {
		return err
	}
	c := compare(context.Background(), t.root.root) // Put has the surface of a Git transaction's
	if now != (content{}) {
		if err := c.above(segments); err != nil {
			return err
		}
	}
	if err := find(c); err != nil {
		return err
	}
	news, err := t.set.Insert(segments, now)
	if err == nil && news {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.changes = append(t.changes, c.changes...)
	}
	return err
}

// Reset makes the old content at and below path count as absent: what is not
// put again is removed. An empty path is the whole directory.
func (t *Tx) Reset(path string) {
	var segments []string
	if path != "" && path != "." {
		var err error
		if segments, err = tree.CheckPath(path); err != nil {
			t.fail(fmt.Errorf("resetting %q: %w", path, err))
			return
		}
	}
	t.set.Reset(segments)
}

func (t *Tx) failed() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *Tx) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

// Guard has g judge the changes; when it refuses, Changes and Apply fail and
// nothing is written. It is called before anything is put.
func (t *Tx) Guard(g tree.Guard) { t.guard = g }

// Changes returns every file that Apply would change, sorted by path, and
// writes nothing. All Puts must have returned.
func (t *Tx) Changes(ctx context.Context) ([]tree.Change, error) {
	if err := t.failed(); err != nil {
		return nil, err
	}
	c := compare(ctx, t.root.root)
	if err := c.stale("", t.set.Root(), false); err != nil {
		return nil, fmt.Errorf("comparing with %q: %w", t.root.path, err)
	}
	all := slices.Concat(t.changes, c.changes)
	tree.Sort(all)
	// Two puts below one link in their way both find it.
	all = slices.CompactFunc(all, func(a, b tree.Change) bool { return a.Path == b.Path && a.Kind == b.Kind })
	if t.guard == nil {
		return all, nil
	}
	for _, c := range all {
		if c.Kind != tree.Added {
			t.guard.See(c)
		}
	}
	return all, t.guard.Check()
}

// Apply writes the changes and returns how many files they were. After an
// error some of them may be written; applying the same content again mends that.
func (t *Tx) Apply(ctx context.Context) (tree.Counts, error) {
	changes, err := t.Changes(ctx)
	if err != nil {
		return tree.Counts{}, err
	}
	t.fail(errClosed)
	w := writer{root: t.root.root}
	for _, kind := range []tree.Kind{tree.Removed, tree.Added, tree.Changed} {
		for _, c := range changes {
			if c.Kind != kind {
				continue
			}
			if err := errors.Join(ctx.Err(), w.write(c)); err != nil {
				return tree.Counts{}, fmt.Errorf("writing %q below %q: %w", c.Path, t.root.path, err)
			}
		}
	}
	return tree.Count(changes), nil
}
