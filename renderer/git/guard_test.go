package git

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// judge is a guard that keeps what it sees.
type judge struct {
	mu      sync.Mutex
	seen    map[string]tree.Kind
	refusal error
}

func (j *judge) See(c tree.Change) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.seen[c.Path] = c.Kind
}
func (j *judge) Check() error { return j.refusal }

// A guard sees what is changed and removed, and no commit is made when it refuses.
func TestGuardIsAsked(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	for _, path := range []string{"env/a/x", "env/b/x", "env/c/deep/x", "env/turns/x", "env/dir/x", "other"} {
		repo.Write(path, "1")
	}
	r := medium{server: repo, url: repo.Dir}.open(t)
	h := head(t, r)
	no := errors.New("no")
	fill := func(f putter) *judge {
		j := &judge{seen: map[string]tree.Kind{}, refusal: no}
		f.Guard(j)
		f.Reset("env")
		d, err := tree.FromFiles(map[string][]byte{"x": []byte("2")})
		if err := errors.Join(err, f.Put("env/a", d), f.PutFile("env/b/x", []byte("1")), f.Put("env/dir", nil),
			f.PutFile("env/new", []byte("1")), f.PutFile("env/turns", []byte("1"))); err != nil {
			t.Fatal(err)
		}
		return j
	}
	want := map[string]tree.Kind{"env/a/x": tree.Changed, "env/c/deep/x": tree.Removed, "env/turns/x": tree.Removed, "env/dir/x": tree.Removed}

	tx := r.Begin(h)
	defer tx.Discard()
	j := fill(tx)
	if _, err := tx.Commit(context.Background(), Message{Subject: "x"}); !errors.Is(err, no) {
		t.Errorf("Commit() = %v, want the guard's refusal", err)
	}
	if d := cmp.Diff(want, j.seen); d != "" {
		t.Errorf("the guard of a commit sees (-want +got):\n%s", d)
	}
	p := r.Preview(h)
	j = fill(p)
	if _, err := p.Changes(context.Background()); !errors.Is(err, no) {
		t.Errorf("Changes() = %v, want the guard's refusal", err)
	}
	if d := cmp.Diff(want, j.seen); d != "" {
		t.Errorf("the guard of a preview sees (-want +got):\n%s", d)
	}
}
