package query

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// turnstile bounds how many follow at once, in all and of one caller.
type turnstile struct {
	most int
	mu   sync.Mutex
	all  int
	held map[string]int
}

func (t *turnstile) enter(caller string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == t.most || t.held[caller] >= (t.most+1)/2 {
		return false
	}
	t.all++
	t.held[caller]++
	return true
}

func (t *turnstile) leave(caller string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.held[caller]--; t.held[caller] == 0 {
		delete(t.held, caller)
	}
}

// watch tells which tenants have changed after a point: once, when there are
// some or time is up, or on and on as server-sent events.
func (h *handler) watch(w http.ResponseWriter, req *http.Request, v *view) {
	from, patience, err := h.following(req, v)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if !h.Mirror.journal.holds(from) {
		refuse(w, http.StatusGone, fmt.Sprintf("what changed since point %s is not known any more: read all tenants and follow from there", from))
		return
	}
	who := caller.Of(req.Context())
	if !h.streams.enter(who.Name) {
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusTooManyRequests, "too many follow already")
		return
	}
	defer h.streams.leave(who.Name)
	f := follower{handler: h, ResponseController: http.NewResponseController(w), w: w, scope: scope{who.Scope}, from: from}
	if strings.Contains(req.Header.Get("Accept"), "text/event-stream") {
		f.stream(req.Context())
	} else {
		f.poll(req.Context(), patience)
	}
}

// mostPatience is how long a long poll may wait.
const mostPatience = time.Minute

// following reads from which point, and how long a poll waits.
func (h *handler) following(req *http.Request, v *view) (point, time.Duration, error) {
	q := req.URL.Query()
	at, patience := q.Get("from"), mostPatience/2
	if last := req.Header.Get("Last-Event-ID"); last != "" { // as browsers begin again
		at = last
	}
	if s := q.Get("wait"); s != "" {
		seconds, err := strconv.Atoi(s)
		if patience = time.Duration(seconds) * time.Second; err != nil || patience < 0 || patience > mostPatience {
			return point{}, 0, fmt.Errorf("wait %.48q: is no number of seconds from 0 to %d", s, int(mostPatience.Seconds()))
		}
	}
	if at == "" {
		return v.point, patience, nil
	}
	from, err := parsePoint(at)
	if err != nil {
		err = fmt.Errorf("from: %w", err)
	}
	return from, patience, err
}

// follower is one who follows the journal.
type follower struct {
	*handler
	*http.ResponseController
	w     http.ResponseWriter
	scope scope
	from  point
}

// next waits until tenants have changed, and returns them. Without any it
// returns when time is up, which ctx also ends, or all streams are. It reports
// false when the journal has gone on without the follower.
func (f *follower) next(ctx context.Context, patience time.Duration) ([]ident.Tenant, bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		tenants, upto, wake, ok := f.Mirror.journal.since(f.from, f.scope.hears)
		f.from.revision = upto
		if !ok || len(tenants) > 0 {
			return tenants, ok
		}
		select {
		case <-ctx.Done():
			return nil, true
		case <-f.Done:
			return nil, true
		case <-timer.C:
			return nil, true
		case <-wake:
		}
	}
}

func (f *follower) poll(ctx context.Context, patience time.Duration) {
	_ = f.SetWriteDeadline(time.Now().Add(patience + writeIn))
	tenants, ok := f.next(ctx, patience)
	if !ok {
		refuse(f.w, http.StatusGone, "the changes were too many to be kept: read all tenants and follow from there")
		return
	}
	write(f.w, func(b []byte) []byte { return f.changes(b, tenants) })
}

// changes appends the point that was reached and who changed before it.
func (f *follower) changes(b []byte, tenants []ident.Tenant) []byte {
	b = field(append(b, '{'), "at", f.from.String())
	b = append(b, `,"changed":[`...)
	for i, t := range tenants {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, t.String())
	}
	return append(b, "]}"...)
}

// writeIn is how long a client may take to take an event.
const writeIn = 10 * time.Second

func (f *follower) stream(ctx context.Context) {
	f.w.Header().Set("Content-Type", "text/event-stream")
	f.w.Header().Set("Cache-Control", "no-store")
	f.w.Header().Set("X-Accel-Buffering", "no")
	for event := "progress"; ; { // the first says where it begins
		var tenants []ident.Tenant
		if event == "" {
			var ok bool
			if tenants, ok = f.next(ctx, f.Beat); !ok {
				f.end("too slow: the changes are not known any more")
				return
			}
			event = "changed"
			if len(tenants) == 0 {
				event = "progress"
			}
		}
		if ctx.Err() != nil {
			return
		}
		if f.send(event, f.changes(nil, tenants)) != nil {
			return // it is gone, or does not read
		}
		event = ""
		select {
		case <-f.Done:
			f.end("shutting down: follow again from here")
			return
		default:
		}
	}
}

// end tells the client why nothing more comes.
func (f *follower) end(reason string) {
	_ = f.send("end", append(field([]byte{'{'}, "reason", reason), '}'))
}

func (f *follower) send(event string, data []byte) error {
	if err := f.SetWriteDeadline(time.Now().Add(writeIn)); err != nil {
		return err
	}
	id := ""
	if event != "end" {
		id = "id: " + f.from.String() + "\n"
	}
	if _, err := fmt.Fprintf(f.w, "event: %s\n%sdata: %s\n\n", event, id, data); err != nil {
		return err
	}
	if err := f.Flush(); err != nil {
		return err
	}
	return f.SetWriteDeadline(time.Time{}) // HTTP/2 would end the stream while it waits
}
