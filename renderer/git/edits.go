package git

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/edit"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// errClosed is the error of a transaction that was committed or discarded.
var errClosed = errors.New("the transaction is closed")

// edits is what a transaction and a preview have in common: the paths that
// were put, each with the name of what is there now.
type edits struct {
	repo    *Repo
	base    Head
	workers sync.Pool // of *worker

	// set holds what is now at each path; the zero Entry removes.
	set edit.Set[object.Entry]

	guard tree.Guard // may be nil

	mu     sync.Mutex
	counts tree.Counts // of the edits so far
	err    error       // the first failure; nothing is committed after it
}

// put makes d the directory at path.
func (e *edits) put(path string, d *tree.Dir) error {
	return e.edit(path, func(w *worker, old object.Entry) (object.Entry, error) {
		if d == nil {
			return object.Entry{}, w.removed(path, old)
		}
		named, err := w.digester.dir(d)
		if err != nil || named.files == 0 {
			return object.Entry{}, errors.Join(err, w.removed(path, old))
		}
		now := object.Entry{Mode: object.ModeDir, Hash: named.hash}
		return now, w.dir(path, old, named, true)
	})
}

// putFile makes data the file at path.
func (e *edits) putFile(path string, data []byte) error {
	return e.edit(path, func(w *worker, old object.Entry) (object.Entry, error) {
		now := object.Entry{Mode: object.ModeFile, Hash: w.hasher.Sum(object.Blob, data)}
		return now, w.file(path, old, now.Hash, data, true)
	})
}

// edit runs one edit of the entry at path and keeps what it makes.
func (e *edits) edit(path string, f func(*worker, object.Entry) (object.Entry, error)) error {
	err := e.tryEdit(path, f)
	if err != nil {
		err = fmt.Errorf("putting %q: %w", path, mend(err))
		e.fail(err)
	}
	return err
}

func (e *edits) tryEdit(path string, f func(*worker, object.Entry) (object.Entry, error)) error {
	segments, err := tree.CheckPath(path)
	if err != nil {
		return fault.New(fault.Person, "use names separated by single slashes", "%w", err)
	}
	if err := e.failed(); err != nil {
		return err
	}
	old, err := e.repo.lookup(e.base.Tree, segments)
	if err != nil {
		return err
	}
	w := e.worker()
	now, err := f(w, old)
	counts, err := e.finish(w, err)
	if err != nil {
		return err
	}
	news, err := e.set.Insert(segments, now)
	if news {
		e.add(counts)
	}
	return err
}

// add counts files that differ.
func (e *edits) add(c tree.Counts) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts = e.counts.Plus(c)
}

// reset marks a path; an empty one is the root.
func (e *edits) reset(path string) {
	var segments []string
	if path != "" && path != "." {
		var err error
		if segments, err = tree.CheckPath(path); err != nil {
			e.fail(fmt.Errorf("resetting %q: %w", path, err))
			return
		}
	}
	e.set.Reset(segments)
}

// check asks the guard, which has seen everything.
func (e *edits) check() error {
	if e.guard == nil {
		return nil
	}
	return e.guard.Check()
}

func (e *edits) failed() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// fail keeps the first failure: a transaction that missed an edit must not be
// committed.
func (e *edits) fail(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = err
	}
}

// worker returns a worker; finish gives it back.
func (e *edits) worker() *worker {
	w := e.workers.Get().(*worker)
	w.guard = e.guard
	if w.written != nil {
		w.batch = w.written.pack.Batch()
	}
	return w
}

// finish ends one use of a worker, whose error so far is err, and returns what
// it counted.
func (e *edits) finish(w *worker, err error) (tree.Counts, error) {
	if w.batch != nil {
		flushed := w.batch.Flush()
		if err == nil {
			err = flushed
		}
		w.batch = nil
	}
	if w.changes != nil && len(w.list) > 0 {
		w.changes.add(w.list)
		w.list = w.list[:0]
	}
	counts := w.counts
	w.counts = tree.Counts{}
	e.workers.Put(w)
	return counts, err
}
