package git

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// History is found behind commits of others, also by a mirror that was made
// after them, and on every line of a merge.
func TestNearest(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("fetches long histories by every transport")
	}
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		for i := range 3 {
			update(t, r, func(tx *Tx) { putFile(t, tx, "ours", fmt.Sprint(i)) })
		}
		for i := range 40 { // more than a mirror asks for at first
			m.server.Write("theirs", fmt.Sprint(i))
		}
		tip := m.server.Tip()
		side := m.server.Git("commit-tree", "-p", tip+"~41", "-m", "side", tip+"^{tree}")
		merge := m.server.Git("commit-tree", "-p", side, "-p", tip, "-m", "merge", tip+"^{tree}")
		m.server.Git("update-ref", "refs/heads/main", merge)
		late := m.open(t)
		for name, repo := range map[string]*Repo{"Early": r, "Late": late} {
			h := head(t, repo)
			found, err := repo.Nearest(t.Context(), h, func(h Head) bool { return strings.HasPrefix(h.Message, "test") })
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, f := range found {
				got = append(got, f.Commit.String())
			}
			want := []string{m.server.Git("rev-parse", tip+"~40"), m.server.Git("rev-parse", tip+"~41")}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s: Nearest() = %v, want %v: the newest of ours on each line", name, got, want)
			}
			none, err := repo.Nearest(t.Context(), h, func(Head) bool { return false })
			if err != nil || len(none) != 0 {
				t.Errorf("%s: Nearest(never) = %v, %v, want nothing", name, none, err)
			}
		}
	})
}

func TestSame(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a/x", "1")
	repo.Write("b/x", "1")
	r := medium{server: repo, url: repo.Dir}.open(t)
	before := head(t, r)
	repo.Write("b/x", "2")
	after := head(t, r)
	for path, want := range map[string]bool{"a": true, "b": false, "b/x": false, "none": true, "none/x": true} {
		if got, err := r.Same(before, after, path); got != want || err != nil {
			t.Errorf("Same(%s) = %t, %v, want %t", path, got, err, want)
		}
	}
}

// The right to push is seen without a push.
func TestWritable(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		before := m.server.Tip()
		if err := r.Writable(t.Context()); err != nil {
			t.Errorf("Writable() = %v, want it", err)
		}
		if m.server.Tip() != before {
			t.Error("Writable() pushed")
		}
	})
	repo := gittest.New(t)
	r, err := Open(t.Context(), repo.HTTP("").URL, Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	repo.Git("config", "http.receivepack", "false")
	if err := r.Writable(t.Context()); err == nil {
		t.Error("Writable() of a repository that takes no push = nil")
	}
}
