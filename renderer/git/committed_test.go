package git

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

func TestCommitted(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a/x", "1")
	commit := "tree " + repo.Git("rev-parse", "main^{tree}") + "\nauthor a <b> 5 +0000\ncommitter a 1 +0000 <b> 1700000000 +0530\n\ncommitter x <y> 6 +0000\n"
	hash, err := gittest.TryGit(repo.Dir, []byte(commit), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	repo.Git("update-ref", "refs/heads/main", strings.TrimSpace(hash))
	r := medium{server: repo, url: repo.Dir}.open(t)
	if h := head(t, r); h.Committed.Unix() != 1700000000 || h.Committer != "a 1 +0000" {
		t.Errorf("the head is of %q at %v, want the committer and his time", h.Committer, h.Committed)
	}
}
