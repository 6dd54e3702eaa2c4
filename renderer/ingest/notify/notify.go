// Package notify takes SPS's notices over HTTP, signed as Standard Webhooks are.
//
// A notice is answered 202 after it is durable, and after it came before; no
// other answer says so. Everything that is wrong with a signature, its stamp or
// its headers is one 401, so that nobody learns what was nearly right. The body
// is bounded before it is read and hashed, and read as JSON only when its
// signature is good. 429 and 503 say when to come again; 410, on which senders
// stop for ever, is never said.
//
// The handler believes nothing of a notice but whom it is about: SPS is asked.
package notify

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// MaxBody is the most bytes of a notice.
const MaxBody = 64 << 10

// Marker makes notices durable.
type Marker interface {
	// Mark notes a notice by its id and makes its tenant dirty, and reports
	// whether the id was new.
	Mark(ctx context.Context, id ident.Tenant, notice string) (bool, error)
}

// Options configure a Handler. Marker, Keys, Read and Now are required.
type Options struct {
	Marker Marker
	// Keys returns the keys that may sign now: several while they rotate.
	Keys func() []Key
	// Read returns whom a body is about; see sps.Mapping.
	Read func(body []byte) (ident.Tenant, error)
	Now  func() time.Time
	// Rate is how many signed notices a second are taken, 2,000 when zero;
	// AtOnce how many requests are in hand, 256 when zero.
	Rate, AtOnce int
	// Hear is told the cause of every answer, one of Causes. May be nil.
	Hear func(cause string)
}

// Causes of answers.
const (
	Accepted   = "accepted"
	Duplicate  = "duplicate"
	Unsigned   = "unsigned"
	Malformed  = "malformed"
	TooLarge   = "too-large"
	WrongType  = "wrong-type"
	TooMany    = "too-many"
	NotDurable = "not-durable"
)

// Causes returns all causes, so that metrics begin at zero.
func Causes() []string {
	return []string{Accepted, Duplicate, Unsigned, Malformed, TooLarge, WrongType, TooMany, NotDurable}
}

// Handler serves POST /v1/notify.
type Handler struct {
	o     Options
	rate  *rate.Limiter
	slots chan struct{}
}

// NewHandler returns the handler.
func NewHandler(o Options) *Handler {
	if o.Rate <= 0 {
		o.Rate = 2000
	}
	if o.AtOnce <= 0 {
		o.AtOnce = 256
	}
	if o.Hear == nil {
		o.Hear = func(string) {}
	}
	return &Handler{o: o, rate: rate.NewLimiter(rate.Limit(o.Rate), o.Rate), slots: make(chan struct{}, o.AtOnce)}
}

// verdict is an answer.
type verdict struct {
	code  int
	cause string
	again int // seconds after which to come again
}

// ServeHTTP answers one notice.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := h.serve(w, r)
	h.o.Hear(v.cause)
	if v.again > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(v.again))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(v.code)
	_, _ = io.WriteString(w, http.StatusText(v.code)+"\n") // who has gone needs no answer
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) verdict {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return verdict{http.StatusTooManyRequests, TooMany, 1}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return verdict{http.StatusUnsupportedMediaType, WrongType, 0}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return verdict{http.StatusRequestEntityTooLarge, TooLarge, 0}
	}
	if err != nil {
		return verdict{http.StatusBadRequest, Malformed, 0}
	}
	notice, ok := verify(r.Header, body, h.o.Keys(), h.o.Now())
	if !ok {
		return verdict{http.StatusUnauthorized, Unsigned, 0}
	}
	if !h.rate.Allow() { // after the signature: strangers use up nobody's share
		return verdict{http.StatusTooManyRequests, TooMany, 1}
	}
	tenant, err := h.o.Read(body)
	if err != nil {
		return verdict{http.StatusBadRequest, Malformed, 0}
	}
	fresh, err := h.o.Marker.Mark(r.Context(), tenant, notice)
	switch {
	case err != nil:
		return verdict{http.StatusServiceUnavailable, NotDurable, 5}
	case !fresh:
		return verdict{http.StatusAccepted, Duplicate, 0}
	}
	return verdict{http.StatusAccepted, Accepted, 0}
}
