package spstest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// Handler serves the contract and the controls.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/tenants", s.guarded(s.list))
	mux.HandleFunc("GET /v1/tenants/{id}", s.guarded(s.single))
	mux.HandleFunc("PUT /fake/tenants/{id}", control(func(r *http.Request) error {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		return s.Put(r.PathValue("id"), string(data))
	}))
	mux.HandleFunc("DELETE /fake/tenants/{id}", control(func(r *http.Request) error { return s.Remove(r.PathValue("id")) }))
	mux.HandleFunc("PUT /fake/faults", control(func(r *http.Request) error {
		var f Faults
		err := json.NewDecoder(r.Body).Decode(&f)
		s.Set(f)
		return err
	}))
	mux.HandleFunc("PUT /fake/notices", control(func(r *http.Request) error {
		var n Notices
		err := json.NewDecoder(r.Body).Decode(&n)
		s.Tell(n)
		return err
	}))
	return mux
}

// control answers what a lab asks for; what fails is the lab's fault.
func control(do func(*http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := do(r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}
}

func (s *Server) guarded(next func(http.ResponseWriter, *http.Request, Faults)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		token, f := s.token, s.faults
		s.mu.Unlock()
		switch {
		case token != "" && r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, "unauthorized", http.StatusUnauthorized)
		case f.Down:
			http.Error(w, "down", http.StatusServiceUnavailable)
		default:
			next(w, r, f)
		}
	}
}

func (s *Server) single(w http.ResponseWriter, r *http.Request, f Faults) {
	id := r.PathValue("id")
	s.mu.Lock()
	s.fetched[id]++
	hook := s.hook
	s.mu.Unlock()
	if hook != nil {
		hook(id)
	}
	s.mu.Lock()
	t, ok := s.tenants[id]
	doc := json.RawMessage(nil)
	if ok {
		doc = s.shown(id, t, f)
	}
	s.mu.Unlock()
	if !ok || f.Deny {
		http.NotFound(w, r)
		return
	}
	send(w, doc, f)
}

// shown is what the faults make of a tenant's document.
func (s *Server) shown(id string, t tenant, f Faults) json.RawMessage {
	if raw, ok := f.Raw[id]; ok {
		return json.RawMessage(raw)
	}
	if old, ok := s.before[id]; ok && f.Old {
		t = old
	}
	return t.document(f.Unnumbered)
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, f Faults) {
	q := r.URL.Query()
	limit, _ := strconv.Atoi(q.Get("limit"))
	at, _ := strconv.Atoi(q.Get("cursor"))
	s.mu.Lock()
	etag := fmt.Sprintf(`"%d"`, s.revision)
	id := q.Get("snapshot")
	if id == "" {
		if r.Header.Get("If-None-Match") == etag {
			s.mu.Unlock()
			w.WriteHeader(http.StatusNotModified)
			return
		}
		id = s.begin(f)
	}
	all, known := s.kept[id]
	s.mu.Unlock()
	if !known {
		http.Error(w, "no such snapshot", http.StatusGone)
		return
	}
	if f.Shut > 0 && at >= f.Shut*limit {
		http.Error(w, "shut", http.StatusBadGateway)
		return
	}
	end := min(at+limit, len(all))
	page := map[string]any{"snapshot": id, "total": len(all) + f.Total, "tenants": all[min(at, end):end]}
	switch {
	case f.Repeat:
		page["next"] = strconv.Itoa(at)
	case f.Skip && at == 0:
		if end+limit < len(all) {
			page["next"] = strconv.Itoa(end + limit)
		}
	case end < len(all):
		page["next"] = strconv.Itoa(end)
	}
	if f.Turn && at > 0 {
		page["snapshot"] = id + "-b"
	}
	data, err := json.Marshal(page)
	if err != nil { // of documents that are no JSON
		data = []byte(`{"snapshot": "` + id + `", "total": 1, "tenants": [` + "\x00")
	}
	w.Header().Set("ETag", etag)
	send(w, data, f)
}

// begin freezes the list and returns the id of the snapshot.
func (s *Server) begin(f Faults) string {
	s.lists++
	id := fmt.Sprintf("list-%d", s.lists)
	if f.Same {
		id = "list"
	}
	all := []json.RawMessage{}
	for _, name := range slices.Sorted(maps.Keys(s.tenants)) {
		if !f.Empty && !slices.Contains(f.Lost, name) {
			all = append(all, s.shown(name, s.tenants[name], f))
		}
	}
	s.kept[id] = all
	delete(s.kept, fmt.Sprintf("list-%d", s.lists-4))
	return id
}

func send(w http.ResponseWriter, body []byte, f Faults) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if f.Half {
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) //nolint:gosec // JSON to a program; the caller sees what is missing
}
