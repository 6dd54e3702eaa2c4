package gitlab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// maxDescription is the most bytes of a description that every GitLab takes.
const maxDescription = 25_000

// Proposal is a merge request as it should be. Its branch has been pushed.
type Proposal struct {
	Branch, Target, Title string
	// Description is Markdown; what is too long for GitLab is cut.
	Description string
	Labels      []string
	// Reviewers are user names, asked once, when the merge request is made.
	Reviewers []string
	// Subjects are what it changes, such as local/swg. Our other open merge
	// requests that change nothing else are superseded by it.
	Subjects []string
	// Again opens a merge request again that people closed.
	Again bool
}

// Proposed is what came of a Proposal.
type Proposed struct {
	MergeRequest
	// Created says that it is new, or open again.
	Created bool
	// Unknown are reviewers whom GitLab does not know as users.
	Unknown []string
	// Superseded are the merge requests that were closed for it.
	Superseded []int64
}

// Propose makes or updates the merge request of a branch and title. It may be
// called again after any failure, and then goes on where that one ended.
func (p *Project) Propose(ctx context.Context, want Proposal) (Proposed, error) {
	want.Description = mark(kindBump, strings.Join(want.Subjects, " ")) + "\n" + cut(want.Description, maxDescription-200*len(want.Subjects)-100)
	found, err := p.find(ctx, want)
	if err != nil {
		return Proposed{}, err
	}
	var done Proposed
	if found == nil || found.State == merged {
		done, err = p.create(ctx, want)
	} else {
		done, err = p.update(ctx, found, want)
	}
	if err != nil {
		return Proposed{}, err
	}
	done.Superseded, err = p.supersede(ctx, done.Number, want)
	return done, err
}

// ours reports whether a merge request is of want: it has the title, or our mark
// of the same subjects.
func (want Proposal) ours(m *api.BasicMergeRequest) bool {
	return strings.Contains(m.Title, want.Title) || slices.Equal(subjects(m.Description), want.Subjects)
}

// find returns the merge request that want is about: the open one of its
// branch, else the newest one; nil for none.
func (p *Project) find(ctx context.Context, want Proposal) (*api.BasicMergeRequest, error) {
	of := api.ListProjectMergeRequestsOptions{SourceBranch: &want.Branch, TargetBranch: &want.Target, State: new("all"),
		OrderBy: new("created_at"), Sort: new("desc")}
	var newest *api.BasicMergeRequest
	for m, err := range p.list(ctx, of) {
		switch {
		case err != nil:
			return nil, err
		case m.SourceProjectID != m.TargetProjectID: // a branch of that name elsewhere
		case m.State == opened && !want.ours(m):
			return nil, fault.Hintf("close it, or give it the title "+want.Title, "proposing branch %q: merge request !%d of this branch is about something else: %s", want.Branch, m.IID, fault.Clip(m.Title))
		case m.State == opened:
			return m, nil
		case newest == nil && want.ours(m):
			newest = m
		}
	}
	return newest, nil
}

func (p *Project) create(ctx context.Context, want Proposal) (Proposed, error) {
	doing := fmt.Sprintf("proposing branch %q", want.Branch)
	reviewers, unknown, err := p.reviewers(ctx, want.Reviewers)
	if err != nil {
		return Proposed{}, err
	}
	m, _, err := p.api.MergeRequests.CreateMergeRequest(p.path, &api.CreateMergeRequestOptions{Title: &want.Title, Description: &want.Description,
		SourceBranch: &want.Branch, TargetBranch: &want.Target, Labels: labels(want.Labels), ReviewerIDs: &reviewers,
		RemoveSourceBranch: new(true)}, api.WithContext(ctx))
	if err == nil {
		return Proposed{MergeRequest: mergeRequest(&m.BasicMergeRequest), Created: true, Unknown: unknown}, nil
	}
	if code(err) != http.StatusConflict && !lost(err) {
		return Proposed{}, p.fault(doing, err)
	}
	found, bad := p.find(ctx, want) // it may have been made, by us or by another just now
	if bad != nil || found == nil || found.State != opened {
		return Proposed{}, p.fault(doing, err)
	}
	done, err := p.update(ctx, found, want)
	done.Created, done.Unknown = true, unknown
	return done, err
}

// update changes what differs. What people added stays: labels, reviewers, and
// what stands around the title.
func (p *Project) update(ctx context.Context, m *api.BasicMergeRequest, want Proposal) (Proposed, error) {
	o, differs := api.UpdateMergeRequestOptions{}, false
	if m.State == closed {
		if !want.Again {
			return Proposed{}, fault.Hintf("look why it was closed; --again opens it", "proposing branch %q: people closed merge request !%d", want.Branch, m.IID)
		}
		o.StateEvent, differs = new("reopen"), true
	}
	if strings.TrimSpace(m.Description) != strings.TrimSpace(want.Description) {
		o.Description, differs = &want.Description, true
	}
	if !strings.Contains(m.Title, want.Title) {
		title := want.Title
		if m.Draft {
			title = "Draft: " + title
		}
		o.Title, differs = &title, true
	}
	missing := slices.DeleteFunc(slices.Clone(want.Labels), func(l string) bool { return slices.Contains(m.Labels, l) })
	if len(missing) > 0 {
		o.AddLabels, differs = labels(missing), true
	}
	done := Proposed{MergeRequest: mergeRequest(m), Created: m.State == closed}
	if !differs {
		return done, nil
	}
	_, _, err := p.api.MergeRequests.UpdateMergeRequest(p.path, m.IID, &o, api.WithContext(ctx))
	return done, p.done(fmt.Sprintf("updating merge request !%d", m.IID), err)
}

func labels(names []string) *api.LabelOptions {
	all := api.LabelOptions(names)
	return &all
}

// reviewers finds users by name.
func (p *Project) reviewers(ctx context.Context, names []string) (ids []int64, unknown []string, err error) {
	me, err := p.user(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids = []int64{}
	for _, name := range names {
		found, _, err := p.api.Users.ListUsers(&api.ListUsersOptions{Username: &name}, api.WithContext(ctx))
		switch {
		case err != nil:
			return nil, nil, p.fault(fmt.Sprintf("looking for the user %q", name), err)
		case len(found) == 0:
			unknown = append(unknown, name)
		case found[0].ID != me:
			ids = append(ids, found[0].ID)
		}
	}
	return ids, unknown, nil
}
