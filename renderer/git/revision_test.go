package git

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// history makes a repository with a merge and returns a clone of it that is
// checked out; every commit holds its subject in the file "is".
func history(t *testing.T) (server *gittest.Repo, clone string) {
	t.Helper()
	server = gittest.New(t)
	for _, what := range []string{"one", "two"} {
		server.Write("is", what)
	}
	server.Git("branch", "side", "main~1")
	server.Git("tag", "-a", "-m", "v1", "v1", "main")
	merge := server.Git("commit-tree", "-p", "main", "-p", "side", "-m", "merge", "main^{tree}")
	server.Git("update-ref", "refs/heads/main", merge)
	server.Write("is", "three")
	clone = filepath.Join(t.TempDir(), "clone")
	gittest.Git(t, "", "clone", "-q", "file://"+server.Dir, clone)
	return server, clone
}

// What git rev-parse says of a revision is what is read.
func TestAtResolvesAsGitDoes(t *testing.T) {
	t.Parallel()
	server, clone := history(t)
	gittest.Git(t, clone, "checkout", "-q", "-b", "topic/x")
	server.Git("pack-refs", "--all")
	tip := server.Tip()
	revisions := []string{
		"main", "origin/main", "origin/side", "refs/heads/main", "refs/remotes/origin/side", "topic/x", "HEAD", "@", "v1", "tags/v1",
		"HEAD~1", "HEAD~", "HEAD^", "HEAD~2", "HEAD^^", "HEAD~1^2", "HEAD^^2", "v1~1", "HEAD~0", "HEAD^0", "origin/main~1^2~0", "HEAD~3",
		tip, strings.ToUpper(tip), tip + "~1", tip[:10], tip[:7] + "~1",
	}
	if short.Run() {
		revisions = []string{"origin/main~1^2~0", "HEAD", tip[:7] + "~1"}
	}
	for _, revision := range revisions {
		t.Run(strings.ReplaceAll(revision, "/", "-"), func(t *testing.T) {
			s, err := At(clone, revision)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if want := gittest.Git(t, clone, "rev-parse", revision+"^{commit}"); s.head.Commit.String() != want {
				t.Errorf("At(%q) is %s, git says %s", revision, s.head.Commit, want)
			}
			data, err := fs.ReadFile(s.FS(), "is")
			if want := gittest.Git(t, clone, "show", revision+"^{commit}:is"); err != nil || string(data) != want {
				t.Errorf("At(%q) reads %q, %v, want %q", revision, data, err, want)
			}
		})
	}
}

func TestAtRefuses(t *testing.T) {
	short.Skip(t, "runs git again and again")
	t.Parallel()
	_, clone := history(t)
	shallow := filepath.Join(t.TempDir(), "shallow")
	gittest.Git(t, "", "clone", "-q", "--depth=2", "file://"+clone, shallow)
	for name, tc := range map[string]struct{ reason, path, revision, shows, hint string }{
		"Unknown":  {"nobody knows what is meant", clone, "zzzzzzzz", "there is no such commit", "give a branch"},
		"Misspelt": {"the nearest name is told", clone, "origin/mian", "there is no such commit", `did you mean "origin/main"?`},
		"Root":     {"the first commit has no parent", clone, "HEAD~4", "has 0 parents", "git log"},
		"Far":      {"further than any history", clone, "HEAD~99999999999999999999", "has 0 parents", "git log"},
		"Parent":   {"it is no merge", clone, "HEAD^2", "has 1 parents", "git log"},
		"Shallow":  {"the clone ends there", shallow, "HEAD~3", "the history here ends before it", "this clone is shallow: fetch what it lacks"},
		"Absent":   {"a clone of one branch has no other", shallow, "zzzzzzzz", "there is no such commit", "this clone is shallow"},
		"Upstream": {"one person's configuration", clone, "@{upstream}", "no name of a commit that is understood", "git rev-parse"},
		"Reflog":   {"one person's history", clone, "main@{1}", "no name of a commit that is understood", "git rev-parse"},
		"Path":     {"a file is no commit", clone, "main:is", "no name of a commit that is understood", "git rev-parse"},
		"Type":     {"a tree is no commit", clone, "main^{tree}", "no name of a commit that is understood", "git rev-parse"},
		"Empty":    {"nothing", clone, "", "no name of a commit that is understood", "git rev-parse"},
		"NoRepo":   {"no repository", t.TempDir(), "main", "it is no Git repository", "git init"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := At(tc.path, tc.revision)
			if err == nil {
				t.Fatalf("At(%q) = %s, want an error: %s", tc.revision, s.head.Commit, tc.reason)
			}
			if fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), tc.shows) || !strings.Contains(fault.HintOf(err), tc.hint) {
				t.Errorf("At(%q) = %v of class %v with hint %q, want %q and %q", tc.revision, err, fault.ClassOf(err), fault.HintOf(err), tc.shows, tc.hint)
			}
		})
	}
}
