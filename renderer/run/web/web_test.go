package web_test

import (
	"bufio"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// answer is the head of one.
type answer struct {
	StatusCode int
	Status     string
	Header     http.Header
}

// get asks for a page.
func get(t testing.TB, address string, header ...string) (answer, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Status, resp.Header}, string(body)
}

// Every address that a page names is one, every page is safe to show, and all
// of it is found from the first.
func TestEveryLink(t *testing.T) {
	t.Parallel()
	s := serve(t, options(t, fleetOf(400)))
	seen, todo := map[string]bool{"/": true}, []string{"/"}
	for ; len(todo) > 0; todo = todo[1:] {
		answer, body := get(t, s.URL+todo[0])
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s answers %s", todo[0], answer.Status)
		}
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, link := range links(t, todo[0], body) {
			if link = strings.Split(link, "#")[0]; !seen[link] && link != "" {
				seen[link] = true
				todo = append(todo, link)
			}
		}
		if seen["/environments/pop/tenants/1000399"] || len(seen) > 2000 {
			break
		}
	}
	for _, want := range []string{"/environments/pop", "/environments/pop/tenants", "/environments/pop/tenants/1000001", "/environments/pop/rollouts/swg/203", "/environments/pop/tenants?code=ring-before", "/environments/pop/tenants?skip=100"} {
		if !seen[want] {
			t.Errorf("nothing leads to %s", want)
		}
	}
}

// links returns the addresses of a page, in which nothing may be that the
// policy of contents would refuse, and no element that text became.
func links(t *testing.T, at, body string) (all []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "img" || n.Data == "style" || n.Data == "script" && n.FirstChild != nil {
			t.Errorf("%s has an element %s", at, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s has an attribute %s", at, a.Key)
			}
			if a.Key == "href" || a.Key == "src" {
				if u, err := url.Parse(a.Val); err != nil || u.Host != "" || u.Scheme != "" {
					t.Errorf("%s leads to %q", at, a.Val)
				}
				all = append(all, a.Val)
			}
		}
	}
	return all
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := fleetOf(6)
	s := serve(t, options(t, f))
	for name, tc := range map[string]struct {
		reason, path string
		status       int
		shows        string
	}{
		"First":      {"the verdict is a sentence", "/environments/pop", 200, "swg 203 halts in ring early."},
		"Hostile":    {"a name stays text", "/environments/pop/tenants?q=1000001", 200, "&lt;script&gt;"},
		"Missing":    {"a source is named that is not there", "/environments/pop", 200, "no kubeconfig is named"},
		"Why":        {"the search shows the reason", "/environments/pop/tenants?q=script", 200, "cannot pull its image"},
		"Chain":      {"a tenant's page has the whole chain", "/environments/pop/tenants/1000001", 200, "wants swg 203"},
		"Command":    {"what to do is a command to copy", "/environments/pop/rollouts/swg/203", 200, "sluice rollout rollback swg --env pop"},
		"NoTenant":   {"it says so", "/environments/pop/tenants/4711", 404, "4711"},
		"BadTenant":  {"a name that is none", "/environments/pop/tenants/..%2f", 404, "no such page"},
		"BadVersion": {"a version that is none", "/environments/pop/rollouts/swg/%3Cb%3E", 404, "no such page"},
		"NoPlace":    {"an environment that is none", "/environments/edge", 404, "no such page"},
		"NoAsset":    {"only what is embedded is served", "/assets/..%2fweb.go", 404, "no such page"},
		"Skip":       {"beyond the end is nobody", "/environments/pop/tenants?skip=-5", 200, "1000001"},
		"Far":        {"beyond the end is nobody", "/environments/pop/tenants?skip=99999", 200, "Nobody."},
	} {
		t.Run(name, func(t *testing.T) {
			answer, body := get(t, s.URL+tc.path)
			if answer.StatusCode != tc.status || !strings.Contains(body, tc.shows) {
				t.Errorf("GET %s = %s, %s, want %d and %q: %s", tc.path, answer.Status, body, tc.status, tc.shows, tc.reason)
			}
			h := answer.Header
			if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("GET %s has the headers %v, want a policy without inline scripts", tc.path, h)
			}
		})
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
		r, _ := http.NewRequestWithContext(t.Context(), method, s.URL+"/environments/pop", nil)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode < 400 {
			t.Errorf("%s = %v, want it refused: the page only reads", method, answer.Status)
		}
	}
	f.broken = errors.New("etcd does not answer")
	if answer, body := get(t, s.URL+"/environments/pop"); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "etcd does not answer") {
		t.Errorf("GET /pop = %s, %s, want that it cannot be shown", answer.Status, body)
	}
}

// Text of others becomes no markup inside the picture either.
func TestPicturesAreWellFormed(t *testing.T) {
	t.Parallel()
	s := serve(t, options(t, fleetOf(6)))
	for _, path := range []string{"/environments/pop", "/environments/pop/tenants/1000001", "/environments/pop/rollouts/swg/203"} {
		_, body := get(t, s.URL+path)
		_, svg, found := strings.Cut(body, "<svg")
		svg, _, _ = strings.Cut(svg, "</svg>")
		d := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>"))
		for found {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if e, ok := token.(xml.StartElement); err != nil || ok && (e.Name.Local == "script" || e.Name.Local == "img") {
				t.Fatalf("the picture of %s is broken at %v: %v", path, token, err)
			}
		}
		if !found {
			t.Errorf("%s has no picture", path)
		}
	}
}

// A stream tells of what changed, and of what was missed while it was lost.
func TestLive(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason, query, last string
		change              bool
		want                string
	}{
		"Change":    {"something moved", "?seen=1", "", true, "id: 2"},
		"Missed":    {"it moved between the page and the stream", "?seen=0", "", false, "id: 1"},
		"Reconnect": {"what the browser saw last counts, not the page", "?seen=1", "0", false, "id: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			f := fleetOf(3)
			f.change(func() {})
			s := serve(t, options(t, f))
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/environments/pop/live"+tc.query, nil)
			if tc.last != "" {
				r.Header.Set("Last-Event-ID", tc.last)
			}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			lines := bufio.NewScanner(answer.Body)
			if tc.change {
				lines.Scan() // the stream stands
				f.change(func() {})
			}
			for lines.Scan() {
				if lines.Text() == tc.want {
					return
				}
			}
			t.Errorf("the stream ended with %v, want %q: %s", lines.Err(), tc.want, tc.reason)
		})
	}
}

// The cluster says who sees what; nobody else does.
func TestReview(t *testing.T) {
	t.Parallel()
	asked := 0
	o := options(t, fleetOf(3))
	o.Review = func(_ context.Context, env ident.Environment, token string) (string, bool, error) {
		asked++
		switch {
		case token == "broken":
			return "", false, errors.New("no answer")
		case token == "stranger":
			return "", false, nil
		}
		return token, token == "sre" && env.String() == "pop", nil
	}
	s := serve(t, o)
	for name, tc := range map[string]struct {
		reason string
		header []string
		path   string
		status int
	}{
		"Nothing":  {"no token", nil, "/environments/pop", 401},
		"Bearer":   {"a proxy passes it on", []string{"Authorization", "Bearer sre"}, "/environments/pop", 200},
		"Basic":    {"a browser asks for it", []string{"Authorization", "Basic OnNyZQ=="}, "/environments/pop", 200},
		"Other":    {"some other scheme", []string{"Authorization", "Digest sre"}, "/environments/pop", 401},
		"Stranger": {"a token of nobody", []string{"Authorization", "Bearer stranger"}, "/environments/pop", 401},
		"Denied":   {"known, and without the right", []string{"Authorization", "Bearer intern"}, "/environments/pop", 403},
		"Stream":   {"no side door", []string{"Authorization", "Bearer intern"}, "/environments/pop/live", 403},
		"Asset":    {"nor this one", nil, "/assets/page.css", 401},
		"Missing":  {"nothing is told about what is there", []string{"Authorization", "Bearer intern"}, "/environments/edge", 403},
		"Broken":   {"no answer lets nobody in", []string{"Authorization", "Bearer broken"}, "/environments/pop", 503},
	} {
		t.Run(name, func(t *testing.T) {
			if answer, body := get(t, s.URL+tc.path, tc.header...); answer.StatusCode != tc.status || tc.status != 200 && strings.Contains(body, "halts") {
				t.Errorf("GET %s = %s, %s, want %d: %s", tc.path, answer.Status, body, tc.status, tc.reason)
			}
		})
	}
	before := asked
	for range 5 {
		get(t, s.URL+"/environments/pop", "Authorization", "Bearer sre")
	}
	if asked != before {
		t.Errorf("the cluster was asked %d times for five requests in a row, want the first answer remembered", asked-before)
	}
}

// Without a review only names of loopback are answered: a name that leads here
// may be anybody's.
func TestHost(t *testing.T) {
	t.Parallel()
	s := serve(t, options(t, fleetOf(3)))
	for host, want := range map[string]int{"localhost:80": 200, "127.0.0.1": 200, "[::1]:41400": 200, "evil.example": 421, "127.0.0.1.evil.example:80": 421, "": 421} {
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/environments/pop", nil)
		if r.Host = host; host == "" {
			r.Host = "10.0.0.1"
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("GET with the host %q = %s, want %d", host, answer.Status, want)
		}
	}
}
