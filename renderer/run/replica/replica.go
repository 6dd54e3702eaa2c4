// Package replica runs the watching renderer of one process: for each
// environment a copy of etcd, a campaign and, while it is won, the loop.
//
// Any number of replicas share any number of environments. Every replica keeps
// its copies warm; only the leader of an environment renders it, writes its
// status and tells Argo CD. An environment that cannot go on is begun again
// after a pause and disturbs no other.
package replica

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// Config configures a Replica. Store, Repo, Pipeline, Clock, Metrics and Health are required.
type Config struct {
	Store    *etcd.Store
	Repo     *git.Repo
	Pipeline *pipeline.Pipeline
	Clock    *loop.Trusted
	Metrics  *telemetry.Metrics
	Health   *telemetry.Health
	// Environments are rendered; all that the branch holds when empty.
	Environments []ident.Environment
	// Election makes several replicas share the environments.
	Election bool
	// ID names this replica to people.
	ID string
	// LeasePrefix and LeaseTTL are those of package election.
	LeasePrefix string
	LeaseTTL    time.Duration
	// StatusPrefix is where status records are written: beside the
	// environment's own records when empty; "-" writes none.
	StatusPrefix string
	Timing       loop.Timing
	// Resync is the mean time between readings of everything.
	Resync        time.Duration
	AllowRemovals bool
	Workers       int
	Version       string
	// Notifiers tell Argo CD about pushes; may be empty.
	Notifiers []*notify.Notifier
	// Observer returns what shows the leader of an environment what became of
	// its grants, nil for a fleet that only people move. May be nil.
	Observer func(manifest.Place) loop.Observer
	// Tender returns what keeps the operations of an environment's Argo CD
	// going, nil for nothing. May be nil.
	Tender func(ident.Environment) unblock.Tender
	// Notes keeps the notes of open merge requests until ctx ends, in one replica
	// at a time; a poke says that there may be something to do. May be nil.
	Notes func(ctx context.Context, poke <-chan struct{})
	// Poke makes all loops look at the branch. May be nil.
	Poke   <-chan struct{}
	Logger *slog.Logger
}

// Replica runs environments.
type Replica struct {
	c     Config
	pokes []chan struct{} // written before anything runs
	turn  sync.RWMutex    // of the branch
}

// New returns a replica.
func New(c Config) *Replica {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Replica{c: c}
}

// Run runs until ctx ends. It fails only if the environments cannot be listed.
func (r *Replica) Run(ctx context.Context) error {
	envs := r.c.Environments
	for len(envs) == 0 {
		var err error
		if envs, err = r.list(ctx); err != nil {
			return err
		}
		if len(envs) == 0 {
			return fault.Hintf("give the repository with --repo; it holds catalog/ and environments/", "looking for environments: the branch has none")
		}
	}
	var all sync.WaitGroup
	for _, name := range envs {
		poke := make(chan struct{}, 1)
		r.pokes = append(r.pokes, poke)
		e := &environment{c: &r.c, turn: &r.turn, name: name, poke: poke, log: r.c.Logger.With("environment", name.String())}
		all.Go(func() { e.run(ctx) })
	}
	if r.c.Notes != nil {
		poke := make(chan struct{}, 1)
		r.pokes = append(r.pokes, poke)
		all.Go(func() { r.notes(ctx, poke) })
	}
	all.Go(func() { r.housekeep(ctx) })
	for _, n := range r.c.Notifiers {
		all.Go(func() { n.Run(ctx) })
	}
	all.Wait()
	return ctx.Err()
}

func (r *Replica) list(ctx context.Context) ([]ident.Environment, error) {
	head, err := r.c.Repo.Head(ctx)
	if err != nil {
		return nil, err
	}
	root, err := fs.Sub(r.c.Repo.FS(head), manifest.Root)
	if err != nil {
		return nil, err
	}
	return environments.List(root)
}

// housekeep passes pokes on and watches the clock.
func (r *Replica) housekeep(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	jumped := false
	defer r.c.Health.Beat("housekeeping", 0)
	for {
		r.c.Health.Beat("housekeeping", time.Minute)
		select {
		case <-ctx.Done():
			return
		case <-r.c.Poke:
			for _, p := range r.pokes {
				select {
				case p <- struct{}{}:
				default:
				}
			}
		case <-tick.C:
			jump := r.c.Clock.Jump()
			r.c.Metrics.ClockJump.Set(jump.Seconds())
			if jump != 0 && !jumped {
				r.c.Logger.Error("the clock jumped; time goes on as if it had not, until it is set right or this process restarts", "jump", jump)
			}
			jumped = jump != 0
		}
	}
}

// environment is one environment of a replica.
type environment struct {
	c    *Config       // the replica's
	turn *sync.RWMutex // that environments share which write one branch
	name ident.Environment
	poke chan struct{}
	log  *slog.Logger

	place   string // of the status records; written before anything leads
	leading atomic.Bool
	failing atomic.Int64 // since when steps fail, in Unix nanoseconds; zero while they do not
}

// run begins the environment again whenever it cannot go on.
func (e *environment) run(ctx context.Context) {
	e.c.Metrics.Environment(e.name.String())
	e.c.Health.Set("etcd/"+e.name.String(), loop.ErrLoading)
	pauses := backoff.New(100*time.Millisecond, 30*time.Second)
	for ctx.Err() == nil {
		began := time.Now()
		err := e.once(ctx)
		if ctx.Err() != nil {
			return
		}
		e.log.Warn("beginning the environment again", "error", err, "hint", fault.HintOf(err))
		if time.Since(began) > time.Minute {
			pauses.Reset()
		}
		_ = backoff.Sleep(ctx, pauses.Next()) // the loop asks ctx
	}
}

// site reads the environment from the branch.
func (e *environment) site(ctx context.Context) (*environments.Site, error) {
	head, err := e.c.Repo.Head(ctx)
	if err != nil {
		return nil, err
	}
	root, err := fs.Sub(e.c.Repo.FS(head), manifest.Root)
	if err != nil {
		return nil, err
	}
	return environments.Load(root, e.name)
}

// once copies etcd and campaigns until the environment's prefix changes.
func (e *environment) once(ctx context.Context) error {
	site, err := e.site(ctx)
	if err == nil && e.c.StatusPrefix != "-" {
		e.place, err = status.Prefix(e.c.StatusPrefix, site.Etcd.Prefix)
	}
	if err == nil && e.c.Election {
		_, err = authz.Apart(cmp.Or(e.c.LeasePrefix, election.DefaultPrefix), site.Etcd.Prefix, election.DefaultPrefix)
	}
	e.c.Health.Set("git/"+e.name.String(), err)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	mirror := watch.NewMirror(site.Etcd.Prefix, time.Now)
	watcher := watch.New(e.c.Store, mirror, watch.Options{Resync: e.c.Resync, Logger: e.log, Hear: e.reading})
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel(nil)
	all.Go(func() { watcher.Run(ctx) })
	work := func(ctx context.Context, t *election.Term) error {
		err := e.lead(ctx, t, render.PlaceOf(site), mirror, watcher)
		if errors.Is(err, loop.ErrPrefix) {
			cancel(err)
		}
		return err
	}
	all.Go(func() { e.gauge(ctx, mirror) })
	if !e.c.Election {
		return e.alone(ctx, work)
	}
	elector := election.New(election.Options{Client: e.c.Store.Client(), Prefix: e.c.LeasePrefix, Name: e.name.String(), ID: e.c.ID, TTL: e.c.LeaseTTL, Logger: e.log})
	elector.Run(ctx, func(ctx context.Context, t election.Term) error { return work(ctx, &t) })
	return context.Cause(ctx)
}

// alone works without an election.
func (e *environment) alone(ctx context.Context, work func(context.Context, *election.Term) error) error {
	for ctx.Err() == nil {
		if err := work(ctx, nil); ctx.Err() == nil {
			e.log.Warn("the loop ended", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}
	return context.Cause(ctx)
}
