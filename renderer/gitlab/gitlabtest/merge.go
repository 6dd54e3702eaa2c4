package gitlabtest

import (
	"fmt"
	"net/http"
	"strings"
)

func (s *Server) accept(c *call, m *mergeRequest) {
	if !c.read() {
		return
	}
	sha, _ := c.text("sha")
	auto := c.flag("auto_merge") || c.flag("merge_when_pipeline_succeeds")
	status := s.status(m)
	waits := status == "ci_must_pass" || status == "ci_still_running"
	run := s.last(m)
	switch {
	case sha != "" && sha != m.sha:
		c.refuse(http.StatusConflict, "SHA does not match HEAD of source branch: "+m.sha)
	case auto && (waits || status == "mergeable") && run != nil && run.status != "success" && run.status != "failed":
		m.auto = m.sha
		c.answer(http.StatusOK, s.whole(m))
	case status != "mergeable":
		c.refuse(http.StatusMethodNotAllowed, "405 Method Not Allowed")
	default:
		if err := s.merge(m, c.by); err != nil {
			c.refuse(http.StatusUnprocessableEntity, "Branch cannot be merged")
			return
		}
		if c.flag("should_remove_source_branch") {
			_ = s.git.move("refs/heads/"+m.source, "", m.sha)
		}
		c.answer(http.StatusOK, s.whole(m))
	}
}

// merge merges for real; somebody may push meanwhile.
func (s *Server) merge(m *mergeRequest, by *user) (err error) {
	var before, commit string
	for range 5 {
		s.follow()
		before = s.tips[m.target]
		commit, err = s.git.merge(before, m.sha, fmt.Sprintf("Merge branch '%s' into '%s'\n\n%s\n\nSee merge request %s!%d", m.source, m.target, m.title, s.o.Project, m.iid))
		if err != nil {
			return err
		}
		if err = s.git.move("refs/heads/"+m.target, commit, before); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	s.tips[m.target] = commit
	m.state, m.commit, m.mergedBy, m.mergedAt, m.auto = "merged", commit, by, s.moment(), ""
	s.pushed("refs/heads/"+m.target, before, commit)
	s.tell(m)
	return nil
}

// mergeRef answers with what a merge would be now.
func (s *Server) mergeRef(c *call, m *mergeRequest) {
	if !c.on(http.MethodGet) {
		return
	}
	if m.state != "opened" {
		c.refuse(http.StatusBadRequest, "Merge request is not mergeable")
		return
	}
	commit, err := s.git.merge(s.tips[m.target], m.sha, fmt.Sprintf("Merge %s into %s", m.sha, m.target))
	if err != nil {
		c.refuse(http.StatusBadRequest, "Merge request is not mergeable")
		return
	}
	if err := s.git.put(fmt.Sprintf("refs/merge-requests/%d/merge", m.iid), commit); err != nil {
		c.refuse(http.StatusInternalServerError, err.Error())
		return
	}
	c.answer(http.StatusOK, map[string]string{"commit_id": commit})
}

// file answers with a file as it is at a commit.
func (s *Server) file(c *call, path string) {
	if !c.on(http.MethodGet) {
		return
	}
	ref := c.r.URL.Query().Get("ref")
	if ref == "" {
		ref = "HEAD"
	}
	out, err := s.git.raw(ref, path)
	if err != nil {
		message := "404 File Not Found"
		if unknown := s.git.run("rev-parse", "-q", "--verify", ref+"^{commit}"); unknown != nil {
			message = "404 Commit Not Found"
		}
		c.refuse(http.StatusNotFound, message)
		return
	}
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.Header().Set("X-Gitlab-File-Path", strings.ReplaceAll(path, "\n", " "))
	_, _ = c.w.Write([]byte(out))
}
