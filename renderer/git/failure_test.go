package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// fullDisk fails from its n-th use on, as a disk without space does.
type fullDisk struct {
	pack.Disk
	uses *int
}

var errFull = &os.PathError{Op: "write", Path: "disk", Err: syscall.ENOSPC}

func (d fullDisk) use() error {
	if *d.uses--; *d.uses < 0 {
		return errFull
	}
	return nil
}

func (d fullDisk) CreateTemp(prefix string) (*os.File, error) {
	if err := d.use(); err != nil {
		return nil, err
	}
	return d.Disk.CreateTemp(prefix)
}

func (d fullDisk) Write(f *os.File, b []byte) (int, error) {
	if err := d.use(); err != nil {
		n, _ := d.Disk.Write(f, b[:len(b)/3])
		return n, err
	}
	return d.Disk.Write(f, b)
}

func (d fullDisk) Rename(from, to string) error {
	if err := d.use(); err != nil {
		return err
	}
	return d.Disk.Rename(from, to)
}

// TestFullDisk lets the disk run full at each use of it, for a commit that
// stays in memory and for one that spills, and then frees it.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"Small": 10, "Spilled": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			if name == "Spilled" {
				short.Skip(t, "writes megabytes again and again")
			}
			data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)
			for i := range data {
				data[i] ^= byte(i * i >> 7)
			}
			server := gittest.New(t)
			server.Write("theirs", "1")
			uses := 1 << 30
			r, err := open(t.Context(), server.Dir, Options{Branch: "main"}, hooks{disk: func(d pack.Disk) pack.Disk { return fullDisk{d, &uses} }})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			old := server.Tip()
			failed := 0
			for n := range 100 {
				uses = n
				_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
					return Message{Subject: "ours"}, tx.PutFile("ours", data)
				}, RetryOptions{})
				left := leftovers(t, server.Dir)
				if len(left) > 0 {
					t.Errorf("full at use %d: left behind %q", n, left)
				}
				if server.Tip() != old {
					if err != nil {
						t.Errorf("full at use %d: the branch moved and the error is %v", n, err)
					}
					break
				}
				failed++
				if !errors.Is(err, syscall.ENOSPC) || fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
					t.Errorf("full at use %d: error = %v of class %v, want ENOSPC of class person with a hint", n, err, fault.ClassOf(err))
				}
			}
			if failed < 4 {
				t.Errorf("the commit failed %d times, want at least 4: pack and index written and renamed", failed)
			}
			server.Check()
		})
	}
}

func TestFullDiskOfMirror(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	server := gittest.New(t)
	server.Write("theirs", "1")
	uses := 1 << 30
	o := Options{Branch: "main", CacheDir: t.TempDir()}
	r, err := open(t.Context(), "file://"+server.Dir, o, hooks{disk: func(d pack.Disk) pack.Disk { return fullDisk{d, &uses} }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := range 3 {
		uses = n
		if _, err := r.Head(t.Context()); !errors.Is(err, syscall.ENOSPC) || fault.ClassOf(err) != fault.Person {
			t.Errorf("Head() with a disk full at use %d = %v of class %v, want ENOSPC of class person", n, err, fault.ClassOf(err))
		}
	}
	uses = 1 << 30
	h := head(t, r)
	tx := r.Begin(h)
	defer tx.Discard()
	putFile(t, tx, "ours", "1")
	res, err := tx.Commit(t.Context(), Message{Subject: "ours"})
	if err != nil {
		t.Fatal(err)
	}
	uses = 0
	if err := r.Publish(t.Context(), h, res); err != nil {
		t.Errorf("Publish() = %v, want nil: the branch moved, only the mirror did not notice", err)
	}
	uses = 1 << 30
	if got := files(t, r, head(t, r))["ours"]; got != "1" || server.Tip() != res.Commit.String() {
		t.Errorf("after a new mirror: file = %q, tip = %s, want %q, %s", got, server.Tip(), "1", res.Commit)
	}
}

func TestReadOnlyRepository(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		// Root may write everywhere; a file where a directory must be stops it too.
		server, r := openBare(t)
		server.Write("theirs", "1")
		packs := filepath.Join(server.Dir, "objects", "pack")
		if err := errors.Join(os.RemoveAll(packs), os.WriteFile(packs, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
		_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
			return Message{Subject: "ours"}, tx.PutFile("ours", nil)
		}, RetryOptions{})
		if err == nil || len(leftovers(t, server.Dir)) > 0 {
			t.Errorf("Update(...) = %v, want an error and nothing left behind: %q", err, leftovers(t, server.Dir))
		}
		return
	}
	server, r := openBare(t)
	server.Write("theirs", "1")
	for _, dir := range []string{"objects/pack", "refs/heads", ""} {
		path := filepath.Join(server.Dir, dir)
		if err := os.Chmod(path, 0o555); err != nil {
			t.Fatal(err)
		}
		_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
			return Message{Subject: "ours"}, tx.PutFile("ours", nil)
		}, RetryOptions{})
		if fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
			t.Errorf("Update(...) with %q read-only = %v of class %v, want class person with a hint", dir, err, fault.ClassOf(err))
		}
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestServerTrouble gives a Repo what servers answer when they cannot do what
// they should.
func TestServerTrouble(t *testing.T) {
	t.Parallel()
	const token = "glpat-s3cr3t/+"
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, body, status)
			return true
		}
	}
	cases := map[string]struct {
		reason string
		server func(http.ResponseWriter, *http.Request) bool
		auth   Auth
		class  fault.Class
		hinted bool
	}{
		"WrongToken":  {"another token is needed", nil, Auth{Token: "wrong"}, fault.Person, true},
		"NoToken":     {"a token is needed", nil, Auth{}, fault.Person, true},
		"Forbidden":   {"another token is needed", answer(403, "not you, "+token), Auth{Token: token}, fault.Person, true},
		"NotFound":    {"the URL is wrong", answer(404, "what?"), Auth{Token: token}, fault.Person, true},
		"Unavailable": {"the server comes back", answer(503, "later"), Auth{Token: token}, fault.Retry, false},
		"TooMany":     {"the server comes back", answer(429, "later"), Auth{Token: token}, fault.Retry, false},
		"NoGit":       {"the URL is wrong", answer(418, "teapot"), Auth{Token: token}, fault.Person, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server := gittest.New(t)
			h := server.HTTP(token)
			h.Intercept(tc.server)
			var log bytes.Buffer
			r, err := Open(t.Context(), h.URL, Options{Branch: "main", CacheDir: t.TempDir(), Auth: tc.auth, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			_, err = r.Head(t.Context())
			if err == nil || fault.ClassOf(err) != tc.class || (fault.HintOf(err) != "") != tc.hinted {
				t.Errorf("%s: Head() = %v of class %v with hint %q, want class %v, hint: %v", tc.reason, err, fault.ClassOf(err), fault.HintOf(err), tc.class, tc.hinted)
			}
			if text := err.Error() + log.String(); strings.Contains(text, "s3cr3t") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: shows the token or has more than one line", text)
			}
		})
	}
}

// TestUntrustedServers checks that a server which cannot prove who it is, or
// does not know who asks, is a person's business.
func TestUntrustedServers(t *testing.T) {
	t.Parallel()
	server, other := gittest.New(t), gittest.New(t)
	ssh, stranger := server.SSH(), other.SSH()
	nobody := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(nobody, []byte("example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIJvKLVAz1Yx4xNo6Kx0yxNpYDqVHgMzRVrLLDcZ0J6z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		url  string
		auth Auth
	}{
		"Certificate": {server.HTTPS("").URL, Auth{}},
		"HostKey":     {ssh.URL, Auth{SSHKey: ssh.Key, KnownHosts: nobody}},
		"Key":         {ssh.URL, Auth{SSHKey: stranger.Key, KnownHosts: ssh.KnownHosts}},
		"Path":        {ssh.URL + "x", Auth{SSHKey: ssh.Key, KnownHosts: ssh.KnownHosts}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := Open(t.Context(), tc.url, Options{Branch: "main", CacheDir: t.TempDir(), Auth: tc.auth})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := r.Head(t.Context()); fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" {
				t.Errorf("Head() = %v of class %v with hint %q, want class person with a hint", err, fault.ClassOf(err), fault.HintOf(err))
			}
		})
	}
}

// TestCredentialsOfURL checks that a password in a URL is used and never shown.
func TestCredentialsOfURL(t *testing.T) {
	t.Parallel()
	server := gittest.New(t)
	h := server.HTTP("p@ss/word")
	url := strings.Replace(h.URL, "http://", "http://me:p%40ss%2Fword@", 1)
	cache := t.TempDir()
	r, err := Open(t.Context(), url, Options{Branch: "main", CacheDir: cache})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	update(t, r, func(tx *Tx) { putFile(t, tx, "ours", "1") })
	h.Close()
	_, err = r.Head(t.Context())
	if err == nil || fault.ClassOf(err) != fault.Retry || strings.Contains(err.Error(), "word") {
		t.Errorf("Head() of a server that is gone = %v of class %v, want class retry without the password", err, fault.ClassOf(err))
	}
	names, _ := filepath.Glob(filepath.Join(cache, "*"))
	if strings.Contains(strings.Join(names, " "), "ss") {
		t.Errorf("cache files %q show the password", names)
	}
}

func TestServerGoneWhilePushing(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	server := gittest.New(t)
	h := server.HTTP("")
	r, err := Open(t.Context(), h.URL, Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	hangUp := func(after bool) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, req *http.Request) bool {
			if req.Method == http.MethodGet || !strings.HasSuffix(req.URL.Path, "receive-pack") {
				return false
			}
			if after {
				h.Intercept(nil)
				body, err := io.ReadAll(req.Body)
				if err == nil {
					var resp *http.Response
					if resp, err = http.Post(h.URL+"/git-receive-pack", req.Header.Get("Content-Type"), bytes.NewReader(body)); err == nil {
						_ = resp.Body.Close()
					}
				}
				if err != nil {
					t.Error(err)
				}
			}
			panic(http.ErrAbortHandler) // the connection breaks
		}
	}
	h.Intercept(hangUp(false))
	_, err = Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
		return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
	}, RetryOptions{})
	if fault.ClassOf(err) != fault.Retry || server.Tip() != "" {
		t.Errorf("Update(...) with a connection that breaks first = %v of class %v, tip %q, want class retry and no commit", err, fault.ClassOf(err), server.Tip())
	}
	h.Intercept(hangUp(true))
	res, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
		return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
	}, RetryOptions{})
	if err != nil || server.Tip() != res.Commit.String() {
		t.Errorf("Update(...) with a connection that breaks after the push = %v, tip %s, want nil, %s", err, server.Tip(), res.Commit)
	}
}

func TestCancelledPush(t *testing.T) {
	t.Parallel()
	server := gittest.New(t)
	h := server.HTTP("")
	r, err := Open(t.Context(), h.URL, Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ctx, cancel := context.WithCancel(t.Context())
	stop := make(chan struct{})
	var answered atomic.Bool
	h.Intercept(func(_ http.ResponseWriter, req *http.Request) bool {
		if req.Method != http.MethodPost {
			return false
		}
		cancel()
		select {
		case <-stop:
		case <-req.Context().Done():
		case <-time.After(2 * time.Minute):
			answered.Store(true)
		}
		return true // git would wait for the rest of what nobody sends
	})
	_, err = Update(ctx, r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
		return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
	}, RetryOptions{})
	close(stop)
	if !errors.Is(err, context.Canceled) || answered.Load() {
		t.Errorf("Update(...) = %v (the server answered first: %t), want a cancellation that waits for no answer", err, answered.Load())
	}
}

// TestDamagedMirrorIsClonedAgain damages the mirror in every file.
func TestDamagedMirrorIsClonedAgain(t *testing.T) {
	short.Skip(t, "clones two dozen times")
	t.Parallel()
	damages := map[string]func(path string) error{
		"Truncated": func(path string) error { return os.Truncate(path, 0) },
		"Gone":      os.Remove,
		"Scribbled": func(path string) error {
			b, err := os.ReadFile(path)
			for i := len(b) / 8; i < len(b)*7/8; i++ {
				b[i] ^= 0x55
			}
			return errors.Join(err, os.Chmod(path, 0o600), os.WriteFile(path, b, 0o600))
		},
	}
	for name, damage := range damages {
		for _, pattern := range []string{"objects/pack/*.pack", "objects/pack/*.idx", "refs/heads/main", "HEAD"} {
			t.Run(name+"/"+filepath.Base(pattern), func(t *testing.T) {
				t.Parallel()
				server := gittest.New(t)
				server.Write("theirs/deep/file", strings.Repeat("1", 100))
				m := medium{server, "file://" + server.Dir, Options{CacheDir: t.TempDir()}}
				first := m.open(t)
				head(t, first)
				if err := first.Close(); err != nil {
					t.Fatal(err)
				}
				found, _ := filepath.Glob(filepath.Join(m.opts.CacheDir, "*", filepath.FromSlash(pattern)))
				if len(found) == 0 {
					t.Fatalf("nothing at %s", pattern)
				}
				for _, path := range found {
					if err := damage(path); err != nil {
						t.Fatal(err)
					}
				}
				r := m.open(t)
				calls := 0
				res, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
					calls++
					return Message{Subject: "ours"}, tx.PutFile("theirs/deep/ours", []byte("1"))
				}, RetryOptions{Sleep: func(context.Context, time.Duration) error { return nil }})
				if err != nil || server.Tip() != res.Commit.String() || calls > 2 {
					t.Errorf("Update(...) = %v after %d calls, tip %s, want nil, at most 2, %s", err, calls, server.Tip(), res.Commit)
				}
				if got := files(t, r, head(t, r)); len(got) != 2 {
					t.Errorf("files = %v, want 2", got)
				}
				server.Check()
			})
		}
	}
}

// TestTwoReposOfOneMirror checks that a second user of a mirror gets one of
// its own, which goes when it is closed.
func TestTwoReposOfOneMirror(t *testing.T) {
	t.Parallel()
	m := media()["File"](t)
	a, b := m.open(t), m.open(t)
	update(t, a, func(tx *Tx) { putFile(t, tx, "a", "1") })
	update(t, b, func(tx *Tx) { putFile(t, tx, "b", "2") })
	if got := files(t, a, head(t, a)); len(got) != 2 {
		t.Errorf("files = %v, want those of both", got)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(m.opts.CacheDir, "*private*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestDeadPrivateMirrorIsRemoved leaves a private mirror behind as a kill does.
func TestDeadPrivateMirrorIsRemoved(t *testing.T) {
	t.Parallel()
	m := media()["File"](t)
	first, second := m.open(t), m.open(t)
	private := second.backend.(*mirror).dir
	_ = private.lock.Close() // the flock ends with its process
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	head(t, m.open(t))
	if left, _ := filepath.Glob(filepath.Join(m.opts.CacheDir, "*private*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	private.lock, private.private = nil, false
}

func TestOpenRefuses(t *testing.T) {
	cases := map[string]struct {
		reason  string
		prepare func(t *testing.T) string // returns the URL
		opts    Options
	}{
		"Missing":        {"there is no directory", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, Options{}},
		"NoRepository":   {"the directory is none", func(t *testing.T) string { return t.TempDir() }, Options{}},
		"BadBranch":      {"git has no such name", func(t *testing.T) string { return gittest.New(t).Dir }, Options{Branch: "a..b"}},
		"Scheme":         {"nobody speaks it", func(t *testing.T) string { return "ftp://localhost/x" }, Options{Branch: "main", CacheDir: "x"}},
		"NoCache":        {"a mirror needs a place", func(t *testing.T) string { return "http://127.0.0.1:1/x" }, Options{Branch: "main"}},
		"CheckedOut":     {"the work tree would go stale", nonBare, Options{Branch: "main"}},
		"ObjectFormat":   {"its names are not SHA-1", configured("extensions.objectFormat", "sha256"), Options{}},
		"RefStorage":     {"its references are no files", configured("extensions.refStorage", "reftable"), Options{}},
		"NewExtension":   {"nobody knows what it means", configured("extensions.frobnicate", "true"), Options{}},
		"FutureFormat":   {"nobody knows what it means", configured("core.repositoryformatversion", "2"), Options{}},
		"EncryptedKey":   {"the key cannot be read", func(t *testing.T) string { return "ssh://git@127.0.0.1:1/x" }, Options{Branch: "main", CacheDir: "x", Auth: Auth{SSHKey: []byte("no key"), KnownHosts: os.DevNull}}},
		"NoCertificates": {"there is nothing to trust", func(t *testing.T) string { return "https://127.0.0.1:1/x" }, Options{Branch: "main", CacheDir: "x", Auth: Auth{CABundle: []byte("x")}}},
		"NoAgent": {"there is no key", func(t *testing.T) string {
			t.Setenv("SSH_AUTH_SOCK", "")
			return "ssh://git@127.0.0.1:1/x"
		}, Options{Branch: "main", CacheDir: "x", Auth: Auth{KnownHosts: os.DevNull}}},
		"NoKnownHosts": {"a server's key must be known", func(t *testing.T) string { return "git@127.0.0.1:x" }, Options{Branch: "main", CacheDir: "x", Auth: Auth{KnownHosts: "/does/not/exist"}}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r, err := Open(t.Context(), tc.prepare(t), tc.opts)
			if err == nil {
				_ = r.Close()
			}
			if fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: Open(...) = %v of class %v with hint %q, want one line of class person with a hint", tc.reason, err, fault.ClassOf(err), fault.HintOf(err))
			}
		})
	}
}

// A server's repository of another object format is told from a server that is
// not well, whatever it holds and however it is reached.
func TestObjectFormatOfServer(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	for name, prepare := range map[string]func(*gittest.Repo) string{
		"HTTP": func(r *gittest.Repo) string { return r.HTTP("").URL },
		"File": func(r *gittest.Repo) string { return "file://" + r.Dir },
	} {
		for _, empty := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/empty=%t", name, empty), func(t *testing.T) {
				server := gittest.New(t)
				gittest.Git(t, "", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", server.Dir+".256")
				server.Dir += ".256"
				server.Git("config", "http.receivepack", "true")
				if !empty {
					server.Write("theirs", "1")
				}
				for _, branch := range []string{"", "main"} {
					r, err := Open(t.Context(), prepare(server), Options{Branch: branch, CacheDir: t.TempDir()})
					if err == nil {
						if _, err = r.Head(t.Context()); err == nil { // of an empty one older servers tell nothing until a push
							err = r.Writable(t.Context())
						}
						_ = r.Close()
					}
					if err == nil || fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), "its objects are named by SHA-256") || fault.HintOf(err) == "" {
						t.Errorf("branch %q: error = %v of class %v with hint %q, want the object format", branch, err, fault.ClassOf(err), fault.HintOf(err))
					}
				}
			})
		}
	}
}

func nonBare(t *testing.T) string {
	dir := t.TempDir()
	gittest.Git(t, dir, "init", "-q", "-b", "main")
	return dir
}

func configured(key, value string) func(*testing.T) string {
	return func(t *testing.T) string {
		r := gittest.New(t)
		r.Git("config", "core.repositoryformatversion", "1")
		r.Git("config", key, value)
		return r.Dir
	}
}

// TestOtherBranchOfWorkTree writes a branch that is not checked out.
func TestOtherBranchOfWorkTree(t *testing.T) {
	t.Parallel()
	dir := nonBare(t)
	r, err := Open(t.Context(), dir, Options{Branch: "rendered/all"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	res := update(t, r, func(tx *Tx) { putFile(t, tx, "a", "1") })
	if got := gittest.Git(t, dir, "rev-parse", "rendered/all"); got != res.Commit.String() {
		t.Errorf("git rev-parse = %s, want %s", got, res.Commit)
	}
}

// TestDyingServer checks the words of a hook that makes git itself die, which
// only reach a caller that runs git.
func TestDyingServer(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Path", "File"} {
		t.Run(name, func(t *testing.T) {
			m := media()[name](t)
			m.server.Hook("reference-transaction", "echo not on fridays >&2; exit 1")
			r := m.open(t)
			_, err := Update(t.Context(), r, func(_ context.Context, tx *Tx, _ Head) (Message, error) {
				return Message{Subject: "ours"}, tx.PutFile("ours", []byte("1"))
			}, RetryOptions{})
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "not on fridays") || m.server.Tip() != "" {
				t.Errorf("Update(...) = %v, tip %q, want ErrRefused with the hook's words and no commit", err, m.server.Tip())
			}
		})
	}
}
