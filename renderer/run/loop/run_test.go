package loop

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
)

type fixed struct{ now time.Time }

func (f fixed) Now() time.Time { return f.now }

// wall is the clock of a bubble.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// running runs a loop of r until the bubble's test ends, and returns what says
// how long after now each commit was pushed.
func running(t *testing.T, r *replica, clock interface{ Now() time.Time }, timing Timing) func() []time.Duration {
	t.Helper()
	began := time.Now()
	var mu sync.Mutex
	var pushed []time.Duration
	l := New(r.Core, Options{Feed: r.feed, Clock: clock, Timing: timing, Hear: func(_ context.Context, o Outcome, err error) {
		if err != nil {
			t.Errorf("Step() = %v after %v", err, time.Since(began))
		}
		if o.Changed {
			mu.Lock()
			defer mu.Unlock()
			pushed = append(pushed, time.Since(began))
		}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v, want its context's error", err)
		}
	})
	synctest.Wait()
	return func() []time.Duration {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(pushed)
	}
}

// A burst is one commit as soon as it is over, or has lasted too long.
func TestRunBatchesBursts(t *testing.T) {
	const quiet, most = 30 * time.Millisecond, 500 * time.Millisecond
	for name, tc := range map[string]struct {
		reason  string
		changes int
		every   time.Duration
		commits []time.Duration
	}{
		"Burst":   {"it is over when nothing has come for a while", 30, time.Millisecond, []time.Duration{29*time.Millisecond + quiet}},
		"Single":  {"a burst of one", 1, 0, []time.Duration{quiet}},
		"Spread":  {"what comes later is another one", 2, time.Second, []time.Duration{quiet, time.Second + quiet}},
		"Endless": {"nobody waits for the end of what does not end", 61, 20 * time.Millisecond, []time.Duration{most, 2*most + 20*time.Millisecond, 1200*time.Millisecond + quiet}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := settled(t, 3, false)
				pushed := running(t, r, fixed{s.now}, Timing{Debounce: quiet, MaxDelay: most})
				for i := range tc.changes {
					if i > 0 {
						time.Sleep(tc.every)
					}
					s.sell(i%3, right{product: "swg", replicas: 1 + i, start: s.now.AddDate(-1, 0, 0)})
					r.feed.deliver(2)
				}
				time.Sleep(time.Second)
				got := pushed()
				if len(got) != len(tc.commits) {
					t.Fatalf("commits after %v, want %v: %s", got, tc.commits, tc.reason)
				}
				for i, want := range tc.commits {
					if off := (got[i] - want).Abs(); off > tc.every {
						t.Errorf("commits after %v, want %v: %s", got, tc.commits, tc.reason)
					}
				}
				if d := s.differences(s.now); len(d) > 0 {
					t.Errorf("a render from nothing changes %q", d)
				}
			})
		})
	}
}

// What nobody tells of is done in time: what time alone changes at its moment,
// and what people push at the next look.
func TestRunWakesByItself(t *testing.T) {
	const poll, long = 10 * time.Minute, 3 * time.Hour
	for name, tc := range map[string]struct {
		reason        string
		before, after func(s *stand)
		within        time.Duration
	}{
		"Due": {"a right that starts", func(s *stand) { s.sell(0, right{product: "dsa", start: s.now.Add(long)}) }, func(*stand) {}, time.Second},
		"Poll": {"a commit of people, however many looks found nothing", func(*stand) {}, func(s *stand) {
			s.commit("by hand", func(tx *git.Tx) error { return tx.PutFile("environments/local/rings/canary/x.yaml", []byte("x")) })
		}, 2 * poll},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t)
				s.now = time.Now()
				s.sell(0, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
				tc.before(s)
				r := s.replica(0, false)
				if err := s.settle(r); err != nil {
					t.Fatal(err)
				}
				pushed := running(t, r, wall{}, Timing{Poll: poll})
				time.Sleep(long - time.Nanosecond)
				if got := pushed(); len(got) > 0 {
					t.Fatalf("commits after %v, want none before %v", got, long)
				}
				tc.after(s)
				time.Sleep(tc.within)
				if got := pushed(); len(got) != 1 {
					t.Errorf("commits after %v, want one within %v after %v: %s", got, tc.within, long, tc.reason)
				}
			})
		})
	}
}
