// Package publish is the one way by which a render reaches a repository: a
// commit with its message and marks, made only when its guard agrees, and a
// push with its answer to a lost race.
//
// A Place is a branch of a Git repository or a directory on a disk. A branch is
// written by one commit and a compare-and-swap push, again on the new head
// after a lost race. A directory is written in place and left for people to
// commit, as gofmt -w leaves its result. What people shall look at first is
// proposed on a branch of its own, which holds their files alone. Reading and comparing write nothing in
// either. The watching renderer makes its commits step by step and shares the
// message, the marks and the rules of what may follow what.
package publish

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/worktree"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Fill renders files into sink and says what the commit is about. Of its mark
// only Cluster and Revision are read: the rest follows from the branch.
type Fill func(ctx context.Context, files fs.FS, sink tree.Sink) (Commit, error)

// Written says what a write did.
type Written struct {
	Changed bool
	// Commit is the new commit; empty for a directory.
	Commit string
	// Files counts the files that were added, changed and removed.
	Files tree.Counts
}

// Reader is a place that can be read and compared with.
type Reader interface {
	// Files returns the present content. It may be read until Close.
	Files(ctx context.Context) (fs.FS, error)
	// Compare returns every file that a write of what fill gives would change, sorted by path.
	Compare(ctx context.Context, fill Fill) ([]tree.Change, error)
	// Close lets go of what was opened.
	Close() error
}

// Place is a place that can be written too.
type Place interface {
	Reader
	// Write makes the target what fill gives; nothing is written when fill fails.
	Write(ctx context.Context, fill Fill) (Written, error)
	// Propose lets people look at an edit of their files before it counts: see Edit.
	Propose(ctx context.Context, edit func(files fs.FS) (Edit, error)) (Proposed, error)
}

// Open opens the repository at location: a URL, a bare repository or, without
// a branch in o, the directory of a checkout.
func Open(ctx context.Context, location string, o git.Options) (Place, error) {
	if o.Branch == "" && isCheckout(location) {
		root, err := worktree.Open(location)
		if err != nil {
			return nil, err
		}
		return &directory{root}, nil
	}
	repo, err := git.Open(ctx, location, o)
	if err != nil {
		return nil, err
	}
	return &branch{repo}, nil
}

// At opens the repository at location as it is at a revision: one of git.At, or
// the name of a branch if the repository is on a server.
func At(ctx context.Context, location, revision string, o git.Options) (Reader, error) {
	if !git.IsPath(location) {
		o.Branch = revision
		return Open(ctx, location, o)
	}
	s, err := git.At(location, revision)
	if err != nil {
		return nil, err
	}
	return snapshot{s}, nil
}

// Parted opens the repository at location at a revision, as At does, and at the
// commit where the history of its branch, or of a checkout's HEAD, left that of
// the revision. Of a repository on a server that is not known: it is the
// revision again.
func Parted(ctx context.Context, location, revision string, o git.Options) (at, began Reader, err error) {
	if !git.IsPath(location) {
		at, err = At(ctx, location, revision, o)
		return at, at, err
	}
	tip, err := git.At(location, revision)
	if err != nil {
		return nil, nil, err
	}
	mine, err := git.At(location, cmp.Or(o.Branch, "HEAD"))
	if err != nil {
		return nil, nil, errors.Join(err, tip.Close())
	}
	defer mine.Close()
	repo, head := tip.History()
	_, other := mine.History()
	base, err := repo.MergeBase(head, other)
	if err != nil {
		return nil, nil, errors.Join(err, tip.Close())
	}
	old, err := git.At(location, base.Commit.String())
	if err != nil {
		return nil, nil, errors.Join(err, tip.Close())
	}
	return snapshot{tip}, snapshot{old}, nil
}

// isCheckout reports whether location is a directory that is no bare repository.
func isCheckout(location string) bool {
	if strings.Contains(location, "://") {
		return false
	}
	info, err := os.Stat(location)
	if err != nil || !info.IsDir() {
		return false
	}
	_, head := os.Stat(filepath.Join(location, "HEAD"))
	_, objects := os.Stat(filepath.Join(location, "objects"))
	return head != nil || objects != nil
}

// directory is a Place on a disk.
type directory struct{ root *worktree.Root }

var _ Place = (*directory)(nil)

func (d *directory) Close() error { return d.root.Close() }

func (d *directory) Files(context.Context) (fs.FS, error) { return d.root.FS(), nil }

func (d *directory) Compare(ctx context.Context, fill Fill) ([]tree.Change, error) {
	tx := d.root.Begin()
	if _, err := fill(ctx, d.root.FS(), tx); err != nil {
		return nil, err
	}
	return tx.Changes(ctx)
}

func (d *directory) Write(ctx context.Context, fill Fill) (Written, error) {
	tx := d.root.Begin()
	if _, err := fill(ctx, d.root.FS(), tx); err != nil {
		return Written{}, err
	}
	counts, err := tx.Apply(ctx)
	return Written{Changed: counts.Any(), Files: counts}, err
}

// snapshot is a Reader of a commit.
type snapshot struct{ *git.Snapshot }

var _ Reader = snapshot{}

func (s snapshot) Files(context.Context) (fs.FS, error) { return s.FS(), nil }

func (s snapshot) Compare(ctx context.Context, fill Fill) ([]tree.Change, error) {
	preview := s.Preview()
	if _, err := fill(ctx, s.FS(), preview); err != nil {
		return nil, err
	}
	return preview.Changes(ctx)
}

// branch is a Place in Git.
type branch struct{ repo *git.Repo }

var _ Place = (*branch)(nil)

func (b *branch) Close() error { return b.repo.Close() }

func (b *branch) head(ctx context.Context) (git.Head, error) {
	head, err := b.repo.Head(ctx)
	if err == nil && head.IsZero() {
		err = fault.Hintf("push catalog/ and environments/ to it first", "reading branch %q: it has no commit", b.repo.Branch())
	}
	return head, err
}

func (b *branch) Files(ctx context.Context) (fs.FS, error) {
	head, err := b.head(ctx)
	if err != nil {
		return nil, err
	}
	return b.repo.FS(head), nil
}

func (b *branch) Compare(ctx context.Context, fill Fill) ([]tree.Change, error) {
	head, err := b.head(ctx)
	if err != nil {
		return nil, err
	}
	preview := b.repo.Preview(head)
	if _, err := fill(ctx, b.repo.FS(head), preview); err != nil {
		return nil, err
	}
	return preview.Changes(ctx)
}

func (b *branch) Write(ctx context.Context, fill Fill) (Written, error) {
	if _, err := b.head(ctx); err != nil {
		return Written{}, err
	}
	res, err := git.Update(ctx, b.repo, func(ctx context.Context, tx *git.Tx, head git.Head) (git.Message, error) {
		c, err := fill(ctx, b.repo.FS(head), tx)
		if err != nil || c.Mark.Revision == 0 {
			return c.Message(), err
		}
		last, err := Last(ctx, b.repo, head, c.Environment)
		if err == nil {
			err = last.Allows(c.Mark.Cluster, c.Mark.Revision, 0)
		}
		c.Mark = last.Next(c.Mark.Cluster, c.Mark.Revision, 0)
		return c.Message(), err
	}, git.RetryOptions{})
	if err != nil {
		return Written{}, err
	}
	return Written{Changed: res.Changed, Commit: res.Commit.String(), Files: res.Files}, nil
}
