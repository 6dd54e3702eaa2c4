package git

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// medium is one way to reach a repository.
type medium struct {
	server *gittest.Repo
	url    string
	opts   Options
}

// media are all ways that must behave alike.
func media() map[string]func(*testing.T) medium {
	return map[string]func(*testing.T) medium{
		"Path": func(t *testing.T) medium {
			r := gittest.New(t)
			return medium{r, r.Dir, Options{}}
		},
		"PathWithHooks": func(t *testing.T) medium {
			r := gittest.New(t)
			r.Hook("post-update", "exit 0")
			return medium{r, r.Dir, Options{}}
		},
		"File": func(t *testing.T) medium {
			r := gittest.New(t)
			return medium{r, "file://" + r.Dir, Options{CacheDir: t.TempDir()}}
		},
		"HTTP": func(t *testing.T) medium {
			r := gittest.New(t)
			return medium{r, r.HTTP("").URL, Options{CacheDir: t.TempDir()}}
		},
		"HTTPWithToken": func(t *testing.T) medium {
			r := gittest.New(t)
			return medium{r, r.HTTP("s3cr3t").URL, Options{CacheDir: t.TempDir(), Auth: Auth{Token: "s3cr3t"}}}
		},
		"HTTPS": func(t *testing.T) medium {
			r := gittest.New(t)
			h := r.HTTPS("s3cr3t")
			return medium{r, h.URL, Options{CacheDir: t.TempDir(), Auth: Auth{User: "me", Password: "s3cr3t", CABundle: h.CA}}}
		},
		"SSH": func(t *testing.T) medium {
			r := gittest.New(t)
			s := r.SSH()
			return medium{r, s.URL, Options{CacheDir: t.TempDir(), Auth: Auth{SSHKey: s.Key, KnownHosts: s.KnownHosts}}}
		},
	}
}

// onEach runs a behaviour on every medium; a short run starts no servers.
func onEach(t *testing.T, f func(*testing.T, medium, *Repo)) {
	for name, make := range media() {
		if short.Run() && name != "Path" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := make(t)
			f(t, m, m.open(t))
		})
	}
}

func (m medium) open(t *testing.T) *Repo {
	t.Helper()
	m.opts.Branch = "main"
	m.opts.Clock = func() time.Time { return time.Unix(1700000000, 0) }
	r, err := Open(t.Context(), m.url, m.opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// dir returns a directory of files given as path, content, path, content...
func dir(t testing.TB, pairs ...string) *tree.Dir {
	t.Helper()
	files := map[string][]byte{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = []byte(pairs[i+1])
	}
	d, err := tree.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// update publishes what f puts and fails the test on an error.
func update(t testing.TB, r *Repo, f func(*Tx)) Result {
	t.Helper()
	res, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
		f(tx)
		return Message{Subject: "test"}, nil
	}, RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func head(t testing.TB, r *Repo) Head {
	t.Helper()
	h, err := r.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// files returns the content of every file of a head by path.
func files(t testing.TB, r *Repo, h Head) map[string]string {
	t.Helper()
	found := map[string]string{}
	fsys := r.FS(h)
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		found[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCommitsContent(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		if h := head(t, r); !h.IsZero() {
			t.Fatalf("Head() of an empty repository = %v, want the zero Head", h)
		}
		res := update(t, r, func(tx *Tx) {
			put(t, tx, "a/b", dir(t, "x", "1", "sub/y", "2"))
			putFile(t, tx, "top.txt", "3")
		})
		if got, want := m.server.Tip(), res.Commit.String(); got != want {
			t.Errorf("git rev-parse main = %s, want %s", got, want)
		}
		want := map[string]string{"a/b/x": "1", "a/b/sub/y": "2", "top.txt": "3"}
		if d := cmp.Diff(want, files(t, r, head(t, r))); d != "" {
			t.Errorf("files after the first commit: -want +got\n%s", d)
		}

		res = update(t, r, func(tx *Tx) {
			put(t, tx, "a/b/sub", nil)
			putFile(t, tx, "top.txt", "4")
			put(t, tx, "c", dir(t, "z", "5"))
		})
		if want := (tree.Counts{Added: 1, Changed: 1, Removed: 1}); res.Files != want {
			t.Errorf("Result.Files = %+v, want %+v", res.Files, want)
		}
		want = map[string]string{"a/b/x": "1", "top.txt": "4", "c/z": "5"}
		if d := cmp.Diff(want, files(t, r, res.Head())); d != "" {
			t.Errorf("files after the second commit: -want +got\n%s", d)
		}
		if got, want := m.server.Git("rev-list", "--count", "main"), "2"; got != want {
			t.Errorf("git rev-list --count = %s, want %s", got, want)
		}
		m.server.Check()
	})
}

func TestSeesCommitsOfOthers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		m.server.Write("theirs", "1")
		update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "2") })
		m.server.Write("more/theirs", "3")
		want := map[string]string{"theirs": "1", "ours": "2", "more/theirs": "3"}
		if d := cmp.Diff(want, files(t, r, head(t, r))); d != "" {
			t.Errorf("files: -want +got\n%s", d)
		}
		m.server.Git("gc", "-q")
		update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "4") })
		want["ours"] = "4"
		other := m.open(t)
		if d := cmp.Diff(want, files(t, other, head(t, other))); d != "" {
			t.Errorf("files read by another Repo: -want +got\n%s", d)
		}
		m.server.Check()
	})
}

func TestEqualContentIsNoCommit(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		fill := func(tx *Tx) {
			tx.Reset("a")
			put(t, tx, "a/b", dir(t, "x", "1"))
		}
		first := update(t, r, fill)
		again := update(t, r, fill)
		if again.Changed || again.Commit != first.Commit || again.Objects != 0 {
			t.Errorf("Update with equal content = %+v, want no change", again)
		}
		if got, want := m.server.Git("rev-list", "--count", "main"), "1"; got != want {
			t.Errorf("git rev-list --count = %s, want %s", got, want)
		}
	})
}

func TestLostRaceIsAnsweredOnTheNewHead(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "0") })
		races := 3
		var pauses []time.Duration
		res, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, h Head) (Message, error) {
			if races--; races >= 0 {
				m.server.Write("theirs", strings.Repeat("x", races+1))
			}
			return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
		}, RetryOptions{Random: func() float64 { return 0.5 }, Sleep: func(_ context.Context, d time.Duration) error {
			pauses = append(pauses, d)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := m.server.Tip(); got != res.Commit.String() {
			t.Errorf("tip = %s, want %s", got, res.Commit)
		}
		ms := time.Millisecond
		if d := cmp.Diff([]time.Duration{37500 * time.Microsecond, 75 * ms, 150 * ms}, pauses); d != "" {
			t.Errorf("pauses: -want +got\n%s", d)
		}
		want := map[string]string{"ours": "1", "theirs": "x"}
		if d := cmp.Diff(want, files(t, r, head(t, r))); d != "" {
			t.Errorf("files: -want +got\n%s", d)
		}
		m.server.Check()
	})
}

func TestEndlessRaceIsGivenUp(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		n := 0
		_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, h Head) (Message, error) {
			n++
			m.server.Write("theirs", strings.Repeat("x", n))
			return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
		}, RetryOptions{Attempts: 3, Sleep: func(context.Context, time.Duration) error { return nil }})
		if !errors.Is(err, ErrMoved) || fault.ClassOf(err) != fault.Retry {
			t.Errorf("Update(...) = %v of class %v, want ErrMoved of class retry", err, fault.ClassOf(err))
		}
		if n != 3 {
			t.Errorf("attempts = %d, want 3", n)
		}
		if got, want := m.server.Files(), []string{"theirs"}; !cmp.Equal(got, want) {
			t.Errorf("files = %v, want %v", got, want)
		}
		noGarbage(t, m)
	})
}

func TestHookRefusalIsFinal(t *testing.T) {
	t.Parallel()
	for _, hook := range []string{"pre-receive", "update"} {
		t.Run(hook, func(t *testing.T) {
			onEach(t, func(t *testing.T, m medium, _ *Repo) {
				m.server.Write("theirs", "1")
				tip := m.server.Tip()
				m.server.Hook(hook, `printf 'no\033[31m pushing on fridays, try fetch first\n' >&2; exit 1`)
				r := m.open(t)
				calls := 0
				_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, h Head) (Message, error) {
					calls++
					return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
				}, RetryOptions{})
				if !errors.Is(err, ErrRefused) || fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
					t.Errorf("Update(...) = %v of class %v, want ErrRefused of class person with a hint", err, fault.ClassOf(err))
				}
				if err != nil && (!strings.Contains(err.Error(), "pushing on fridays") || strings.ContainsAny(err.Error(), "\n\x1b")) {
					t.Errorf("error %q: want the hook's words on one line without control characters", err)
				}
				if calls != 1 {
					t.Errorf("attempts = %d, want 1", calls)
				}
				if got := m.server.Tip(); got != tip {
					t.Errorf("tip = %s, want %s", got, tip)
				}
				m.server.Check()
				if hook == "pre-receive" { // git keeps what it asks the update hook about
					noGarbage(t, m)
				}
			})
		})
	}
}

// noGarbage checks that a push that was lost or refused left no object behind.
func noGarbage(t *testing.T, m medium) {
	t.Helper()
	if said := m.server.Git("fsck", "--unreachable", "--no-reflogs"); strings.Contains(said, "unreachable") {
		t.Errorf("unreachable objects are left:\n%s", said)
	}
}

func TestFS(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		res := update(t, r, func(tx *Tx) {
			put(t, tx, "a", dir(t, "b/c", "1", "b.txt", "2", "b0", "3"))
			putFile(t, tx, "top", "")
		})
		if err := fstest.TestFS(r.FS(res.Head()), "a/b/c", "a/b.txt", "a/b0", "top"); err != nil {
			t.Error(err)
		}
	})
}

func TestReusesMirror(t *testing.T) {
	t.Parallel()
	server := gittest.New(t)
	h := server.HTTP("")
	m := medium{server, h.URL, Options{CacheDir: t.TempDir()}}
	r := m.open(t)
	server.Write("theirs", "1")
	update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "2") })
	asked := []string{"GET info/refs?service=git-upload-pack"}
	before := len(h.Requests())
	head(t, r)
	if d := cmp.Diff(asked, h.Requests()[before:]); d != "" {
		t.Errorf("requests of a Repo after its own push: -want +got\n%s", d)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	before = len(h.Requests())
	again := m.open(t)
	want := map[string]string{"theirs": "1", "ours": "2"}
	if d := cmp.Diff(want, files(t, again, head(t, again))); d != "" {
		t.Errorf("files: -want +got\n%s", d)
	}
	if d := cmp.Diff(asked, h.Requests()[before:]); d != "" {
		t.Errorf("requests of a Repo whose mirror is up to date: -want +got\n%s", d)
	}
}

func put(t testing.TB, tx *Tx, path string, d *tree.Dir) {
	t.Helper()
	if err := tx.Put(path, d); err != nil {
		t.Fatal(err)
	}
}

func putFile(t testing.TB, tx *Tx, path, content string) {
	t.Helper()
	if err := tx.PutFile(path, []byte(content)); err != nil {
		t.Fatal(err)
	}
}
