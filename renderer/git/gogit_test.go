package git

import (
	"testing"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// TestGoGitReadsIt has another implementation of Git read what was written,
// small packs and joined ones.
func TestGoGitReadsIt(t *testing.T) {
	t.Parallel()
	server, r := openBare(t)
	want := 0
	for i := range 40 {
		update(t, r, func(tx *Tx) {
			put(t, tx, "dir/"+string(rune('a'+i%26))+string(rune('a'+i/26)), dir(t, "x", "1", "y/z", string(rune('a'+i))))
		})
		want += 2
	}
	repo, err := git.PlainOpen(server.Dir)
	if err != nil {
		t.Fatal(err)
	}
	head, err := repo.Head()
	if err != nil {
		t.Fatal(err)
	}
	commit, err := repo.CommitObject(head.Hash())
	if err != nil {
		t.Fatal(err)
	}
	files, err := commit.Files()
	if err != nil {
		t.Fatal(err)
	}
	got := 0
	err = files.ForEach(func(f *object.File) error {
		got++
		_, err := f.Contents()
		return err
	})
	if err != nil || got != want {
		t.Errorf("go-git reads %d files, %v, want %d", got, err, want)
	}
}
