package gitlabtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// mergeRequest is a merge request of the server.
type mergeRequest struct {
	id, iid            int64
	title, description string
	source, target     string
	fork               bool
	state              string
	author, closedBy   *user
	labels             []string
	reviewers          []*user
	made, changed      time.Time
	sha                string // of source, as it was seen last
	checks             int    // reads that are left until it is checked
	auto               string // the commit that merges when its pipeline is green
	mergedBy           *user
	mergedAt, closedAt time.Time
	commit             string // of the merge
	notes              []*note
}

// basicAnswer is a merge request as lists have it.
type basicAnswer struct {
	ID              int64         `json:"id"`
	IID             int64         `json:"iid"`
	ProjectID       int64         `json:"project_id"`
	Title           string        `json:"title"`
	Description     string        `json:"description"`
	State           string        `json:"state"`
	CreatedAt       time.Time     `json:"created_at"`
	UpdatedAt       time.Time     `json:"updated_at"`
	MergedBy        *userAnswer   `json:"merged_by"`
	MergedAt        *time.Time    `json:"merged_at"`
	ClosedBy        *userAnswer   `json:"closed_by"`
	ClosedAt        *time.Time    `json:"closed_at"`
	TargetBranch    string        `json:"target_branch"`
	SourceBranch    string        `json:"source_branch"`
	UserNotesCount  int           `json:"user_notes_count"`
	Author          *userAnswer   `json:"author"`
	Assignees       []*userAnswer `json:"assignees"`
	Reviewers       []*userAnswer `json:"reviewers"`
	SourceProjectID int64         `json:"source_project_id"`
	TargetProjectID int64         `json:"target_project_id"`
	Labels          []string      `json:"labels"`
	Draft           bool          `json:"draft"`
	AutoMerge       bool          `json:"merge_when_pipeline_succeeds"`
	DetailedStatus  string        `json:"detailed_merge_status"`
	SHA             string        `json:"sha"`
	MergeCommitSHA  *string       `json:"merge_commit_sha"`
	WebURL          string        `json:"web_url"`
	Squash          bool          `json:"squash"`
}

// wholeAnswer is one that was asked for by number.
type wholeAnswer struct {
	basicAnswer
	ChangesCount string          `json:"changes_count"`
	HeadPipeline *pipelineAnswer `json:"head_pipeline"`
	DiffRefs     *refsAnswer     `json:"diff_refs"`
}

type refsAnswer struct {
	Base  string `json:"base_sha"`
	Head  string `json:"head_sha"`
	Start string `json:"start_sha"`
}

func (m *mergeRequest) draft() bool { return strings.HasPrefix(m.title, "Draft:") }

// basic returns what lists say; status is the detailed one.
func (s *Server) basic(m *mergeRequest, status string) basicAnswer {
	a := basicAnswer{ID: m.id, IID: m.iid, ProjectID: project, Title: m.title, Description: m.description, State: m.state, CreatedAt: m.made, UpdatedAt: m.changed,
		MergedBy: m.mergedBy.answer(), MergedAt: stamped(m.mergedAt), ClosedBy: m.closedBy.answer(), ClosedAt: stamped(m.closedAt),
		TargetBranch: m.target, SourceBranch: m.source, UserNotesCount: len(m.notes), Author: m.author.answer(), Assignees: []*userAnswer{}, Reviewers: []*userAnswer{},
		SourceProjectID: project, TargetProjectID: project, Labels: append([]string{}, m.labels...), Draft: m.draft(), AutoMerge: m.auto != "" && m.state == "opened",
		DetailedStatus: status, SHA: m.sha, WebURL: s.web("/-/merge_requests/%d", m.iid)}
	for _, u := range m.reviewers {
		a.Reviewers = append(a.Reviewers, u.answer())
	}
	if m.fork {
		a.SourceProjectID = project + 1
	}
	if m.commit != "" {
		a.MergeCommitSHA = &m.commit
	}
	return a
}

func stamped(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// numbered returns the merge request with a number, as its branch is now.
func (s *Server) numbered(text string) *mergeRequest {
	s.follow()
	for _, m := range s.requests {
		if strconv.FormatInt(m.iid, 10) == text {
			return m
		}
	}
	return nil
}

// follow notes where the branches of open merge requests are: a push is checked anew.
func (s *Server) follow() {
	s.tips = s.git.heads()
	for _, m := range s.requests {
		if now := s.tips[m.source]; m.state == "opened" && now != "" && now != m.sha {
			m.sha, m.checks, m.auto, m.changed = now, s.o.Checks, "", s.moment()
		}
	}
}

func (s *Server) read(c *call, m *mergeRequest) {
	if !c.on(http.MethodGet) {
		return
	}
	c.answer(http.StatusOK, s.whole(m))
	m.checks = max(m.checks-1, 0)
}

func (s *Server) whole(m *mergeRequest) wholeAnswer {
	a := wholeAnswer{basicAnswer: s.basic(m, s.status(m)), HeadPipeline: s.head(m)}
	if m.state == "opened" && m.checks == 0 || m.state != "opened" {
		n := len(s.git.diffs(s.tips[m.target], m.sha))
		a.ChangesCount = strconv.Itoa(min(n, s.o.MaxFiles))
		if n > s.o.MaxFiles {
			a.ChangesCount += "+"
		}
	}
	base := s.git.base(s.tips[m.target], m.sha)
	a.DiffRefs = &refsAnswer{base, m.sha, base}
	return a
}

// status is the detailed merge status.
func (s *Server) status(m *mergeRequest) string {
	switch {
	case m.state != "opened":
		return "not_open"
	case m.checks > 0:
		return "checking"
	case m.draft():
		return "draft_status"
	}
	if _, err := s.git.mergeTree(s.tips[m.target], m.sha); err != nil {
		return "conflict"
	}
	switch run := s.last(m); {
	case !s.o.NeedPipeline || run != nil && run.status == "success":
		return "mergeable"
	case run != nil && (run.status == "running" || run.status == "pending" || run.status == "created"):
		return "ci_still_running"
	}
	return "ci_must_pass"
}

func (s *Server) list(c *call) {
	if !c.on(http.MethodGet) {
		return
	}
	s.follow()
	q, found := c.r.URL.Query(), []basicAnswer{}
	for _, m := range s.requests {
		state := q.Get("state")
		if state != "" && state != "all" && state != m.state || other(q.Get("source_branch"), m.source) || other(q.Get("target_branch"), m.target) ||
			other(q.Get("author_id"), fmt.Sprint(m.author.id)) {
			continue
		}
		status := "unchecked" // lists check nothing
		if m.state != "opened" {
			status = "not_open"
		}
		found = append(found, s.basic(m, status))
	}
	slices.SortFunc(found, func(a, b basicAnswer) int {
		if q.Get("sort") == "asc" {
			return cmp.Compare(a.IID, b.IID)
		}
		return cmp.Compare(b.IID, a.IID)
	})
	paged(c, found)
}

func other(want, have string) bool { return want != "" && want != have }

// tooLong refuses a text with more characters than a field takes.
func (c *call) tooLong(field, text string, most int) bool {
	if utf8.RuneCountInString(text) <= most {
		return false
	}
	c.refuse(http.StatusBadRequest, map[string][]string{field: {fmt.Sprintf("is too long (maximum is %d characters)", most)}})
	return true
}

// maxTitle is the most characters of a title.
const maxTitle = 255

func (s *Server) create(c *call) {
	if !c.read() {
		return
	}
	title, _ := c.text("title")
	source, _ := c.text("source_branch")
	target, _ := c.text("target_branch")
	description, _ := c.text("description")
	for field, text := range map[string]string{"title": title, "source_branch": source, "target_branch": target} {
		if text == "" {
			c.answer(http.StatusBadRequest, map[string]string{"error": field + " is missing"})
			return
		}
	}
	if c.tooLong("title", title, maxTitle) || c.tooLong("description", description, s.o.MaxDescription) {
		return
	}
	s.follow()
	heads := s.tips
	for field, branch := range map[string]string{"source_branch": source, "target_branch": target} {
		if heads[branch] == "" {
			c.refuse(http.StatusUnprocessableEntity, map[string][]string{field: {"does not exist"}})
			return
		}
	}
	for _, m := range s.requests {
		if m.state == "opened" && !m.fork && m.source == source && m.target == target {
			c.refuse(http.StatusConflict, []string{fmt.Sprintf("Another open merge request already exists for this source branch: !%d", m.iid)})
			return
		}
	}
	m := s.add(c.by, title, source, target)
	m.description = description
	m.set(c)
	s.tell(m)
	c.answer(http.StatusCreated, s.whole(m))
}

// add makes a merge request.
func (s *Server) add(by *user, title, source, target string) *mergeRequest {
	now := s.moment()
	m := &mergeRequest{id: 1000 + s.id(), iid: int64(len(s.requests) + 1), title: title, source: source, target: target, state: "opened", author: by,
		made: now, changed: now, sha: s.git.heads()[source], checks: s.o.Checks, labels: []string{}}
	s.requests = append(s.requests, m)
	return m
}

// set takes labels and reviewers from a call.
func (m *mergeRequest) set(c *call) {
	if text, ok := c.text("labels"); ok {
		m.labels = split(text)
	}
	add, _ := c.text("add_labels")
	for _, l := range split(add) {
		if !slices.Contains(m.labels, l) {
			m.labels = append(m.labels, l)
		}
	}
	slices.Sort(m.labels)
	if _, ok := c.body["reviewer_ids"]; ok {
		m.reviewers = nil
		for _, id := range c.numbers("reviewer_ids") {
			for _, u := range c.s.users {
				if u.id == id {
					m.reviewers = append(m.reviewers, u)
				}
			}
		}
	}
}

func split(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

func (s *Server) update(c *call, m *mergeRequest) {
	if !c.read() {
		return
	}
	title, hasTitle := c.text("title")
	description, hasDescription := c.text("description")
	event, _ := c.text("state_event")
	if c.tooLong("title", title, maxTitle) || c.tooLong("description", description, s.o.MaxDescription) {
		return
	}
	switch {
	case event == "close" && m.state == "opened":
		m.state, m.closedBy, m.closedAt = "closed", c.by, s.moment()
	case event == "reopen" && m.state == "closed":
		if s.git.heads()[m.source] == "" {
			c.refuse(http.StatusUnprocessableEntity, map[string][]string{"source_branch": {"does not exist"}})
			return
		}
		m.state, m.closedBy, m.closedAt, m.checks = "opened", nil, time.Time{}, s.o.Checks
	}
	if hasTitle {
		m.title = title
	}
	if hasDescription {
		m.description = description
	}
	m.set(c)
	m.changed = s.moment()
	s.tell(m)
	c.answer(http.StatusOK, s.whole(m))
}

func (s *Server) diffs(c *call, m *mergeRequest) {
	if c.on(http.MethodGet) {
		all := s.git.diffs(s.tips[m.target], m.sha)
		paged(c, all[:min(len(all), s.o.MaxFiles)])
	}
}
