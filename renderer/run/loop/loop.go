package loop

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// Timing says when a Loop acts. The zero value works.
type Timing struct {
	// Debounce is how long a burst must be quiet before it is rendered; 10 ms when zero.
	Debounce time.Duration
	// MaxDelay is the longest that a change waits for its burst to end; 500 ms when zero.
	MaxDelay time.Duration
	// Poll is the mean time between looks at the branch; 30 s when zero.
	Poll time.Duration
	// Observe is the pause between looks at Argo CD while something is under way; 3 s when zero.
	Observe time.Duration
	// Retry bounds the pause after a failure, which doubles up to it; 30 s when zero.
	Retry time.Duration
}

func (t Timing) filled() Timing {
	fill := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	fill(&t.Debounce, 10*time.Millisecond)
	fill(&t.MaxDelay, 500*time.Millisecond)
	fill(&t.Poll, 30*time.Second)
	fill(&t.Observe, 3*time.Second)
	fill(&t.Retry, 30*time.Second)
	return t
}

// Feed is a Source that tells when it has changed.
type Feed interface {
	Source
	Changed() <-chan struct{}
	Pending() (tenants int, since time.Time)
}

var _ Feed = (*watch.Mirror)(nil)

// Options are what a Loop needs beside its Core.
type Options struct {
	Timing Timing
	// Clock decides what has started and ended.
	Clock interface{ Now() time.Time }
	Feed  Feed
	// Sync returns when the feed holds what etcd holds now. May be nil.
	Sync func(ctx context.Context) error
	// Poke is sent to when the branch should be looked at now. May be nil.
	Poke <-chan struct{}
	// Logger hears what happens; nil is silent.
	Logger *slog.Logger
	// Hear is told of every step that did something or failed, and of the
	// first that did not after one that did. May be nil.
	Hear func(ctx context.Context, o Outcome, err error)
	// Observed is told after every look at Argo CD what is granted, and why what
	// does not move stands
	// where it is; or with an error that nothing was seen. May be nil.
	Observed func(granted rollout.Rollouts, reasons []rollout.Reason, err error)
}

// Loop drives a Core.
type Loop struct {
	core *Core
	o    Options

	failures int
	blocked  bool      // the last step was blocked by a guard
	retry    time.Time // monotonic; zero when the last step was well
	observed time.Time // when Argo CD was looked at last
	unseen   bool      // and did not answer
}

// New returns a loop around a new Core.
func New(core *Core, o Options) *Loop {
	o.Timing = o.Timing.filled()
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(context.Context, Outcome, error) {}
	}
	if o.Observed == nil {
		o.Observed = func(rollout.Rollouts, []rollout.Reason, error) {}
	}
	return &Loop{core: core, o: o}
}

// Run renders until ctx ends, or until this loop may not go on: publish.ErrFenced
// or ErrPrefix. Every other failure is told, and tried again after a pause.
func (l *Loop) Run(ctx context.Context) error {
	if l.o.Sync != nil { // what a leader before us pushed must be in the copy
		if err := l.o.Sync(ctx); err != nil {
			return err
		}
	}
	poll := time.NewTimer(backoff.Jitter(l.o.Timing.Poll))
	defer poll.Stop()
	wake := time.NewTimer(0)
	defer wake.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.o.Feed.Changed():
			if !l.settled(ctx) {
				return ctx.Err()
			}
		case <-l.o.Poke:
			l.core.Refetch()
		case <-poll.C:
			l.core.Refetch()
			poll.Reset(backoff.Jitter(l.o.Timing.Poll))
		case <-wake.C:
		}
		if time.Now().Before(l.retry) && l.failures > 0 && !l.news() {
			wake.Reset(time.Until(l.retry))
			continue
		}
		if err := l.step(ctx, l.core.Step); errors.Is(err, publish.ErrFenced) || errors.Is(err, ErrPrefix) {
			return err
		} else if err == nil && l.observes() {
			l.observed = time.Now()
			if err := l.step(ctx, l.advance); errors.Is(err, publish.ErrFenced) || errors.Is(err, ErrPrefix) {
				return err
			}
		}
		wake.Reset(l.pause())
	}
}

// news reports whether what was blocked may not be any more: something changed.
func (l *Loop) news() bool {
	n, _ := l.o.Feed.Pending()
	return l.blocked && n > 0
}

// settled waits until a burst is over or has lasted too long; it reports
// whether ctx goes on.
func (l *Loop) settled(ctx context.Context) bool {
	end := time.NewTimer(l.o.Timing.MaxDelay)
	defer end.Stop()
	if n, _ := l.o.Feed.Pending(); n == 0 {
		return ctx.Err() == nil
	}
	quiet := time.NewTimer(l.o.Timing.Debounce)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-l.o.Feed.Changed():
			quiet.Reset(l.o.Timing.Debounce)
		case <-quiet.C:
			return true
		case <-end.C:
			return true
		}
	}
}

// atRest is the pause between looks at Argo CD while nothing is under way.
const atRest = time.Minute

// observes reports whether it is time to look at Argo CD.
func (l *Loop) observes() bool {
	return l.core.config.Observer != nil && time.Since(l.observed) >= l.observing()
}

func (l *Loop) observing() time.Duration {
	if l.core.Moving() {
		return l.o.Timing.Observe
	}
	return atRest
}

// advance looks at Argo CD. That it does not answer stops the rollouts, and
// nothing else: it is told once.
func (l *Loop) advance(ctx context.Context, now time.Time) (Outcome, error) {
	o, err := l.core.Advance(ctx, now)
	if _, unseen := errors.AsType[*UnseenError](err); !unseen {
		l.unseen = l.unseen && err != nil
		l.o.Observed(l.core.Granted(), l.core.Reasons(), nil)
		return o, err
	}
	if ctx.Err() != nil {
		return Outcome{}, nil //nolint:nilerr // the loop asks ctx
	}
	l.o.Observed(rollout.Rollouts{}, nil, err)
	if !l.unseen {
		l.o.Logger.Warn("rollouts stand still", "error", err, "hint", fault.HintOf(err))
	}
	l.unseen = true
	return Outcome{}, nil
}

// step makes one step and says what came of it.
func (l *Loop) step(ctx context.Context, make func(context.Context, time.Time) (Outcome, error)) error {
	o, err := make(ctx, l.o.Clock.Now())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var refusal *guard.Refusal
	l.blocked = errors.As(err, &refusal)
	if err == nil {
		recovered := l.failures > 0
		l.failures, l.retry = 0, time.Time{}
		if !o.Idle() || recovered {
			l.tell(o)
			l.o.Hear(ctx, o, nil)
		}
		return nil
	}
	l.core.Refetch()
	l.failures++
	l.retry = time.Now().Add(l.backoff(err))
	l.o.Hear(ctx, o, err)
	if isRace(err) && l.failures < noRace {
		l.o.Logger.Info("the branch moved; rendering again", "error", err)
		return err
	}
	l.o.Logger.Error("rendering", "error", err, "hint", fault.HintOf(err), "failures", l.failures, "pending", l.core.Pending())
	if errors.Is(err, publish.ErrBehind) && l.o.Sync != nil {
		_ = l.o.Sync(ctx) // its failure shows in the next step
	}
	return err
}

// noRace is how many races that are lost in a row are none: somebody holds the
// lock of the branch and does not go on.
const noRace = 12

// backoff returns how long to wait after a failure. Races are short: whoever
// won has pushed already.
func (l *Loop) backoff(err error) time.Duration {
	first := 100 * time.Millisecond
	if isRace(err) || errors.Is(err, git.ErrMoved) || errors.Is(err, ErrLoading) {
		first = 5 * time.Millisecond
	}
	return backoff.Jitter(backoff.Pauses{First: first, Most: l.o.Timing.Retry}.After(l.failures))
}

// pause returns how long to sleep when nothing happens.
func (l *Loop) pause() time.Duration {
	const longest = time.Hour
	if l.failures > 0 {
		return max(0, time.Until(l.retry))
	}
	next, look := l.core.Next(), longest
	if l.core.config.Observer != nil {
		look = max(0, l.observing()-time.Since(l.observed))
	}
	if next.IsZero() {
		return look
	}
	// A clock that is set while we sleep is seen within a minute.
	return min(max(0, next.Sub(l.o.Clock.Now())), time.Minute, look)
}

func (l *Loop) tell(o Outcome) {
	if o.Full {
		l.tellPeople(o)
	}
	for _, q := range o.Quarantined {
		l.o.Logger.Warn("left a record out", "tenant", q.Tenant.String(), "product", q.Product.String(), "revision", q.Revision, "error", q.Err, "hint", fault.HintOf(q.Err))
	}
	for _, f := range o.Faults {
		l.o.Logger.Warn("left a product out", "tenant", f.Tenant.String(), "product", f.Product.String(), "error", f.Err, "hint", fault.HintOf(f.Err))
	}
	if !o.Changed {
		l.o.Logger.Debug("nothing differs", "revision", o.Revision, "full", o.Full)
		return
	}
	l.o.Logger.Info("pushed", "commit", o.Commit, "from", o.Mark.From, "revision", o.Mark.Revision, "full", o.Full,
		"tenants", len(o.Facts), "removed", len(o.Removed), "added", o.Files.Added, "changed", o.Files.Changed, "deleted", o.Files.Removed)
	for _, m := range o.Moves {
		l.o.Logger.Info(publish.Told(m), "commit", o.Commit)
	}
	if !o.Full && len(o.Facts)+len(o.Removed) <= maxTold {
		l.tellTenants(o)
	}
}

// tellPeople says what of people's files was not followed.
func (l *Loop) tellPeople(o Outcome) {
	if o.Catalog != nil {
		l.o.Logger.Warn("left versions of the catalog out", "error", o.Catalog, "hint", fault.HintOf(o.Catalog))
	}
	for _, g := range o.Grants {
		l.o.Logger.Warn("kept what the ring has", "ring", g.Ring.String(), "product", g.Product.String(), "error", g.Err, "hint", fault.HintOf(g.Err))
	}
}

// maxTold bounds the lines of one commit: a burst is told by its numbers.
const maxTold = 20

func (l *Loop) tellTenants(o Outcome) {
	for _, f := range o.Facts {
		for i, a := range f.Tenant.Authorisations {
			l.o.Logger.Info("rendered", "tenant", f.Tenant.ID.String(), "product", a.Product.String(), "state", string(f.States[i]),
				"revision", o.Mark.Revision, "commit", o.Commit)
		}
	}
	for _, id := range o.Removed {
		l.o.Logger.Info("removed", "tenant", id.String(), "revision", o.Mark.Revision, "commit", o.Commit)
	}
}
