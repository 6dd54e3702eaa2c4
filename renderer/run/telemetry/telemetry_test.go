package telemetry

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fetch(t *testing.T, s *Server, path string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + s.Address() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestEndpoints(t *testing.T) {
	m, h := New("1.2.3"), NewHealth()
	m.Environment("local")
	s, err := Listen(t.Context(), "127.0.0.1:0", Handler(m, h))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check := func(path string, code int, shows ...string) {
		t.Helper()
		got, body := fetch(t, s, path)
		if got != code {
			t.Errorf("%s = %d %q, want %d", path, got, body, code)
		}
		for _, text := range shows {
			if !strings.Contains(body, text) {
				t.Errorf("%s does not show %q:\n%s", path, text, body)
			}
		}
	}
	check("/readyz", 503, "readyz check failed") // nothing is known yet
	h.Set("etcd/local", nil)
	h.Set("git", errors.New("connection\nrefused"))
	check("/readyz", 503, "[-]git failed: connection refused", "[+]etcd/local ok")
	h.Set("git", nil)
	check("/readyz", 200, "ok")
	check("/readyz?verbose", 200, "[+]git ok", "readyz check passed")
	check("/livez", 200, "ok")
	h.Beat("loop/local", time.Nanosecond)
	time.Sleep(time.Millisecond)
	check("/livez", 500, "stuck: loop/local")
	h.Beat("loop/local", 0)
	check("/livez", 200)
	check("/metrics", 200, `sluice_build_info{version="1.2.3"} 1`, `sluice_leader{environment="local"} 0`)
	check("/debug/pprof/", 404)
}

// What people should mend is shown and holds nothing up.
func TestNotesDoNotMakeUnready(t *testing.T) {
	h := NewHealth()
	h.Set("etcd", nil)
	h.Note("fleet/local", errors.New("version \"299\"\nis not published"))
	h.Note("fleet/other", errors.New("x"))
	h.Note("fleet/other", nil)
	w := httptest.NewRecorder()
	Handler(New("x"), h).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz?verbose", nil))
	want := "[+]etcd ok\n[!]fleet/local: version \"299\" is not published\nreadyz check passed\n"
	if w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("readyz = %d %q, want 200 %q", w.Code, w.Body, want)
	}
}
