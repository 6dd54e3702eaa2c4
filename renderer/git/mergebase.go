package git

import (
	"errors"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// MergeBase returns the newest commit that both heads come from: where the work
// that led to one left that of the other. Newer is what its maker's clock says.
// It reads what the repository holds.
func (r *Repo) MergeBase(a, b Head) (Head, error) {
	w := &meeting{repo: r, from: map[object.Hash]side{}}
	w.add(a.Commit, left)
	w.add(b.Commit, right)
	for len(w.queue) > 0 {
		at := w.pop()
		if w.from[at.commit] == left|right {
			return at.head, nil
		}
		for _, p := range at.parents {
			w.add(p, w.from[at.commit])
		}
	}
	if w.err != nil {
		return Head{}, w.err
	}
	const text = "looking for where %.12s left %.12s: "
	if w.missing {
		return Head{}, fault.Hintf("fetch the whole history, e.g. git fetch --unshallow, or GIT_DEPTH: 0 in GitLab CI", text+"the history here ends before it", a.Commit, b.Commit)
	}
	return Head{}, fault.Hintf("compare with a branch of the same repository", text+"they have no commit in common", a.Commit, b.Commit)
}

// side says by which head a commit was reached.
type side uint8

const (
	left side = 1 << iota
	right
)

// meeting walks back from two heads, the newest commit first, until they meet.
type meeting struct {
	repo    *Repo
	from    map[object.Hash]side
	queue   []visited
	missing bool // a commit is not there, as in a shallow clone
	err     error
}

type visited struct {
	commit  object.Hash
	head    Head
	parents []object.Hash
}

// add notes that a side leads to a commit.
func (w *meeting) add(id object.Hash, s side) {
	known := w.from[id]
	if known|s == known {
		return
	}
	w.from[id] = known | s // again if it was walked by: many commits are of one second
	head, parents, err := w.repo.commit(id)
	switch {
	case errors.Is(err, odb.ErrMissing):
		w.missing = true
	case err != nil:
		w.err = fmt.Errorf("reading commit %s: %w", id, err)
	default:
		w.queue = append(w.queue, visited{id, head, parents})
	}
}

// pop takes the newest commit out of the queue.
func (w *meeting) pop() visited {
	newest := 0
	for i, v := range w.queue {
		if v.head.Committed.After(w.queue[newest].head.Committed) {
			newest = i
		}
	}
	out := w.queue[newest]
	w.queue = append(w.queue[:newest], w.queue[newest+1:]...)
	return out
}
