package git

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// Where two lines of history parted is what git says, also when all commits are
// of one second.
func TestMergeBase(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a", "1")
	root := repo.Tip()
	commit := func(message string, parents ...string) string {
		args := []string{"commit-tree", "-m", message}
		for _, p := range parents {
			args = append(args, "-p", p)
		}
		return repo.Git(append(args, root+"^{tree}")...)
	}
	side := commit("side", commit("s1", root))
	main := commit("m3", commit("m2", commit("m1", root)))
	merged := commit("merged", main, side)
	stray := commit("stray")
	for name, tc := range map[string]struct{ reason, a, b, want string }{
		"Apart":   {"two lines from one commit", main, side, root},
		"Ahead":   {"one line leads to the other", main, root, root},
		"Same":    {"nothing between them", main, main, main},
		"Merged":  {"a merge has both lines in it", commit("on", merged), commit("more", side), side},
		"Nothing": {"no commit in common", main, stray, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var heads [2]Head
			var at *Snapshot
			for i, id := range []string{tc.a, tc.b} {
				s, err := At(repo.Dir, id)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				at = s
				_, heads[i] = s.History()
			}
			r, _ := at.History()
			got, err := r.MergeBase(heads[0], heads[1])
			if tc.want == "" {
				if err == nil || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
					t.Errorf("MergeBase() = %v, want one line with a hint: %s", err, tc.reason)
				}
				return
			}
			if err != nil || got.Commit.String() != tc.want || got.Tree.IsZero() {
				t.Errorf("MergeBase() = %s, %v, want %s: %s", got.Commit, err, tc.want, tc.reason)
			}
		})
	}
}

// A shallow clone that lacks the commit says so, and what to do.
func TestMergeBaseIsGone(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a", "1")
	repo.Git("branch", "side")
	for _, content := range []string{"2", "3"} {
		repo.Write("a", content)
	}
	clone := t.TempDir()
	repo.Git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+repo.Dir, clone)
	a, err := At(clone, "origin/main")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := At(clone, "origin/side")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, x := a.History()
	_, y := b.History()
	if _, err := r.MergeBase(x, y); err == nil || !strings.Contains(fault.HintOf(err), "--unshallow") {
		t.Errorf("MergeBase() in a shallow clone = %v, want a hint that names --unshallow", err)
	}
}
