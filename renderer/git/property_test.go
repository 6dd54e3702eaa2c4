package git

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// model is the content of a branch by path.
type model map[string]string

// below returns the paths at and below a directory.
func (m model) below(dir string) []string {
	var found []string
	for path := range m {
		if path == dir || strings.HasPrefix(path, dir+"/") || dir == "" {
			found = append(found, path)
		}
	}
	return found
}

// replace makes files the content at dir, in place of everything that is at,
// below, or a file above it.
func (m model) replace(dir string, files map[string]string) {
	for _, path := range m.below(dir) {
		delete(m, path)
	}
	if len(files) == 0 {
		return
	}
	for above := dir; strings.Contains(above, "/"); {
		above = above[:strings.LastIndexByte(above, '/')]
		delete(m, above)
	}
	for path, content := range files {
		m[join(dir, path)] = content
	}
}

// change is one call of a transaction.
type change struct {
	path  string
	file  bool
	reset bool
	files map[string]string // of a directory; of a file: content by ""
}

// drawEdits draws edits that do not contradict each other.
func drawEdits(t *rapid.T) []change {
	paths := rapid.SampledFrom([]string{"a", "b", "a/b", "a/b.c", "a/b0", "a/b/c", "a-b", "d/e/f", "d/e", "d/g", "h"})
	contents := rapid.SampledFrom([]string{"", "1", "22", "333", "long"})
	names := rapid.SampledFrom([]string{"x", "y", "x.y", "sub/x", "sub/y", "sub.z", "sub0", "deep/er/x"})
	var edits []change
	var taken []string
	for range rapid.IntRange(1, 5).Draw(t, "edits") {
		e := change{path: paths.Draw(t, "path")}
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0, 1, 2, 3, 4:
			e.files = rapid.MapOfN(names, contents, 0, 5).Draw(t, "dir")
		case 5, 6:
			e.file, e.files = true, map[string]string{"": contents.Draw(t, "file")}
		case 7:
			// removal
		default:
			e.reset = true
			e.path = rapid.SampledFrom([]string{e.path, ""}).Draw(t, "reset")
		}
		if e.reset || !slices.ContainsFunc(taken, func(o string) bool {
			return o == e.path || strings.HasPrefix(o, e.path+"/") || strings.HasPrefix(e.path, o+"/")
		}) {
			edits = append(edits, e)
			if !e.reset {
				taken = append(taken, e.path)
			}
		}
	}
	return edits
}

// apply is what edits mean: resets come first, whatever the order.
func (m model) apply(edits []change) {
	for _, e := range edits {
		if e.reset {
			m.replace(e.path, nil)
		}
	}
	for _, e := range edits {
		switch {
		case e.reset:
		case e.file:
			m.replace(e.path, nil)
			m.replaceFile(e.path, e.files[""])
		default:
			m.replace(e.path, e.files)
		}
	}
}

func (m model) replaceFile(path, content string) {
	dir, name := "", path
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		dir, name = path[:i], path[i+1:]
	}
	kept := map[string]string{name: content}
	for _, p := range m.below(dir) {
		if rest, ok := strings.CutPrefix(p, dir+"/"); ok || dir == "" {
			if dir == "" {
				rest = p
			}
			kept[rest] = m[p]
		}
	}
	m.replace(dir, kept)
}

// putter is the surface that a transaction and a preview have in common.
type putter interface {
	Put(path string, d *tree.Dir) error
	PutFile(path string, data []byte) error
	Reset(path string)
	Guard(g tree.Guard)
}

// do makes the edits, each in a goroutine of its own.
func do(t testing.TB, p putter, edits []change) error {
	errs := make([]error, len(edits))
	var wg sync.WaitGroup
	for i, e := range edits {
		wg.Go(func() {
			switch {
			case e.reset:
				p.Reset(e.path)
			case e.file:
				errs[i] = p.PutFile(e.path, []byte(e.files[""]))
			case len(e.files) == 0:
				errs[i] = p.Put(e.path, nil)
			default:
				var pairs []string
				for path, content := range e.files {
					pairs = append(pairs, path, content)
				}
				errs[i] = p.Put(e.path, dir(t, pairs...))
			}
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			return fmt.Errorf("edit %+v: %w", edits[i], err)
		}
	}
	return nil
}

// gitTree returns the tree that git itself makes of the model.
func (m model) gitTree(t testing.TB) string {
	work, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	gittest.Git(t, work, "init", "-q")
	for path, content := range m {
		file := filepath.Join(work, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	gittest.Git(t, work, "add", "-A")
	return gittest.Git(t, work, "write-tree")
}

// TestAnyEditsGiveGitsTree edits a branch at random and compares each commit
// with the model, a write of the whole model from nothing, a preview, and the
// tree that git makes of the same files.
func TestAnyEditsGiveGitsTree(t *testing.T) {
	t.Parallel()
	server, r := openBare(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := model{}
		h := Head{}
		for range rapid.IntRange(1, 4).Draw(rt, "commits") {
			before := maps.Clone(m)
			edits := drawEdits(rt)
			m.apply(edits)
			listed := preview(t, rt, r, h, edits)
			res := commit(t, rt, r, h, edits)
			compareChanges(rt, before, m, listed, res)
			h = res.Head()
			if res.Changed { // as publishing does, but every case begins on an unborn branch
				if err := r.backend.(*local).objects.Install(res.pending.pack, false); err != nil {
					rt.Fatal(err)
				}
			}
			full := []change{{reset: true}}
			for path, content := range m {
				full = append(full, change{path: path, file: true, files: map[string]string{"": content}})
			}
			if again := commit(t, rt, r, h, full); again.Changed {
				rt.Fatalf("a full write changed %+v after edits %+v", again.Files, edits)
			}
		}
		if short.Run() { // git takes most of the time
			return
		}
		want := m.gitTree(t)
		if got := h.Tree.String(); got != want && !(len(m) == 0 && h.IsZero()) {
			rt.Fatalf("tree = %s, want %s as git makes it of %v", got, want, m)
		}
		if !h.IsZero() {
			server.Git("update-ref", "refs/heads/main", h.Commit.String())
		}
	})
	server.Check()
}

func preview(t *testing.T, rt *rapid.T, r *Repo, h Head, edits []change) []tree.Change {
	p := r.Preview(h)
	if err := do(t, p, edits); err != nil {
		rt.Fatal(err)
	}
	listed, err := p.Changes(context.Background())
	if err != nil {
		rt.Fatal(err)
	}
	return listed
}

func commit(t *testing.T, rt *rapid.T, r *Repo, h Head, edits []change) Result {
	tx := r.Begin(h)
	if err := do(t, tx, edits); err != nil {
		rt.Fatal(err)
	}
	res, err := tx.Commit(context.Background(), Message{Subject: "edits"})
	if err != nil {
		rt.Fatal(err)
	}
	return res
}

// compareChanges checks the list of a preview and the counts of a commit
// against the model.
func compareChanges(t *rapid.T, before, after model, listed []tree.Change, res Result) {
	t.Helper()
	got := maps.Clone(before)
	for i, c := range listed {
		if i > 0 && (listed[i-1].Path > c.Path) {
			t.Fatalf("changes are not sorted: %q before %q", listed[i-1].Path, c.Path)
		}
		_, had := got[c.Path]
		switch {
		case c.Kind == tree.Removed && had:
			delete(got, c.Path)
		case c.Kind == tree.Added && !had, c.Kind == tree.Changed && had && got[c.Path] != string(c.New):
			got[c.Path] = string(c.New)
		default:
			t.Fatalf("%v %q, but it was there: %v", c.Kind, c.Path, had)
		}
	}
	if !maps.Equal(got, after) {
		t.Fatalf("changes lead to %v, want %v", got, after)
	}
	if want := tree.Count(listed); res.Files != want || res.Changed != want.Any() {
		t.Fatalf("Result %+v, want counts %+v", res, want)
	}
}

// TestConcurrentPutsAreDeterministic puts one fleet from 1 to 16 goroutines in
// different orders.
func TestConcurrentPutsAreDeterministic(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 400)
	var want Result
	for _, workers := range []int{1, 2, 5, 16} {
		_, r := openBare(t)
		tx := r.Begin(Head{})
		f.put(t, tx, workers)
		res, err := tx.Commit(t.Context(), Message{Subject: "fleet"})
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			want = res
		}
		if res.Commit != want.Commit || res.Objects != want.Objects || res.Files != want.Files {
			t.Errorf("%d workers: %s with %d objects, want %s with %d", workers, res.Commit, res.Objects, want.Commit, want.Objects)
		}
		tx.Discard()
	}
}

// TestMemoForgetsDeadDirectories checks that the memo does not keep
// directories alive, or their names after them.
func TestMemoForgetsDeadDirectories(t *testing.T) {
	t.Parallel()
	_, r := openBare(t)
	kept := dir(t, "x", "1")
	for i := range 50 {
		d := kept
		if i%2 == 1 {
			d = dir(t, "x", fmt.Sprint(i))
		}
		tx := r.Begin(Head{})
		for p := range 3 {
			put(t, tx, fmt.Sprint(p), d)
		}
		tx.Discard()
	}
	size := func() int {
		r.memo.mu.RLock()
		defer r.memo.mu.RUnlock()
		return len(r.memo.known)
	}
	if size() == 0 {
		t.Error("the memo is empty after directories were put three times")
	}
	for range 100 {
		if runtime.GC(); size() <= 1 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, ok := r.memo.get(kept); !ok || size() != 1 {
		t.Errorf("memo holds %d directories after a collection and the living one: %v, want 1, true", size(), ok)
	}
	runtime.KeepAlive(kept)
}
