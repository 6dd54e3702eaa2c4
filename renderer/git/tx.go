package git

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Tx collects the content of one commit. Put, PutFile and Reset may be called
// from many goroutines and in any order; each path is put once.
type Tx struct {
	edits
	writer *pack.Writer

	finish  sync.Mutex
	pending *pending // what Commit made
}

// pending is a finished pack that is not published yet.
type pending struct {
	mu   sync.Mutex
	pack *pack.Pack // nil once it is published or discarded
}

// Begin starts a transaction on top of base.
func (r *Repo) Begin(base Head) *Tx {
	store := r.backend.store()
	t := &Tx{writer: pack.NewWriter(store.Disk(), r.batches)}
	w := &written{pack: t.writer, store: store, found: map[object.Hash]struct{}{}}
	t.edits = edits{repo: r, base: base}
	t.workers.New = func() any {
		return &worker{digester: newDigester(r.memo), repo: r, written: w}
	}
	return t
}

// Put makes d the directory at path. A nil or empty d removes what is there.
// Directories with the same pointer are hashed and written once.
func (t *Tx) Put(path string, d *tree.Dir) error { return t.put(path, d) }

// PutFile makes data the file at path.
func (t *Tx) PutFile(path string, data []byte) error { return t.putFile(path, data) }

// PutFS makes the files of files those below dir, and leaves others there alone.
func (t *Tx) PutFS(dir string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		return t.putFile(path.Join(dir, name), data)
	})
}

// Reset makes the old content at and below path count as absent: what is not
// put again is removed. An empty path is the whole repository.
func (t *Tx) Reset(path string) { t.reset(path) }

// Guard has g judge what the commit changes and removes; when it refuses,
// Commit fails. It is called before anything is put.
func (t *Tx) Guard(g tree.Guard) { t.guard = g }

// Commit makes the trees and the commit. The branch does not move and nothing
// is visible in the repository before the result is published. All Puts must
// have returned.
func (t *Tx) Commit(ctx context.Context, m Message) (Result, error) {
	t.finish.Lock()
	defer t.finish.Unlock()
	res, err := t.commit(ctx, m)
	if err != nil {
		t.discard()
		return Result{}, fmt.Errorf("committing: %w", mend(err))
	}
	return res, nil
}

func (t *Tx) commit(ctx context.Context, m Message) (Result, error) {
	root, counts, err := t.merge(ctx)
	t.fail(errClosed)
	if err != nil {
		return Result{}, err
	}
	if err := t.check(); err != nil {
		return Result{}, err
	}
	if root.IsZero() && !t.base.IsZero() {
		root.Hash = emptyTree()
	}
	res := Result{Commit: t.base.Commit, Tree: t.base.Tree, Files: counts, head: t.base}
	if root.Hash == t.base.Tree {
		t.discard()
		return res, nil
	}
	message, err := m.encode()
	if err != nil {
		return Result{}, err
	}
	c := object.CommitData{Tree: root.Hash, Parent: t.base.Commit, Author: t.repo.signature(), Message: message}
	if err := t.seal(&c, &res); err != nil {
		return Result{}, err
	}
	res.Changed = true
	res.options, res.pending = m.PushOptions, t.pending
	return res, nil
}

// seal signs and writes the commit, and the empty tree if that is what it names, and
// finishes the pack.
func (t *Tx) seal(c *object.CommitData, res *Result) error {
	b := t.writer.Batch()
	if c.Tree == emptyTree() {
		if err := b.Add(object.Tree, c.Tree, nil); err != nil {
			return err
		}
	}
	if err := t.repo.opts.Signer.sign(c); err != nil {
		return err
	}
	data := c.Encode()
	made, err := object.DecodeCommit(data)
	if err != nil {
		return err
	}
	res.Commit, res.Tree = object.Sum(object.Commit, data), c.Tree
	res.head = headOf(res.Commit, made)
	if err := b.Add(object.Commit, res.Commit, data); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	p, err := t.writer.Finish()
	if err != nil {
		return err
	}
	t.pending = &pending{pack: p}
	res.Objects, res.Bytes = p.Count, p.Size
	return nil
}

// Discard drops everything that was not published. It may be called at any
// time and more than once.
func (t *Tx) Discard() {
	t.finish.Lock()
	defer t.finish.Unlock()
	t.discard()
}

func (t *Tx) discard() {
	t.fail(errClosed)
	t.writer.Discard()
	if p := t.pending; p != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.pack.Discard()
		p.pack = nil
	}
}
