package gitlab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Bounds of what a merge request may hold of people's files.
const (
	maxFile  = 4 << 20
	maxFiles = 64 << 20
)

// files reads files as they are at a commit; nil for one that is not there.
func (p *Project) files(ctx context.Context, commit string, paths []string) (map[string][]byte, error) {
	all, sum := make(map[string][]byte, len(paths)), 0
	for _, path := range paths {
		data, _, err := p.api.RepositoryFiles.GetRawFile(p.path, path, &api.GetRawFileOptions{Ref: &commit}, api.WithContext(ctx))
		if code(err) == http.StatusNotFound {
			all[path] = nil
			continue
		}
		if err != nil {
			return nil, p.fault(fmt.Sprintf("reading %s at %.12s", fault.Clip(path), commit), err)
		}
		if sum += len(data); len(data) > maxFile || sum > maxFiles {
			return nil, fault.Hintf("take out what is no part of a catalog", "reading %s at %.12s: the merge request has more than %d MiB in a file, or %d in all", fault.Clip(path), commit, maxFile>>20, maxFiles>>20)
		}
		all[path] = append([]byte{}, data...)
	}
	return all, nil
}

// mergeRef returns the commit that a merge would make now, as GitLab keeps it
// beside the branches: what others merged meanwhile is in it.
func (p *Project) mergeRef(ctx context.Context, number int64) (string, error) {
	doing := fmt.Sprintf("asking what a merge of !%d would give", number)
	req, err := p.api.NewRequest(http.MethodGet, fmt.Sprintf("projects/%s/merge_requests/%d/merge_ref", api.PathEscape(p.path), number), nil,
		[]api.RequestOptionFunc{api.WithContext(ctx)})
	if err != nil {
		return "", p.fault(doing, err)
	}
	var answer struct {
		Commit string `json:"commit_id"`
	}
	_, err = p.api.Do(req, &answer)
	if code(err) == http.StatusBadRequest {
		return "", errUnmergeable
	}
	return answer.Commit, p.done(doing, err)
}

// errUnmergeable says that there is no such commit.
var errUnmergeable = errors.New("the merge request cannot be merged")

// Names of the job that plans and of the page that it leaves, in the pipeline of
// renderer/install.
const (
	planJob  = "sluice-plan"
	planFile = "plan/plan.html"
)

// runs are refs by which pipelines name what they ran for.
type runs map[string]bool

// of reports whether one of them is a merge request's.
func (r runs) of(m *api.BasicMergeRequest) bool {
	ref := fmt.Sprintf("refs/merge-requests/%d/", m.IID)
	return r[m.SourceBranch] || r[ref+"head"] || r[ref+"merge"] || r[ref+"train"]
}

// runs returns what pipelines ran for that changed after a moment, and the moment
// of the latest change. After the zero moment none did, and that is never returned.
func (p *Project) runs(ctx context.Context, since time.Time) (runs, time.Time, error) {
	all := pages(func(l api.ListOptions) ([]*api.PipelineInfo, *api.Response, error) {
		o := api.ListProjectPipelinesOptions{ListOptions: l, OrderBy: new("updated_at"), Sort: new("desc")}
		return p.api.Pipelines.ListProjectPipelines(p.path, &o, api.WithContext(ctx))
	})
	found, latest := runs{}, since
	if since.IsZero() {
		latest = time.Unix(0, 0)
	}
	for run, err := range all {
		if hidden(err) {
			break
		}
		if err != nil {
			return nil, since, p.fault("listing pipelines", err)
		}
		if run.UpdatedAt == nil {
			continue
		}
		if run.UpdatedAt.After(latest) {
			latest = *run.UpdatedAt
		}
		if since.IsZero() || !run.UpdatedAt.After(since) {
			break
		}
		found[run.Ref] = true
	}
	return found, latest, nil
}

// hidden reports whether pipelines are not shown to us.
func hidden(err error) bool {
	return code(err) == http.StatusNotFound || code(err) == http.StatusForbidden
}

// artifact returns where the whole plan of a merge request's pipeline can be
// read; empty while there is none.
func (p *Project) artifact(ctx context.Context, m *api.MergeRequest) (string, error) {
	if m.HeadPipeline == nil {
		return "", nil
	}
	jobs := pages(func(l api.ListOptions) ([]*api.Job, *api.Response, error) {
		return p.api.Jobs.ListPipelineJobs(p.path, m.HeadPipeline.ID, &api.ListJobsOptions{ListOptions: l}, api.WithContext(ctx))
	})
	for j, err := range jobs {
		if hidden(err) {
			return "", nil
		}
		if err != nil {
			return "", p.fault(fmt.Sprintf("listing the jobs of merge request !%d", m.IID), err)
		}
		if j.Name == planJob && j.ArtifactsFile.Filename != "" && j.WebURL != "" {
			return j.WebURL + "/artifacts/file/" + planFile, nil
		}
	}
	return "", nil
}
