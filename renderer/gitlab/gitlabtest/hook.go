package gitlabtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// hook is a webhook of the project.
type hook struct{ url, secret string }

// Hook has the server report pushes and merge requests to an address, with a secret.
func (s *Server) Hook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, hook{url, secret})
}

// Pushed reports a push that did not come through the server's own Git.
func (s *Server) Pushed(branch, before, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushed("refs/heads/"+branch, before, after)
}

const nobody = "0000000000000000000000000000000000000000"

func (s *Server) pushed(ref, before, after string) {
	for _, id := range []*string{&before, &after} {
		if *id == "" {
			*id = nobody
		}
	}
	s.deliver("Push Hook", map[string]any{"object_kind": "push", "event_name": "push", "before": before, "after": after, "ref": ref, "checkout_sha": after,
		"project_id": project, "project": s.hooked(), "commits": []any{}, "total_commits_count": 1})
}

// tell reports what became of a merge request.
func (s *Server) tell(m *mergeRequest) {
	const kind = "merge_request"
	s.deliver("Merge Request Hook", map[string]any{"object_kind": kind, "event_type": kind, "project": s.hooked(),
		"object_attributes": map[string]any{"iid": m.iid, "title": m.title, "state": m.state, "source_branch": m.source, "target_branch": m.target,
			"source_project_id": project, "target_project_id": project, "last_commit": map[string]any{"id": m.sha}}})
}

func (s *Server) hooked() any {
	return map[string]any{"id": project, "web_url": s.web(""), "git_http_url": s.web(".git"), "default_branch": "main", "path_with_namespace": s.o.Project}
}

// deliver posts an event to every hook, once, without waiting.
func (s *Server) deliver(event string, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps of texts and numbers
	}
	for _, h := range s.hooks {
		s.hear.Go(func() {
			req, err := http.NewRequest(http.MethodPost, h.url, bytes.NewReader(data)) //nolint:gosec // G704: whoever made the hook says where it leads
			if err != nil {
				return
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("X-Gitlab-Event", event)
			req.Header.Set("X-Gitlab-Token", h.secret)
			client := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			if resp, err := client.Do(req); err == nil { //nolint:gosec // G704: the same
				resp.Body.Close()
			}
		})
	}
}

// serveGit serves the repository and reports what a push moved.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request, rest string) {
	pushes := r.Method == http.MethodPost && strings.HasSuffix(rest, "/git-receive-pack")
	before := s.git.heads()
	s.o.Git.ServeHTTP(w, r)
	if !pushes {
		return
	}
	after := s.git.heads()
	s.mu.Lock()
	defer s.mu.Unlock()
	for branch := range both(before, after) {
		if before[branch] != after[branch] {
			s.pushed("refs/heads/"+branch, before[branch], after[branch])
		}
	}
	s.follow()
}

func both(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return all
}
