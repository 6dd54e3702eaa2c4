package gitlab

import (
	"context"
	"fmt"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// subjects returns what a description of ours says that it changes.
func subjects(description string) []string {
	first, _, _ := strings.Cut(description, "\n")
	inner, ok := strings.CutPrefix(strings.TrimSpace(first), prefix(kindBump))
	if !ok {
		return nil
	}
	return strings.Fields(strings.TrimSuffix(inner, "-->"))
}

// supersede closes our other open merge requests about nothing but what want
// changes, each with a link to the one that goes on. The link comes first: a
// run that is cut in between finds the merge request open, and ends its work.
func (p *Project) supersede(ctx context.Context, by int64, want Proposal) ([]int64, error) {
	me, err := p.user(ctx)
	if err != nil || len(want.Subjects) == 0 {
		return nil, err
	}
	others, err := all(p.list(ctx, api.ListProjectMergeRequestsOptions{State: new(opened), TargetBranch: &want.Target, AuthorID: &me}))
	if err != nil {
		return nil, err
	}
	var done []int64
	for _, m := range others {
		theirs := subjects(m.Description)
		foreign := slices.ContainsFunc(theirs, func(s string) bool { return !slices.Contains(want.Subjects, s) })
		if m.IID == by || len(theirs) == 0 || foreign {
			continue
		}
		if err := p.noted(ctx, m.IID, kindSuperseded, fmt.Sprint(by), fmt.Sprintf("Superseded by !%d.", by)); err != nil {
			return done, err
		}
		_, _, err := p.api.MergeRequests.UpdateMergeRequest(p.path, m.IID, &api.UpdateMergeRequestOptions{StateEvent: new("close")}, api.WithContext(ctx))
		if err != nil {
			return done, p.fault(fmt.Sprintf("closing merge request !%d", m.IID), err)
		}
		done = append(done, m.IID)
	}
	return done, nil
}
