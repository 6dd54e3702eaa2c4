package git

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
)

// A subtree that a goroutine of its own could not build fails the commit: left
// out, it would be a tree without these files.
func TestForkedSubtreeThatFailsFailsTheCommit(t *testing.T) {
	t.Parallel()
	for name, puts := range map[string]int{"Forked": forkPuts, "InLine": 1} {
		t.Run(name, func(t *testing.T) {
			repo := gittest.New(t)
			lost := strings.Repeat("1", 40)
			stdin := func(text string, args ...string) string {
				out, err := gittest.TryGit(repo.Dir, []byte(text), args...)
				if err != nil {
					t.Fatal(err)
				}
				return strings.TrimSpace(out)
			}
			big := stdin(fmt.Sprintf("040000 tree %s\told\n", lost), "mktree", "--missing")
			root := stdin(fmt.Sprintf("040000 tree %s\tbig\n", big), "mktree")
			repo.Git("update-ref", "refs/heads/main", repo.Git("commit-tree", "-m", "x", root))

			r := medium{server: repo, url: repo.Dir}.open(t)
			tx := r.Begin(head(t, r))
			defer tx.Discard()
			tx.Reset("big") // so that what is not put is read to be removed
			for i := range puts {
				putFile(t, tx, fmt.Sprint("big/new/", i), "x")
			}
			putFile(t, tx, "small", "x")
			if res, err := tx.Commit(t.Context(), Message{Subject: "x"}); !errors.Is(err, odb.ErrMissing) {
				t.Errorf("Commit() = %+v, %v, want it to fail for the tree that is missing", res.Files, err)
			}
		})
	}
}
