package web_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

// A bump of people stands in the timeline with who made it, when it was merged
// and by which merge request; each move is told once, whatever branch it lies on.
func TestHistory(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	now := time.Now()
	commit := func(mark int, branch, by string, at time.Time, parents []int, message string) string {
		var b strings.Builder
		fmt.Fprintf(&b, "commit refs/heads/%s\nmark :%d\ncommitter %s <x@example.com> %d +0000\ndata %d\n%s\n", branch, mark, by, at.Unix(), len(message), message)
		for i, p := range parents {
			fmt.Fprintf(&b, "%s :%d\n", []string{"from", "merge"}[i], p)
		}
		fmt.Fprintf(&b, "M 100644 inline f\ndata 2\n%d\n\n", mark%10)
		return b.String()
	}
	grant := "Render\n\nSluice-Environment: pop\nRollout: swg=202\nDid: granted\nRing: canary\nTo: 100%\n"
	run := func(text string) {
		if _, err := gittest.TryGit(repo.Dir, []byte(text), "fast-import", "--quiet", "--force", "--export-marks="+repo.Dir+"/marks", "--import-marks-if-exists="+repo.Dir+"/marks"); err != nil {
			t.Fatal(err)
		}
	}
	run(commit(1, "main", "sluice", now.Add(-60*time.Hour), nil, "Begin\n") +
		commit(2, "main", "sluice", now.Add(-50*time.Hour), []int{1}, grant) +
		commit(3, "bump", "bob", now.Add(-40*time.Hour), []int{2}, "Bump swg to 203 in pop\n\nbecause\n\nSluice-Bump: swg=203\n") +
		commit(4, "other", "eve", now.Add(-40*time.Hour), []int{2}, "Bump swg to 203 in site\n\nSluice-Bump: swg=203\n") +
		commit(5, "main", "sluice", now.Add(-30*time.Hour), []int{2}, strings.ReplaceAll(grant, "canary", "early")))
	r, err := git.Open(t.Context(), repo.Dir, git.Options{Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	h := web.NewHistory(ident.Must[ident.EnvironmentKind]("pop"))
	told := func() (all []string) {
		head, err := r.Head(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		moves, err := h.Moves(t.Context(), r, head, now)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moves {
			all = append(all, strings.Join([]string{m.Product, m.Version, m.Did, m.Ring, m.By, m.Reason, now.Sub(m.At).Round(time.Hour).String()}, "|"))
		}
		return all
	}
	before := []string{"swg|202|granted|canary|sluice||50h0m0s", "swg|202|granted|early|sluice||30h0m0s"}
	if got := told(); !slices.Equal(got, before) {
		t.Fatalf("Moves() = %q, want %q", got, before)
	}
	run(commit(6, "main", "ann", now.Add(-20*time.Hour), []int{5, 3}, "Merge branch 'bump' into 'main'\n\nBump swg to 203 in pop\n\nSee merge request clouds/fleet!7\n") +
		commit(7, "main", "ann", now.Add(-10*time.Hour), []int{6, 4}, "Merge branch 'other' into 'main'\n\nBump swg to 203 in site\n\nSee merge request clouds/fleet!8\n"))
	want := append(before, "swg|203|bumped||bob|Bump swg to 203 in pop, merge request !7, merged by ann|20h0m0s")
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("Moves() = %q, want %q", got, want)
	}
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("Moves() again = %q, want the same", got)
	}
}

// Moves are told from a mirror, too, which has the newest commit alone: it asks
// its server for those before, once.
func TestHistoryOfMirror(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("f", "0")
	for range 3 {
		made := repo.Git("commit-tree", "-p", "main", "-m", "Render\n\nSluice-Environment: pop\nRollout: swg=202\nDid: granted\nRing: canary\nTo: 100%", "main^{tree}")
		repo.Git("update-ref", "refs/heads/main", made)
	}
	r, err := git.Open(t.Context(), repo.HTTP("").URL, git.Options{Branch: "main", CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	h := web.NewHistory(ident.Must[ident.EnvironmentKind]("pop"))
	for range 2 {
		head, err := r.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if moves, err := h.Moves(t.Context(), r, head, time.Now()); err != nil || len(moves) != 3 {
			t.Fatalf("Moves() = %v, %v, want three", moves, err)
		}
	}
}
