package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health is what the process knows of its parts. It is safe for concurrent use.
type Health struct {
	mu     sync.Mutex
	checks map[string]error
	notes  map[string]error
	loops  map[string]beat
}

// beat is the last sign of life of a part that must not stand still.
type beat struct {
	at    time.Time
	limit time.Duration
}

// NewHealth returns a Health that knows no part.
func NewHealth() *Health {
	return &Health{checks: map[string]error{}, notes: map[string]error{}, loops: map[string]beat{}}
}

// Set notes how a part is; nil is well. A part that was never set is not asked for.
func (h *Health) Set(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks[part] = err
}

// Note keeps what a person should mend and what holds nothing up: readiness
// shows it and does not depend on it. nil takes it back.
func (h *Health) Note(part string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.notes, part)
	if err != nil {
		h.notes[part] = err
	}
}

// Beat notes a sign of life; without another one within limit the process
// counts as stuck. A zero limit ends the watch over the part.
func (h *Health) Beat(part string, limit time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if limit == 0 {
		delete(h.loops, part)
		return
	}
	h.loops[part] = beat{time.Now(), limit}
}

// Ready returns the parts that are not well.
func (h *Health) Ready() map[string]error {
	h.mu.Lock()
	defer h.mu.Unlock()
	bad := map[string]error{}
	for part, err := range h.checks {
		if err != nil {
			bad[part] = err
		}
	}
	return bad
}

// stuck returns the parts that gave no sign of life in time.
func (h *Health) stuck() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for part, b := range h.loops {
		if time.Since(b.at) > b.limit {
			all = append(all, part)
		}
	}
	slices.Sort(all)
	return all
}

// Handler serves /livez, /readyz and /metrics.
func Handler(m *Metrics, h *Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		if stuck := h.stuck(); len(stuck) > 0 {
			http.Error(w, "stuck: "+strings.Join(stuck, ", "), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", h.serveReady)
	return mux
}

// serveReady answers in the form of Kubernetes' own readyz.
func (h *Health) serveReady(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	parts := make([]string, 0, len(h.checks))
	bad := len(h.checks) == 0
	for part, err := range h.checks {
		line := "[+]" + part + " ok"
		if err != nil {
			bad = true
			line = "[-]" + part + " failed: " + oneLine(err)
		}
		parts = append(parts, line)
	}
	for part, err := range h.notes {
		parts = append(parts, "[!]"+part+": "+oneLine(err))
	}
	h.mu.Unlock()
	slices.SortFunc(parts, func(a, b string) int { return strings.Compare(a[3:], b[3:]) })
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	verdict := "readyz check passed"
	if bad {
		w.WriteHeader(http.StatusServiceUnavailable)
		verdict = "readyz check failed"
	}
	if _, verbose := r.URL.Query()["verbose"]; verbose || bad {
		fmt.Fprintln(w, strings.Join(append(parts, verdict), "\n"))
		return
	}
	fmt.Fprintln(w, "ok")
}

// Server serves a handler until it is closed.
type Server struct {
	server *http.Server
	listen net.Listener
	done   chan struct{}
}

// Listen begins to serve at address.
func Listen(ctx context.Context, address string, handler http.Handler) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening at %q: %w", address, err)
	}
	s := &Server{listen: l, done: make(chan struct{}), server: &http.Server{Handler: handler,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}}
	go func() {
		defer close(s.done)
		_ = s.server.Serve(l)
	}()
	return s, nil
}

// Address returns where the server listens.
func (s *Server) Address() string { return s.listen.Addr().String() }

// Close ends the server after the requests in hand.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.server.Close()
	}
	<-s.done
	return err
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
