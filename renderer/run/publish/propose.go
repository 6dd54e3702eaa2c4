package publish

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// TrailerBump is the trailer of a proposed commit; who finds it at the tip of a
// branch may move the branch, since nobody added anything.
const TrailerBump = "Sluice-Bump"

// Edit is an edit of people's files. In Git it is one commit on a branch of its
// own that begins at the newest one of the branch that is opened; in a directory
// the files are written in place, and nothing is committed.
type Edit struct {
	Branch  string
	Subject string
	Body    string
	// Bump is what it is of, such as swg=203.
	Bump string
	// Files are what the files that it touches hold then, by path.
	Files map[string][]byte
}

// Proposed says what became of an edit.
type Proposed struct {
	// Changed is false when everything was there already.
	Changed bool
	// Base is the branch that it begins at; empty for a directory, and when
	// that has the edit already.
	Base string
	// Commit holds the edit, on the branch of the edit.
	Commit string
}

// has reports whether files hold the edit already.
func (e Edit) has(files fs.FS) (bool, error) {
	for name, want := range e.Files {
		got, err := fs.ReadFile(files, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(got, want) {
			return false, err
		}
		if err != nil {
			return false, nil //nolint:nilerr // it is to be made
		}
	}
	return true, nil
}

// put writes the files in order.
func (e Edit) put(sink tree.Sink) error {
	for _, name := range slices.Sorted(maps.Keys(e.Files)) {
		if err := sink.PutFile(name, e.Files[name]); err != nil {
			return err
		}
	}
	return nil
}

func (d *directory) Propose(ctx context.Context, edit func(fs.FS) (Edit, error)) (Proposed, error) {
	w, err := d.Write(ctx, func(_ context.Context, files fs.FS, sink tree.Sink) (Commit, error) {
		e, err := edit(files)
		if err != nil {
			return Commit{}, err
		}
		return Commit{}, e.put(sink)
	})
	return Proposed{Changed: w.Changed}, err
}

func (b *branch) Propose(ctx context.Context, edit func(fs.FS) (Edit, error)) (Proposed, error) {
	head, err := b.head(ctx)
	if err != nil {
		return Proposed{}, err
	}
	e, err := edit(b.repo.FS(head))
	if err != nil {
		return Proposed{}, err
	}
	if has, err := e.has(b.repo.FS(head)); has || err != nil {
		return Proposed{}, err
	}
	tip, err := b.repo.Sibling(ctx, e.Branch)
	if err != nil {
		return Proposed{}, err
	}
	p := Proposed{Base: b.repo.Branch(), Commit: tip.Commit.String()}
	if there, err := b.proposed(ctx, e, head, tip); there || err != nil {
		return p, err
	}
	tx := b.repo.Begin(head)
	defer tx.Discard()
	if err := e.put(tx); err != nil {
		return Proposed{}, err
	}
	res, err := tx.Commit(ctx, git.Message{Subject: e.Subject, Body: e.Body, Trailers: []git.Trailer{{Key: TrailerBump, Value: e.Bump}}})
	if err != nil {
		return Proposed{}, err
	}
	p.Changed, p.Commit = true, res.Commit.String()
	return p, b.repo.PublishSibling(ctx, e.Branch, tip, res)
}

// proposed reports whether the branch of an edit holds it, and is not merged. A
// branch on which others built is not moved.
func (b *branch) proposed(ctx context.Context, e Edit, head, tip git.Head) (bool, error) {
	if tip.IsZero() {
		return false, nil
	}
	merged, err := b.repo.Merged(ctx, head, tip)
	if err != nil || merged { // done with, and reverted since
		return false, err
	}
	if has, err := e.has(b.repo.FS(tip)); has || err != nil {
		return has, err
	}
	if _, ours := tip.Trailer(TrailerBump); !ours {
		return false, fault.Hintf("give another name with --source-branch, or delete the branch",
			"proposing %s: branch %q is there with commit %.12s, which is not sluice's", e.Bump, e.Branch, tip.Commit)
	}
	return false, nil
}
