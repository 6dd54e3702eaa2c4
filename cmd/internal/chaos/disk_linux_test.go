package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// A replica whose disk is full, read-only or beyond its quota says so in one
// clear line, lives on, is not ready, leaves nothing half written, and goes on
// by itself when the disk is well again.
func TestDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for _, where := range []string{"Cache", "Repository"} {
		for how, d := range map[string]disk{
			"Full":     {"no space left on device", mountSmall, fill, empty},
			"ReadOnly": {"read-only file system", mayMount, protect, unprotect},
			"Limited":  {"file too large", nil, nil, nil},
		} {
			t.Run(where+how, func(t *testing.T) {
				t.Parallel() // they wait more than they work
				testDisk(t, where == "Cache", d)
			})
		}
	}
}

// disk is a way in which a disk fails.
type disk struct {
	says                string
	prepare, fail, heal func(t *testing.T, dir string) // nil: the process limits itself
}

func testDisk(t *testing.T, cache bool, d disk) {
	w := &world{t: t, dir: shortDir(t), bare: gittest.New(t)}
	dir, i := w.bare.Dir, 0
	if cache {
		dir, i = filepath.Join(w.dir, "cache"), 1
	}
	if d.prepare != nil {
		d.prepare(t, dir)
	}
	w.populate(1)
	// The lease lasts, so that a busy machine adds no line of its own.
	r := w.replica(i, "--listen", "127.0.0.1:0", "--git-cache", dir, "--lease-ttl", "30s")
	w.replicas = append(w.replicas, r)
	w.settled(1)
	r.eventually(http.StatusOK)
	turn := func(f func(*testing.T, string)) {
		if f == nil {
			r.signal(syscall.SIGUSR2)
			time.Sleep(100 * time.Millisecond)
			return
		}
		f(t, dir)
	}

	turn(d.fail)
	before, told := w.bare.Tip(), len(r.lines())
	for n := 70; n < 74; n++ { // a mirror may still push the first: it is stored only afterwards
		w.replicasOf(n)
		time.Sleep(500 * time.Millisecond)
	}
	r.eventually(http.StatusServiceUnavailable)
	if code := r.get("/livez"); code != http.StatusOK {
		t.Errorf("/livez = %d, want a process that lives", code)
	}
	r.checkLines(r.lines()[told:], d.says)
	if tip := w.bare.Tip(); !cache && tip != before {
		t.Errorf("the branch moved from %s to %s", before, tip)
	}
	w.bare.Check()

	w.replicasOf(77)
	turn(d.heal)
	w.settled(77)
	r.eventually(http.StatusOK)
	w.converge()
	if r.deaths > 0 {
		t.Errorf("the process ended %d times by itself: %s", r.deaths, r.tail())
	}
	if code := r.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d on SIGTERM, want 0: %s", code, r.tail())
	}
	for _, line := range r.crashes() {
		t.Error(line)
	}
	w.bare.Check()
	commits := w.commits()
	w.checkMoves(commits)
	w.checkMarks(commits)
	w.checkContent(commits)
	if left := temporary(t, dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// A replica that cannot even begin ends with a clear line, for Kubernetes to
// begin it again, and begins when the disk is well.
func TestDiskAtStart(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for how, d := range map[string]disk{
		"Full":     {"no space left on device", mountSmall, fill, empty},
		"ReadOnly": {"read-only file system", mayMount, protect, unprotect},
	} {
		t.Run(how, func(t *testing.T) {
			w := &world{t: t, dir: shortDir(t), bare: gittest.New(t)}
			dir := filepath.Join(w.dir, "cache")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			d.prepare(t, dir)
			w.populate(1)
			d.fail(t, dir)
			r := w.replica(1, "--git-cache", dir)
			w.replicas = append(w.replicas, r)
			want := []string{"sluice: error: ", d.says, "\nsluice: hint: "}
			for began := time.Now(); !containsAll(r.tail(), want) && time.Since(began) < 20*time.Second; {
				time.Sleep(50 * time.Millisecond)
			}
			if got := r.tail(); !containsAll(got, want) {
				t.Errorf("the log is %q, want %q", got, want)
			}
			d.heal(t, dir)
			w.settled(1)
			if code := r.end(syscall.SIGTERM); code != 0 {
				t.Errorf("exit code %d on SIGTERM, want 0: %s", code, r.tail())
			}
			if left := temporary(t, dir); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

func containsAll(text string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// replicasOf sells the first tenant another number of replicas.
func (w *world) replicasOf(n int) {
	w.t.Helper()
	kv := rightRecord(0, "swg", n, time.Time{})
	if _, err := w.client.Put(w.t.Context(), kv[0], kv[1]); err != nil {
		w.t.Fatal(err)
	}
}

// settled waits until Git has the number of replicas.
func (w *world) settled(n int) {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(50 * time.Millisecond) {
		out, err := gittest.TryGit(w.bare.Dir, nil, "show", "main:environments/local/tenants/00/00/1000000/tenant.yaml")
		if err == nil && strings.Contains(out, fmt.Sprintf("replicas: %d\n", n)) {
			return
		}
	}
	w.t.Fatalf("Git does not show %d replicas; the log: %s", n, w.replicas[0].tail())
}

// lines returns the log.
func (p *process) lines() []string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		p.t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

type line struct{ Level, Msg, Error, Hint, Address string }

// checkLines wants few lines about the disk, each with what is wrong and what to do.
func (r *replica) checkLines(lines []string, says string) {
	r.t.Helper()
	n := 0
	for _, text := range lines {
		var l line
		if json.Unmarshal([]byte(text), &l) != nil || l.Level != "ERROR" {
			continue
		}
		if n++; n == 1 {
			r.t.Logf("%s: %s (%s)", l.Msg, l.Error, l.Hint)
		}
		if !strings.Contains(l.Error, says) || strings.ContainsAny(l.Error, "\n") || l.Hint == "" {
			r.t.Errorf("the line %q of %d says not %q with a hint in one line", text, n, says)
		}
	}
	if n < 1 || n > 12 {
		r.t.Errorf("%d lines about it, want a few: %s", n, r.tail())
	}
}

// get returns the status of a path of the replica's server.
func (r *replica) get(path string) int {
	address := ""
	for _, text := range r.lines() {
		var l line
		if json.Unmarshal([]byte(text), &l) == nil && l.Msg == "serving" {
			address = l.Address
		}
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// eventually waits until readiness has a status.
func (r *replica) eventually(want int) {
	r.t.Helper()
	got := 0
	for began := time.Now(); time.Since(began) < 40*time.Second; time.Sleep(50 * time.Millisecond) {
		if got = r.get("/readyz"); got == want {
			return
		}
	}
	r.t.Errorf("/readyz = %d, want %d; the log: %s", got, want, r.tail())
}

// temporary returns what is half written below a directory.
func temporary(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); strings.HasPrefix(name, "tmp_") || strings.HasSuffix(name, ".lock") && !strings.Contains(name, ".git-") {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return all
}

// mayMount skips the test where nothing may be mounted.
func mayMount(t *testing.T, _ string) {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skipf("mounting is not permitted here: %v", err)
	}
	if err = errors.Join(err, syscall.Unmount(dir, 0)); err != nil {
		t.Fatal(err)
	}
}

// mountSmall makes dir a small file system with what is in it.
func mountSmall(t *testing.T, dir string) {
	t.Helper()
	mayMount(t, dir)
	saved := t.TempDir()
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.CopyFS(saved, os.DirFS(dir)), syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unmount(t, dir) })
	if err := os.CopyFS(dir, os.DirFS(saved)); err != nil {
		t.Fatal(err)
	}
}

func unmount(t *testing.T, dir string) {
	if err := syscall.Unmount(dir, 2); err != nil { // lazily: a process may still have files open
		t.Error(err)
	}
}

const filler = "filler"

// fill leaves no space.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, filler))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filler)); err != nil {
		t.Fatal(err)
	}
}

// protect makes dir a read-only file system.
func protect(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		unmount(t, dir)
		t.Fatal(err)
	}
}

func unprotect(t *testing.T, dir string) {
	t.Helper()
	unmount(t, dir)
}
