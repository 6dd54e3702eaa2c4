package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

type pipeline struct {
	id               int64
	sha, ref, status string
	artifact         bool
	made, changed    time.Time
}

type pipelineAnswer struct {
	ID        int64     `json:"id"`
	ProjectID int64     `json:"project_id"`
	SHA       string    `json:"sha"`
	Ref       string    `json:"ref"`
	Status    string    `json:"status"`
	Source    string    `json:"source"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	WebURL    string    `json:"web_url"`
}

// last returns the newest pipeline of a merge request's commit; nil for none.
func (s *Server) last(m *mergeRequest) *pipeline {
	for _, p := range slices.Backward(s.pipelines) {
		if p.sha == m.sha {
			return p
		}
	}
	return nil
}

func (s *Server) head(m *mergeRequest) *pipelineAnswer {
	p := s.last(m)
	if p == nil {
		return nil
	}
	a := s.pipelineAnswer(p)
	return &a
}

func (s *Server) pipelineAnswer(p *pipeline) pipelineAnswer {
	return pipelineAnswer{p.id, project, p.sha, p.ref, p.status, "merge_request_event", p.made, p.changed, s.web("/-/pipelines/%d", p.id)}
}

// listPipelines answers all of them, in the order of their last change or else of their numbers.
func (s *Server) listPipelines(c *call) {
	if !c.on(http.MethodGet) {
		return
	}
	q, found := c.r.URL.Query(), []pipelineAnswer{}
	for _, p := range s.pipelines {
		found = append(found, s.pipelineAnswer(p))
	}
	slices.SortFunc(found, func(a, b pipelineAnswer) int {
		order := cmp.Compare(a.ID, b.ID)
		if q.Get("order_by") == "updated_at" {
			order = a.UpdatedAt.Compare(b.UpdatedAt)
		}
		if q.Get("sort") != "asc" {
			order = -order
		}
		return order
	})
	paged(c, found)
}

// Pipeline says how the pipeline of a merge request's commit is, which is made
// if there is none: running, success or failed. A green one lets it merge if
// somebody asked for that.
func (s *Server) Pipeline(number int64, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.numbered(strconv.FormatInt(number, 10))
	if m == nil {
		return fmt.Errorf("there is no merge request !%d", number)
	}
	p := s.last(m)
	if p == nil {
		p = &pipeline{id: s.id(), sha: m.sha, ref: fmt.Sprintf("refs/merge-requests/%d/head", m.iid), made: s.moment()}
		s.pipelines = append(s.pipelines, p)
	}
	p.status, p.artifact, p.changed = status, status == "success", s.moment()
	if status == "success" && m.state == "opened" && m.auto == m.sha {
		return s.merge(m, m.author)
	}
	return nil
}

// jobAnswer is the job of a pipeline that plans.
type jobAnswer struct {
	ID            int64           `json:"id"`
	Name          string          `json:"name"`
	Stage         string          `json:"stage"`
	Status        string          `json:"status"`
	Ref           string          `json:"ref"`
	WebURL        string          `json:"web_url"`
	ArtifactsFile *artifactAnswer `json:"artifacts_file,omitempty"`
}

type artifactAnswer struct {
	Filename string `json:"filename"`
	Size     int    `json:"size"`
}

func (s *Server) jobs(c *call, number string) {
	if !c.on(http.MethodGet) {
		return
	}
	for _, p := range s.pipelines {
		if strconv.FormatInt(p.id, 10) != number {
			continue
		}
		job := jobAnswer{ID: 10_000 + p.id, Name: "sluice-plan", Stage: "test", Status: p.status, Ref: p.ref, WebURL: s.web("/-/jobs/%d", 10_000+p.id)}
		if p.artifact {
			job.ArtifactsFile = &artifactAnswer{"artifacts.zip", 1 << 10}
		}
		paged(c, []jobAnswer{job})
		return
	}
	c.refuse(http.StatusNotFound, "404 Not found")
}

// projectAnswer is the project as far as it is asked for.
func (s *Server) projectAnswer() any {
	return map[string]any{"id": project, "path_with_namespace": s.o.Project, "default_branch": "main", "web_url": s.web(""),
		"only_allow_merge_if_pipeline_succeeds": s.o.NeedPipeline}
}
