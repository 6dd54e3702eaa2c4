package argocd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd"
)

// heard notes what a watch tells, one word for each.
type heard chan string

func (h heard) Begin()           { h <- "begin" }
func (h heard) See(data []byte)  { h <- "see " + name(data) }
func (h heard) Lose(data []byte) { h <- "lose " + name(data) }
func (h heard) Live(err error) {
	if err != nil {
		h <- "gap " + err.Error()
		return
	}
	h <- "live"
}

func name(data []byte) string {
	var o struct{ Metadata struct{ Name string } }
	if err := json.Unmarshal(data, &o); err != nil {
		return err.Error()
	}
	return o.Metadata.Name
}

// api is a server that answers lists and watches as Kubernetes does, each
// watch with the next of its streams.
type api struct {
	t       *testing.T
	mu      sync.Mutex
	lists   int
	from    []string // the version that each watch began after
	streams []func(w http.ResponseWriter, gone <-chan struct{})
	next    string // the version of the next list
}

func (a *api) answer(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("labelSelector") != "a=b" {
		a.t.Errorf("request = %s", r.URL)
	}
	a.mu.Lock()
	if q.Get("watch") == "" {
		defer a.mu.Unlock()
		if q.Get("continue") == "" {
			a.lists++
			fmt.Fprint(w, `{"metadata": {"continue": "more", "resourceVersion": "`+a.next+`"}, "items": [{"metadata": {"name": "x", "resourceVersion": "3"}}]}`)
			return
		}
		fmt.Fprint(w, `{"metadata": {"resourceVersion": "`+a.next+`"}, "items": [{"metadata": {"name": "y"}}]}`)
		return
	}
	if q.Get("allowWatchBookmarks") != "true" || q.Get("timeoutSeconds") == "" {
		a.t.Errorf("request = %s, want one that ends and has bookmarks", r.URL)
	}
	a.from = append(a.from, q.Get("resourceVersion"))
	stream := func(w http.ResponseWriter, gone <-chan struct{}) {
		say(w)
		<-gone
	}
	if len(a.streams) > 0 {
		stream, a.streams = a.streams[0], a.streams[1:]
	}
	a.mu.Unlock()
	stream(w, r.Context().Done())
}

func told(kind, name, version string) string {
	return fmt.Sprintf(`{"type": %q, "object": {"metadata": {"name": %q, "resourceVersion": %q}}}`+"\n", kind, name, version)
}

// say sends events and flushes them.
func say(w http.ResponseWriter, events ...string) {
	fmt.Fprint(w, strings.Join(events, ""))
	w.(http.Flusher).Flush()
}

// cut begins and breaks the connection.
func cut(w http.ResponseWriter, _ <-chan struct{}) {
	say(w)
	panic(http.ErrAbortHandler)
}

// expect reads what is heard next.
func expect(t *testing.T, h heard, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-h:
			if got != w && (!strings.HasSuffix(w, "...") || !strings.HasPrefix(got, strings.TrimSuffix(w, "..."))) {
				t.Fatalf("heard %q, want %q", got, w)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("heard nothing, want %q", w)
		}
	}
}

func follow(t *testing.T, a *api) heard {
	c := connect(t, a.answer)
	argocd.Hasten(c)
	ctx, cancel := context.WithCancel(t.Context())
	h, done := make(heard), make(chan struct{})
	go func() {
		defer close(done)
		argocd.Named{Client: c}.Watch(ctx, "a=b", h)
	}()
	t.Cleanup(func() {
		cancel()
		for {
			select {
			case <-h:
			case <-done:
				return
			}
		}
	})
	return h
}

// One list in pages, then what changes. A stream that breaks, and one that
// fails to begin, go on after the last that was heard, without a list.
func TestWatch(t *testing.T) {
	t.Parallel()
	a := &api{t: t, next: "7"}
	a.streams = append(a.streams,
		func(w http.ResponseWriter, _ <-chan struct{}) {
			say(w, told("ADDED", "z", "8"), told("MODIFIED", "x", "9"), told("DELETED", "y", "10"), told("BOOKMARK", "", "12"), told("SOMETHING", "q", "13"))
			panic(http.ErrAbortHandler)
		},
		func(w http.ResponseWriter, _ <-chan struct{}) { refuse(w, http.StatusInternalServerError) },
		cut)
	h := follow(t, a)
	expect(t, h, "begin", "see x", "see y", "live", "live", "see z", "see x", "lose y", "gap watching Applications: ...",
		"gap watching Applications: ...", "live", "gap watching Applications: ...", "live")
	a.mu.Lock()
	defer a.mu.Unlock()
	if got := strings.Join(a.from, " "); a.lists != 1 || got != "7 13 13 13" {
		t.Errorf("%d lists, watches after %s, want one list, and watches that go on", a.lists, got)
	}
}

// A place that the server has forgotten, and a watch that it does not allow,
// cost a list; what was seen is as of the last one.
func TestWatchListsAgain(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		why    string
		stream func(w http.ResponseWriter, _ <-chan struct{})
		want   []string
	}{
		"Expired": {"the event says so", func(w http.ResponseWriter, _ <-chan struct{}) {
			say(w, `{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}}`)
		}, []string{"live", `gap watching Applications: asking Kubernetes: status 410: "too old"`}},
		"Gone":      {"the answer says so", func(w http.ResponseWriter, _ <-chan struct{}) { refuse(w, http.StatusGone) }, []string{"gap watching Applications: ..."}},
		"Forbidden": {"the role is of before the page watched", func(w http.ResponseWriter, _ <-chan struct{}) { refuse(w, http.StatusForbidden) }, []string{"gap watching Applications: ..."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &api{t: t, next: "7", streams: []func(http.ResponseWriter, <-chan struct{}){tc.stream}}
			h := follow(t, a)
			expect(t, h, "begin", "see x", "see y", "live")
			expect(t, h, tc.want...)
			expect(t, h, "begin", "see x", "see y", "live", "live")
			if a.lists != 2 {
				t.Errorf("%d lists, want two: %s", a.lists, tc.why)
			}
		})
	}
}

// A list that breaks off is begun again, and a server that ends every watch at
// once is not asked without a pause.
func TestWatchPauses(t *testing.T) {
	t.Parallel()
	end := func(w http.ResponseWriter, _ <-chan struct{}) { say(w) }
	h := follow(t, &api{t: t, next: "7", streams: []func(http.ResponseWriter, <-chan struct{}){end, end}})
	expect(t, h, "begin", "see x", "see y", "live", "live", "gap watching Applications: the server ends the watch at once", "live", "gap ...", "live")
}
