package publish

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// What cannot be filled, and what is of before the last commit, is no commit
// and an error; the rest is one commit.
func TestWrite(t *testing.T) {
	repo := gittest.New(t)
	repo.Write("README.md", "begin")
	place, err := Open(t.Context(), repo.Dir, git.Options{Branch: "main"})
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	full := errors.New("disk is full")
	for _, tc := range []struct {
		reason   string
		revision int64
		fault    error // of filling
		ok       bool
	}{
		{"as it should be", 9, nil, true},
		{"it was not filled", 10, full, false},
		{"an older revision", 8, nil, false},
		{"the next one", 11, nil, true},
	} {
		before := repo.Tip()
		done, err := place.Write(t.Context(), func(_ context.Context, _ fs.FS, sink tree.Sink) (Commit, error) {
			c := Commit{Environment: local, What: tc.reason, Mark: Mark{Cluster: 7, Revision: tc.revision}}
			return c, errors.Join(sink.PutFile("environments/local/rollouts.yaml", []byte(tc.reason)), tc.fault)
		})
		if (err == nil) != tc.ok || tc.fault != nil && !errors.Is(err, tc.fault) || done.Changed != tc.ok || (repo.Tip() != before) != tc.ok {
			t.Errorf("%s: Write() = %+v, %v, want a commit = %t", tc.reason, done, err, tc.ok)
		}
	}
}
