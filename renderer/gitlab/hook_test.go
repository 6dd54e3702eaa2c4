package gitlab_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const secret = "0123456789abcdef"

func TestHook(t *testing.T) {
	const push = `{"object_kind":"push","ref":"refs/heads/main"}`
	for name, tc := range map[string]struct {
		reason, method, secret, body string
		code                         int
		told                         bool
	}{
		"Push":         {"people merged", "POST", secret, push, 200, true},
		"MergeRequest": {"one to our branch changed", "POST", secret, `{"object_kind":"merge_request","object_attributes":{"target_branch":"main"}}`, 200, true},
		"OtherBranch":  {"nothing of ours", "POST", secret, `{"object_kind":"push","ref":"refs/heads/main2"}`, 200, false},
		"OtherTarget":  {"nothing of ours", "POST", secret, `{"object_kind":"merge_request","object_attributes":{"target_branch":"main2"}}`, 200, false},
		"OtherKind":    {"a hook with too many events", "POST", secret, `{"object_kind":"note"}`, 200, false},
		"NoSecret":     {"a stranger", "POST", "", push, 401, false},
		"WrongSecret":  {"a stranger", "POST", secret + "0", push, 401, false},
		"Get":          {"somebody looks", "GET", secret, "", 405, false},
		"NoJSON":       {"says nothing", "POST", secret, "hello", 200, false},
		"Huge":         {"what is too long to read may be about us", "POST", secret, `{"object_kind":"push","commits":"` + strings.Repeat("x", 2<<20), 200, true},
	} {
		t.Run(name, func(t *testing.T) {
			told := false
			h, err := gitlab.NewHook(secret, "main", func() { told = true })
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest(tc.method, "/", strings.NewReader(tc.body))
			r.Header.Set("X-Gitlab-Token", tc.secret)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.code || told != tc.told || strings.Contains(w.Body.String(), secret) {
				t.Errorf("ServeHTTP() = %d %q, told %t, want %d, %t: %s", w.Code, w.Body, told, tc.code, tc.told, tc.reason)
			}
		})
	}
	if _, err := gitlab.NewHook("short", "main", nil); fault.ClassOf(err) != fault.Person || strings.Contains(err.Error(), "short") {
		t.Errorf("NewHook() with a short secret = %v, want a person to make another", err)
	}
}

// What the server sends when somebody merges is heard.
func TestHookHearsMerges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	heard := make(chan struct{}, 10)
	h, err := gitlab.NewHook(secret, "main", func() { heard <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.Handler(h))
	defer server.Close()
	w.propose(w.bump("swg", "203"))
	w.fake.Hook(server.URL, secret)
	if err := w.fake.Merge(1, "ann"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the push, and the merge request
		select {
		case <-heard:
		case <-time.After(5 * time.Second):
			t.Fatal("nothing was heard")
		}
	}
}
