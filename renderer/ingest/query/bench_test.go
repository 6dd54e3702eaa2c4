package query

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// One operation is a query over loopback, client and server.
func BenchmarkTenant(b *testing.B) {
	s := newStand(b, MirrorOptions{}).load(true, fleet(10_000))
	server := httptest.NewServer(Handler(Options{Mirror: s.mirror}))
	defer server.Close()
	client := server.Client()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+"/v1/tenants/1004242", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		resp, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

// One operation is the handler alone.
func BenchmarkHandler(b *testing.B) {
	s := newStand(b, MirrorOptions{}).load(true, fleet(10_000))
	h := Handler(Options{Mirror: s.mirror})
	w := &discard{header: http.Header{}}
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "/v1/tenants/1004242", http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, req)
	}
}
