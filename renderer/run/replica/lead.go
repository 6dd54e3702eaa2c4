package replica

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// term is what a leader does until its term ends.
type term struct {
	c       *Config // the replica's
	name    ident.Environment
	log     *slog.Logger
	failing *atomic.Int64 // the environment's
	core    *loop.Core
	status  *status.Writer // nil writes none
	// bad is how many records of each tenant are left out.
	bad map[ident.Tenant]int
}

// lead renders the environment until ctx ends or another has to go on.
func (e *environment) lead(ctx context.Context, t *election.Term, place manifest.Place, mirror *watch.Mirror, watcher *watch.Watcher) error {
	name := e.name.String()
	config := loop.Config{Environment: e.name, Pipeline: e.c.Pipeline, Branch: e.c.Repo, Source: mirror,
		Version: e.c.Version, AllowRemovals: e.c.AllowRemovals, Workers: e.c.Workers, Turn: e.turn}
	o := status.Options{Client: e.c.Store.Client(), Environment: name, Prefix: e.place, Logger: e.log, Hear: e.wrote}
	sight := e.lens(place)
	if sight != nil {
		config.Observer = sight
	}
	if t != nil {
		config.Fence, config.Lead = t.Fence, t.Check
		guard := t.Guard()
		o.Guard = &guard
	}
	work := &term{c: e.c, name: e.name, log: e.log, failing: &e.failing, core: loop.NewCore(config), bad: map[ident.Tenant]int{}}
	if sight != nil {
		sight.core = work.core
	}
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if e.c.StatusPrefix != "-" {
		work.status = status.New(o)
		all.Go(func() { work.status.Run(ctx) })
	}
	if e.c.Tender != nil {
		if t := e.c.Tender(e.name); t != nil {
			all.Go(func() { e.tend(ctx, t) })
		}
	}
	defer work.observed(rollout.Rollouts{}, nil, nil) // whoever leads next looks for himself
	e.c.Metrics.Leader.WithLabelValues(name).Set(1)
	defer e.c.Metrics.Leader.WithLabelValues(name).Set(0)
	e.failing.Store(time.Now().UnixNano()) // until the first step is well
	e.leading.Store(true)
	defer e.leading.Store(false)
	return loop.New(work.core, loop.Options{Timing: e.c.Timing, Clock: e.c.Clock, Feed: mirror, Sync: watcher.Sync,
		Poke: e.poke, Logger: e.log, Hear: work.hear, Observed: work.observed}).Run(ctx)
}

// hear takes note of one step.
func (t *term) hear(_ context.Context, o loop.Outcome, err error) {
	m, name := t.c.Metrics, t.name.String()
	t.c.Health.Set("git/"+name, gitTrouble(err))
	var blocked *guard.Refusal
	m.RemovalsBlocked.WithLabelValues(name).Set(telemetry.Bool(errors.As(err, &blocked)))
	if err != nil {
		m.Retries.WithLabelValues(name, reason(err)).Inc()
		t.failing.CompareAndSwap(0, time.Now().UnixNano())
		return
	}
	t.failing.Store(0)
	t.quarantine(o)
	if o.Full {
		m.GrantsRefused.WithLabelValues(name).Set(float64(len(o.Grants)))
		t.c.Health.Note("fleet/"+name, refused(o.Grants))
	}
	m.PushedRevision.WithLabelValues(name).Set(float64(o.Revision))
	m.Tenants.WithLabelValues(name).Set(float64(o.Tenants))
	if t.status != nil {
		t.status.Put(records(o, t.core.Site().Site, t.core.Runs))
	}
	if !o.Changed {
		return
	}
	for _, move := range o.Moves {
		m.Moves.WithLabelValues(name, string(move.What)).Inc()
	}
	kind := "window"
	if o.Full {
		kind = "full"
	}
	m.Pushes.WithLabelValues(name, kind).Inc()
	if !o.Since.IsZero() {
		m.ChangeToPush.WithLabelValues(name).Observe(time.Since(o.Since).Seconds())
	}
	if len(t.c.Notifiers) > 0 {
		t.notify(o)
	}
}

// observed takes note of a look at Argo CD. While nothing is seen, what waited
// is shown on.
func (t *term) observed(granted rollout.Rollouts, reasons []rollout.Reason, err error) {
	name := t.name.String()
	t.c.Metrics.ObserverFailing.WithLabelValues(name).Set(telemetry.Bool(err != nil))
	t.c.Health.Note("argocd/"+name, err)
	if err != nil {
		return
	}
	waits := make([]telemetry.Wait, len(reasons))
	for i, r := range reasons {
		waits[i] = telemetry.Wait{Ring: r.Ring.String(), Product: r.Product.String(), Reason: string(r.Code)}
	}
	t.c.Metrics.Waiting(name, waits)
	var grants []telemetry.Grant
	for k, lane := range granted.Lanes {
		for _, s := range lane.Shares() {
			grants = append(grants, telemetry.Grant{Ring: k.Ring.String(), Product: k.Product.String(), Version: s.Version.String(), Share: s.Percent / 100})
		}
	}
	t.c.Metrics.Granted(name, grants)
}

// refused joins what fleet.yaml asks for and the rings did not get; nil for nothing.
func refused(all []pipeline.Grant) error {
	faults := make([]error, len(all))
	for i, g := range all {
		faults[i] = g
	}
	return errors.Join(faults...)
}

// notify tells Argo CD about a push.
func (t *term) notify(o loop.Outcome) {
	p := notify.Push{Environment: t.name, RepoURL: t.core.Site().Site.RepoURL, Branch: t.c.Repo.Branch(),
		Before: o.Base.Commit.String(), After: o.Commit}
	paths, complete, err := t.c.Repo.Touched(o.Base, o.Head, git.Touching{
		Dir: manifest.EnvironmentPath(t.name), Most: notify.MaxPaths, Skip: notify.Unused(t.name, t.core.Runs)})
	if err != nil {
		t.log.Warn("listing what was pushed; Argo CD is told of everything", "error", err)
	}
	if complete {
		p.Paths = append([]string{}, paths...) // never nil, which is everything
	}
	for _, n := range t.c.Notifiers {
		n.Tell(p)
	}
}

// quarantine counts what is left out.
func (t *term) quarantine(o loop.Outcome) {
	if o.Full {
		clear(t.bad)
	}
	for _, f := range o.Facts {
		delete(t.bad, f.Tenant.ID)
	}
	for _, id := range o.Removed {
		delete(t.bad, id)
	}
	delete(t.bad, ident.Tenant{})
	for _, q := range o.Quarantined {
		t.bad[q.Tenant]++
	}
	for _, f := range o.Faults {
		t.bad[f.Tenant]++
	}
	n := 0
	for _, some := range t.bad {
		n += some
	}
	t.c.Metrics.Quarantined.WithLabelValues(t.name.String()).Set(float64(n))
}

// gitTrouble returns err if readiness should show it: what passes by itself does not.
func gitTrouble(err error) error {
	switch fault.ClassOf(err) {
	case fault.Person, fault.Unknown:
		return err
	}
	return nil
}

// reason names a failure in metrics.
func reason(err error) string {
	var blocked *guard.Refusal
	switch {
	case errors.As(err, &blocked):
		return "removals-blocked"
	case errors.Is(err, git.ErrMoved):
		return "moved"
	case errors.Is(err, git.ErrRefused):
		return "refused"
	case errors.Is(err, publish.ErrBehind):
		return "behind"
	case errors.Is(err, publish.ErrFenced), errors.Is(err, election.ErrLost):
		return "fenced"
	case errors.Is(err, loop.ErrLoading):
		return "loading"
	}
	return fault.ClassOf(err).String()
}

// reading takes note of one reading of etcd.
func (e *environment) reading(r watch.Reading) {
	name := e.name.String()
	e.c.Health.Set("etcd/"+name, r.Err)
	if r.Err != nil {
		return
	}
	e.c.Metrics.Rereads.WithLabelValues(name, r.Cause).Inc()
	e.c.Metrics.Corrections.WithLabelValues(name).Add(float64(r.Added + r.Changed + r.Vanished))
}

func (e *environment) wrote(n int, err error) {
	if err != nil {
		e.c.Metrics.Status.WithLabelValues(e.name.String(), "error").Inc()
		return
	}
	e.c.Metrics.Status.WithLabelValues(e.name.String(), "written").Add(float64(n))
}

// gauge shows the copy's size and, on the leader, how far Git is behind it.
func (e *environment) gauge(ctx context.Context, mirror *watch.Mirror) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	m, name := e.c.Metrics, e.name.String()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, revision, _ := mirror.State()
		m.WatchRevision.WithLabelValues(name).Set(float64(revision))
		m.Records.WithLabelValues(name).Set(float64(mirror.Keys()))
		lag := e.lag(mirror)
		m.WatchLag.WithLabelValues(name).Set(lag.Seconds())
		if e.leading.Load() && e.failing.Load() == 0 {
			m.LastSuccess.WithLabelValues(name).Set(telemetry.Seconds(time.Now().Add(-lag)))
			if lag == 0 {
				m.PushedRevision.WithLabelValues(name).Set(float64(revision))
			}
		}
	}
}

// lag returns the age of the oldest change that is not pushed. A replica that
// stands by lags behind nothing: it takes nothing from its copy.
func (e *environment) lag(mirror *watch.Mirror) time.Duration {
	if !e.leading.Load() {
		return 0
	}
	var lag time.Duration
	if _, since := mirror.Pending(); !since.IsZero() {
		lag = time.Since(since)
	}
	if failing := e.failing.Load(); failing != 0 {
		lag = max(lag, time.Since(time.Unix(0, failing)))
	}
	return lag
}
