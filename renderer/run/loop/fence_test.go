package loop

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// A leader stops after etcd has confirmed its lease and before the branch
// moves, for so long that another leads. What fences it then is the branch:
// the compare-and-swap with the commit that it rendered on.
func TestPausedBetweenCheckAndPush(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("commits and pushes with real Git in each of its cases")
	}
	for name, tc := range map[string]struct {
		reason string
		remote bool
		// late stops after the server has told where its branch is.
		late bool
		// pushes says that the next leader has something to push meanwhile.
		pushes bool
	}{
		"StaleBase":       {"the next leader has pushed: the late push is refused", false, false, true},
		"StaleBaseRemote": {"and so it is by a server", true, false, true},
		"StaleBaseLate":   {"which compares itself", true, true, true},
		"SameBase":        {"nothing was to be pushed: the late commit is one of its time, and is followed", false, false, false},
		"SameBaseRemote":  {"and so it is on a server", true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			repo := gittest.New(t)
			s := newStandIn(t, repo.Dir)
			var server *gittest.HTTP
			if tc.remote {
				server = repo.HTTP("")
				s.url = server.URL
			}
			sell := func(replicas int) {
				s.sell(0, right{product: "swg", replicas: replicas, start: s.now.AddDate(-1, 0, 0)})
			}
			sell(1)
			old, next := s.replica(5, false), s.replica(9, false)
			if err := s.settle(old); err != nil {
				t.Fatal(err)
			}
			var checked, stopped atomic.Bool
			old.config.Lead = func(context.Context) error { checked.Store(true); return nil }
			stop := func() { // it stands still right here
				if stopped.Swap(true) {
					return
				}
				if !checked.Load() {
					t.Error("the lease was not checked before the push")
				}
				if tc.pushes {
					sell(3)
				} else {
					sell(1) // as Git has it
				}
				if err := s.settle(next); err != nil {
					t.Error(err)
				}
			}
			if tc.late {
				server.BeforePush(stop)
			} else {
				old.git.next, old.git.race = "race", stop
			}
			sell(2)
			before := s.head()
			_, err := old.fed().Step(context.Background(), s.now)
			if tc.pushes {
				if m, _ := publish.MarkOf(s.head(), local); !errors.Is(err, git.ErrMoved) || m.Fence != 9 {
					t.Errorf("Step() of the paused leader = %v, the branch is at %+v, want it refused: %s", err, m, tc.reason)
				}
			} else if m, _ := publish.MarkOf(s.head(), local); err != nil || m.Fence != 5 || s.head().Commit == before.Commit {
				t.Errorf("Step() of the paused leader = %v, the branch is at %+v, want it pushed: %s", err, m, tc.reason)
			}
			if err := s.settle(next); err != nil { // at its next look
				t.Fatal(err)
			}
			if d := s.differences(s.now); len(d) > 0 {
				t.Errorf("a render from nothing changes %q", d)
			}
			s.checkMarks(t.Errorf)
			after := s.head()
			sell(4)
			old.Refetch()
			if _, err := old.fed().Step(context.Background(), s.now); !errors.Is(err, publish.ErrFenced) || s.head().Commit != after.Commit {
				t.Errorf("next Step() of the paused leader = %v, want publish.ErrFenced and nothing pushed", err)
			}
		})
	}
}
