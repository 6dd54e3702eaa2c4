package git

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Nearest returns the first commit that match accepts on every line of
// history that leads back from h, which comes first if it is accepted itself.
// It ends with each line's root. A mirror asks its server for the history
// that it lacks and keeps none of it.
func (r *Repo) Nearest(ctx context.Context, h Head, match func(Head) bool) ([]Head, error) {
	w := historian{repo: r, tip: h.Commit}
	seen := map[object.Hash]bool{}
	var found []Head
	for queue := []object.Hash{h.Commit}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at.IsZero() || seen[at] {
			continue
		}
		seen[at] = true
		c, err := w.commit(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("reading history of branch %q: %w", r.Branch(), err)
		}
		if head := headOf(at, c); match(head) {
			found = append(found, head)
			continue
		}
		queue = append(queue, c.Parents...)
	}
	return found, nil
}

// Same reports whether two heads hold the same content at a path.
func (r *Repo) Same(a, b Head, path string) (bool, error) {
	if a.Tree == b.Tree {
		return true, nil
	}
	x, err := treeFS{r, a.Tree}.entry(path)
	if err != nil {
		return false, err
	}
	y, err := treeFS{r, b.Tree}.entry(path)
	return x.Hash == y.Hash && x.Mode == y.Mode, err
}

// firstDepth is how many commits a mirror asks for at first.
const firstDepth = 32

// historian reads commits, those that a mirror lacks from its server.
type historian struct {
	repo  *Repo
	tip   object.Hash
	depth int
	extra map[object.Hash][]byte
}

func (w *historian) commit(ctx context.Context, h object.Hash) (object.CommitData, error) {
	for {
		data, err := w.read(h)
		if err == nil {
			return object.DecodeCommit(data)
		}
		if !errors.Is(err, odb.ErrMissing) {
			return object.CommitData{}, err
		}
		known := len(w.extra)
		w.depth = max(firstDepth, w.depth*8)
		if w.extra, err = w.repo.backend.history(ctx, w.tip, w.depth); err != nil {
			return object.CommitData{}, err
		}
		if len(w.extra) <= known {
			return object.CommitData{}, fault.Hintf("fetch the whole history: git fetch --unshallow",
				"commit %s is not there", h)
		}
	}
}

func (w *historian) read(h object.Hash) ([]byte, error) {
	if data, ok := w.extra[h]; ok {
		return data, nil
	}
	return w.repo.backend.store().ReadKind(object.Commit, h)
}
