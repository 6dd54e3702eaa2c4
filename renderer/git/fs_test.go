package git

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// special returns a head with every kind of entry that Git has.
func special(t *testing.T) (*gittest.Repo, *Repo, Head) {
	t.Helper()
	server, r := openBare(t)
	stream := "commit refs/heads/main\ncommitter a <a@b> 0 +0000\ndata 0\n" +
		"M 100644 inline dir/file\ndata 4\nfile\n" +
		"M 100755 inline dir/run\ndata 3\nrun\n" +
		"M 120000 inline dir/link\ndata 4\nfile\n" +
		"M 120000 inline linkdir\ndata 3\ndir\n" +
		"M 120000 inline out\ndata 11\n/etc/passwd\n" +
		"M 160000 " + strings.Repeat("12", 20) + " sub/module\n"
	if _, err := gittest.TryGit(server.Dir, []byte(stream), "fast-import", "--quiet"); err != nil {
		t.Fatal(err)
	}
	return server, r, head(t, r)
}

func TestFSOfSpecialEntries(t *testing.T) {
	t.Parallel()
	_, r, h := special(t)
	fsys := r.FS(h)
	modes := map[string]fs.FileMode{
		"dir": fs.ModeDir | 0o755, "dir/file": 0o644, "dir/run": 0o755, "dir/link": fs.ModeSymlink | 0o777, "linkdir": fs.ModeSymlink | 0o777,
	}
	for path, want := range modes {
		info, err := fs.Stat(fsys, path)
		if err != nil || info.Mode() != want {
			t.Errorf("Stat(%q) = %v, %v, want mode %v", path, info, err, want)
		}
	}
	for _, path := range []string{"linkdir/file", "dir/file/x", "none", "dir/none", "dir/link/x"} {
		if _, err := fs.ReadFile(fsys, path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadFile(%q) = %v, want ErrNotExist", path, err)
		}
	}
	for _, path := range []string{"dir/link", "out", "sub/module", "dir", "../x", "/dir/file", "dir/", ""} {
		if data, err := fs.ReadFile(fsys, path); err == nil {
			t.Errorf("ReadFile(%q) = %q, want an error", path, data)
		}
	}
	if f, err := fsys.Open("out"); err != nil {
		t.Errorf("Open(link) = %v, want nil: its mode can be asked for", err)
	} else if data, err := io.ReadAll(f); err == nil {
		t.Errorf("reading a link = %q, want an error", data)
	}
	if _, err := fsys.Open("sub/module"); err == nil {
		t.Error("Open(submodule) = nil, want an error")
	}
	entries, err := fs.ReadDir(fsys, "sub")
	if err != nil || len(entries) != 1 || entries[0].Type() != fs.ModeIrregular {
		t.Errorf("ReadDir(sub) = %v, %v, want one irregular entry", entries, err)
	}
}

// TestWritingOverSpecialEntries replaces links and executables, and refuses to
// drop a submodule.
func TestWritingOverSpecialEntries(t *testing.T) {
	t.Parallel()
	server, r, h := special(t)
	tx := r.Begin(h)
	defer tx.Discard()
	put(t, tx, "dir", dir(t, "file", "file", "run", "run\n"[:3], "link", "file"))
	put(t, tx, "linkdir/below", dir(t, "x", "1"))
	put(t, tx, "out", nil)
	res, err := tx.Commit(t.Context(), Message{Subject: "x"})
	if err == nil {
		err = r.Publish(t.Context(), h, res)
	}
	if err != nil {
		t.Fatal(err)
	}
	if want := (tree.Counts{Added: 1, Changed: 2, Removed: 2}); res.Files != want {
		t.Errorf("Files = %+v, want %+v: run and link become files, linkdir a directory, out goes", res.Files, want)
	}
	got := server.Git("ls-tree", "-r", "main", "--format=%(objectmode) %(path)")
	want := "100644 dir/file\n100644 dir/link\n100644 dir/run\n100644 linkdir/below/x\n160000 sub/module"
	if got != want {
		t.Errorf("git ls-tree:\n%s\nwant:\n%s", got, want)
	}
	for name, edit := range map[string]func(*Tx) error{
		"Over":  func(tx *Tx) error { return tx.PutFile("sub/module", nil) },
		"Below": func(tx *Tx) error { return tx.PutFile("sub/module/x", nil) },
		"Gone":  func(tx *Tx) error { return tx.Put("sub", nil) },
		"Above": func(tx *Tx) error { return tx.Put("sub", dir(t, "x", "1")) },
		"Reset": func(tx *Tx) error { tx.Reset(""); return nil },
	} {
		tx := r.Begin(res.Head())
		err := edit(tx)
		if err == nil {
			_, err = tx.Commit(t.Context(), Message{Subject: "x"})
		}
		if err == nil || !strings.Contains(err.Error(), "submodule") {
			t.Errorf("%s: writing over a submodule = %v, want an error that says so", name, err)
		}
		tx.Discard()
	}
}

// TestOldModesAreReplaced writes over a file whose mode is one that Git wrote
// long ago: what is rendered has today's, as from nothing.
func TestOldModesAreReplaced(t *testing.T) {
	t.Parallel()
	server, r := openBare(t)
	server.Write("old", "1")
	raw, err := hex.DecodeString(server.Git("rev-parse", "main:old"))
	if err != nil {
		t.Fatal(err)
	}
	made, err := gittest.TryGit(server.Dir, append([]byte("100664 old\x00"), raw...), "hash-object", "-t", "tree", "-w", "--stdin", "--literally")
	if err != nil {
		t.Fatal(err)
	}
	server.Git("update-ref", "refs/heads/main", server.Git("commit-tree", "-m", "x", strings.TrimSpace(made)))
	res := update(t, r, func(tx *Tx) { putFile(t, tx, "old", "2") })
	if data, err := r.tree(res.Tree); err != nil || !strings.HasPrefix(string(data), "100644 ") {
		t.Errorf("tree after writing over it: %q, %v, want mode 100644", data, err)
	}
}

func TestFSIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 200)
	_, r := openBare(t)
	h, _ := commitFleet(t, r, f)
	fsys := r.FS(h)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range f.tenants {
				path := f.path((i*7 + g) % f.tenants)
				if _, err := fs.ReadFile(fsys, path+"/base/file-0.yaml"); err != nil {
					t.Error(err)
				}
				if list, err := fs.ReadDir(fsys, path); err != nil || len(list) != 5 {
					t.Errorf("ReadDir(%q) = %v, %v, want 5 entries", path, list, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestTxRefuses lists what a transaction does not take; one refusal spoils it.
func TestTxRefuses(t *testing.T) {
	t.Parallel()
	hostile, err := tree.New(tree.Entry{Name: ".git", Data: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]func(*Tx) error{
		"Empty":      func(tx *Tx) error { return tx.PutFile("", nil) },
		"Dots":       func(tx *Tx) error { return tx.PutFile("a/../b", nil) },
		"Absolute":   func(tx *Tx) error { return tx.PutFile("/a", nil) },
		"Git":        func(tx *Tx) error { return tx.PutFile("a/.GIT/config", nil) },
		"GitBelow":   func(tx *Tx) error { return tx.Put("a", hostile) },
		"Twice":      func(tx *Tx) error { _ = tx.PutFile("a", nil); return tx.PutFile("a", []byte("1")) },
		"Above":      func(tx *Tx) error { _ = tx.PutFile("a/b", nil); return tx.PutFile("a", nil) },
		"Below":      func(tx *Tx) error { _ = tx.PutFile("a", nil); return tx.PutFile("a/b", nil) },
		"AfterClose": func(tx *Tx) error { tx.Discard(); return tx.PutFile("a", nil) },
	}
	for name, edit := range cases {
		t.Run(name, func(t *testing.T) {
			server, r := openBare(t)
			tx := r.Begin(Head{})
			if err := edit(tx); err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("edit = %v, want an error of one line", err)
			}
			if _, err := tx.Commit(t.Context(), Message{Subject: "x"}); err == nil {
				t.Error("Commit after a refusal = nil, want an error")
			}
			if left := leftovers(t, server.Dir); len(left) > 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
	_, r := openBare(t)
	tx := r.Begin(Head{})
	tx.Reset("a//b")
	if _, err := tx.Commit(t.Context(), Message{Subject: "x"}); err == nil {
		t.Error("Commit after a bad Reset = nil, want an error")
	}
}

// TestDiscardedLargeTx leaves no trace of a transaction that spilled to the disk.
func TestDiscardedLargeTx(t *testing.T) {
	t.Parallel()
	server, r := openBare(t)
	tx := r.Begin(Head{})
	for i := range 300 {
		data := []byte(strings.Repeat(fmt.Sprint(i*i*i, " "), 3000))
		for j := range data {
			data[j] ^= byte(j * (i + 3) >> 5)
		}
		if err := tx.PutFile(fmt.Sprint(i), data); err != nil {
			t.Fatal(err)
		}
	}
	if len(leftovers(t, server.Dir)) == 0 {
		t.Error("the transaction did not spill: the test proves nothing")
	}
	tx.Discard()
	tx.Discard()
	if left := leftovers(t, server.Dir); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
