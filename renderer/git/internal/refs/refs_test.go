package refs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/flock"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// commits returns a repository with a branch of n commits, oldest first.
func commits(t testing.TB, n int) (*gittest.Repo, []object.Hash) {
	t.Helper()
	repo := gittest.New(t)
	var all []object.Hash
	for i := range n {
		repo.Write("file", strings.Repeat("x", i+1))
		h, err := object.Parse(repo.Tip())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	return repo, all
}

func move(branch string, from, to object.Hash) Move {
	return Move{Branch: branch, Old: from, New: to, Before: func() error { return nil },
		Who: object.Signature{Name: "a", Email: "a@b", When: time.Unix(1, 0)}, Why: "test"}
}

func TestMove(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 3)
	r := New(repo.Dir)
	cases := []struct {
		name     string
		prepare  func()
		branch   string
		from, to object.Hash
		want     error
	}{
		{"Back", nil, "main", c[2], c[1], nil},
		{"Stale", nil, "main", c[2], c[0], ErrMoved},
		{"New", nil, "feature/one", object.Hash{}, c[0], nil},
		{"NewButThere", nil, "feature/one", object.Hash{}, c[1], ErrMoved},
		{"GoneButWanted", nil, "none", c[0], c[1], ErrMoved},
		{"Packed", func() { repo.Git("pack-refs", "--all", "--prune") }, "main", c[1], c[2], nil},
		{"PackedStale", func() { repo.Git("pack-refs", "--all", "--prune") }, "main", c[1], c[0], ErrMoved},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if tc.prepare != nil {
				tc.prepare()
			}
			before, _ := r.Read(tc.branch)
			err := r.Move(t.Context(), move(tc.branch, tc.from, tc.to))
			if !errors.Is(err, tc.want) {
				t.Fatalf("Move(...) = %v, want %v", err, tc.want)
			}
			want := tc.to
			if tc.want != nil {
				want = before
			}
			got, err := r.Read(tc.branch)
			if err != nil || got != want {
				t.Errorf("Read(%q) = %s, %v, want %s", tc.branch, got, err, want)
			}
			if !want.IsZero() {
				if git := repo.Git("rev-parse", "refs/heads/"+tc.branch); git != want.String() {
					t.Errorf("git rev-parse %s = %s, want %s", tc.branch, git, want)
				}
			}
		})
	}
	repo.Check()
}

// TestOneOfManyWins moves a branch from many goroutines at once.
func TestOneOfManyWins(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	repo, c := commits(t, 9)
	r := New(repo.Dir)
	for round := range 20 {
		if err := r.Move(t.Context(), move("race", mustRead(t, r, "race"), c[0])); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		errs := make([]error, len(c)-1)
		for i := range errs {
			wg.Go(func() { errs[i] = r.Move(context.Background(), move("race", c[0], c[i+1])) })
		}
		wg.Wait()
		won := 0
		for i, err := range errs {
			switch {
			case err == nil:
				won++
				if got := mustRead(t, r, "race"); got != c[i+1] {
					t.Errorf("round %d: the branch is at %s, want the winner's %s", round, got, c[i+1])
				}
			case !errors.Is(err, ErrMoved) && !errors.Is(err, ErrLocked):
				t.Errorf("round %d: Move(...) = %v, want ErrMoved", round, err)
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d moves won, want 1", round, won)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(repo.Dir, "sluice", "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func mustRead(t testing.TB, r Refs, branch string) object.Hash {
	t.Helper()
	h, err := r.Read(branch)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	repo, _ := commits(t, 1)
	r := New(repo.Dir)
	for name, content := range map[string]string{"symbolic": "ref: refs/heads/main\n", "garbage": "xyz\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(repo.Dir, "refs", "heads", name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if h, err := r.Read(name); err == nil {
			t.Errorf("Read(%q) of %q = %s, want an error", name, content, h)
		}
	}
}

func TestCollisionsAreRefused(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 1)
	r := New(repo.Dir)
	repo.Git("branch", "a/b", "main")
	for _, packed := range []bool{false, true} {
		if packed {
			repo.Git("pack-refs", "--all", "--prune")
		}
		for _, branch := range []string{"a", "a/b/c"} {
			if err := r.Move(t.Context(), move(branch, object.Hash{}, c[0])); err == nil {
				t.Errorf("Move of new branch %q beside a/b, packed: %v = nil, want an error", branch, packed)
			}
		}
	}
	repo.Check()
}

// TestLogs keeps up the logs that git made, and makes none.
func TestLogs(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 3)
	r := New(repo.Dir)
	if err := r.Move(t.Context(), move("main", c[2], c[1])); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(repo.Dir, "logs")); err == nil {
		t.Error("a bare repository has logs")
	}
	repo.Git("config", "core.logAllRefUpdates", "true")
	repo.Git("update-ref", "refs/heads/main", c[2].String())
	if err := r.Move(t.Context(), move("main", c[2], c[0])); err != nil {
		t.Fatal(err)
	}
	repo.Git("update-ref", "refs/heads/other", c[2].String())
	if err := r.Move(t.Context(), move("other", c[2], c[1])); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]object.Hash{"main": c[0], "HEAD": c[0], "other": c[1]} { // HEAD names main
		if got := repo.Git("reflog", "show", "--format=%H %gs", "-1", ref); got != want.String()+" test" {
			t.Errorf("git reflog show %s = %q, want %s test", ref, got, want)
		}
	}
	repo.Check()
}

// TestCommittedLockIsNotReleased has the next writer take the lock before the
// one that moved the branch is done with it.
func TestCommittedLockIsNotReleased(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 1)
	r := New(repo.Dir)
	first, err := r.tryLock("main")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.write(c[0].String()+"\n"), first.commit()); err != nil {
		t.Fatal(err)
	}
	next, err := r.tryLock("main")
	if err != nil {
		t.Fatal(err)
	}
	defer next.release()
	first.release()
	if _, err := r.tryLock("main"); !errors.Is(err, os.ErrExist) {
		t.Errorf("tryLock() while the next writer holds the lock = %v, want ErrExist", err)
	}
}

// TestOthersMayReadTheBranch: the temporary file that becomes the branch is its
// owner's alone, and git is often run by other users.
func TestOthersMayReadTheBranch(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 2)
	if err := New(repo.Dir).Move(t.Context(), move("main", c[1], c[0])); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(repo.Dir, "refs", "heads", "main"))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o644 {
		t.Errorf("mode of the branch = %o, want 644", got)
	}
}

// TestHeal removes the lock of a dead owner and no other.
func TestHeal(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 2)
	r := New(repo.Dir)
	lock := filepath.Join(repo.Dir, "refs", "heads", "main.lock")
	alive, err := r.tryLock("main")
	if err != nil {
		t.Fatal(err)
	}
	if r.Heal("main") {
		t.Error("Heal removed the lock of a living owner")
	}
	if err := r.Move(t.Context(), move("main", c[1], c[0])); !errors.Is(err, ErrLocked) {
		t.Errorf("Move of a locked branch = %v, want ErrLocked", err)
	}
	_ = alive.file.Close() // as a kill does: the files stay, the flock ends
	if r.Heal("other") {
		t.Error("Heal of another branch removed something")
	}
	if err := r.Move(t.Context(), move("main", c[1], c[0])); err != nil {
		t.Errorf("Move of a branch that a dead process locked = %v, want nil", err)
	}

	// A twin whose lock was replaced by somebody else's proves nothing.
	dead, err := r.tryLock("main")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.file.Close()
	if err := errors.Join(os.Remove(lock), os.WriteFile(lock, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if r.Heal("main") {
		t.Error("Heal removed a lock that is not its twin's")
	}
	if _, err := os.Stat(lock); err != nil {
		t.Errorf("the foreign lock is gone: %v", err)
	}
	if _, err := os.Stat(dead.twin); err == nil {
		t.Error("the dead twin is still there")
	}
}

// TestWithoutHardLinks falls back to a plain lock file.
func TestWithoutHardLinks(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 2)
	r := New(repo.Dir)
	dir, prefix := r.twins("main")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := flock.CreateTemp(dir, prefix)
	if err != nil {
		t.Fatal(err)
	}
	l := &lock{ref: r.path("main"), file: f, twin: f.Name()}
	if err := l.takePlain(); err != nil {
		t.Fatal(err)
	}
	other := &lock{ref: r.path("main"), file: f, twin: f.Name()}
	if err := other.takePlain(); !errors.Is(err, os.ErrExist) {
		t.Errorf("takePlain of a held lock = %v, want ErrExist", err)
	}
	if err := errors.Join(l.write(c[0].String()+"\n"), l.commit()); err != nil {
		t.Fatal(err)
	}
	l.release()
	if got := mustRead(t, r, "main"); got != c[0] {
		t.Errorf("branch is at %s, want %s", got, c[0])
	}
}

func TestLockEndsWithContext(t *testing.T) {
	t.Parallel()
	repo, c := commits(t, 2)
	if err := os.WriteFile(filepath.Join(repo.Dir, "refs", "heads", "main.lock"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := New(repo.Dir).Move(ctx, move("main", c[1], c[0])); !errors.Is(err, context.Canceled) {
		t.Errorf("Move(...) = %v, want a cancellation", err)
	}
}

func TestCheckBranchIsThatOfGit(t *testing.T) {
	short.Skip(t, "runs git for each name")
	t.Parallel()
	names := []string{
		"main", "a/b", "a.b", "a-b", "a@b", "ä", "{a}", "a@{1}", "@", "", "-a", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a/b.", "a..b",
		"a.lock", "a.lock/b", "a b", "a~b", "a^b", "a:b", "a?b", "a*b", "a[b", "a\\b", "a\tb", "a\x7fb", "HEAD", "a.lockb",
	}
	repo := gittest.New(t)
	for _, name := range names {
		_, err := gittest.TryGit(repo.Dir, nil, "check-ref-format", "--branch", name)
		if got := CheckBranch(name); (got == nil) != (err == nil) {
			t.Errorf("CheckBranch(%q) = %v, git says %v", name, got, err)
		}
	}
}

func TestCheckedOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	gittest.Git(t, dir, "init", "-q", "-b", "main")
	gittest.Git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
	gittest.Git(t, dir, "worktree", "add", "-q", filepath.Join(t.TempDir(), "w"), "-b", "linked")
	gittest.Git(t, dir, "branch", "free")
	r := New(filepath.Join(dir, ".git"))
	for branch, want := range map[string]bool{"main": true, "linked": true, "free": false} {
		if got := r.CheckedOut(branch, false); got != want {
			t.Errorf("CheckedOut(%q) = %v, want %v", branch, got, want)
		}
	}
	if r.CheckedOut("main", true) || !r.CheckedOut("linked", true) {
		t.Error("a bare repository's HEAD is no work tree's, a linked work tree's is")
	}
}
