package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Detailed merge statuses, as GitLab's merge requests API names them.
var (
	// settling end by themselves within seconds.
	settling = []string{"", "unchecked", "checking", "preparing", "approvals_syncing", "cannot_be_merged_recheck"}
	// barred need a person, and auto-merge does not wait for him.
	barred = map[string]string{
		"conflict":      "bump again on top of the branch as it is now",
		"need_rebase":   "bump again on top of the branch as it is now",
		"draft_status":  "mark it as ready",
		"not_open":      "open it again",
		"broken_status": "bump again on top of the branch as it is now",
	}
	// failed are ends of a pipeline after which nothing merges.
	failed = []string{"failed", "canceled", "skipped"}
)

// AutoMerge are the bounds of Merge. The zero value works.
type AutoMerge struct {
	// Patience is how long GitLab may take until the merge request is checked
	// and has a pipeline; two minutes when zero.
	Patience time.Duration
	// Poll is the pause between two looks; a second when zero.
	Poll time.Duration
}

// Merge has a merge request merge at exactly the commit head, once its pipeline
// is green: at once or later, by GitLab. It reports whether it is merged now.
func (p *Project) Merge(ctx context.Context, number int64, head string, o AutoMerge) (bool, error) {
	doing := fmt.Sprintf("merging !%d", number)
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.Patience, 2*time.Minute))
	defer cancel()
	for last := "GitLab does not answer"; ; {
		m, waits, err := p.step(ctx, number, head)
		switch {
		case err == nil && m != nil:
			return m.State == merged, nil
		case err == nil:
			last = waits
			err = backoff.Sleep(ctx, cmp.Or(o.Poll, time.Second))
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return false, fault.New(fault.Wait, "see whether the project has pipelines for merge requests, and try again", "%s: %s", doing, last)
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", doing, err)
		}
	}
}

// step looks once, and asks GitLab to merge when it can. It returns the merge
// request when GitLab does the rest, else what is waited for.
func (p *Project) step(ctx context.Context, number int64, head string) (*api.MergeRequest, string, error) {
	m, err := p.get(ctx, number)
	if err != nil || m.State == merged || m.MergeWhenPipelineSucceeds {
		return m, "", err
	}
	waits, err := p.waits(m, head)
	if waits == "" && err == nil {
		waits, err = p.accept(ctx, m, head)
	}
	return nil, waits, err
}

// waits returns what a merge waits for, which ends by itself; empty for nothing.
func (p *Project) waits(m *api.MergeRequest, head string) (string, error) {
	run := m.HeadPipeline
	switch {
	case m.State != opened:
		return "", fault.Hintf("look why", "it is %s", m.State)
	case slices.Contains(settling, m.DetailedMergeStatus):
		return "GitLab checks it still", nil
	case m.SHA != head:
		return "GitLab has not seen the pushed commit yet", nil
	case barred[m.DetailedMergeStatus] != "":
		return "", fault.Hintf(barred[m.DetailedMergeStatus], "GitLab says %s", quoted(m.DetailedMergeStatus))
	case run == nil || run.SHA != head && run.Ref != fmt.Sprintf("refs/merge-requests/%d/merge", m.IID):
		return "it has no pipeline yet", nil
	case slices.Contains(failed, run.Status):
		return "", fault.Hintf("see "+run.WebURL, "its pipeline is %s", run.Status)
	}
	return "", nil
}

// accept asks GitLab to merge when all checks pass. What came of it shows in the
// next look, for a refusal may mean that it is merged already.
func (p *Project) accept(ctx context.Context, m *api.MergeRequest, head string) (waits string, err error) {
	_, _, err = p.api.MergeRequests.AcceptMergeRequest(p.path, m.IID, &api.AcceptMergeRequestOptions{AutoMerge: new(true), SHA: &head,
		ShouldRemoveSourceBranch: new(true)}, api.WithContext(ctx))
	switch code(err) {
	case http.StatusMethodNotAllowed:
		return "GitLab does not merge it: " + quoted(m.DetailedMergeStatus), nil
	case http.StatusConflict:
		return "", fault.Hintf("somebody pushed to its branch: look at what it holds, and bump again", "its head is not %.12s", head)
	}
	return "GitLab merges it", p.done("asking for it", err)
}
