package gitlab

import (
	"cmp"
	"context"
	"slices"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// Bump is an open merge request that Propose made.
type Bump struct {
	MergeRequest
	// Subjects are what it changes, as in a Proposal.
	Subjects []string
	// Waits is why GitLab has not merged it, in one clause.
	Waits string
	// Since is when it was opened.
	Since time.Time
}

// waits are GitLab's detailed merge statuses in words.
var waits = map[string]string{
	"conflict": "it conflicts with the branch", "need_rebase": "the branch has moved on", "draft_status": "it is a draft",
	"ci_must_pass": "its pipeline has not passed", "ci_still_running": "its pipeline is running", "not_approved": "nobody has approved it",
	"requested_changes": "a reviewer asks for changes", "discussions_not_resolved": "not all threads are resolved",
	"merge_request_blocked": "another merge request comes first", "mergeable": "it could be, and nobody has done it",
}

// mostChecked bounds how many merge requests are read one by one.
const mostChecked = 20

// Bumps returns the open merge requests of bumps, in one list. Those that GitLab
// has not checked are read once more, which makes it check. Who may push a
// branch may write what he likes into one; forks are left out.
func (p *Project) Bumps(ctx context.Context) ([]Bump, error) {
	var found []Bump
	for m, err := range p.list(ctx, api.ListProjectMergeRequestsOptions{State: new(opened)}) {
		if err != nil {
			return nil, err
		}
		b := Bump{MergeRequest: mergeRequest(m), Subjects: subjects(m.Description)}
		if len(b.Subjects) == 0 || b.Fork {
			continue
		}
		status := m.DetailedMergeStatus
		if slices.Contains(settling, status) && len(found) < mostChecked {
			whole, err := p.get(ctx, m.IID)
			if err != nil {
				return nil, err
			}
			status = whole.DetailedMergeStatus
		}
		if b.Waits = cmp.Or(waits[status], "GitLab says "+status); slices.Contains(settling, status) {
			b.Waits = "GitLab is checking it"
		}
		if m.CreatedAt != nil {
			b.Since = *m.CreatedAt
		}
		found = append(found, b)
	}
	return found, nil
}
