package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	// pace is the shortest time between two events: a page that shows the last
	// state is asked for no more often.
	pace = time.Second
	// alive is how often a stream shows that it is one.
	alive = 15 * time.Second
	// streaming is how long a stream lasts. Its caller comes again by himself,
	// and is reviewed again.
	streaming = 5 * time.Minute
)

// live is a stream of server-sent events: "changed" when the page is to be
// fetched again. An event's id is the number of the change, so that who lost
// the stream hears at once of what he missed.
func (s *server) live(w http.ResponseWriter, r *http.Request, env Environment) {
	seen := r.Header.Get("Last-Event-ID")
	if seen == "" {
		seen = r.URL.Query().Get("seen")
	}
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(streaming + alive)) // the network has no other clock
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy in front holds nothing back
	fmt.Fprint(w, ": this is the stream\n\n")
	end, tick := time.NewTimer(streaming), time.NewTicker(alive)
	defer end.Stop()
	defer tick.Stop()
	for {
		number, next := env.Beat()
		if at := strconv.FormatUint(number, 10); at != seen {
			seen = at
			fmt.Fprintf(w, "event: changed\nid: %s\ndata: %s\n\n", at, at)
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-next:
			if !s.pause(r) {
				return
			}
		case <-tick.C:
			fmt.Fprint(w, ": still here\n\n")
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		case <-s.o.Done:
			return
		}
	}
}

// pause waits for one pace, unless the stream ends.
func (s *server) pause(r *http.Request) bool {
	t := time.NewTimer(pace)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-s.o.Done:
	}
	return false
}
