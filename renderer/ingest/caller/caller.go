// Package caller says who calls a service, what of it is the caller's to ask
// for, and how often it may.
//
// A caller is known by a certificate that an authority of ours has signed, or
// by a bearer token of a file; both are read again when they change, and what
// cannot be read leaves what was. Whoever is not known gets one answer for
// every reason. Tokens are compared by digest, all of them each time, so an
// answer's time says nothing of them; no token is logged or kept in clear.
//
// Each caller has a rate of its own, and a Scope, which the service minds.
// Connections are bounded in number and time (see Listen).
package caller

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Options configure a Gate. Tokens or Certificates is required.
type Options struct {
	// Tokens are the callers of a file; nil for none.
	Tokens *Tokens
	// Certificates lets in whoever has a certificate that the listener
	// verified, within the limits that the file gives its name.
	Certificates bool
	// Names are the callers by certificate that are let in; all when empty.
	Names []string
	// PerSecond is how often a caller may call, and Burst how often at once;
	// 100 and twice as many when zero.
	PerSecond float64
	Burst     int
	// Now is the clock; the system's when nil.
	Now func() time.Time
	// Refused is told why a call was refused: unauthorized or rate. May be nil.
	Refused func(cause string)
}

// Gate lets callers in.
type Gate struct {
	o     Options
	mu    sync.Mutex
	rates map[string]*rate.Limiter
}

// New returns a gate. One that nobody could pass, or anybody, is an error.
func New(o Options) (*Gate, error) {
	if o.Tokens == nil && !o.Certificates {
		return nil, fault.Hintf("name a file of tokens, or an authority of certificates", "callers: no way to know them is given")
	}
	if o.PerSecond <= 0 {
		o.PerSecond = 100
	}
	if o.Burst <= 0 {
		o.Burst = max(1, int(2*o.PerSecond))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Refused == nil {
		o.Refused = func(string) {}
	}
	return &Gate{o: o, rates: map[string]*rate.Limiter{}}, nil
}

// Caller is who calls.
type Caller struct {
	Name  string
	Scope Scope
}

// key is the context's key of the caller.
type key struct{}

// Of returns the caller whom a gate let in; nobody, who is limited by nothing,
// where there is no gate.
func Of(ctx context.Context) Caller {
	c, _ := ctx.Value(key{}).(Caller)
	return c
}

// Wrap lets known callers in to next, as often as they may.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		c, ok := g.know(req)
		if !ok {
			g.o.Refused("unauthorized")
			w.Header().Set("WWW-Authenticate", "Bearer")
			refuse(w, http.StatusUnauthorized, "the caller is not known")
			return
		}
		if wait := g.wait(c.Name); wait > 0 {
			g.o.Refused("rate")
			w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
			refuse(w, http.StatusTooManyRequests, "the caller calls too often")
			return
		}
		next.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), key{}, c)))
	})
}

// know returns the caller. A token stands before a certificate: it says who
// acts, the certificate perhaps only which proxy.
func (g *Gate) know(req *http.Request) (Caller, bool) {
	if scheme, token, ok := strings.Cut(req.Header.Get("Authorization"), " "); ok || scheme != "" {
		if g.o.Tokens == nil || !strings.EqualFold(scheme, "Bearer") {
			return Caller{}, false
		}
		return g.o.Tokens.find(token, g.o.Now())
	}
	if !g.o.Certificates || req.TLS == nil || len(req.TLS.VerifiedChains) == 0 {
		return Caller{}, false
	}
	name, ok := certified(req.TLS.VerifiedChains[0][0], g.o.Names)
	c := Caller{Name: name}
	if ok && g.o.Tokens != nil {
		c.Scope = g.o.Tokens.scope(name, g.o.Now())
	}
	return c, ok
}

// mostRates bounds how many callers are counted one by one.
const mostRates = 4096

// wait returns how long the caller has to wait; zero lets it in.
func (g *Gate) wait(name string) time.Duration {
	now := g.o.Now()
	g.mu.Lock()
	l := g.rates[name]
	if l == nil {
		if len(g.rates) >= mostRates {
			g.forget(now)
		}
		l = rate.NewLimiter(rate.Limit(g.o.PerSecond), g.o.Burst)
		g.rates[name] = l
	}
	g.mu.Unlock()
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// forget drops the counts of callers that have not called for long.
func (g *Gate) forget(now time.Time) {
	for name, l := range g.rates {
		if l.TokensAt(now) >= float64(g.o.Burst) {
			delete(g.rates, name)
		}
	}
}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": detail})
}
