package loop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// settled is a stand with n tenants and a replica that has rendered them.
func settled(t *testing.T, n int, allow bool) (*stand, *replica) {
	t.Helper()
	s := newStand(t)
	for i := range n {
		s.sell(i, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
	}
	r := s.replica(0, allow)
	if err := s.settle(r); err != nil {
		t.Fatal(err)
	}
	return s, r
}

func (s *stand) sell(i int, rights ...right) {
	id := fmt.Sprint(1000000 + i)
	s.etcd.change("/"+id, tenantRecord(id, ""))
	for _, r := range rights {
		s.etcd.change("/"+id+"/rs/"+r.product, r.String())
	}
}

// remove takes tenant i and its right away.
func (s *stand) remove(i int) {
	s.etcd.change(fmt.Sprintf("/%d", 1000000+i), "")
	s.etcd.change(fmt.Sprintf("/%d/rs/swg", 1000000+i), "")
}

func advance(t testing.TB, s *stand, r *replica) Outcome {
	t.Helper()
	o, err := r.Step(context.Background(), s.now)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// One changed authorisation touches its tenant's files and no others.
func TestOnlyTheTenantIsTouched(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 5, false)
	before := s.head()
	s.sell(3, right{product: "swg", replicas: 9, start: s.now.AddDate(-1, 0, 0)})
	r.feed.deliver(2)
	o := advance(t, s, r)
	if !o.Changed || o.Full || len(o.Facts) != 1 {
		t.Fatalf("Step() = %+v, want one tenant pushed", o)
	}
	for i := range 5 {
		path := fmt.Sprintf("environments/local/tenants/0%d/00/%d", i, 1000000+i)
		same, err := s.people.Same(before, s.head(), path)
		if err != nil || same != (i != 3) {
			t.Errorf("%s is the same = %t, %v, want %t", path, same, err, i != 3)
		}
	}
	if o := advance(t, s, r); !o.Idle() {
		t.Errorf("Step() without a change = %+v, want nothing done", o)
	}
	if head := s.head(); head.Commit.String() != o.Commit {
		t.Errorf("the branch is at %s, want it left at %s", head.Commit, o.Commit)
	}
}

// Rights start and end at their moment without any change in etcd, and a
// tombstone goes when its time has passed.
func TestTimeAloneChanges(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 1, true)
	s.sell(7, right{product: "swg", start: s.now.Add(time.Hour), end: s.now.Add(3 * time.Hour)})
	s.remove(0)
	if err := s.settle(r); err != nil {
		t.Fatal(err)
	}
	revision := s.etcd.revision()
	for _, tc := range []struct {
		after time.Duration
		state authz.State
	}{{time.Hour, authz.Active}, {2 * time.Hour, authz.Suspended}} {
		next := r.Next()
		if want := s.now.Add(tc.after); !next.Equal(want) {
			t.Fatalf("Next() = %v, want %v", next, want)
		}
		s.now = next
		o := advance(t, s, r)
		if !o.Changed || len(o.Facts) != 1 || o.Facts[0].States[0] != tc.state {
			t.Fatalf("Step() at %v = %+v, want the tenant %s", s.now, o.Facts, tc.state)
		}
		if o.Mark.From != revision+1 || o.Mark.Revision != revision {
			t.Errorf("mark %+v, want an empty range after %d", o.Mark, revision)
		}
	}
	s.now = r.Next()
	if o := advance(t, s, r); len(o.Removed) != 1 || o.Removed[0].String() != "1000000" {
		t.Errorf("Step() after the release time = %+v, want the tombstone gone", o)
	}
	if d := s.differences(s.now); len(d) > 0 {
		t.Errorf("a render from nothing changes %q", d)
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	remove := func(s *stand, from, to int) {
		for i := from; i < to; i++ {
			s.remove(i)
		}
	}
	for name, tc := range map[string]struct {
		reason string
		allow  bool
		do     func(*stand, *replica)
		want   string
	}{
		"ThreeMayGo": {"three are always allowed", false, func(s *stand, _ *replica) { remove(s, 0, 3) }, ""},
		"FourAtOnce": {"a window that vanishes", false, func(s *stand, _ *replica) { remove(s, 0, 4) }, "harming 4 of 12"},
		"BitByBit":   {"windows are counted together", false, func(s *stand, r *replica) { remove(s, 0, 2); advance(s.t, s, r.fed()); remove(s, 2, 4) }, "harming 4 of 12"},
		"GoneBitByBit": {"also when nothing is left of those before", false, func(s *stand, r *replica) {
			s.edit("environment.yaml", "releaseHours: 24", "releaseHours: 0")
			r.Refetch()
			remove(s, 0, 2)
			for range 3 { // read anew, released, gone
				advance(s.t, s, r.fed())
			}
			remove(s, 2, 4)
		}, "harming 4 of 10"},
		"NextDay": {"not for ever", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(t, s, r.fed())
			s.now = s.now.Add(25 * time.Hour)
			remove(s, 2, 4)
		}, ""},
		"Everything": {"an empty prefix is a mistake", false, func(s *stand, _ *replica) { remove(s, 0, 12) }, "no record below"},
		"Reread":     {"what a reading finds to have vanished too", false, func(s *stand, r *replica) { remove(s, 0, 6); r.feed.reread() }, "harming 6 of 12"},
		"AfterRestart": {"tombstones in Git are remembered", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(s.t, s, r.fed())
			r.roster = nil
			remove(s, 2, 4)
		}, "harming 4 of 12"},
		"NewLeader": {"tombstones in Git are known to whoever takes over", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(s.t, s, r.fed())
			*r = *s.replica(9, false)
			remove(s, 2, 4)
		}, "harming 4 of 12"},
		"ReturnedTenant": {"who came back is harmed no more", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(s.t, s, r.fed())
			for i := range 2 {
				s.sell(i, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
			}
			advance(s.t, s, r.fed())
			remove(s, 2, 5)
		}, ""},
		"ReturnsMeanwhile": {"nor is who comes back in the step that harms others", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(s.t, s, r.fed())
			for i := range 2 {
				s.sell(i, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
			}
			remove(s, 2, 5)
		}, ""},
		"NewLeaderLater": {"a tombstone that stands is not always a recent one", false, func(s *stand, r *replica) {
			remove(s, 0, 2)
			advance(s.t, s, r.fed())
			s.now = s.now.Add(2 * time.Hour)
			*r = *s.replica(9, false)
			remove(s, 2, 4)
		}, ""},
		"EndTogether": {"ends that were written by mistake", false, func(s *stand, _ *replica) {
			for i := range 4 {
				s.sell(i, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0), end: s.now.Add(-time.Hour)})
			}
		}, "suspended"},
		"ClockJumps": {"all end at once by the clock", false, func(s *stand, r *replica) {
			for i := range 4 {
				s.sell(i, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0), end: s.now.AddDate(0, 1, 0)})
			}
			advance(s.t, s, r.fed())
			s.now = s.now.AddDate(3, 0, 0)
		}, "suspended"},
		"Allowed": {"unless it is meant", true, func(s *stand, _ *replica) { remove(s, 0, 12) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 12, tc.allow)
			tc.do(s, r)
			before := s.head()
			r.fed()
			_, err := r.Step(context.Background(), s.now)
			var blocked *guard.Refusal
			if tc.want == "" {
				if err != nil {
					t.Errorf("Step() = %v, want it pushed: %s", err, tc.reason)
				}
				return
			}
			if !errors.As(err, &blocked) || !strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "" {
				t.Fatalf("Step() = %v, want it blocked with %q and a hint: %s", err, tc.want, tc.reason)
			}
			if s.head().Commit != before.Commit {
				t.Error("a blocked step has pushed")
			}
		})
	}
}

// fed delivers everything.
func (r *replica) fed() *replica { r.feed.deliver(1 << 30); return r }

func TestLaterLeaderEndsTheLoop(t *testing.T) {
	t.Parallel()
	s, old := settled(t, 2, false)
	old.config.Fence = 5
	s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
	advance(t, s, old.fed())
	s.sell(0, right{product: "swg", replicas: 3, start: s.now.AddDate(-1, 0, 0)})
	fresh := s.replica(9, false)
	if err := s.settle(fresh); err != nil {
		t.Fatal(err)
	}
	old.fed()
	_, err := old.Step(context.Background(), s.now) // does not know yet and loses the race
	if !errors.Is(err, git.ErrMoved) {
		t.Fatalf("Step() of the old leader = %v, want ErrMoved", err)
	}
	s.sell(1, right{product: "swg", replicas: 3, start: s.now.AddDate(-1, 0, 0)})
	old.fed()
	if _, err = old.Step(context.Background(), s.now); !errors.Is(err, publish.ErrFenced) {
		t.Errorf("Step() of the old leader = %v, want publish.ErrFenced", err)
	}
	s.checkMarks(t.Fatalf)
}

func TestCopyBehindGitWaits(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 2, false)
	late := s.replica(0, false)
	s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
	advance(t, s, r.fed())
	if _, err := late.Step(context.Background(), s.now); !errors.Is(err, publish.ErrBehind) || fault.ClassOf(err) != fault.Wait {
		t.Errorf("Step() with an old copy = %v, want publish.ErrBehind", err)
	}
}

func TestLeadIsAskedBeforeAPush(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 1, false)
	lost := errors.New("lost")
	r.config.Lead = func(context.Context) error { return lost }
	s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
	before := s.head()
	r.fed()
	if _, err := r.Step(context.Background(), s.now); !errors.Is(err, lost) || s.head().Commit != before.Commit {
		t.Errorf("Step() = %v, want the push refused", err)
	}
}

// A removal whose push failed is made again.
func TestRemovalSurvivesALostRace(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 2, false)
	s.remove(0)
	advance(t, s, r.fed())
	s.now = r.Next()
	r.git.next = "before"
	if _, err := r.Step(context.Background(), s.now); !errors.Is(err, errBroken) {
		t.Fatalf("Step() = %v, want the connection to break", err)
	}
	if o := advance(t, s, r); !o.Changed || len(o.Removed) != 1 {
		t.Errorf("Step() = %+v, want the tombstone gone", o)
	}
	if d := s.differences(s.now); len(d) > 0 {
		t.Errorf("a render from nothing changes %q", d)
	}
}

// What a push changed whose answer was lost is in Git: what changes back
// before the next look must be written again, in the ring and in the fleet too.
func TestArrivedPushIsBuiltUpon(t *testing.T) {
	t.Parallel()
	here := func(s *stand, i int) { s.sell(i, right{product: "swg", start: s.now.AddDate(-1, 0, 0)}) }
	for name, tc := range map[string]struct {
		reason       string
		first, again func(*stand)
	}{
		"WentAndCame": {"the ring counts it again", func(s *stand) { s.now = s.now.AddDate(0, 0, 7) }, func(s *stand) { here(s, 0) }},
		"SharedComponent": {"which its last holder left and took again", func(s *stand) {
			for i := 1; i < 4; i++ {
				s.remove(i)
			}
			s.now = s.now.AddDate(0, 0, 7)
		}, func(s *stand) { here(s, 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 4, true)
			s.remove(0)
			advance(t, s, r.fed()) // a tombstone, which goes when its time has passed
			tc.first(s)
			r.git.next = "after"
			if _, err := r.fed().Step(context.Background(), s.now); !errors.Is(err, errBroken) {
				t.Fatalf("Step() = %v, want the answer lost", err)
			}
			before := s.head()
			tc.again(s)
			if o := advance(t, s, r.fed()); !o.Changed || o.Full || s.head().Commit == before.Commit {
				t.Errorf("Step() = %+v, want it pushed", o)
			}
			if d := s.differences(s.now); len(d) > 0 {
				t.Errorf("a render from nothing changes %q: %s", d, tc.reason)
			}
			s.checkMarks(t.Errorf)
		})
	}
}

// Whoever hears of a failure also hears that it is over, even if there was
// nothing left to do.
func TestRecoveryIsHeard(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 1, false)
	var heard []error
	l := New(r.Core, Options{Feed: r.feed, Clock: fixed{s.now}, Hear: func(_ context.Context, _ Outcome, err error) { heard = append(heard, err) }})
	s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
	r.fed()
	r.git.next = "after" // the push arrives, its answer does not
	for range 4 {
		_ = l.step(t.Context(), l.core.Step)
	}
	if len(heard) != 2 || !errors.Is(heard[0], errBroken) || heard[1] != nil {
		t.Errorf("heard %v, want the failure and its end", heard)
	}
	s.checkMarks(t.Fatalf)
}

// A race that is lost again and again is somebody who holds the branch's lock
// and stands still: it becomes an error that people see.
func TestEndlessRaceIsAnError(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("meets a lock until it gives up")
	}
	s, r := settled(t, 1, false)
	var log bytes.Buffer
	l := New(r.Core, Options{Feed: r.feed, Clock: fixed{s.now}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
	r.fed()
	lock := filepath.Join(s.dir, "refs", "heads", "main.lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.failures = noRace - 2
	for range 2 {
		if err := l.step(t.Context(), l.core.Step); !isRace(err) {
			t.Fatalf("step() = %v, want a lost race", err)
		}
	}
	if info, errs := strings.Count(log.String(), "level=INFO"), strings.Count(log.String(), "level=ERROR"); info != 1 || errs != 1 || !strings.Contains(log.String(), "remove the lock file") {
		t.Errorf("told %d times by the way and %d times as an error, want once each and a hint: %s", info, errs, log.String())
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := l.step(t.Context(), l.core.Step); err != nil {
		t.Errorf("step() = %v after the lock is gone", err)
	}
}

// A full render that lost a race has the branch for itself the next time;
// small commits go side by side.
func TestFullRenderTakesItsTurn(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 1, false)
	turn := &sync.RWMutex{}
	r.config.Turn = turn
	alone := func() (alone bool) {
		r.git.race = func() {
			if alone = !turn.TryRLock(); !alone {
				turn.RUnlock()
			}
		}
		r.git.next = "look"
		s.sell(0, right{product: "swg", replicas: 1 + len(s.etcd.events)%900, start: s.now.AddDate(-1, 0, 0)})
		advance(t, s, r.fed())
		return alone
	}
	if alone() {
		t.Error("a small commit holds the branch alone")
	}
	r.roster = nil
	r.git.next, r.git.race = "race", func() { s.commit("x", func(tx *git.Tx) error { return tx.PutFile("notes", []byte("x")) }) }
	s.sell(0, right{product: "swg", replicas: 999, start: s.now.AddDate(-1, 0, 0)})
	r.fed()
	if _, err := r.Step(context.Background(), s.now); !isRace(err) {
		t.Fatalf("Step() = %v, want a lost race", err)
	}
	r.Refetch()
	if !alone() {
		t.Error("a full render that lost a race does not hold the branch alone")
	}
	if alone() {
		t.Error("the branch is held after the full render")
	}
}
