package gitlab_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		o      gitlab.Options
		ok     bool
	}{
		"Plain":    {"the token would be read on the way", gitlab.Options{URL: "http://git.example", Project: "a/b"}, false},
		"Insecure": {"it was said", gitlab.Options{URL: "http://git.example", Project: "a/b", Insecure: true}, true},
		"Loopback": {"nobody is on the way", gitlab.Options{URL: "http://127.0.0.1:8080/gitlab", Project: "a/b"}, true},
		"HTTPS":    {"as it should be", gitlab.Options{URL: "https://git.example/gitlab/", Project: "/a/b/"}, true},
		"User":     {"a URL is shown in logs", gitlab.Options{URL: "https://me:s3cr3t@git.example", Project: "a/b"}, false},
		"NoURL":    {"nothing to ask", gitlab.Options{URL: "git.example", Project: "a/b"}, false},
		"NoName":   {"no project", gitlab.Options{URL: "https://git.example", Project: "/"}, false},
		"NoCA":     {"a file of something else", gitlab.Options{URL: "https://git.example", Project: "a/b", CA: []byte("hello")}, false},
	} {
		if _, err := gitlab.Open(tc.o); (err == nil) != tc.ok || err != nil && (fault.HintOf(err) == "" || strings.Contains(err.Error(), "s3cr3t")) {
			t.Errorf("%s: Open() = %v, want %t: %s", name, err, tc.ok, tc.reason)
		}
	}
}

// What goes wrong is said in one line, with what to do, and without the token.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		state  gitlabtest.Token
		fault  *gitlabtest.Fault
		class  fault.Class
		says   string
	}{
		"Expired":  {reason: "a person makes another", state: gitlabtest.Expired, class: fault.Person, says: "401"},
		"ReadOnly": {reason: "the scope is too small", state: gitlabtest.ReadAPI, class: fault.Person, says: "403"},
		"Blind":    {reason: "GitLab hides what one may not see", state: gitlabtest.Blind, class: fault.Person, says: "404"},
		"Down":     {reason: "it comes back", fault: &gitlabtest.Fault{Status: 503, Times: 100}, class: fault.Retry, says: "503"},
		"Cut":      {reason: "it comes back", fault: &gitlabtest.Fault{Times: 100}, class: fault.Retry, says: "no whole answer"},
		"Limited":  {reason: "later", fault: &gitlabtest.Fault{Status: 429, Times: 100}, class: fault.Retry, says: "429"},
		"Invalid":  {reason: "asking again helps nothing", fault: &gitlabtest.Fault{Method: "POST", Status: 422, Times: 100}, class: fault.Person, says: "422"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitlabtest.Options{})
			p := w.bump("swg", "203")
			w.fake.Turn(w.token, tc.state)
			if tc.fault != nil {
				w.fake.Fail(*tc.fault)
			}
			_, err := w.open().Propose(t.Context(), p)
			if fault.ClassOf(err) != tc.class || !strings.Contains(fmt.Sprint(err), tc.says) {
				t.Fatalf("Propose() = %v, class %v, want %v with %q: %s", err, fault.ClassOf(err), tc.class, tc.says, tc.reason)
			}
			if text := err.Error() + fault.HintOf(err); strings.Contains(text, w.token) || strings.ContainsAny(text, "\n\r") {
				t.Errorf("Propose() = %q, want one line without the token", text)
			}
		})
	}
}

// A server that shows what it was sent shows it to nobody through us.
func TestTokenIsHidden(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"message":"bad token\n%s"}`, r.Header.Get("Private-Token"))
	}))
	defer server.Close()
	p, err := gitlab.Open(gitlab.Options{URL: server.URL, Project: "a/b", Token: func() (string, error) { return "glpat-s3cr3t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Propose(t.Context(), proposal("swg", "203"))
	if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "bad token [token]") {
		t.Errorf("Propose() = %v, want GitLab's words without the token", err)
	}
}

// Calls that may not be made twice are made once, and then looked for.
func TestOnlyRepeatableCallsAreRepeated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	p := w.bump("swg", "203")
	w.fake.Fail(gitlabtest.Fault{Method: "GET", Path: "/user", Status: 502, Times: 2})
	w.fake.Fail(gitlabtest.Fault{Method: "GET", Path: "/merge_requests"})
	w.fake.Fail(gitlabtest.Fault{Method: "POST", Path: "/merge_requests", Status: 500, Times: 5})
	if _, err := w.open().Propose(t.Context(), p); fault.ClassOf(err) != fault.Retry {
		t.Errorf("Propose() = %v, want to be asked again", err)
	}
	if n := count(w.fake.Calls(), "POST "); n != 1 {
		t.Errorf("%d posts, want 1: %q", n, w.fake.Calls())
	}
	if count(w.fake.Calls(), "GET /user") != 3 {
		t.Errorf("calls %q, want the user to be asked for until it is said", w.fake.Calls())
	}
}

func count(calls []string, start string) int {
	return len(slices.DeleteFunc(slices.Clone(calls), func(c string) bool { return !strings.HasPrefix(c, start) }))
}

// A server that is asked too often says when to come again, and is heeded.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	p := w.bump("swg", "203")
	w.fake.Fail(gitlabtest.Fault{Method: "POST", Status: 429, RetryAfter: "1"})
	began := time.Now()
	if _, err := w.open().Propose(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("Propose() took %v, want to wait for a second", took)
	}
}

// An instance may stand below a path, and be signed for by an authority of its own.
func TestOwnAuthorityBelowAPath(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{Path: "/tools/gitlab"})
	server := httptest.NewTLSServer(w.fake)
	defer server.Close()
	p := w.bump("swg", "203")
	o := gitlab.Options{URL: server.URL + "/tools/gitlab/", Project: "clouds/fleet", Pause: time.Millisecond, Token: func() (string, error) { return w.token, nil }}
	distrusts, err := gitlab.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := distrusts.Propose(t.Context(), p); fault.ClassOf(err) != fault.Person || !strings.Contains(fault.HintOf(err), "--gitlab-cacert") {
		t.Errorf("Propose() = %v, want a person to name the authority", err)
	}
	o.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	trusts, err := gitlab.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trusts.Propose(t.Context(), p); err != nil {
		t.Errorf("Propose() = %v", err)
	}
}

// The token goes to one host.
func TestRedirectsAreRefused(t *testing.T) {
	t.Parallel()
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	for _, code := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, code))
		p, err := gitlab.Open(gitlab.Options{URL: server.URL, Project: "a/b", Token: func() (string, error) { return "glpat-s3cr3t", nil }})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Propose(t.Context(), proposal("swg", "203")); fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
			t.Errorf("Propose() behind a redirect %d = %v, want a person to mend it", code, err)
		}
		server.Close()
	}
	if asked > 0 {
		t.Error("the host behind the redirect was asked")
	}
}

// A token that cannot be read is said as it is, and nothing is asked.
func TestNoToken(t *testing.T) {
	w := newWorld(t, gitlabtest.Options{})
	gone := fault.Hintf("give it", "reading the token: no such file")
	for _, token := range []func() (string, error){
		func() (string, error) { return "", gone },
		func() (string, error) { return "", nil },
		func() (string, error) { return "two\nlines", nil },
	} {
		p, err := gitlab.Open(gitlab.Options{URL: w.server.URL, Project: "clouds/fleet", Token: token})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Propose(t.Context(), proposal("swg", "203")); fault.ClassOf(err) != fault.Person {
			t.Errorf("Propose() = %v, want a person to give a token", err)
		} else if _, own := token(); own != nil && !errors.Is(err, gone) {
			t.Errorf("Propose() = %v, want %v", err, gone)
		}
	}
	if len(w.fake.Calls()) > 0 {
		t.Errorf("GitLab was asked %q", w.fake.Calls())
	}
}
