package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// remembered is how long a review is believed.
	remembered = 30 * time.Second
	// mostReviews bounds what is remembered; beyond it all is forgotten.
	mostReviews = 4096
	// atOnce is how many reviews are asked at once: strangers must not use up the API server.
	atOnce = 8
)

// policy lets nothing in that is not embedded, and puts the page into no other.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// gate stands before every request. It sets the headers that hold for all
// answers, and finds out which environments the caller may see.
//
// With a review, a caller shows a token of the cluster, as a bearer or as the
// password of basic authentication, for which a browser asks by itself. The
// cluster says at most 30 seconds ago whose it is and what he may see; an
// answer that failed is remembered for nobody. Tokens are kept as digests.
//
// Without one, everybody on this machine may see everything. Another site in
// the same browser may not: the page answers to names of loopback alone, so no
// name that somebody else resolves leads here.
type gate struct {
	o     Options
	slots chan struct{}

	mu      sync.Mutex
	reviews map[reviewed]verdict
}

type reviewed struct {
	token [sha256.Size]byte
	env   ident.Environment
}

type verdict struct {
	known, may bool
	until      time.Time
}

func newGate(o Options) *gate {
	return &gate{o: o, slots: make(chan struct{}, atOnce), reviews: map[reviewed]verdict{}}
}

type seenKey struct{}

// seen returns the environments that the caller may see.
func seen(ctx context.Context) []Environment {
	all, _ := ctx.Value(seenKey{}).([]Environment)
	return all
}

func (g *gate) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		envs, status, err := g.admit(r)
		if err != nil {
			g.o.Log.Warn("reviewing a caller of the page", "error", err, "hint", fault.HintOf(err))
		}
		switch status {
		case http.StatusUnauthorized:
			h.Set("WWW-Authenticate", `Basic realm="a token of the cluster, as the password", charset="UTF-8"`)
			http.Error(w, "Give a token of the cluster, as a bearer or as the password: kubectl create token NAME", status)
		case http.StatusOK:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), seenKey{}, envs)))
		default:
			http.Error(w, refusals[status], status)
		}
	})
}

// refusals are what callers are told who are not let in.
var refusals = map[int]string{
	http.StatusMisdirectedRequest: "This page answers to localhost and 127.0.0.1 only.",
	http.StatusForbidden:          "You may see no environment here: get of applications.argoproj.io in Argo CD's namespace is needed.",
	http.StatusServiceUnavailable: "The cluster does not say who you are. Try again.",
}

// admit returns what the caller of a request may see.
func (g *gate) admit(r *http.Request) (envs []Environment, status int, err error) {
	all := g.o.Environments()
	if g.o.Review == nil {
		if !Loopback(r.Host) {
			return nil, http.StatusMisdirectedRequest, nil
		}
		return all, http.StatusOK, nil
	}
	token := tokenOf(r)
	if token == "" {
		return nil, http.StatusUnauthorized, nil
	}
	known := false
	for _, env := range all {
		v, failed := g.review(r.Context(), token, env.Name)
		known, err = known || v.known, errors.Join(err, failed)
		if v.may {
			envs = append(envs, env)
		}
	}
	switch {
	case len(envs) > 0:
		return envs, http.StatusOK, err
	case err != nil || len(all) == 0:
		return nil, http.StatusServiceUnavailable, err
	case !known:
		return nil, http.StatusUnauthorized, nil
	}
	return nil, http.StatusForbidden, nil
}

// Loopback reports whether an address, with its port or without, names this
// machine itself: where everybody may see the page, and where it then answers.
func Loopback(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.Trim(host, "[]")
	}
	return name == "localhost" || net.ParseIP(name).IsLoopback()
}

// tokenOf returns the token that a request shows.
func tokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// review asks whether a token may see an environment, unless that is remembered.
func (g *gate) review(ctx context.Context, token string, env ident.Environment) (verdict, error) {
	key := reviewed{sha256.Sum256([]byte(token)), env}
	if v, ok := g.recall(key); ok {
		return v, nil
	}
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		return verdict{}, ctx.Err()
	}
	if v, ok := g.recall(key); ok { // another request of the same page asked meanwhile
		return v, nil
	}
	user, may, err := g.o.Review(ctx, env, token)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{known: user != "", may: user != "" && may, until: g.o.Now().Add(remembered)}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.reviews) >= mostReviews {
		clear(g.reviews)
	}
	g.reviews[key] = v
	return v, nil
}

func (g *gate) recall(key reviewed) (verdict, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	v, ok := g.reviews[key]
	return v, ok && g.o.Now().Before(v.until)
}
