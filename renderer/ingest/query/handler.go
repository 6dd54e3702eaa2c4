package query

import (
	"context"
	_ "embed" // the contract
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Contract is the OpenAPI file of the queries.
//
//go:embed openapi.yaml
var Contract []byte

// Requester asks for a tenant to be fetched anew from the upstream system. It
// returns when the request is durable.
type Requester interface {
	Request(ctx context.Context, id ident.Tenant) error
}

// Options configure a Handler. Mirror is required.
type Options struct {
	Mirror *Mirror
	// Life is how long an ended authorisation stays in each state; authz.DefaultLife when zero.
	Life authz.Life
	// Requester takes POST /v1/sync; nil answers 501.
	Requester Requester
	// Streams is how many may follow at once, and half of them by one caller; 256 when zero.
	Streams int
	// Beat is how often a stream without changes says how far it is; 15 s when zero.
	Beat time.Duration
	// Done ends all streams when it is closed; nil never is.
	Done <-chan struct{}
}

// handler answers queries.
type handler struct {
	Options
	streams turnstile
}

// route is one operation of the contract.
type route struct {
	method, path string
	serve        func(http.ResponseWriter, *http.Request, *view)
	early        bool // answers before the copy is complete
}

func (h *handler) routes() []route {
	return []route{
		{"GET", "/v1/tenants", h.list, false},
		{"GET", "/v1/tenants/{tenant}", h.tenant, false},
		{"GET", "/v1/tenants/{tenant}/products/{product}", h.product, false},
		{"GET", "/v1/watch", h.watch, false},
		{"GET", "/v1/sync", h.progress, true},
		{"POST", "/v1/sync", h.sync, true},
		{"GET", "/v1/openapi.yaml", h.contract, true},
	}
}

// Handler returns the queries over HTTP.
func Handler(o Options) http.Handler {
	if o.Life == (authz.Life{}) {
		o.Life = authz.DefaultLife()
	}
	if o.Streams <= 0 {
		o.Streams = 256
	}
	if o.Beat <= 0 {
		o.Beat = 15 * time.Second
	}
	h := &handler{Options: o, streams: turnstile{most: o.Streams, held: map[string]int{}}}
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, req *http.Request) { h.serve(r, w, req) })
	}
	return mux
}

// stale is from when on an answer says how old the copy is: the watch asks
// every five seconds.
const stale = 15 * time.Second

// serve answers a request from the view of now.
func (h *handler) serve(r route, w http.ResponseWriter, req *http.Request) {
	v := h.Mirror.view.Load()
	if v == nil && !r.early {
		w.Header().Set("Retry-After", "2")
		refuse(w, http.StatusServiceUnavailable, "the copy of etcd is not complete yet")
		return
	}
	if v != nil {
		w.Header().Set("Sluice-At", v.name)
		if age := h.Mirror.Age(); age > stale {
			w.Header().Set("Sluice-Stale", strconv.Itoa(int(age.Seconds())))
		}
	}
	r.serve(w, req, v)
}

func (h *handler) answer(v *view) answer {
	return answer{now: h.Mirror.o.Now(), life: h.Life, told: v.told}
}

// buffers are reused, for an answer is copied when it is written.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// maxReused bounds a buffer that is kept.
const maxReused = 64 << 10

func write(w http.ResponseWriter, build func([]byte) []byte) {
	p := buffers.Get().(*[]byte)
	b := build((*p)[:0])
	w.Header()["Content-Type"] = jsonType
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // who is gone does not read it
	if cap(b) <= maxReused {
		*p = b
		buffers.Put(p)
	}
}

var jsonType = []string{"application/json"}

// refuse answers with a problem (RFC 9457).
func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": detail})
}

// unchanged answers 304 if the client has what the tag names.
func unchanged(w http.ResponseWriter, req *http.Request, tag []byte) bool {
	text := string(tag)
	w.Header()["Etag"] = []string{text}
	w.Header()["Cache-Control"] = noCache
	for held := range strings.SplitSeq(req.Header.Get("If-None-Match"), ",") {
		if held = strings.TrimPrefix(strings.TrimSpace(held), "W/"); held == text || held == "*" {
			w.WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// noCache lets answers be kept and asks for them to be checked.
var noCache = []string{"private, no-cache"}

// find returns the tenant that the path names, or answers why not.
func (h *handler) find(w http.ResponseWriter, req *http.Request, v *view) *entry {
	id, err := ident.Parse[ident.TenantKind](req.PathValue("tenant"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return nil
	}
	s := scopeOf(req.Context())
	if !s.Tenant(id) {
		refuse(w, http.StatusForbidden, fmt.Sprintf("tenant %q: is not the caller's to ask for", id))
		return nil
	}
	e := s.see(v.get(id))
	switch {
	case e == nil:
		refuse(w, http.StatusNotFound, fmt.Sprintf("tenant %q: is not known", id))
	case e.unreadable:
		refuse(w, http.StatusInternalServerError, fmt.Sprintf("tenant %q: its record cannot be read", id))
		return nil
	}
	return e
}

func (h *handler) tenant(w http.ResponseWriter, req *http.Request, v *view) {
	e := h.find(w, req, v)
	if e == nil {
		return
	}
	a := h.answer(v)
	var tag [48]byte
	if !unchanged(w, req, a.tag(tag[:0], v.cluster, e)) {
		write(w, func(b []byte) []byte { return a.tenant(b, e) })
	}
}

func (h *handler) product(w http.ResponseWriter, req *http.Request, v *view) {
	p, err := ident.Parse[ident.ProductKind](req.PathValue("product"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if !scopeOf(req.Context()).Product(p) {
		refuse(w, http.StatusForbidden, fmt.Sprintf("product %q: is not the caller's to ask for", p))
		return
	}
	e := h.find(w, req, v)
	if e == nil {
		return
	}
	i := e.find(p)
	if i < 0 {
		refuse(w, http.StatusNotFound, fmt.Sprintf("tenant %q: has no authorisation for product %q", e.id, p))
		return
	}
	r := &e.rights[i]
	if r.terms.Value().unreadable {
		refuse(w, http.StatusInternalServerError, fmt.Sprintf("authorisation %q: its record cannot be read", e.id.String()+"/"+p.String()))
		return
	}
	a := h.answer(v)
	var tag [48]byte
	if !unchanged(w, req, a.productTag(tag[:0], v.cluster, e, r)) {
		write(w, func(b []byte) []byte {
			b = append(field(append(b, '{'), "tenantId", e.id.String()), ',')
			return append(a.product(b, e, r), '}')
		})
	}
}

func (h *handler) progress(w http.ResponseWriter, req *http.Request, v *view) {
	state := map[string]any{"complete": v != nil}
	if v != nil {
		state["at"], state["statusRead"], state["ageSeconds"] = v.name, v.told, int(h.Mirror.Age().Seconds())
		if !scopeOf(req.Context()).Limited() {
			state["tenants"], state["unreadable"] = v.tenants, v.unreadable
		}
	}
	write(w, func(b []byte) []byte { data, _ := json.Marshal(state); return append(b, data...) })
}

// maxSync bounds the body of a request to sync.
const maxSync = 1 << 10

func (h *handler) sync(w http.ResponseWriter, req *http.Request, v *view) {
	if h.Requester == nil {
		refuse(w, http.StatusNotImplemented, "nothing here fetches from an upstream system")
		return
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "the body must be application/json")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxSync))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxSync))
		return
	}
	var asked struct {
		Tenant ident.Tenant `json:"tenant"`
	}
	if err := errors.Join(err, json.Unmarshal(body, &asked)); err != nil || asked.Tenant.IsZero() {
		refuse(w, http.StatusBadRequest, `the body must be {"tenant": "<id>"}`)
		return
	}
	if s := scopeOf(req.Context()); !s.Tenant(asked.Tenant) || len(s.Products) > 0 && (v == nil || s.see(v.get(asked.Tenant)) == nil) {
		refuse(w, http.StatusForbidden, fmt.Sprintf("tenant %q: is not the caller's to ask for", asked.Tenant))
		return
	}
	if err := h.Requester.Request(req.Context(), asked.Tenant); err != nil {
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, "the request could not be kept") // the cause is in the log of whoever keeps it
		return
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(append(field([]byte{'{'}, "tenant", asked.Tenant.String()), '}'))
}

func (h *handler) contract(w http.ResponseWriter, _ *http.Request, _ *view) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(Contract)
}
