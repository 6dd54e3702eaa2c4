package git

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

func TestCommitted(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("a/x", "1")
	commit := "tree " + repo.Git("rev-parse", "main^{tree}") + "\nauthor a <b> 5 +0000\ncommitter a 1 +0000 <b> 1700000000 +0530\n\ncommitter x <y> 6 +0000\n"
	hash, err := gittest.TryGit(repo.Dir, []byte(commit), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		t.Fatal(err)
	}
	repo.Git("update-ref", "refs/heads/main", strings.TrimSpace(hash))
	r := medium{server: repo, url: repo.Dir}.open(t)
	if at, err := r.Committed(head(t, r)); err != nil || at.Unix() != 1700000000 {
		t.Errorf("Committed() = %v, %v, want the committer's time", at, err)
	}
	if _, err := r.Committed(Head{}); err == nil {
		t.Error("Committed() of nothing = no error")
	}
}
