package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// mustStart runs a server and stops it when the test ends.
func mustStart(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// dial returns a client of s.
func dial(t *testing.T, s *Server) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: s.Endpoints(), Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func put(t *testing.T, c *clientv3.Client, key, value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // a client waits for a server that is gone
	defer cancel()
	if _, err := c.Put(ctx, key, value); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c *clientv3.Client, key string) string {
	t.Helper()
	r, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) != 1 {
		return ""
	}
	return string(r.Kvs[0].Value)
}

func TestDataSurvivesAStop(t *testing.T) {
	dir := t.TempDir()
	first := mustStart(t, dir)
	put(t, dial(t, first), "a", "b")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if got := get(t, dial(t, mustStart(t, dir)), "a"); got != "b" {
		t.Errorf("value after a restart = %q, want %q", got, "b")
	}
}

// Locks belong to open files, so a second Start in this process meets what
// another process would meet.
func TestSecondStartFindsTheFirst(t *testing.T) {
	dir := t.TempDir()
	first, second := mustStart(t, dir), mustStart(t, dir)
	if !first.Owned() || second.Owned() || first.Endpoints()[0] != second.Endpoints()[0] {
		t.Fatalf("endpoints %v (owned %v) and %v (owned %v), want one server, owned by the first",
			first.Endpoints(), first.Owned(), second.Endpoints(), second.Owned())
	}
	put(t, dial(t, first), "a", "b")
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if got := get(t, dial(t, first), "a"); got != "b" {
		t.Errorf("value after the second closed = %q, want %q", got, "b")
	}
}

// Whoever found the server may use it to the end.
func TestServerStopsAfterItsLastUser(t *testing.T) {
	dir := t.TempDir()
	first, second := mustStart(t, dir), mustStart(t, dir)
	if err := os.WriteFile(filepath.Join(dir, usersFolder, "crashed"), nil, 0o600); err != nil {
		t.Fatal(err) // what a killed process leaves
	}
	stopped := make(chan error, 1)
	go func() { stopped <- first.Close() }()
	c := dial(t, second)
	for i := range 20 {
		put(t, c, "a", strings.Repeat("b", i+1))
		time.Sleep(5 * time.Millisecond)
	}
	select {
	case err := <-stopped:
		t.Fatalf("the server stopped under its user: %v", err)
	default:
	}
	if err := errors.Join(c.Close(), second.Close()); err != nil {
		t.Fatal(err)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	third := mustStart(t, dir)
	if got := get(t, dial(t, third), "a"); !third.Owned() || len(got) != 20 {
		t.Errorf("after the stop: owned %v, value %q, want the last of 20", third.Owned(), got)
	}
	if left, err := os.ReadDir(filepath.Join(dir, usersFolder)); err != nil || len(left) > 0 {
		t.Errorf("users left behind: %v, %v", left, err)
	}
}

// Many processes at once, each of which writes and goes.
func TestManyUsersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			s, err := Start(t.Context(), dir)
			if err != nil {
				t.Errorf("user %d: %v", i, err)
				return
			}
			c := dial(t, s)
			if _, err := c.Put(t.Context(), fmt.Sprint("k", i), "v"); err != nil {
				t.Errorf("user %d: %v", i, err)
			}
			if err := errors.Join(c.Close(), s.Close()); err != nil {
				t.Errorf("user %d: %v", i, err)
			}
		})
	}
	all.Wait()
	r, err := dial(t, mustStart(t, dir)).Get(t.Context(), "k", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || r.Count != 12 {
		t.Errorf("%d of 12 writes are there, %v", r.Count, err)
	}
}

func TestStartWaitsForAServerThatStops(t *testing.T) {
	dir := t.TempDir()
	first := mustStart(t, dir)
	if err := os.Remove(filepath.Join(dir, endpointFile)); err != nil {
		t.Fatal(err)
	}
	go func() {
		time.Sleep(100 * time.Millisecond)
		_ = first.Close()
	}()
	if s := mustStart(t, dir); !s.Owned() {
		t.Error("Start attached to a server that stopped")
	}
}

func TestLockWithoutServer(t *testing.T) {
	dir := t.TempDir()
	mustStart(t, dir)
	if err := os.WriteFile(filepath.Join(dir, endpointFile), []byte("unix:///nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := Start(ctx, dir)
	if fault.ClassOf(err) != fault.Retry || fault.HintOf(err) == "" || !strings.Contains(err.Error(), dir) {
		t.Errorf("Start = %v (class %v), want a retry that names %q", err, fault.ClassOf(err), dir)
	}
}

// A killed process leaves its endpoint behind, but not its lock.
func TestStaleEndpoint(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, endpointFile), []byte("unix:///nowhere\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, socketFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, dir)
	put(t, dial(t, s), "a", "b")
}

// The socket is out of reach of other users, and there is no other listener.
func TestOnlyItsUserReachesTheServer(t *testing.T) {
	shared := t.TempDir()
	if err := os.Chmod(shared, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"Short":  filepath.Join(t.TempDir(), "etcd"),
		"Shared": shared,                                               // is left as it is
		"Long":   filepath.Join(t.TempDir(), strings.Repeat("x", 120)), // longer than a socket's path may be
	} {
		t.Run(name, func(t *testing.T) {
			s := mustStart(t, dir)
			socket, ok := strings.CutPrefix(s.Endpoints()[0], "unix://")
			if !ok {
				t.Fatalf("endpoint %q is no socket", s.Endpoints()[0])
			}
			info, err := os.Stat(filepath.Dir(socket))
			if err != nil {
				t.Fatal(err)
			}
			if perm := info.Mode().Perm(); perm != 0o700 {
				t.Errorf("directory of the socket has mode %o, want 700", perm)
			}
			if n := len(s.owned.etcd.Clients) + len(s.owned.etcd.Peers); n != 1 {
				t.Errorf("server has %d listeners, want 1", n)
			}
			if info, err := os.Stat(shared); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("the shared directory has mode %v (%v), want it unchanged", info.Mode(), err)
			}
			put(t, dial(t, s), "a", "b")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the socket is still there after Close: %v", err)
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		spoil  func(dir string) error
	}{
		"File": {"the directory is a file", func(dir string) error {
			return os.WriteFile(dir, nil, 0o600)
		}},
		"DamagedLog":      {"etcd would crash", func(dir string) error { return spoil(t, dir, "wal/*.wal") }},
		"DamagedDatabase": {"etcd would end the process", func(dir string) error { return spoil(t, dir, "snap/db") }},
	} {
		t.Run(name, func(t *testing.T) {
			// Not t.TempDir: an etcd that gave up may still be preparing its next log file.
			parent, err := os.MkdirTemp("", "sluice-test-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				for range 100 {
					if os.RemoveAll(parent) == nil {
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
			dir := filepath.Join(parent, "etcd")
			if err := tc.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err = Start(t.Context(), dir)
			if err == nil || fault.HintOf(err) == "" || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: Start = %v with hint %q, want one line that names %q", tc.reason, err, fault.HintOf(err), dir)
			}
		})
	}
}

// spoil makes a data directory and overwrites the files in it that match.
func spoil(t *testing.T, dir, pattern string) error {
	s, err := Start(t.Context(), dir)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "member", pattern))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("no files to spoil"))
	}
	for _, name := range files {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		if _, err := f.Write(bytes.Repeat([]byte{0xff}, 1<<14)); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	return nil
}

func TestServerIsQuietAndLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	out := capture(t, func() {
		s := mustStart(t, t.TempDir())
		c := dial(t, s)
		put(t, c, "a", "b")
		if err := errors.Join(c.Close(), s.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	if out != "" {
		t.Errorf("the server wrote %q, want nothing", out)
	}
	goleak.VerifyNone(t, before)
}

// capture returns what f writes to stdout and stderr.
func capture(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = w, w
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	f()
	_ = w.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
