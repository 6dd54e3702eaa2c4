package worktree

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// judge is a guard that keeps what it sees.
type judge struct {
	seen    map[string]tree.Kind
	refusal error
}

func (j *judge) See(c tree.Change) { j.seen[c.Path] = c.Kind }
func (j *judge) Check() error      { return j.refusal }

// A guard sees what is changed and removed, and nothing is written when it refuses.
func TestGuardIsAsked(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "env/a/x", "1", "env/b/x", "1", "env/c/x", "1", "other", "1")
	before := files(t, dir)
	fill := func(j *judge) *Tx {
		tx := open(t, dir).Begin()
		tx.Guard(j)
		tx.Reset("env")
		if err := errors.Join(tx.Put("env/a", dirOf(t, "x", "2")), tx.PutFile("env/b/x", []byte("1")), tx.PutFile("env/new", nil)); err != nil {
			t.Fatal(err)
		}
		return tx
	}
	no := errors.New("no")
	j := &judge{map[string]tree.Kind{}, no}
	if _, err := fill(j).Apply(context.Background()); !errors.Is(err, no) {
		t.Errorf("Apply() = %v, want the guard's refusal", err)
	}
	if d := cmp.Diff(map[string]tree.Kind{"env/a/x": tree.Changed, "env/c/x": tree.Removed}, j.seen); d != "" {
		t.Errorf("the guard sees (-want +got):\n%s", d)
	}
	if d := cmp.Diff(before, files(t, dir)); d != "" {
		t.Errorf("a refused Apply wrote (-before +after):\n%s", d)
	}
	if _, err := fill(j).Changes(context.Background()); !errors.Is(err, no) {
		t.Errorf("Changes() = %v, want the guard's refusal", err)
	}
	j.refusal = nil
	if counts, err := fill(j).Apply(context.Background()); err != nil || counts != (tree.Counts{Added: 1, Changed: 1, Removed: 1}) {
		t.Errorf("Apply() = %+v, %v, want one of each", counts, err)
	}
}
