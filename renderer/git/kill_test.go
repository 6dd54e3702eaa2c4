package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

// The test binary runs itself as the process to kill when this is set, to
// "<url> <cache directory> <step> <n>": it kills itself at the n-th arrival at
// the step.
const killVariable = "GITREPO_TEST_KILL"

func TestMain(m *testing.M) {
	if order := os.Getenv(killVariable); order != "" {
		os.Exit(publishAndDie(strings.Fields(order)))
	}
	os.Exit(m.Run())
}

// content is what the killed process publishes, and the next one again. It is
// larger than a pipe, so that a push can be cut in its middle.
func killedContent(tx *Tx) error {
	err := error(nil)
	for i := range 40 {
		data := make([]byte, 4000)
		_, _ = rand.NewChaCha8([32]byte{byte(i)}).Read(data) // never fails
		err = errors.Join(err, tx.PutFile(fmt.Sprintf("ours/%d", i), data))
	}
	return err
}

func publishAndDie(order []string) int {
	var count int
	url, cache, step := order[0], order[1], order[2]
	_, _ = fmt.Sscan(order[3], &count)
	at := func(s string) {
		if s != step {
			return
		}
		if count--; count == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	h := hooks{step: at, disk: func(d pack.Disk) pack.Disk { return watchedDisk{d, at} }}
	r, err := open(context.Background(), url, Options{Branch: "main", CacheDir: cache}, h)
	if err == nil {
		_, err = Update(context.Background(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
			return Message{Subject: "ours"}, killedContent(tx)
		}, RetryOptions{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// watchedDisk announces each use of the disk, before and after.
type watchedDisk struct {
	pack.Disk
	at func(string)
}

func (d watchedDisk) CreateTemp(prefix string) (*os.File, error) {
	d.at("create")
	return d.Disk.CreateTemp(prefix)
}

func (d watchedDisk) Write(f *os.File, b []byte) (int, error) {
	n, err := d.Disk.Write(f, b[:len(b)/2]) // half written
	if err == nil {
		d.at("half")
		var rest int
		rest, err = d.Disk.Write(f, b[len(b)/2:])
		n += rest
	}
	d.at("written")
	return n, err
}

func (d watchedDisk) Rename(from, to string) error {
	d.at("file")
	return d.Disk.Rename(from, to)
}

// TestKilledAtAnyStep kills a process at every step of a publication. The
// branch must be the old or the new commit, and the next run must publish the
// same content without help.
func TestKilledAtAnyStep(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills a process at each of some thirty steps")
	}
	local := []string{"half 1", "written 1", "half 2", "written 2", "lock 1", "compare 1", "objects 1", "write 1", "log 1", "rename 1", "done 1", "file 1", "file 2"}
	mirror := []string{"create 1", "push 1", "sending 1", "sending 3", "pushed 1", "half 1", "written 2", "file 1", "file 2", "kept 1"}
	for medium, steps := range map[string][]string{"Path": local, "File": mirror, "HTTP": mirror} {
		for _, step := range steps {
			t.Run(medium+"/"+step, func(t *testing.T) {
				t.Parallel()
				m := media()[medium](t)
				killAndRunAgain(t, m, step)
			})
		}
	}
}

func killAndRunAgain(t *testing.T, m medium, step string) {
	m.server.Write("theirs", "1")
	old := m.server.Tip()
	if m.opts.CacheDir == "" {
		m.opts.CacheDir = t.TempDir()
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(gittest.Env(), killVariable+"="+strings.Join([]string{m.url, m.opts.CacheDir, step}, " "))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
	if err != nil && !killed {
		t.Fatalf("the process to kill: %v: %s", err, out)
	}
	if !killed {
		t.Fatalf("step %q does not occur", step)
	}
	waitForGit(t, m.server)

	tip := m.server.Tip()
	if parent, _ := gittest.TryGit(m.server.Dir, nil, "rev-parse", "main^"); tip != old && strings.TrimSpace(parent) != old {
		t.Errorf("tip = %s, want %s or a commit on top of it", tip, old)
	}
	checkReachable(t, m.server)

	r := m.open(t)
	res := update(t, r, func(tx *Tx) {
		if err := killedContent(tx); err != nil {
			t.Fatal(err)
		}
	})
	if got := m.server.Tip(); got != res.Commit.String() {
		t.Errorf("tip after the next run = %s, want %s", got, res.Commit)
	}
	if got := len(m.server.Files()); got != 41 {
		t.Errorf("files after the next run = %d, want 41", got)
	}
	if moved := tip != old; moved == res.Changed {
		t.Errorf("the killed process moved the branch: %v, the next run changed it: %v, want one of them", moved, res.Changed)
	}
	m.server.Check()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	ours := m.opts.CacheDir
	if m.url == m.server.Dir {
		ours = m.server.Dir
	}
	if left := leftovers(t, ours); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// checkReachable checks what the branch reaches; what a killed git left
// unreachable does not matter.
func checkReachable(t *testing.T, server *gittest.Repo) {
	t.Helper()
	if _, err := gittest.TryGit(server.Dir, nil, "rev-list", "--objects", "main"); err != nil {
		t.Error(err)
	}
}

// waitForGit waits for a git receive-pack that outlives its killed client.
func waitForGit(t *testing.T, server *gittest.Repo) {
	t.Helper()
	for range 100 {
		quarantines, _ := filepath.Glob(filepath.Join(server.Dir, "objects", "tmp_objdir-*"))
		locks, _ := filepath.Glob(filepath.Join(server.Dir, "refs", "heads", "*.lock"))
		twins, _ := filepath.Glob(filepath.Join(server.Dir, "sluice", "lock-*"))
		if len(quarantines) == 0 && (len(locks) == 0 || len(twins) > 0) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// leftovers returns temporary files and locks below the given directories.
func leftovers(t *testing.T, dirs ...string) []string {
	t.Helper()
	var left []string
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			name := filepath.Base(path)
			if strings.HasPrefix(name, "tmp_") || strings.HasPrefix(name, "lock-") || strings.HasSuffix(name, ".lock") && filepath.Dir(path) != dir {
				left = append(left, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return left
}

// TestLockOfOthersIsLeftAlone checks that only a dead process's own lock is
// removed: a lock that git or a living process holds is not.
func TestLockOfOthersIsLeftAlone(t *testing.T) {
	t.Parallel()
	server, r := openBare(t)
	server.Write("theirs", "1")
	lock := filepath.Join(server.Dir, "refs", "heads", "main.lock")
	if err := os.WriteFile(lock, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
		return Message{Subject: "ours"}, tx.PutFile("ours", nil)
	}, RetryOptions{Attempts: 1})
	if !errors.Is(err, ErrMoved) || !strings.Contains(err.Error(), "main.lock") {
		t.Errorf("Update(...) with a foreign lock = %v, want ErrMoved and the lock's path", err)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Errorf("the foreign lock is gone: %v", err)
	}
	if left := leftovers(t, server.Dir); !cmp.Equal(left, []string{lock}) {
		t.Errorf("left behind: %q", left)
	}
}
