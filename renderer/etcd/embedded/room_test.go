package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func TestRoom(t *testing.T) {
	used := t.TempDir()
	if err := os.MkdirAll(filepath.Join(used, "member", "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(used, "member", "wal", "0.wal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason string
		dir    string
		free   uint64
		want   bool
	}{
		"New":       {"its first files fit", t.TempDir(), 65 << 20, true},
		"NewTight":  {"its log does not fit", t.TempDir(), 65<<20 - 1, false},
		"Used":      {"its log is there", used, 1 << 20, true},
		"UsedTight": {"nothing fits", used, 4 << 10, false},
		"Unknown":   {"a disk that does not tell is tried", t.TempDir(), unknown, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := room(tc.dir, tc.free)
			if (err == nil) != tc.want {
				t.Errorf("room(%d) = %v, want nil is %t: %s", tc.free, err, tc.want, tc.reason)
			}
			if err != nil {
				checkFull(t, err)
			}
		})
	}
}

// checkFull checks that an error names the disk, and lets the data alone.
func checkFull(t *testing.T, err error) {
	t.Helper()
	if !strings.Contains(err.Error(), "its disk is full") || fault.ClassOf(err) != fault.Person {
		t.Errorf("error = %v of class %v, want the disk to be full", err, fault.ClassOf(err))
	}
	if hint := fault.HintOf(err); !strings.Contains(hint, "make room") || strings.Contains(hint, "move") || strings.Contains(hint, "import") {
		t.Errorf("the hint is %q, want one that makes room and touches nothing", hint)
	}
}

func TestExplain(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		err    error
		free   uint64
		full   bool
		hint   string
	}{
		"ErrorNumber": {"the system says so", &os.PathError{Op: "write", Path: "db", Err: syscall.ENOSPC}, unknown, true, ""},
		"Quota":       {"the user's share is used up", &os.PathError{Op: "write", Path: "db", Err: syscall.EDQUOT}, unknown, true, ""},
		"Words":       {"etcd keeps the words alone", errors.New("etcd gave up: failed to create WAL: no space left on device"), unknown, true, ""},
		"Free":        {"etcd says something else", errors.New("etcd gave up: walpb: crc mismatch"), 10 << 20, false, "make room first"},
		"Damaged":     {"there is room", errors.New("etcd gave up: walpb: crc mismatch"), 1 << 40, false, "keep the directory as it is"},
		"Rights":      {"somebody else's", fmt.Errorf("locking it: %w", os.ErrPermission), 1 << 40, false, "that you may write"},
		"Socket":      {"it knows better", fault.Hintf("use a shorter one", "too long"), 1 << 40, false, "use a shorter one"},
	} {
		t.Run(name, func(t *testing.T) {
			err := explain("/data", tc.err, tc.free)
			if !errors.Is(err, tc.err) || !strings.Contains(err.Error(), `"/data"`) {
				t.Errorf("explain(%v) = %v, which hides the error or the directory", tc.err, err)
			}
			if tc.full {
				checkFull(t, err)
			} else if got := fault.HintOf(err); !strings.HasPrefix(got, tc.hint) && !strings.Contains(got, tc.hint) || strings.Contains(got, "moved away") {
				t.Errorf("explain(%v) has the hint %q, want %q: %s", tc.err, got, tc.hint, tc.reason)
			}
		})
	}
}

// On a disk that is really full nothing is begun, and all goes on once there is
// room.
func TestFullDisk(t *testing.T) {
	short.Skip(t, "fills a disk")
	const inside = "SLUICE_TEST_FULL_DISK"
	if dir := os.Getenv(inside); dir != "" {
		fullDisk(t, dir)
		return
	}
	dir := t.TempDir()
	script := `mount -t tmpfs -o size=150m,mode=700 none "$1" || exit 77; exec "$2" -test.run '^TestFullDisk$' -test.v`
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", dir, os.Args[0])
	cmd.Env = append(os.Environ(), inside+"="+dir)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.Is(err, exec.ErrNotFound) || errors.As(err, &exit) && (exit.ExitCode() == 77 || strings.Contains(string(out), "unshare failed")) {
		t.Skipf("this user may not mount a small disk: %s", out)
	}
	if err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v:\n%s", err, out)
	}
}

func fullDisk(t *testing.T, disk string) {
	dir, filler := filepath.Join(disk, "etcd"), filepath.Join(disk, "filler")
	fill := func(left int) {
		f, err := os.Create(filler)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for free(disk) > uint64(left) {
			if _, err := f.Write(make([]byte, min(1<<20, free(disk)-uint64(left)))); err != nil {
				t.Fatal(err)
			}
		}
	}
	start := func() error {
		s, err := Start(t.Context(), dir)
		if err != nil {
			return err
		}
		return s.Close()
	}
	for _, left := range []int{8 << 10, 20 << 20} { // a new directory
		fill(left)
		checkFull(t, start())
		if _, err := os.Stat(filepath.Join(dir, "member")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("etcd began to make its files: %v", err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
	if err := start(); err != nil {
		t.Fatalf("Start with room = %v", err)
	}
	fill(0) // a directory with data
	checkFull(t, start())
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := start(); err != nil {
		t.Errorf("Start once there is room = %v", err)
	}
	fillWhileServing(t, dir, func() { fill(0) })
}

// fillWhileServing fills the disk under a running server, which is left behind.
func fillWhileServing(t *testing.T, dir string, fill func()) {
	died := make(chan error, 1)
	s, err := StartOr(t.Context(), dir, func(err error) { died <- err; runtime.Goexit() })
	if err != nil {
		t.Fatal(err)
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: s.Endpoints(), Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	fill()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		for i := 0; ctx.Err() == nil; i++ {
			_, _ = c.Put(ctx, fmt.Sprint(i), strings.Repeat("x", 1<<20)) // some of them fail
		}
	}()
	select {
	case err := <-died:
		checkFull(t, err)
	case <-ctx.Done():
		t.Error("the server goes on with its disk full")
	}
}
