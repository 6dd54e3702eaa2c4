package worktree

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

func open(t testing.TB, dir string) *Root {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// dirOf returns a directory of files given as path, content, path, content...
func dirOf(t testing.TB, pairs ...string) *tree.Dir {
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

// write puts files given as path, content... on the disk.
func write(t testing.TB, dir string, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// files returns what is on the disk: content by path, "-> target" for links
// and "dir" for empty directories.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || rel == ".":
			return err
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(path)
			found[rel] = "-> " + target
			return err
		case d.IsDir():
			entries, err := os.ReadDir(path)
			if len(entries) == 0 {
				found[rel] = "dir"
			}
			return err
		}
		data, err := os.ReadFile(path)
		found[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestApply(t *testing.T) {
	cases := map[string]struct {
		reason  string
		before  []string
		prepare func(t *testing.T, dir string)
		edit    func(t *testing.T, tx *Tx) error
		changes []string
		want    map[string]string
	}{
		"WritesNew": {
			reason:  "directories on the way are made",
			edit:    func(t *testing.T, tx *Tx) error { return tx.Put("a/b", dirOf(t, "x", "1", "sub/y", "2")) },
			changes: []string{"added a/b/sub/y", "added a/b/x"},
			want:    map[string]string{"a/b/x": "1", "a/b/sub/y": "2"},
		},
		"EqualIsUntouched": {
			reason: "what is equal is no change",
			before: []string{"a/x", "1"},
			edit:   func(t *testing.T, tx *Tx) error { return tx.Put("a", dirOf(t, "x", "1")) },
			want:   map[string]string{"a/x": "1"},
		},
		"PutReplacesDirectory": {
			reason:  "what the new directory lacks goes, and empty directories with it; neighbours stay",
			before:  []string{"a/x", "1", "a/old/y", "2", "b", "3"},
			edit:    func(t *testing.T, tx *Tx) error { return tx.Put("a", dirOf(t, "x", "9")) },
			changes: []string{"removed a/old/y", "changed a/x"},
			want:    map[string]string{"a/x": "9", "b": "3"},
		},
		"NilRemoves": {
			reason: "nil removes what is there, a file too",
			before: []string{"a/x", "1", "b", "2", "c", "3"},
			edit: func(t *testing.T, tx *Tx) error {
				if err := tx.Put("a", nil); err != nil {
					return err
				}
				return tx.Put("b", nil)
			},
			changes: []string{"removed a/x", "removed b"},
			want:    map[string]string{"c": "3"},
		},
		"ResetRemovesWhatIsNotPut": {
			reason: "below a reset path only what was put stays; outside everything stays",
			before: []string{"t/1/x", "1", "t/2/x", "2", "t/f", "3", "u/x", "4"},
			edit: func(t *testing.T, tx *Tx) error {
				tx.Reset("t")
				return tx.Put("t/2", dirOf(t, "x", "2"))
			},
			changes: []string{"removed t/1/x", "removed t/f"},
			want:    map[string]string{"t/2/x": "2", "u/x": "4"},
		},
		"ResetOfRootKeepsGit": {
			reason: "a checkout stays one",
			before: []string{".git/HEAD", "ref", "a", "1", "b/.git", "gitdir"},
			edit: func(t *testing.T, tx *Tx) error {
				tx.Reset("")
				return tx.PutFile("c", []byte("2"))
			},
			changes: []string{"removed a", "added c"},
			want:    map[string]string{".git/HEAD": "ref", "b/.git": "gitdir", "c": "2"},
		},
		"FileBecomesDirectory": {
			reason:  "what is in the way is replaced",
			before:  []string{"a", "1"},
			edit:    func(t *testing.T, tx *Tx) error { return tx.Put("a/b", dirOf(t, "x", "2")) },
			changes: []string{"removed a", "added a/b/x"},
			want:    map[string]string{"a/b/x": "2"},
		},
		"DirectoryBecomesFile": {
			reason:  "also the other way round, with empty directories in it",
			before:  []string{"a/b/c", "1"},
			prepare: func(t *testing.T, dir string) { mkdir(t, dir, "a/empty/er") },
			edit:    func(t *testing.T, tx *Tx) error { return tx.PutFile("a", []byte("2")) },
			changes: []string{"added a", "removed a/b/c"},
			want:    map[string]string{"a": "2"},
		},
		"LinkIsReplacedNotFollowed": {
			reason:  "a link to a directory in the way becomes a directory, its target is untouched",
			before:  []string{"target/b/x", "1"},
			prepare: func(t *testing.T, dir string) { link(t, dir, "target", "a") },
			edit:    func(t *testing.T, tx *Tx) error { return tx.Put("a/b", dirOf(t, "x", "1")) },
			changes: []string{"removed a", "added a/b/x"},
			want:    map[string]string{"target/b/x": "1", "a/b/x": "1"},
		},
		"LinkedFileIsReplaced": {
			reason:  "a link to a file with the right content is not the file",
			before:  []string{"target", "1"},
			prepare: func(t *testing.T, dir string) { link(t, dir, "target", "a") },
			edit:    func(t *testing.T, tx *Tx) error { return tx.PutFile("a", []byte("1")) },
			changes: []string{"changed a"},
			want:    map[string]string{"target": "1", "a": "1"},
		},
		"RemovalDoesNotFollowLinks": {
			reason:  "nothing lies behind a link",
			before:  []string{"target/x", "1"},
			prepare: func(t *testing.T, dir string) { link(t, dir, "target", "a") },
			edit: func(t *testing.T, tx *Tx) error {
				tx.Reset("a/x")
				return tx.Put("a/y", nil)
			},
			want: map[string]string{"target/x": "1", "a": "-> target"},
		},
		"StaleLinkIsRemoved": {
			reason:  "a link below a reset path goes, what it points at stays",
			before:  []string{"target/x", "1", "t/f", "2"},
			prepare: func(t *testing.T, dir string) { link(t, dir, "../target", "t/l") },
			edit:    func(t *testing.T, tx *Tx) error { tx.Reset("t"); return nil },
			changes: []string{"removed t/f", "removed t/l"},
			want:    map[string]string{"target/x": "1"},
		},
		"ExecutableIsReplaced": {
			reason:  "a rendered file is not executable, as in Git",
			before:  []string{"a", "1"},
			prepare: func(t *testing.T, dir string) { chmod(t, dir, "a", 0o755) },
			edit:    func(t *testing.T, tx *Tx) error { return tx.PutFile("a", []byte("1")) },
			changes: []string{"changed a"},
			want:    map[string]string{"a": "1"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, tc.before...)
			if tc.prepare != nil {
				tc.prepare(t, dir)
			}
			before := files(t, dir)
			tx := open(t, dir).Begin()
			if err := tc.edit(t, tx); err != nil {
				t.Fatal(err)
			}
			changes, err := tx.Changes(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range changes {
				got = append(got, fmt.Sprintf("%v %s", c.Kind, c.Path))
			}
			if d := cmp.Diff(tc.changes, got); d != "" {
				t.Errorf("%s: Changes(): -want +got\n%s", tc.reason, d)
			}
			if d := cmp.Diff(before, files(t, dir)); d != "" {
				t.Errorf("Changes() wrote: -before +after\n%s", d)
			}
			counts, err := tx.Apply(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := tree.Count(changes); counts != want {
				t.Errorf("Apply() = %+v, want %+v", counts, want)
			}
			if d := cmp.Diff(tc.want, files(t, dir)); d != "" {
				t.Errorf("%s: files: -want +got\n%s", tc.reason, d)
			}
			if err := tx.PutFile("late", nil); err == nil {
				t.Error("PutFile after Apply = nil, want an error")
			}
		})
	}
}

func mkdir(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, dir, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

func chmod(t testing.TB, dir, name string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
		t.Fatal(err)
	}
}

func TestNeverLeavesTheRoot(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, "x", "theirs")
	for _, path := range []string{"../x", "/x", "a/../../x", "", "a//b", ".git/config", "a/.GIT/hooks", "a\x00b", "git~1/x"} {
		t.Run(path, func(t *testing.T) {
			tx := open(t, t.TempDir()).Begin()
			if err := tx.PutFile(path, []byte("ours")); err == nil {
				t.Errorf("PutFile(%q) = nil, want an error", path)
			}
			if _, err := tx.Apply(t.Context()); err == nil {
				t.Error("Apply() after a failed Put = nil, want an error")
			}
		})
	}
	dir := t.TempDir()
	link(t, dir, outside, "l")
	tx := open(t, dir).Begin()
	tx.Reset("l")
	if err := tx.PutFile("l/x", []byte("ours")); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]string{"x": "theirs"}, files(t, outside)); d != "" {
		t.Errorf("outside: -want +got\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"l/x": "ours"}, files(t, dir)); d != "" {
		t.Errorf("inside: -want +got\n%s", d)
	}
}

func TestContradictingPutsAreRefused(t *testing.T) {
	tx := func() *Tx { return open(t, t.TempDir()).Begin() }
	same := dirOf(t, "x", "1")
	cases := map[string]struct {
		reason string
		edits  func(*Tx) error
		ok     bool
	}{
		"Twice":     {"two contents for one path", func(tx *Tx) error { return orErr(tx.PutFile("a", []byte("1")), tx.PutFile("a", []byte("2"))) }, false},
		"TwiceSame": {"the same content twice is one", func(tx *Tx) error { return orErr(tx.Put("a", same), tx.Put("a", dirOf(t, "x", "1"))) }, true},
		"Below":     {"below a directory that is put", func(tx *Tx) error { return orErr(tx.Put("a", same), tx.PutFile("a/y", nil)) }, false},
		"Above":     {"above a file that is put", func(tx *Tx) error { return orErr(tx.PutFile("a/y", nil), tx.Put("a", same)) }, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := tc.edits(tx()); (err == nil) != tc.ok {
				t.Errorf("%s: error = %v, want ok = %v", tc.reason, err, tc.ok)
			}
		})
	}
}

func orErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestAnyEditsGiveTheWantedTree compares incremental edits of any directory
// with the directory that they describe.
func TestAnyEditsGiveTheWantedTree(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SampledFrom([]string{"a", "b", "c/d", "c/e", "c/e/f", "g", "a/h"})
		gen := rapid.Custom(func(rt *rapid.T) map[string]string {
			want := map[string]string{}
			for range rapid.IntRange(0, 5).Draw(rt, "n") {
				path := names.Draw(rt, "path")
				if !collides(want, path) {
					want[path] = rapid.SampledFrom([]string{"1", "22", ""}).Draw(rt, "content")
				}
			}
			return want
		})
		before, after := gen.Draw(rt, "before"), gen.Draw(rt, "after")
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range before {
			write(t, dir, path, content)
		}
		r := open(t, dir)
		apply(t, r, after)
		if len(after) == 0 {
			after = map[string]string{}
		}
		if d := cmp.Diff(after, files(t, dir)); d != "" {
			rt.Fatalf("files: -want +got\n%s", d)
		}
		if again := apply(t, r, after); again.Any() {
			rt.Fatalf("applying again = %+v, want no change", again)
		}
	})
}

func apply(t *testing.T, r *Root, want map[string]string) tree.Counts {
	t.Helper()
	tx := r.Begin()
	tx.Reset("")
	for path, content := range want {
		if err := tx.PutFile(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := tx.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// collides reports whether path is a directory of want, or below a file of it.
func collides(want map[string]string, path string) bool {
	return slices.ContainsFunc(keys(want), func(other string) bool {
		return len(other) > len(path) && other[:len(path)+1] == path+"/" || len(path) > len(other) && path[:len(other)+1] == other+"/"
	})
}

func keys(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	return all
}
