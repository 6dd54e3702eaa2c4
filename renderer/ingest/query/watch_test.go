package query

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// listener reads the events of a stream.
type listener struct {
	t    *testing.T
	code int
	*bufio.Scanner
}

type event struct {
	Name, ID string
	At       string
	Changed  []string
	Reason   string
}

func follow(t *testing.T, url, from string) *listener {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/v1/watch", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	if from != "" {
		req.Header.Set("Last-Event-ID", from)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return &listener{t, resp.StatusCode, bufio.NewScanner(resp.Body)}
}

// next returns the next event, or none when the stream has ended.
func (l *listener) next() (e event) {
	l.t.Helper()
	for l.Scan() {
		name, value, _ := strings.Cut(l.Text(), ": ")
		switch name {
		case "event":
			e.Name = value
		case "id":
			e.ID = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				l.t.Fatalf("data %q: %v", value, err)
			}
		case "":
			return e
		}
	}
	return e
}

func serve(t *testing.T, o Options) string {
	t.Helper()
	server := httptest.NewServer(Handler(o))
	t.Cleanup(func() { http.DefaultClient.CloseIdleConnections(); server.Close() })
	return server.URL
}

// A stream says where it begins and what changes, and goes on from any event.
func TestStream(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(3))
	done := make(chan struct{})
	url := serve(t, Options{Mirror: s.mirror, Beat: 50 * time.Millisecond, Done: done})
	l := follow(t, url, "")
	if e := l.next(); e.Name != "progress" || e.ID != "cdf8.10" {
		t.Errorf("first event = %+v, want progress at cdf8.10", e)
	}
	s.put(own("1000002"))
	s.put(accepted("1000001", "swg", "203"))
	changed := map[string]string{}
	for len(changed) < 2 {
		e := l.next()
		if e.Name == "" {
			t.Fatal("the stream ended")
		}
		for _, c := range e.Changed {
			changed[c] = e.ID
		}
	}
	if changed["1000002"] == "" || changed["1000001"] != "cdf8.12" {
		t.Errorf("changes = %v, want both, the second at cdf8.12", changed)
	}
	again := follow(t, url, "cdf8.11")
	if e := again.next(); e.Name != "progress" || e.ID != "cdf8.11" {
		t.Errorf("first event of one that goes on = %+v, want where it was", e)
	}
	if e := again.next(); e.Name != "changed" || !slices.Equal(e.Changed, []string{"1000001"}) {
		t.Errorf("second event of one that goes on = %+v, want what it has missed", e)
	}
	close(done)
	for _, l := range []*listener{l, again} {
		var last event
		for e := l.next(); e.Name != ""; e = l.next() {
			last = e
		}
		if last.Name != "end" || !strings.Contains(last.Reason, "shutting down") {
			t.Errorf("last event = %+v, want the reason of the end", last)
		}
	}
}

// One that does not keep up is told so and ended, and costs no memory meanwhile.
func TestSlowClientIsEnded(t *testing.T) {
	s := newStand(t, MirrorOptions{Journal: 16}).load(true, fleet(3))
	h := &handler{Options: Options{Mirror: s.mirror, Beat: time.Hour}, streams: turnstile{most: 2, held: map[string]int{}}}
	w := httptest.NewRecorder()
	slow := &halting{ResponseRecorder: w, written: make(chan struct{}), goOn: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/watch", http.NoBody)
		req.Header.Set("Accept", "text/event-stream")
		h.watch(slow, req, s.mirror.view.Load())
	}()
	<-slow.written // it has the first event, and reads no more
	for i := range 100 {
		s.put(own(fmt.Sprint(1000000 + i%3)))
	}
	if n := len(s.mirror.journal.changes); n > 16 {
		t.Errorf("the journal has %d changes, want at most 16", n)
	}
	close(slow.goOn)
	<-ended
	if text := w.Body.String(); !strings.Contains(text, "event: end\ndata: {\"reason\":\"too slow") || strings.Contains(text, "changed\":[\"") {
		t.Errorf("stream = %s, want an end that says why, and no change without those before it", text)
	}
	if h.streams.all != 0 || len(h.streams.held) != 0 {
		t.Errorf("%d streams are held, want none", h.streams.all)
	}
}

// halting is a client that stops reading after its first event.
type halting struct {
	*httptest.ResponseRecorder
	written, goOn chan struct{}
	once          bool
}

func (h *halting) SetWriteDeadline(time.Time) error { return nil }

func (h *halting) Write(b []byte) (int, error) {
	n, err := h.ResponseRecorder.Write(b)
	if !h.once {
		h.once = true
		close(h.written)
		<-h.goOn
	}
	return n, err
}

// A poll waits for a change, and for no longer than it says.
func TestPoll(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(3))
	h := Handler(Options{Mirror: s.mirror})
	answer := make(chan *httptest.ResponseRecorder)
	go func() { answer <- ask(h, "GET", "/v1/watch?from=cdf8.10&wait=60") }()
	time.Sleep(20 * time.Millisecond) // it waits, most likely
	s.put()
	s.put(own("1000002"))
	if got := (<-answer).Body.String(); got != `{"at":"cdf8.12","changed":["1000002"]}` {
		t.Errorf("poll = %s, want the change", got)
	}
	if got := ask(h, "GET", "/v1/watch?from=cdf8.10&wait=60").Body.String(); got != `{"at":"cdf8.12","changed":["1000002"]}` {
		t.Errorf("late poll = %s, want the change at once", got)
	}
	if got := ask(h, "GET", "/v1/watch?from=cdf8.99&wait=0").Body.String(); got != `{"at":"cdf8.99","changed":[]}` {
		t.Errorf("poll of one who was at a faster replica = %s, want its own point", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := ask(h, "GET", "/v1/watch?wait=60", func(r *http.Request) { *r = *r.WithContext(ctx) }); got.Code != 200 {
		t.Errorf("poll of one who is gone = %d", got.Code)
	}
}

// One caller has half of the streams.
func TestStreamsAreBounded(t *testing.T) {
	s := turnstile{most: 4, held: map[string]int{}}
	got := []bool{s.enter("a"), s.enter("a"), s.enter("a"), s.enter("b"), s.enter("c"), s.enter("d")}
	if want := []bool{true, true, false, true, true, false}; !slices.Equal(got, want) {
		t.Errorf("enter() = %v, want %v", got, want)
	}
	s.leave("b")
	if !s.enter("d") {
		t.Error("nobody enters where one has left")
	}
}

// Whoever follows a journal, at any pace, hears of every change after its
// point, or that it has missed some.
func TestJournalLosesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		j := newJournal(8 + r.IntN(40))
		j.add(point{1, 5}, nil)
		type reader struct {
			from point
			due  map[string]bool
		}
		readers := []*reader{{point{1, 5}, map[string]bool{}}, {point{1, 5}, map[string]bool{}}}
		for revision := int64(6); revision < 200; revision++ {
			var changes []change
			for range r.IntN(4) {
				id := ident.Must[ident.TenantKind](fmt.Sprint(1000000 + r.IntN(20)))
				changes = append(changes, change{tenant: id})
				for _, x := range readers {
					x.due[id.String()] = true
				}
			}
			j.add(point{1, revision}, changes)
			for i, x := range readers {
				if r.IntN(1+i*30) > 0 {
					continue
				}
				got, upto, _, ok := j.since(x.from, scope{}.hears)
				if !ok { // it reads everything
					x.from, x.due = point{1, revision}, map[string]bool{}
					continue
				}
				for _, id := range got {
					delete(x.due, id.String())
				}
				if upto == revision && len(x.due) > 0 {
					t.Fatalf("seed %d: at %d the reader has not heard of %v", seed, revision, x.due)
				}
				x.from.revision = upto
			}
		}
	}
}

// The server's limits of time are those of a request, not of a wait, and those
// of a write not of the next, in both versions of HTTP.
func TestWaitsOutliveTheServersLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for longer than a write may take")
	}
	for name, second := range map[string]bool{"HTTP1": false, "HTTP2": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, MirrorOptions{}).load(true, fleet(3))
			done := make(chan struct{})
			server := httptest.NewUnstartedServer(Handler(Options{Mirror: s.mirror, Beat: time.Minute, Done: done}))
			server.EnableHTTP2 = second
			server.Config.ReadTimeout, server.Config.WriteTimeout = writeIn/3, writeIn/2
			server.StartTLS()
			defer server.Close()
			defer close(done)
			ask := func(target, accept string) *http.Response {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+target, http.NoBody)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Accept", accept)
				resp, err := server.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				if (resp.ProtoMajor == 2) != second {
					t.Errorf("it speaks %s", resp.Proto)
				}
				return resp
			}
			resp := ask("/v1/watch", "text/event-stream")
			defer func() { _ = resp.Body.Close() }()
			l := &listener{t, resp.StatusCode, bufio.NewScanner(resp.Body)}
			l.next()
			go func() {
				time.Sleep(writeIn + time.Second)
				s.put(own("1000002"))
			}()
			polled := ask("/v1/watch?wait=60", "")
			defer func() { _ = polled.Body.Close() }()
			if text, err := io.ReadAll(polled.Body); !strings.Contains(string(text), `"changed":["1000002"]`) {
				t.Errorf("poll = %s, %v, want the change", text, err)
			}
			if e := l.next(); e.Name != "changed" {
				t.Errorf("event = %+v, want the change", e)
			}
		})
	}
}
