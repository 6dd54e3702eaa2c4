package gittest

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// HTTP is a smart HTTP server in front of a repository.
type HTTP struct {
	// URL is the repository's, without credentials.
	URL string
	// CA is the PEM certificate of an https server.
	CA     []byte
	server *httptest.Server

	mu         sync.Mutex
	beforePush func()
	intercept  func(http.ResponseWriter, *http.Request) bool
	requests   []string
}

// HTTP serves the repository. Unless password is empty it is asked for, with
// any user name.
func (r *Repo) HTTP(password string) *HTTP {
	r.t.Helper()
	return r.serve(password, (*httptest.Server).Start)
}

// HTTPS is HTTP with TLS; its certificate is HTTP.CA.
func (r *Repo) HTTPS(password string) *HTTP {
	r.t.Helper()
	h := r.serve(password, (*httptest.Server).StartTLS)
	h.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.server.Certificate().Raw})
	return h
}

func (r *Repo) serve(password string, start func(*httptest.Server)) *HTTP {
	r.t.Helper()
	h := &HTTP{}
	h.server = httptest.NewUnstartedServer(h.handler(r, password))
	h.server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that distrust it are part of tests
	start(h.server)
	r.t.Cleanup(h.server.Close)
	h.URL = h.server.URL + "/" + filepath.Base(r.Dir)
	return h
}

// BeforePush has f called before each push is handed to git: the moment at
// which another writer can still be first.
func (h *HTTP) BeforePush(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.beforePush = f
}

// Intercept has f called for each request; git does not see those for which
// it returns true.
func (h *HTTP) Intercept(f func(http.ResponseWriter, *http.Request) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.intercept = f
}

// Requests returns the requests so far as "<method> <end of path and query>".
func (h *HTTP) Requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.requests...)
}

// Close stops the server before the test ends.
func (h *HTTP) Close() { h.server.Close() }

func (h *HTTP) handler(r *Repo, password string) http.Handler {
	backend := &cgi.Handler{
		Path:   backendPath(r.t),
		Stderr: io.Discard, // hooks' talk; git sends it to the client too
		Env: append(Env(), "GIT_PROJECT_ROOT="+filepath.Dir(r.Dir), "GIT_HTTP_EXPORT_ALL=1",
			"REMOTE_USER=someone"),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, got, _ := req.BasicAuth(); password != "" && got != password {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		before, intercept := h.note(req)
		if intercept != nil && intercept(w, req) {
			return
		}
		if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-receive-pack") && before != nil {
			before()
		}
		backend.ServeHTTP(w, req)
	})
}

func (h *HTTP) note(req *http.Request) (before func(), intercept func(http.ResponseWriter, *http.Request) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	path := req.URL.Path[strings.LastIndex(req.URL.Path, ".git/")+len(".git/"):]
	h.requests = append(h.requests, strings.TrimSuffix(req.Method+" "+path+"?"+req.URL.RawQuery, "?"))
	return h.beforePush, h.intercept
}

func backendPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(Git(t, "", "--exec-path"), "git-http-backend")
}
