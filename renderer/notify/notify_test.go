package notify

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/fault"
)

func TestNotices(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  string
		answers []int
		calls   int
		class   fault.Class
	}{
		"Taken":       {"one call is enough", []int{200}, 1, 0},
		"BusyThenOK":  {"a server that fails is asked again", []int{503, 429, 200}, 3, 0},
		"AlwaysBusy":  {"but not for ever", []int{500, 500, 500, 500, 500, 500}, 4, fault.Retry},
		"WrongSecret": {"a refusal is final", []int{400}, 1, fault.Person},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var calls int
			var got payload
			var headers http.Header
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				body, _ := io.ReadAll(r.Body)
				if err := json.Unmarshal(body, &got); err != nil {
					t.Error(err)
				}
				headers = r.Header
				w.WriteHeader(tc.answers[calls])
				calls++
			}))
			defer server.Close()
			heard := make(chan error, 1)
			n, err := New(Options{URL: server.URL, Token: "s3cr3t", Pause: time.Millisecond, Hear: func(err error) { heard <- err }})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); n.Run(ctx) }()
			n.Tell(Push{RepoURL: "https://user:pw@git.example/fleet.git", Branch: "main", Before: "a", After: "b"})
			err = <-heard
			cancel()
			<-done
			if calls != tc.calls || fault.ClassOf(err) != tc.class {
				t.Errorf("%d calls, %v, want %d and class %v: %s", calls, err, tc.calls, tc.class, tc.reason)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("error %v shows the token", err)
			}
			if got.Ref != "refs/heads/main" || got.After != "b" || got.Project.WebURL != "https://git.example/fleet" ||
				headers.Get("X-Gitlab-Event") != "Push Hook" || headers.Get("X-Gitlab-Token") != "s3cr3t" {
				t.Errorf("payload %+v, headers %v are not those of GitLab", got, headers)
			}
		})
	}
}

func TestURLIsChecked(t *testing.T) {
	for _, u := range []string{"", "argocd", "ftp://x/y", "http://"} {
		if _, err := New(Options{URL: u}); fault.ClassOf(err) != fault.Person {
			t.Errorf("New(%q) = %v, want a person to mend it", u, err)
		}
	}
}
