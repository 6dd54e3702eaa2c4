package health_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/health"
)

func TestHTTP(t *testing.T) {
	status := http.StatusOK
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(srv.Close)
	if err := health.HTTP(srv.URL, nil)(t.Context()); err != nil {
		t.Errorf("HTTP() of 200 = %v, want nil", err)
	}
	status = http.StatusServiceUnavailable
	if err := health.HTTP(srv.URL, nil)(t.Context()); err == nil {
		t.Error("HTTP() of 503 = nil, want an error")
	}
}

// redis answers every line with the given one.
func redis(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil && strings.TrimSpace(line) == "PING" {
				_, _ = conn.Write([]byte(answer))
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

// A Redis that still loads takes connections and answers with an error.
func TestRedis(t *testing.T) {
	if err := health.Redis(redis(t, "+PONG\r\n"))(t.Context()); err != nil {
		t.Errorf("Redis() = %v, want nil", err)
	}
	if err := health.Redis(redis(t, "-LOADING\r\n"))(t.Context()); err == nil {
		t.Error("Redis() of a loading server = nil, want an error")
	}
}

// A socket file that nobody listens on, left by a killed server, is not ready.
func TestSocket(t *testing.T) {
	dir := t.TempDir()
	probe := health.Socket(dir, "sluice")
	if err := probe(t.Context()); err == nil {
		t.Error("Socket() of an empty folder = nil, want an error")
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "sluice-v1.sock")})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := probe(t.Context()); err != nil {
		t.Errorf("Socket() of a served socket = %v, want nil", err)
	}
	l.Close()
	if err := probe(t.Context()); err == nil {
		t.Error("Socket() of a dead socket = nil, want an error")
	}
}

func TestAwait(t *testing.T) {
	no := errors.New("not yet")
	alive := func() bool { return true }
	tries := 0
	third := func(context.Context) error {
		if tries++; tries < 3 {
			return no
		}
		return nil
	}
	if err := health.Await(t.Context(), third, alive); err != nil || tries != 3 {
		t.Errorf("Await() = %v after %d tries, want nil after 3", err, tries)
	}
	never := func(context.Context) error { return no }
	bounded, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	if err := health.Await(bounded, never, func() bool { return false }); !errors.Is(err, no) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Await() of what died = %v, want the probe's error", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := health.Await(ctx, never, alive); !errors.Is(err, no) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Await() out of time = %v, want both reasons", err)
	}
}
