package git

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/git/internal/refs"
	"github.com/gatorcloud/sluice/renderer/git/internal/remote"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Repo is an open repository. It is safe for concurrent use.
type Repo struct {
	opts    Options
	branch  string
	backend backend
	trees   *treeCache
	memo    *memo
	batches *pack.Batches
	close   func() error
}

// backend is where the branch lives: here, or on a server with a mirror here.
type backend interface {
	// store returns the object store to read from and write to.
	store() *odb.Store
	// tip fetches and returns the commit of the branch.
	tip(ctx context.Context) (object.Hash, error)
	// sibling fetches and returns the commit of another branch.
	sibling(ctx context.Context, branch string) (object.Hash, error)
	// publish moves the branch, or another one, and stores the pack.
	publish(ctx context.Context, m move) error
	// history returns the content of up to depth commits that lead to tip, as
	// far as the store lacks them and the server has them.
	history(ctx context.Context, tip object.Hash, depth int) (map[object.Hash][]byte, error)
	// writable fails if a push cannot succeed.
	writable(ctx context.Context) error
	// damaged hears that an object cannot be read and returns what to do about it.
	damaged(err error) error
}

// move is one move of a branch.
type move struct {
	branch   string
	old, new object.Hash
	options  []string // of the push
	pack     *pack.Pack
	who      object.Signature
}

// hooks lets tests interfere where no caller can: the disk, the steps of a
// publication, and the patience with a server.
type hooks struct {
	disk     func(pack.Disk) pack.Disk
	step     func(string)
	patience time.Duration
}

// Open opens the repository at url: a path (bare, or a work tree's), or a
// file, http, https or ssh URL, or git@host:path. Close it after use.
func Open(ctx context.Context, url string, o Options) (*Repo, error) {
	return open(ctx, url, o, hooks{})
}

func open(ctx context.Context, url string, o Options, h hooks) (*Repo, error) {
	if o.Branch != "" {
		if err := refs.CheckBranch(o.Branch); err != nil {
			return nil, fault.New(fault.Person, "give the short name of a branch, such as main", "opening repository: %w", err)
		}
	}
	if o.Clock == nil {
		o.Clock = func() time.Time { return time.Unix(0, 0) }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Author.Name == "" {
		o.Author = Author{"sluice", "sluice@localhost"}
	}
	if h.disk == nil {
		h.disk = func(d pack.Disk) pack.Disk { return d }
	}
	r := &Repo{opts: o, trees: newTreeCache(), memo: newMemo(), batches: pack.NewBatches()}
	if remote.IsPath(url) {
		l, err := openLocal(url, o, h)
		if err != nil {
			return nil, mend(err)
		}
		r.backend, r.branch, r.close = l, l.name, l.close
		return r, nil
	}
	m, err := openMirror(ctx, url, o, h)
	if err != nil {
		return nil, mend(err)
	}
	r.backend, r.branch, r.close = m, m.name, m.close
	return r, nil
}

// IsPath reports whether a URL is a path on this machine.
func IsPath(url string) bool { return remote.IsPath(url) }

// Close lets go of files and of the mirror; nothing is published by it.
func (r *Repo) Close() error { return r.close() }

// Branch returns the short name of the branch that is written.
func (r *Repo) Branch() string { return r.branch }

// Head fetches and returns the tip of the branch.
func (r *Repo) Head(ctx context.Context) (Head, error) {
	tip, err := r.backend.tip(ctx)
	if err != nil {
		return Head{}, fmt.Errorf("reading branch %q: %w", r.Branch(), mend(err))
	}
	return r.headOf(r.branch, tip)
}

// headOf returns a branch whose tip is known; the zero Head for none.
func (r *Repo) headOf(branch string, tip object.Hash) (Head, error) {
	if tip.IsZero() {
		return Head{}, nil
	}
	head, _, err := r.commit(tip)
	if err != nil {
		return Head{}, fmt.Errorf("reading branch %q: %w", branch, err)
	}
	return head, nil
}

// read returns the content of an object.
func (r *Repo) read(k object.Kind, h object.Hash) ([]byte, error) {
	data, err := r.backend.store().ReadKind(k, h)
	if errors.Is(err, odb.ErrDamaged) || errors.Is(err, odb.ErrMissing) {
		err = r.backend.damaged(err)
	}
	return data, err
}

// signature signs a commit that is made now.
func (r *Repo) signature() object.Signature {
	return object.Signature{Name: r.opts.Author.Name, Email: r.opts.Author.Email, When: r.opts.Clock()}
}

// Writable asks whether a push could succeed, and pushes nothing. Hooks and
// protected branches may still refuse one.
func (r *Repo) Writable(ctx context.Context) error {
	if err := r.backend.writable(ctx); err != nil {
		return fmt.Errorf("asking to push to branch %q: %w", r.Branch(), err)
	}
	return nil
}

// Publish moves the branch from old to the commit of res, or fails with
// ErrMoved or ErrRefused in its tree. A push that seemed to fail and is found to
// have moved the branch is none that failed. A result without change is published
// by doing nothing.
func (r *Repo) Publish(ctx context.Context, old Head, res Result) error {
	return r.moveTo(ctx, r.branch, old, res)
}

func (r *Repo) moveTo(ctx context.Context, branch string, old Head, res Result) error {
	if !res.Changed {
		return nil
	}
	if err := r.publish(ctx, branch, old, res); err != nil {
		err = verdict(err)
		if r.arrived(ctx, branch, res, err) {
			return nil
		}
		return fmt.Errorf("publishing %s to branch %q: %w", res.Commit.String()[:12], branch, err)
	}
	return nil
}

// arrived reports whether the branch moved although the push seemed to fail,
// as it does when the connection breaks between the move and the answer.
func (r *Repo) arrived(ctx context.Context, branch string, res Result, err error) bool {
	if errors.Is(err, ErrMoved) || errors.Is(err, ErrRefused) || ctx.Err() != nil {
		return false
	}
	now, err := r.Sibling(ctx, branch)
	return err == nil && now.Commit == res.Commit
}

func (r *Repo) publish(ctx context.Context, branch string, old Head, res Result) error {
	p := res.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pack == nil {
		return errClosed
	}
	err := r.backend.publish(ctx, move{branch: branch, old: old.Commit, new: res.Commit, options: res.options, pack: p.pack, who: r.signature()})
	if err != nil {
		return err
	}
	p.pack.Discard()
	p.pack = nil
	return nil
}

// verdict classifies the error of a publication.
func verdict(err error) error {
	switch {
	case errors.Is(err, refs.ErrLocked):
		return fault.New(fault.Retry, "remove the lock file if no git process is running", "%w: %w", ErrMoved, err)
	case errors.Is(err, refs.ErrMoved), errors.Is(err, remote.ErrMoved):
		return fault.New(fault.Retry, "", "%w: %w", ErrMoved, err)
	case errors.Is(err, remote.ErrRefused):
		return fault.New(fault.Person, "mend what the hook or the branch protection complains about; trying again does not help",
			"%w: %w", ErrRefused, err)
	}
	return mend(err)
}
