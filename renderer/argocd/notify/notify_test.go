package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
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
			hook, err := NewWebhook(server.URL, "s3cr3t", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			n := New(Options{Sender: hook, Pause: time.Millisecond, Hear: func(err error) { heard <- err }})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); n.Run(ctx) }()
			n.Tell(Push{RepoURL: "https://user:pw@git.example/fleet.git", Branch: "main", Before: "a", After: "b", Paths: []string{"environments/local/fleet/shared/license.yaml"}})
			err = <-heard
			cancel()
			<-done
			if calls != tc.calls || fault.ClassOf(err) != tc.class {
				t.Errorf("%d calls, %v, want %d and class %v: %s", calls, err, tc.calls, tc.class, tc.reason)
			}
			if err != nil && strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("error %v shows the token", err)
			}
			if got.Ref != "refs/heads/main" || got.After != "b" || got.Before != "" || len(got.Commits) != 1 || len(got.Commits[0].Modified) != 1 || got.Project.WebURL != "https://git.example/fleet" ||
				headers.Get("X-Gitlab-Event") != "Push Hook" || headers.Get("X-Gitlab-Token") != "s3cr3t" {
				t.Errorf("payload %+v, headers %v are not those of GitLab", got, headers)
			}
		})
	}
}

func TestURLIsChecked(t *testing.T) {
	for _, u := range []string{"", "argocd", "ftp://x/y", "http://"} {
		if _, err := NewWebhook(u, "", false, nil); fault.ClassOf(err) != fault.Person {
			t.Errorf("NewWebhook(%q) = %v, want a person to mend it", u, err)
		}
	}
}

// Notices that wait become one, which says of everything that it may have changed.
func TestNoticesAreMerged(t *testing.T) {
	many := make([]string, MaxPaths)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	for name, tc := range map[string]struct {
		reason   string
		old, new []string
		want     int // -1 for everything
	}{
		"Both":       {"files of both", []string{"b", "a"}, []string{"c"}, 3},
		"Twice":      {"a file counts once", []string{"a"}, []string{"a"}, 1},
		"OldUnknown": {"what is not known may be anything", nil, []string{"a"}, -1},
		"NewUnknown": {"what is not known may be anything", []string{"a"}, nil, -1},
		"None":       {"nothing changed", []string{}, []string{}, 0},
		"Many":       {"bounded", many, []string{"x"}, -1},
		"JustEnough": {"as many as are named", many, []string{"0"}, MaxPaths},
	} {
		got := Push{Before: "b2", After: "c", Paths: tc.new}.merge(Push{Before: "a", After: "b", Passed: []string{"a2"}, Paths: tc.old})
		if want := []string{"a2", "b", "b2"}; !slices.Equal(got.Passed, want) {
			t.Errorf("%s: merge passed %q, want %q", name, got.Passed, want)
		}
		if (got.Paths == nil) != (tc.want < 0) || tc.want >= 0 && len(got.Paths) != tc.want || got.Before != "a" || got.After != "c" {
			t.Errorf("%s: merge = %s..%s with %d files (nil %t), want %d: %s", name, got.Before, got.After, len(got.Paths), got.Paths == nil, tc.want, tc.reason)
		}
	}
}

// The token goes to the webhook and to nobody else: to no other host that it
// redirects to, and not unencrypted over a network.
func TestTokenStays(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, code))
		hook, err := NewWebhook(server.URL, "s3cr3t", false, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = hook.Send(t.Context(), Push{Branch: "main"})
		if fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("Send() to a redirect %d = %v, want a person to mend it", code, err)
		}
		server.Close()
	}
	if asked {
		t.Error("the host behind the redirect was asked")
	}
	for _, tc := range []struct {
		where, token string
		insecure, ok bool
	}{
		{"http://argocd.example/api/webhook", "s3cr3t", false, false},
		{"http://127.0.0.1.example/api/webhook", "s3cr3t", false, false},
		{"http://argocd.example/api/webhook", "s3cr3t", true, true},
		{"http://argocd.example/api/webhook", "", false, true},
		{"https://argocd.example/api/webhook", "s3cr3t", false, true},
		{"http://[::1]:8080/api/webhook", "s3cr3t", false, true},
	} {
		if _, err := NewWebhook(tc.where, tc.token, tc.insecure, nil); (err == nil) != tc.ok || err != nil && (fault.HintOf(err) == "" || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("NewWebhook(%q, token %q, insecure %t) = %v, want %t", tc.where, tc.token, tc.insecure, err, tc.ok)
		}
	}
}
