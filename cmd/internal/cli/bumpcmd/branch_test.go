package bumpcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// server is a repository with the files of a test in its main branch.
type server struct {
	*gittest.Repo
	t        *testing.T
	url      string
	cache    string
	proposed []mergereq.Proposal
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{Repo: gittest.New(t), t: t, cache: t.TempDir()}
	s.url = s.HTTP("").URL
	repo, err := git.Open(t.Context(), s.Dir, git.Options{Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	_, err = git.Update(t.Context(), repo, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		return git.Message{Subject: "begin"}, tx.PutFS("", repository(t, fleet))
	}, git.RetryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Flags adds none.
func (s *server) Flags(*pflag.FlagSet) {}

// Ready says that all can be proposed.
func (s *server) Ready(string) error { return nil }

// Propose notes what is proposed.
func (s *server) Propose(_ context.Context, p mergereq.Proposal) (mergereq.Proposed, error) {
	s.proposed = append(s.proposed, p)
	return mergereq.Proposed{URL: fmt.Sprintf("https://gitlab.example/fleet/-/merge_requests/%d", len(s.proposed)), Told: []string{"and so on"}}, nil
}

// plan tells by which lines an edit differs.
func plan(_ context.Context, c impact.Trees, w io.Writer, markdown bool) error {
	before, err1 := fs.ReadFile(c.Before, fleetPath(c.Environment))
	after, err2 := fs.ReadFile(c.After, fleetPath(c.Environment))
	known := strings.Split(string(before), "\n")
	for line := range strings.SplitSeq(string(after), "\n") {
		if !slices.Contains(known, line) {
			fmt.Fprintf(w, "%t %s\n", markdown, strings.TrimSpace(line))
		}
	}
	return errors.Join(err1, err2)
}

// run runs sluice bump against a place and returns what it says.
func (s *server) run(place string, args ...string) (stdout, stderr string, err error) {
	s.t.Helper()
	cmd := New(Deps{
		Repo: repoflags.Repository{
			Flags: func(*pflag.FlagSet) {}, Location: func() string { return place },
			Place: func(ctx context.Context) (publish.Place, error) {
				return publish.Open(ctx, place, git.Options{Branch: "main", CacheDir: s.cache})
			},
		},
		Desk: mergereq.Desk{Plan: plan, Proposer: s},
	})
	var out, said strings.Builder
	cmd.SetOut(&out)
	cmd.SetErr(&said)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.ExecuteContext(s.t.Context())
	return out.String(), said.String(), err
}

const branch = "sluice/bump/local/swg-203"

// A bump is one commit on a branch of its own, in a bare repository and behind
// a URL: people's files only, and the renderer's trailers not.
func TestBranch(t *testing.T) {
	t.Parallel()
	for _, remote := range []bool{false, true} {
		t.Run(strconv.FormatBool(remote), func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			place := s.Dir
			if remote {
				place = s.url
			}
			args := []string{"swg=203", "--ring", "canary", "-m", "faster policies"}
			if out, _, err := s.run(place, append(args, "--dry-run")...); err != nil || out != "false swg: \"203\"   # since the audit\n" {
				t.Fatalf("bump --dry-run = %q, %v", out, err)
			}
			if got := s.Git("branch", "--format=%(refname:short)"); got != "main" {
				t.Fatalf("a dry run made branches %q", got)
			}
			if _, said, err := s.run(place, args...); err != nil || !strings.Contains(said, "branch "+branch+" is pushed") {
				t.Fatalf("bump = %q, %v", said, err)
			}
			want := "Bump swg to 203 in ring canary of local\n\nfaster policies\n\nSluice-Bump: swg=203"
			if got := s.Git("log", "-1", "--format=%B", branch); got != want {
				t.Errorf("the commit says %q, want %q", got, want)
			}
			if got := s.Git("diff", "--name-only", "main", branch); got != "environments/local/fleet.yaml" {
				t.Errorf("the commit changes %q", got)
			}
			tip := s.Git("rev-parse", branch)
			s.Write("environments/local/rings/x", "rendered meanwhile")
			if _, said, err := s.run(place, args...); err != nil || !strings.Contains(said, "has it already") || s.Git("rev-parse", branch) != tip {
				t.Errorf("bump a second time = %q, %v, want the branch where it was", said, err)
			}
			if _, said, err := s.run(place, "swg=203"); err != nil || !strings.Contains(said, "is pushed") || s.Git("rev-list", "--count", "main.."+branch) != "1" {
				t.Errorf("bump of more = %q, %v, want one commit on the newest main", said, err)
			}
			s.Check()
		})
	}
}

// What others committed to the branch is not lost; what is merged may be done again.
func TestBranchOfOthers(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.Git("branch", branch, "main")
	other := s.Git("commit-tree", "-p", "main", "-m", "by hand", "main^{tree}")
	s.Git("update-ref", "refs/heads/"+branch, other)
	_, _, err := s.run(s.url, "swg=203")
	if err == nil || !strings.Contains(err.Error(), other[:12]+", which is not sluice's") || !strings.Contains(fault.HintOf(err), "--source-branch") {
		t.Fatalf("bump = %v, want a refusal that names the commit", err)
	}
	if _, _, err := s.run(s.url, "swg=203", "--source-branch", "mine"); err != nil || s.Git("rev-list", "--count", "main..mine") != "1" {
		t.Errorf("bump to a branch of another name = %v", err)
	}

	merged := s.Git("commit-tree", "-p", "main", "-p", "mine", "-m", "merge", "mine^{tree}")
	reverted := s.Git("commit-tree", "-p", merged, "-m", "revert", "main^{tree}")
	s.Git("update-ref", "refs/heads/main", reverted)
	tip := s.Git("rev-parse", "mine")
	if _, said, err := s.run(s.url, "swg=203", "--source-branch", "mine"); err != nil || s.Git("rev-parse", "mine^") != reverted || s.Git("rev-parse", "mine") == tip {
		t.Errorf("bump again after a revert = %q, %v, want a new commit on it", said, err)
	}
}

// The proposer hears of a bump that is pushed, each time, and of nothing else.
func TestMergeRequest(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	if out, _, err := s.run(s.url, "swg=../203"); err == nil || !strings.Contains(err.Error(), "../203") || out != "" {
		t.Fatalf("bump of an odd version = %q, %v, want its fault", out, err)
	}
	s.Write(".gitlab/CODEOWNERS", "* @ann\nfleet.yaml @bob @clouds/sre\n")
	if _, _, err := s.run(s.url, "swg=203", "--auto-merge"); err == nil || fault.HintOf(err) != "give --mr too" {
		t.Errorf("bump --auto-merge = %v, want --mr to be asked for", err)
	}
	for range 2 {
		if _, said, err := s.run(s.url, "swg=203", "--ring", "canary", "-m", "why", "--mr", "--again", "--auto-merge", "--label", "urgent"); err != nil || !strings.Contains(said, "and so on\nhttps://gitlab.example/") {
			t.Fatalf("bump --mr = %q, %v", said, err)
		}
	}
	want := mergereq.Proposal{Repository: s.url, Branch: branch, Base: "main", Commit: s.Git("rev-parse", branch), Title: "Bump swg to 203 in ring canary of local",
		Message: "why", Description: "true swg: \"203\"   # since the audit\n", Files: []string{"environments/local/fleet.yaml"},
		Owners: []string{"bob"}, Labels: []string{"urgent"}, Again: true, AutoMerge: true}
	if len(s.proposed) != 2 {
		t.Fatalf("proposed %d times, want 2", len(s.proposed))
	}
	for _, got := range s.proposed {
		if got.Environment.String() != "local" || len(got.Wanted) != 1 || got.Wanted[0].String() != "swg=203" {
			t.Errorf("proposed %v of %v", got.Wanted, got.Environment)
		}
		got.Environment, got.Wanted = want.Environment, nil
		if d := cmp.Diff(want, got, cmp.AllowUnexported(want.Environment, want.Tenant)); d != "" {
			t.Errorf("proposal (-want +got):\n%s", d)
		}
	}
	if _, _, err := s.run(s.url, "swg=202", "--ring", "canary", "--mr"); err != nil || len(s.proposed) != 2 {
		t.Errorf("a bump of nothing proposed something, or failed: %v", err)
	}
	if _, _, err := s.run(s.Dir, "swg=203", "--mr"); err == nil || fault.HintOf(err) == "" {
		t.Errorf("bump --mr of a path = %v, want a refusal", err)
	}
}
