package object

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

func TestSumIsThatOfGit(t *testing.T) {
	repo := gittest.New(t)
	for name, data := range map[string]string{"Empty": "", "Text": "hello\n", "Binary": "\x00\xff", "Long": strings.Repeat("x", 70000)} {
		t.Run(name, func(t *testing.T) {
			want, err := gittest.TryGit(repo.Dir, []byte(data), "hash-object", "--stdin")
			if err != nil {
				t.Fatal(err)
			}
			if got := Sum(Blob, []byte(data)).String(); got != strings.TrimSpace(want) {
				t.Errorf("Sum(Blob, ...) = %s, want %s", got, want)
			}
		})
	}
}

// TestTreeIsThatOfGit encodes entries whose order is the hard part: a
// directory sorts as if its name ended in a slash.
func TestTreeIsThatOfGit(t *testing.T) {
	repo := gittest.New(t)
	blob := Sum(Blob, nil)
	tree := Sum(Tree, nil)
	if _, err := gittest.TryGit(repo.Dir, nil, "hash-object", "-w", "--stdin"); err != nil {
		t.Fatal(err)
	}
	entries := []Entry{
		{"a", ModeDir, tree}, {"a-b", ModeFile, blob}, {"a.b", ModeFile, blob}, {"a0", ModeFile, blob}, {"ab", ModeExecutable, blob},
		{"A", ModeSymlink, blob}, {"z", ModeSubmodule, Hash{1}}, {"ä", ModeFile, blob}, {"b-", ModeFile, blob}, {"b", ModeDir, tree}, {"b0", ModeFile, blob},
	}
	var listing strings.Builder
	for _, e := range entries {
		kind := "blob"
		switch e.Mode {
		case ModeDir:
			kind = "tree"
		case ModeSubmodule:
			kind = "commit"
		}
		fmt.Fprintf(&listing, "%06o %s %s\t%s\n", uint32(e.Mode), kind, e.Hash, e.Name)
	}
	want, err := gittest.TryGit(repo.Dir, []byte(listing.String()), "mktree", "--missing")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(entries, Compare)
	var encoded Encoded
	for _, e := range entries {
		encoded = AppendEntry(encoded, e)
	}
	if got := Sum(Tree, encoded).String(); got != strings.TrimSpace(want) {
		t.Errorf("tree = %s, want %s", got, want)
	}
	got, err := encoded.Entries()
	if d := cmp.Diff(entries, got); d != "" || err != nil {
		t.Errorf("Entries() of what was encoded: %v: -want +got\n%s", err, d)
	}
	for _, e := range entries {
		if found, err := encoded.Find(e.Name); found != e || err != nil {
			t.Errorf("Find(%q) = %v, %v, want %v", e.Name, found, err, e)
		}
	}
	if found, err := encoded.Find("none"); !found.IsZero() || err != nil {
		t.Errorf("Find(none) = %v, %v, want the zero Entry", found, err)
	}
}

func TestHostileTrees(t *testing.T) {
	hash := string(make([]byte, Size))
	for name, data := range map[string]string{
		"Truncated": "100644 a\x00abc",
		"NoHash":    "100644 a",
		"NoMode":    "a\x00" + hash,
		"NoName":    "100644 \x00" + hash,
		"BadMode":   "10x644 a\x00" + hash,
		"LongMode":  "1006441006441006441006441006441 a\x00" + hash,
		"Slash":     "100644 a/b\x00" + hash,
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := Encoded(data).Entries(); err == nil {
				t.Errorf("Entries() of %q = %v, want an error", data, e)
			}
		})
	}
}

func TestCommitIsThatOfGit(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("x", "1")
	c := CommitData{
		Author:  Signature{"A <U> Thor\n", "a@b\x00", time.Unix(1700000000, 0)},
		Message: "subject\n\nbody\n\nKey: value\n",
	}
	var err error
	if c.Tree, err = Parse(repo.Git("rev-parse", "main^{tree}")); err != nil {
		t.Fatal(err)
	}
	if c.Parent, err = Parse(repo.Tip()); err != nil {
		t.Fatal(err)
	}
	stored, err := gittest.TryGit(repo.Dir, c.Encode(), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		t.Fatalf("git refuses the commit: %v", err)
	}
	repo.Git("update-ref", "refs/heads/main", strings.TrimSpace(stored))
	repo.Check()
	if got, want := repo.Git("log", "-1", "--format=%an|%ae|%ct|%P|%s"), "A U Thor|a@b|1700000000|"+c.Parent.String()+"|subject"; got != want {
		t.Errorf("git log = %s, want %s", got, want)
	}
	got, err := DecodeCommit(c.Encode())
	if err != nil || got.Tree != c.Tree || got.Parent != c.Parent || got.Message != c.Message {
		t.Errorf("DecodeCommit(Encode()) = %+v, %v, want %+v", got, err, c)
	}
}

func FuzzEncoded(f *testing.F) {
	f.Add([]byte("100644 a\x00"+string(make([]byte, Size))), "a")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		entries, err := Encoded(data).Entries()
		found, findErr := Encoded(data).Find(name)
		if err != nil {
			return
		}
		if findErr != nil {
			t.Fatalf("Find fails on a tree that can be listed: %v", findErr)
		}
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == name })
		if (i >= 0) != !found.IsZero() || i >= 0 && entries[i] != found {
			t.Fatalf("Find(%q) = %v, want entry %d of %v", name, found, i, entries)
		}
	})
}

func FuzzDecodeCommit(f *testing.F) {
	f.Add([]byte("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nm"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := DecodeCommit(data); err == nil && c.Tree.IsZero() && !strings.Contains(string(data), strings.Repeat("0", 40)) {
			t.Fatalf("DecodeCommit(%q) has no tree", data)
		}
	})
}
