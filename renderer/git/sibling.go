package git

import (
	"context"
	"fmt"

	"github.com/gatorcloud/sluice/renderer/git/internal/refs"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Sibling fetches and returns the tip of another branch, whose files can be
// read as those of a head of this one.
func (r *Repo) Sibling(ctx context.Context, branch string) (Head, error) {
	if branch == r.branch {
		return r.Head(ctx)
	}
	if err := refs.CheckBranch(branch); err != nil {
		return Head{}, fault.Hintf("give the short name of a branch, such as bump/swg-203", "reading branch %s: %w", fault.Clip(branch), err)
	}
	tip, err := r.backend.sibling(ctx, branch)
	if err != nil {
		return Head{}, fmt.Errorf("reading branch %q: %w", branch, mend(err))
	}
	return r.headOf(branch, tip)
}

// PublishSibling is Publish to another branch, from its tip old, which the
// commit of res need not follow.
func (r *Repo) PublishSibling(ctx context.Context, branch string, old Head, res Result) error {
	return r.moveTo(ctx, branch, old, res)
}

// Merged reports whether the history of head holds the tip of a branch that
// began somewhere in it.
func (r *Repo) Merged(ctx context.Context, head, tip Head) (bool, error) {
	_, began, err := r.commit(tip.Commit)
	if err != nil {
		return false, fmt.Errorf("reading commit %.12s: %w", tip.Commit, err)
	}
	merged := false
	_, err = r.Nearest(ctx, head, func(h Head) bool {
		merged = merged || h.Commit == tip.Commit
		return merged || len(began) > 0 && h.Commit == began[0]
	})
	return merged, err
}
