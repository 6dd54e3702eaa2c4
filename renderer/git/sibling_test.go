package git

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// propose makes a file of its own on a branch beside main.
func propose(t *testing.T, r *Repo, branch, content string) (Head, error) {
	t.Helper()
	old, err := r.Sibling(t.Context(), branch)
	if err != nil {
		t.Fatal(err)
	}
	tx := r.Begin(head(t, r))
	putFile(t, tx, "mine", content)
	res, err := tx.Commit(t.Context(), Message{Subject: "propose"})
	if err != nil {
		t.Fatal(err)
	}
	return res.Head(), r.PublishSibling(t.Context(), branch, old, res)
}

// A branch beside main is made, moved to another commit on the newest main,
// read, and known to be merged or not; main stays where it is.
func TestSibling(t *testing.T) {
	t.Parallel()
	const branch = "sluice/bump/swg-203"
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		m.server.Write("theirs", "1")
		if h, err := r.Sibling(t.Context(), branch); err != nil || !h.IsZero() {
			t.Fatalf("Sibling() before there is one = %v, %v, want the zero Head", h, err)
		}
		first, err := propose(t, r, branch, "1")
		if err != nil {
			t.Fatal(err)
		}
		m.server.Write("theirs", "2")
		second, err := propose(t, r, branch, "2")
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]string{
			"show " + branch + ":theirs":                       "2", // of the newest main
			"show " + branch + ":mine":                         "2",
			"rev-list --count main.." + branch:                 "1", // and not on the first
			"rev-parse " + branch:                              second.Commit.String(),
			"ls-tree --name-only main":                         "theirs",
			"cat-file -t " + first.Commit.String() + "^{tree}": "tree", // still there for who looks at the first
		} {
			if got := m.server.Git(strings.Fields(what)...); got != want {
				t.Errorf("git %s = %q, want %q", what, got, want)
			}
		}
		seen, err := r.Sibling(t.Context(), branch)
		if err != nil || files(t, r, seen)["mine"] != "2" {
			t.Errorf("Sibling() = %v, %v, want the files of the second commit", seen, err)
		}
		if merged, err := r.Merged(t.Context(), head(t, r), seen); merged || err != nil {
			t.Errorf("Merged() before = %t, %v, want false", merged, err)
		}
		tree := m.server.Git("rev-parse", branch+"^{tree}")
		m.server.Git("update-ref", "refs/heads/main", m.server.Git("commit-tree", "-p", "main", "-p", branch, "-m", "merge", tree))
		m.server.Write("theirs", "3")
		if merged, err := r.Merged(t.Context(), head(t, r), seen); !merged || err != nil {
			t.Errorf("Merged() after = %t, %v, want true", merged, err)
		}
		m.server.Check()
	})
}

// A push from an old tip loses the race, and what is no branch is refused.
func TestSiblingRefuses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, m medium, r *Repo) {
		m.server.Write("theirs", "1")
		tx := r.Begin(head(t, r))
		putFile(t, tx, "mine", "1")
		res, err := tx.Commit(t.Context(), Message{Subject: "propose"})
		if err != nil {
			t.Fatal(err)
		}
		m.server.Git("branch", "taken", "main")
		if err := r.PublishSibling(t.Context(), "taken", Head{}, res); !errors.Is(err, ErrMoved) {
			t.Errorf("PublishSibling() from an old tip = %v, want a lost race", err)
		}
		if _, err := r.Sibling(t.Context(), "../main"); err == nil {
			t.Error("Sibling() of a path = no error")
		}
	})
}

// The server's hooks hear the options of a commit's message, where it takes
// such, and a push goes through where it does not.
func TestPushOptions(t *testing.T) {
	t.Parallel()
	for name, takes := range map[string]string{"Takes": "true", "TakesNone": "false"} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, m medium, _ *Repo) {
				m.server.Write("theirs", "1")
				m.server.Git("config", "receive.advertisePushOptions", takes)
				heard := filepath.Join(t.TempDir(), "heard")
				m.server.Hook("pre-receive", `echo "$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0" >`+heard)
				r := m.open(t)
				base := head(t, r)
				tx := r.Begin(base)
				putFile(t, tx, "mine", "1")
				res, err := tx.Commit(t.Context(), Message{Subject: "quiet", PushOptions: []string{"ci.skip=true"}})
				if err == nil {
					err = r.Publish(t.Context(), base, res)
				}
				if err != nil {
					t.Fatal(err)
				}
				want := "1 ci.skip=true\n"
				if takes == "false" {
					want = "0 \n"
				}
				if got, err := os.ReadFile(heard); err != nil || string(got) != want {
					t.Errorf("the hook heard %q, %v, want %q", got, err, want)
				}
			})
		})
	}
}
