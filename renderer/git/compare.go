package git

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// worker compares new content with old for one goroutine. It counts or lists
// the files that differ and, when it has a batch, writes the objects that the
// repository lacks.
type worker struct {
	*digester
	repo    *Repo
	written *written    // nil in a preview
	batch   *pack.Batch // nil in a preview
	guard   tree.Guard  // may be nil
	counts  tree.Counts
	changes *changes // nil when only counts are wanted
	list    []tree.Change
}

// wants reports whether the object must be written.
func (w *worker) wants(h object.Hash) bool {
	return w.batch != nil && !w.written.has(h)
}

// note records one file that differs.
func (w *worker) note(path string, k tree.Kind, data []byte) {
	switch k {
	case tree.Added:
		w.counts.Added++
	case tree.Changed:
		w.counts.Changed++
	case tree.Removed:
		w.counts.Removed++
	}
	if w.guard != nil && k != tree.Added {
		w.guard.See(tree.Change{Path: path, Kind: k, New: data})
	}
	if w.changes != nil {
		w.list = append(w.list, tree.Change{Path: path, Kind: k, New: data})
	}
}

// dir compares d with the old entry at path. Unless write is false, objects
// that are not there yet are written.
func (w *worker) dir(path string, old object.Entry, d *digested, write bool) error {
	if old.Mode.IsDir() && old.Hash == d.hash {
		return nil
	}
	write = write && w.wants(d.hash)
	if !write && w.changes == nil && old.IsZero() {
		w.counts.Added += d.files
		return nil
	}
	d, err := w.expand(d)
	if err != nil {
		return err
	}
	if err := w.entries(path, old, d, write); err != nil {
		return err
	}
	if !write {
		return nil
	}
	return w.batch.Add(object.Tree, d.hash, w.encode(d))
}

// entries compares what is in d with what was in the old entry.
func (w *worker) entries(path string, old object.Entry, d *digested, write bool) error {
	was, err := w.oldTree(path, old)
	if err != nil {
		return err
	}
	subs := d.subs
	for i, e := range d.dir.Entries() {
		before, err := was.find(e.Name)
		if err != nil {
			return err
		}
		switch {
		case e.Dir == nil:
			err = w.file(join(path, e.Name), before, d.names[i], e.Data, write)
		default:
			if sub := subs[0]; sub.files > 0 {
				err = w.dir(join(path, e.Name), before, sub, write)
			} else if !before.IsZero() {
				err = w.removed(join(path, e.Name), before)
			}
			subs = subs[1:]
		}
		if err != nil {
			return err
		}
	}
	if len(was.Encoded) == 0 {
		return nil
	}
	return w.missing(path, was, d.dir)
}

// oldTree returns the tree of an old entry; anything but a directory is
// replaced and has an empty one.
func (w *worker) oldTree(path string, old object.Entry) (oldTree, error) {
	switch {
	case old.IsZero():
		return oldTree{}, nil
	case old.Mode.IsDir():
		t, err := w.repo.tree(old.Hash)
		if err != nil {
			return oldTree{}, err
		}
		return indexed(t)
	default:
		return oldTree{}, w.removed(path, old)
	}
}

// oldTree is a tree that is asked for its entries by name.
type oldTree struct {
	object.Encoded
	byName map[string]object.Entry // of a large tree only
}

// indexed prepares a tree for lookups; a small one is searched as it is.
func indexed(t object.Encoded) (oldTree, error) {
	const small = 1 << 10
	o := oldTree{Encoded: t}
	if len(t) <= small {
		return o, nil
	}
	entries, err := t.Entries()
	if err != nil {
		return o, err
	}
	o.byName = make(map[string]object.Entry, len(entries))
	for _, e := range entries {
		o.byName[e.Name] = e
	}
	return o, nil
}

func (o oldTree) find(name string) (object.Entry, error) {
	if o.byName != nil {
		return o.byName[name], nil
	}
	return o.Find(name)
}

// missing records the old entries that d has no more.
func (w *worker) missing(path string, was oldTree, d *tree.Dir) error {
	kept := make(map[string]bool, len(d.Entries()))
	for _, e := range d.Entries() {
		kept[e.Name] = true
	}
	for e, err := range was.All() {
		if err == nil && !kept[e.Name] {
			err = w.removed(join(path, e.Name), e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file compares one file with the old entry at its path.
func (w *worker) file(path string, old object.Entry, h object.Hash, data []byte, write bool) error {
	switch {
	case old.Mode == object.ModeFile && old.Hash == h:
		return nil
	case old.IsZero():
		w.note(path, tree.Added, data)
	case old.Mode.IsDir():
		if err := w.removed(path, old); err != nil {
			return err
		}
		w.note(path, tree.Added, data)
	case old.Mode == object.ModeSubmodule:
		return w.removed(path, old)
	default:
		w.note(path, tree.Changed, data)
	}
	// Writing a small file costs less than asking the store for it.
	const small = 4 << 10
	if !write || w.batch == nil || len(data) > small && !w.wants(h) {
		return nil
	}
	return w.batch.Add(object.Blob, h, data)
}

// removed records every file of an old entry as removed.
func (w *worker) removed(path string, old object.Entry) error {
	switch {
	case old.IsZero():
		return nil
	case old.Mode == object.ModeSubmodule:
		return fmt.Errorf("%q is a submodule, which is not written over", path)
	case !old.Mode.IsDir():
		w.note(path, tree.Removed, nil)
		return nil
	}
	t, err := w.repo.tree(old.Hash)
	if err != nil {
		return err
	}
	for e, err := range t.All() {
		if err == nil {
			err = w.removed(join(path, e.Name), e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
