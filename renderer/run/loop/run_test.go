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
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// Whoever looks at a loop here does it in a bubble of package synctest: time
// passes when all goroutines wait for it, and a day costs nothing.

type fixed struct{ now time.Time }

func (f fixed) Now() time.Time { return f.now }

// wall is the clock of a bubble.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// driven is a loop that runs.
type driven struct {
	began time.Time
	// stop ends it and returns its error.
	stop func() error

	mu     sync.Mutex
	pushed []time.Duration // after it began
	failed []error
}

// drive runs a loop of r until the test ends.
func drive(t *testing.T, r *replica, o Options) *driven {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	d := &driven{began: time.Now()}
	o.Feed = r.feed
	o.Hear = func(_ context.Context, o Outcome, err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if err != nil {
			if d.failed = append(d.failed, err); len(d.failed) > 1000 {
				cancel() // time does not pass for a loop that takes no pause
			}
		}
		if o.Changed {
			d.pushed = append(d.pushed, time.Since(d.began))
		}
	}
	ended := make(chan error, 1)
	go func() { ended <- New(r.Core, o).Run(ctx) }()
	d.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = d.stop() })
	synctest.Wait()
	return d
}

// pushes returns when commits were pushed, once nothing goes on.
func (d *driven) pushes() []time.Duration {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.pushed)
}

// failures returns the errors of steps, once nothing goes on.
func (d *driven) failures() []error {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.failed)
}

// change sells tenant i something else.
func (s *stand) change(r *replica, i, replicas int) {
	s.sell(i, right{product: "swg", replicas: replicas, start: s.now.AddDate(-1, 0, 0)})
	r.fed()
}

// byHand is a commit of people that has everything rendered anew.
func (s *stand) byHand() {
	s.commit("by hand", func(tx *git.Tx) error { return tx.PutFile("environments/local/rings/canary/x.yaml", []byte("x")) })
}

// A burst is one commit as soon as it is over, or has lasted too long.
func TestRunBatchesBursts(t *testing.T) {
	t.Parallel()
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
				d := drive(t, r, Options{Clock: fixed{s.now}, Timing: Timing{Debounce: quiet, MaxDelay: most}})
				for i := range tc.changes {
					if i > 0 {
						time.Sleep(tc.every)
					}
					s.change(r, i%3, 1+i)
				}
				time.Sleep(time.Second)
				got := d.pushes()
				if !slices.EqualFunc(got, tc.commits, func(got, want time.Duration) bool { return (got - want).Abs() <= tc.every }) {
					t.Errorf("commits after %v, want %v: %s", got, tc.commits, tc.reason)
				}
				if err := d.stop(); !errors.Is(err, context.Canceled) || len(d.failures()) > 0 {
					t.Errorf("Run() = %v after failures %v, want its context's error", err, d.failures())
				}
				if d := s.differences(s.now); len(d) > 0 {
					t.Errorf("a render from nothing changes %q", d)
				}
			})
		})
	}
}

// What the feed does not tell of is done in time: what time alone changes at
// its moment, and what people push at the next look.
func TestRunWakesByItself(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	const poll, long = 10 * time.Minute, 3 * time.Hour
	poke := make(chan struct{}, 1)
	for name, tc := range map[string]struct {
		reason        string
		before, after func(s *stand)
		within        time.Duration
	}{
		"Due":  {"a right that starts", func(s *stand) { s.sell(0, right{product: "dsa", start: s.now.Add(long)}) }, func(*stand) {}, time.Second},
		"Poll": {"a commit of people, however many looks found nothing", func(*stand) {}, func(s *stand) { s.byHand() }, 2 * poll},
		"Poke": {"at once when somebody tells", func(*stand) {}, func(s *stand) { s.byHand(); poke <- struct{}{} }, time.Nanosecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				poke = make(chan struct{}, 1) // of this bubble
				s := newStand(t)
				s.now = time.Now()
				s.sell(0, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
				tc.before(s)
				r := s.replica(0, false)
				if err := s.settle(r); err != nil {
					t.Fatal(err)
				}
				d := drive(t, r, Options{Clock: wall{}, Timing: Timing{Poll: poll}, Poke: poke})
				time.Sleep(long - time.Nanosecond)
				if got := d.pushes(); len(got) > 0 {
					t.Fatalf("commits after %v, want none before %v", got, long)
				}
				tc.after(s)
				time.Sleep(tc.within)
				if got := d.pushes(); len(got) != 1 {
					t.Errorf("commits after %v, want one within %v after %v: %s", got, tc.within, long, tc.reason)
				}
			})
		})
	}
}

// A loop that may not go on ends, and pushes nothing more.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for name, tc := range map[string]struct {
		reason string
		do     func(*stand, *replica)
		sync   error
		want   error
	}{
		"Prefix": {"the copy is of records that are not the environment's any more",
			func(s *stand, _ *replica) {
				s.edit("environment.yaml", "repoURL:", "etcd: {prefix: /elsewhere}\nrepoURL:")
			}, nil, ErrPrefix},
		"Fenced": {"another leads", func(s *stand, r *replica) {
			r.config.Fence = 5
			next := s.replica(9, false)
			s.change(next, 0, 2)
			if err := s.settle(next); err != nil {
				s.t.Fatal(err)
			}
			s.change(r, 0, 3)
		}, nil, publish.ErrFenced},
		"Sync": {"what a leader before pushed may not be in the copy", func(s *stand, r *replica) { s.change(r, 0, 2) }, no, no},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := settled(t, 1, true)
				tc.do(s, r)
				before := s.head()
				r.Refetch()
				d := drive(t, r, Options{Clock: fixed{s.now}, Sync: func(context.Context) error { return tc.sync }})
				time.Sleep(time.Hour)
				if err := d.stop(); !errors.Is(err, tc.want) || s.head().Commit != before.Commit {
					t.Errorf("Run() = %v, want %v and nothing pushed: %s", err, tc.want, tc.reason)
				}
			})
		})
	}
}

// A step that fails is tried again after a pause that grows, whatever the feed
// tells meanwhile: a server that is ill is not made worse.
func TestRunPausesAfterFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := settled(t, 1, false)
		r.git.down.Store(true)
		d := drive(t, r, Options{Clock: fixed{s.now}, Timing: Timing{Retry: time.Minute, Poll: 24 * time.Hour}})
		for i := range 360 {
			s.change(r, 0, 1+i)
			time.Sleep(10 * time.Second)
		}
		if n := len(d.failures()); n < 60 || n > 150 {
			t.Errorf("%d tries in an hour, want about one a minute", n)
		}
		r.git.down.Store(false)
		time.Sleep(2 * time.Minute)
		if got := d.pushes(); len(got) != 1 {
			t.Errorf("commits after %v, want one when it is well again", got)
		}
	})
}

// What a guard has blocked is tried again as soon as that may help: when a
// record changes, and soon after people have changed something.
func TestRunTriesWhatWasBlocked(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		help   func(*stand, *replica)
		within time.Duration
	}{
		"Records": {"the tenants are back", func(s *stand, r *replica) {
			for i := range 4 {
				s.change(r, i, 2)
			}
		}, time.Second},
		"People": {"they allow it", func(s *stand, _ *replica) {
			s.edit("environment.yaml", "repoURL:", "maxRemovalsPercent: 90\nrepoURL:")
		}, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := settled(t, 12, false)
				d := drive(t, r, Options{Clock: fixed{s.now}, Timing: Timing{Retry: time.Minute, Poll: 24 * time.Hour}})
				for i := range 4 {
					s.remove(i)
				}
				r.fed()
				time.Sleep(time.Hour)
				var blocked *guard.Refusal
				if failed := d.failures(); len(failed) == 0 || !errors.As(failed[0], &blocked) || len(d.pushes()) > 0 {
					t.Fatalf("failures %v, pushes %v, want it blocked", failed, d.pushes())
				}
				tc.help(s, r)
				time.Sleep(tc.within)
				if got := d.pushes(); len(got) != 1 {
					t.Errorf("commits after %v, want one within %v: %s", got, tc.within, tc.reason)
				}
			})
		})
	}
}

// A copy that is behind what Git holds is told to catch up.
func TestRunCatchesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, r := settled(t, 1, false)
		late := s.replica(0, false)
		s.change(r, 0, 2)
		advance(t, s, r)
		synced := 0
		d := drive(t, late, Options{Clock: fixed{s.now}, Sync: func(context.Context) error {
			if synced++; synced > 1 { // the first is before anything was rendered
				late.fed()
			}
			return nil
		}})
		time.Sleep(time.Minute)
		if failed := d.failures(); len(failed) != 1 || len(d.pushes()) > 0 {
			t.Errorf("failures %v, pushes %v, want one failure, for being behind", failed, d.pushes())
		}
		s.change(late, 0, 3)
		time.Sleep(time.Minute)
		if failed := d.failures(); len(failed) != 1 || !errors.Is(failed[0], publish.ErrBehind) || len(d.pushes()) != 1 {
			t.Errorf("failures %v, pushes %v, want one for being behind and a push after it", failed, d.pushes())
		}
		s.checkMarks(t.Errorf)
	})
}
