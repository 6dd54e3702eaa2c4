package gitlabtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hook is a webhook of the project; it hears what it asked for.
type hook struct {
	id           int64
	url, secret  string
	push, merges bool
	made         time.Time
}

// Hook has the server report pushes and merge requests to an address, with a secret.
func (s *Server) Hook(url, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook(hook{url: url, secret: secret, push: true, merges: true})
}

func (s *Server) hook(h hook) hook {
	h.id, h.made = s.id(), s.moment()
	s.hooks = append(s.hooks, h)
	return h
}

type hookAnswer struct {
	ID        int64     `json:"id"`
	URL       string    `json:"url"`
	ProjectID int64     `json:"project_id"`
	Push      bool      `json:"push_events"`
	Merges    bool      `json:"merge_requests_events"`
	CreatedAt time.Time `json:"created_at"`
}

func (h hook) answer() hookAnswer {
	return hookAnswer{h.id, h.url, project, h.push, h.merges, h.made}
}

// inHooks routes what is below the project's webhooks. Nobody is shown a secret.
func (s *Server) inHooks(c *call, parts []string) {
	i := slices.IndexFunc(s.hooks, func(h hook) bool { return len(parts) == 1 && strconv.FormatInt(h.id, 10) == parts[0] })
	switch {
	case len(parts) == 0 && c.r.Method == http.MethodPost:
		s.addHook(c)
	case len(parts) == 0 && c.on(http.MethodGet):
		all := []hookAnswer{}
		for _, h := range s.hooks {
			all = append(all, h.answer())
		}
		paged(c, all)
	case len(parts) == 0:
	case i < 0:
		c.refuse(http.StatusNotFound, "404 Not found")
	case c.on(http.MethodDelete):
		s.hooks = slices.Delete(s.hooks, i, i+1)
		c.w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) addHook(c *call) {
	if !c.read() {
		return
	}
	h := hook{push: true, merges: c.flag("merge_requests_events")}
	h.url, _ = c.text("url")
	h.secret, _ = c.text("token")
	if _, given := c.text("push_events"); given {
		h.push = c.flag("push_events")
	}
	switch at, err := url.Parse(h.url); {
	case h.url == "":
		c.answer(http.StatusBadRequest, map[string]string{"error": "url is missing"})
	case err != nil || at.Scheme != "http" && at.Scheme != "https":
		c.answer(http.StatusUnprocessableEntity, map[string]string{"error": "Invalid url given"})
	default:
		c.answer(http.StatusCreated, s.hook(h).answer())
	}
}

// Pushed reports a push that did not come through the server's own Git.
func (s *Server) Pushed(branch, before, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushed("refs/heads/"+branch, before, after)
}

// Names of events, as their header has them.
const (
	pushHook  = "Push Hook"
	mergeHook = "Merge Request Hook"
)

const nobody = "0000000000000000000000000000000000000000"

func (s *Server) pushed(ref, before, after string) {
	for _, id := range []*string{&before, &after} {
		if *id == "" {
			*id = nobody
		}
	}
	s.deliver(pushHook, map[string]any{"object_kind": "push", "event_name": "push", "before": before, "after": after, "ref": ref, "checkout_sha": after,
		"project_id": project, "project": s.hooked(), "commits": []any{}, "total_commits_count": 1})
}

// tell reports what became of a merge request.
func (s *Server) tell(m *mergeRequest) {
	const kind = "merge_request"
	s.deliver(mergeHook, map[string]any{"object_kind": kind, "event_type": kind, "project": s.hooked(),
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
		if event == pushHook && !h.push || event == mergeHook && !h.merges {
			continue
		}
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
