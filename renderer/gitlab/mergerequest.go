package gitlab

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"
)

// MergeRequest is a merge request as GitLab has it.
type MergeRequest struct {
	// Number is the one that people use: !7.
	Number int64
	// Title, and the branches from and to which it goes.
	Title, Branch, Target string
	// Head is the commit that would be merged.
	Head string
	// Fork says that Branch is another project's.
	Fork bool
	// URL is its page.
	URL string
}

// State of a merge request in GitLab's words.
const (
	opened = "opened"
	closed = "closed"
	merged = "merged"
)

func mergeRequest(m *api.BasicMergeRequest) MergeRequest {
	return MergeRequest{Number: m.IID, Title: m.Title, Branch: m.SourceBranch, Target: m.TargetBranch, Head: m.SHA,
		Fork: m.SourceProjectID != m.TargetProjectID, URL: m.WebURL}
}

// list returns the project's merge requests that o asks for, page by page.
func (p *Project) list(ctx context.Context, o api.ListProjectMergeRequestsOptions) iter.Seq2[*api.BasicMergeRequest, error] {
	return pages(func(l api.ListOptions) ([]*api.BasicMergeRequest, *api.Response, error) {
		o.ListOptions = l
		some, resp, err := p.api.MergeRequests.ListProjectMergeRequests(p.path, &o, api.WithContext(ctx))
		return some, resp, p.done("listing merge requests", err)
	})
}

// pages walks a list: read returns a page of it.
func pages[T any](read func(api.ListOptions) ([]T, *api.Response, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for l := (api.ListOptions{PerPage: page, Page: 1}); l.Page > 0; {
			some, resp, err := read(l)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, v := range some {
				if !yield(v, nil) {
					return
				}
			}
			l.Page = resp.NextPage
		}
	}
}

// all collects a list.
func all[T any](seq iter.Seq2[T, error]) ([]T, error) {
	var found []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		found = append(found, v)
	}
	return found, nil
}

// get reads one merge request with what lists leave out.
func (p *Project) get(ctx context.Context, number int64) (*api.MergeRequest, error) {
	m, _, err := p.api.MergeRequests.GetMergeRequest(p.path, number, nil, api.WithContext(ctx))
	if err != nil {
		return nil, p.fault(fmt.Sprintf("reading merge request !%d", number), err)
	}
	return m, nil
}

// changes returns the paths that a merge request touches, sorted; whole says
// that these are all: GitLab lists a thousand files or so.
func (p *Project) changes(ctx context.Context, m *api.MergeRequest) (paths []string, whole bool, err error) {
	diffs := pages(func(l api.ListOptions) ([]*api.MergeRequestDiff, *api.Response, error) {
		return p.api.MergeRequests.ListMergeRequestDiffs(p.path, m.IID, &api.ListMergeRequestDiffsOptions{ListOptions: l}, api.WithContext(ctx))
	})
	for d, err := range diffs {
		if err != nil {
			return nil, false, p.fault(fmt.Sprintf("listing the files of merge request !%d", m.IID), err)
		}
		paths = append(paths, d.OldPath, d.NewPath)
	}
	slices.Sort(paths)
	return slices.Compact(paths), !strings.HasSuffix(m.ChangesCount, "+"), nil
}
