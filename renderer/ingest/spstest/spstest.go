// Package spstest is an SPS in the process: it holds tenants, counts their
// revisions, serves the contract of package sps over HTTP, and signs notices.
// Its faults are set by the test, or over HTTP where it stands in a lab:
//
//	PUT    /fake/tenants/<id>  a tenant in the contract's form, without revision
//	DELETE /fake/tenants/<id>
//	PUT    /fake/faults        Faults
//	PUT    /fake/notices       Notices: where to tell of every change from now on
//
// It believes its caller: it is no place for tests of what is hostile in form.
// Those set Faults.Raw.
package spstest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Faults are what is wrong with the answers. The zero value is an SPS that is well.
type Faults struct {
	// Down answers 503 to everything, Shut after so many pages of a list.
	Down bool `json:"down,omitempty"`
	Shut int  `json:"shut,omitempty"`
	// Total is added to the list's total.
	Total int `json:"total,omitempty"`
	// Repeat gives the same cursor again for ever.
	Repeat bool `json:"repeat,omitempty"`
	// Skip leaves the second page out.
	Skip bool `json:"skip,omitempty"`
	// Turn changes the snapshot's id after the first page, Same gives all lists one id.
	Turn bool `json:"turn,omitempty"`
	Same bool `json:"same,omitempty"`
	// Half sends half of each body.
	Half bool `json:"half,omitempty"`
	// Empty lists nobody; the total says so too.
	Empty bool `json:"empty,omitempty"`
	// Lost are tenants that the list leaves out, its total with them.
	Lost []string `json:"lost,omitempty"`
	// Deny answers 404 for single tenants.
	Deny bool `json:"deny,omitempty"`
	// Unnumbered leaves revisions out.
	Unnumbered bool `json:"unnumbered,omitempty"`
	// Old answers with what tenants were before their last change.
	Old bool `json:"old,omitempty"`
	// Raw are documents that are sent in place of a tenant's.
	Raw map[string]string `json:"raw,omitempty"`
}

// Server is a fake SPS.
type Server struct {
	mu       sync.Mutex
	tenants  map[string]tenant
	before   map[string]tenant
	revision int64
	lists    int64
	kept     map[string][]json.RawMessage // the lists that are being read
	faults   Faults
	fetched  map[string]int
	hook     func(id string)
	http     *http.Server
	listener net.Listener
	token    string
	notices  Notices
	told     int
}

type tenant struct {
	fields   map[string]json.RawMessage
	revision int64
}

// New returns an SPS without tenants.
func New() *Server {
	return &Server{tenants: map[string]tenant{}, before: map[string]tenant{}, kept: map[string][]json.RawMessage{}, fetched: map[string]int{}}
}

// Start serves at an address, such as 127.0.0.1:0, until Close.
func (s *Server) Start(address string) error {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	s.listener, s.http = l, &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	return nil
}

// URL is where Start serves.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends what Start began.
func (s *Server) Close() error { return s.http.Close() }

// RequireToken makes the server ask for a bearer token.
func (s *Server) RequireToken(token string) { s.locked(func() { s.token = token }) }

// Set replaces the faults.
func (s *Server) Set(f Faults) { s.locked(func() { s.faults = f }) }

// Hook is called whenever a tenant is asked for, before the answer is made.
func (s *Server) Hook(f func(id string)) { s.locked(func() { s.hook = f }) }

// Fetched is how often a tenant was asked for.
func (s *Server) Fetched(id string) (n int) {
	s.locked(func() { n = s.fetched[id] })
	return n
}

func (s *Server) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// Put makes or changes a tenant. The document is in the contract's form, as
// text or as a value that marshals to it, without a revision.
func (s *Server) Put(id string, document any) error {
	raw, ok := document.(string)
	if !ok {
		data, err := json.Marshal(document)
		if err != nil {
			return err
		}
		raw = string(data)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &fields); err != nil {
		return fmt.Errorf("tenant %q: %w", id, err)
	}
	s.locked(func() {
		if old, ok := s.tenants[id]; ok {
			s.before[id] = old
		}
		s.revision++
		s.tenants[id] = tenant{fields, s.revision}
	})
	return s.tell(id)
}

// Remove forgets a tenant.
func (s *Server) Remove(id string) error {
	s.locked(func() {
		s.revision++
		delete(s.tenants, id)
		delete(s.before, id)
	})
	return s.tell(id)
}

// IDs are the tenants that there are.
func (s *Server) IDs() []string {
	var all []string
	s.locked(func() {
		for id := range s.tenants {
			all = append(all, id)
		}
	})
	slices.Sort(all)
	return all
}

// Document is what a healthy SPS answers for a tenant; empty for none.
func (s *Server) Document(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tenants[id]
	if !ok {
		return ""
	}
	return string(t.document(false))
}

func (t tenant) document(unnumbered bool) json.RawMessage {
	all := map[string]any{}
	for name, value := range t.fields {
		all[name] = value
	}
	if !unnumbered {
		all["revision"] = t.revision
	}
	data, err := json.Marshal(all)
	if err != nil {
		panic(err) // raw JSON and a number
	}
	return data
}
