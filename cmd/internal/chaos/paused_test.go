package chaos

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// A leader that stands still beyond its lease and then goes on pushes nothing
// once another has led.
func TestPausedLeaderPushesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	w := newWorld(t, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	writing, enough := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { w.write(writing, rand.New(rand.NewPCG(1, 2))) })
	defer all.Wait()
	defer enough()
	fence := w.pushedAfter(ctx, 0)
	for round := 0; round < 4 && ctx.Err() == nil; {
		old := w.leader(ctx, nil)
		if old == nil { // the lease was lost just now
			pause(ctx, 50*time.Millisecond)
			continue
		}
		old.pause(ctx)
		if w.locked(ctx) { // right inside the move: by Git's rules everybody waits for it
			old.signal(syscall.SIGCONT)
			pause(ctx, 50*time.Millisecond)
			continue
		}
		round++
		next := w.pushedAfter(ctx, fence)
		old.signal(syscall.SIGCONT)
		pause(ctx, time.Second)
		fence = max(next, w.fence())
	}
	enough()
	all.Wait()
	w.converge()
	for _, r := range w.replicas {
		r.end(syscall.SIGTERM)
	}
	commits := w.commits()
	if _, terms := w.checkMarks(commits); terms < 5 {
		t.Errorf("%d terms, want 5", terms)
	}
	w.checkMoves(commits)
	w.checkContent(commits)
}

// locked reports whether the stopped one holds the lock of the branch.
func (w *world) locked(ctx context.Context) bool {
	for range 5 {
		if _, err := os.Stat(filepath.Join(w.bare.Dir, "refs", "heads", "main.lock")); err != nil {
			return false
		}
		pause(ctx, 50*time.Millisecond) // what others hold is gone soon
	}
	return true
}

// fence returns the term of the last rendered commit.
func (w *world) fence() int64 {
	w.t.Helper()
	commits := w.commits()
	for _, commit := range slices.Backward(commits) {
		if m, ours := publish.MarkOf(commit, local); ours {
			return m.Fence
		}
	}
	return 0
}

// pushedAfter waits for a commit of a later term and returns that.
func (w *world) pushedAfter(ctx context.Context, fence int64) int64 {
	w.t.Helper()
	for ctx.Err() == nil {
		if next := w.fence(); next > fence {
			return next
		}
		pause(ctx, 50*time.Millisecond)
	}
	w.t.Fatalf("no term after %d pushed", fence)
	return 0
}
