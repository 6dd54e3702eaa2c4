package gitlabtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// Fault is one way in which calls fail. Without Status the connection is cut.
type Fault struct {
	// Method and Path say which calls; empty is any, Path is a part of one's path.
	Method, Path string
	// After is how many of them are served before, Times how many fail: one when zero.
	After, Times int
	Status       int
	// RetryAfter is the header of a 429 or 503.
	RetryAfter string
	// Written says that the call is done before it seems to fail.
	Written bool
	// Delay is how long the answer takes.
	Delay time.Duration
}

// Fail adds a fault. The oldest that fits a call counts.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults = append(s.faults, &f)
}

// Heal takes back all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault returns the fault of a call; nil for none.
func (s *Server) fault(method, path string) *Fault {
	for _, f := range s.faults {
		if f.Times == 0 || f.Method != "" && f.Method != method || !strings.Contains(path, f.Path) {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		f.Times--
		return f
	}
	return nil
}

// failing serves a call with its fault.
func failing(f *Fault, next http.Handler) http.Handler {
	if f == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.Written {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		time.Sleep(f.Delay)
		if f.Status == 0 {
			panic(http.ErrAbortHandler) // the server cuts the connection
		}
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(f.Status)
		_, _ = w.Write([]byte(http.StatusText(f.Status) + "\n")) //nolint:gosec // G705: a text of the library
	})
}
