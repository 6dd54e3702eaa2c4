package loop

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// History reads the branch.
type History interface {
	publish.History
	Head(ctx context.Context) (git.Head, error)
	FS(h git.Head) fs.FS
	Same(a, b git.Head, path string) (bool, error)
}

// Branch is a branch that is read and written.
type Branch interface {
	History
	Begin(base git.Head) *git.Tx
	Publish(ctx context.Context, old git.Head, res git.Result) error
}

// Source gives what etcd holds; a *watch.Mirror is one.
type Source interface {
	Prefix() string
	Take(extra map[ident.Tenant]struct{}) (watch.Window, bool)
	All() (watch.Window, bool)
}

var (
	_ Branch = (*git.Repo)(nil)
	_ Source = (*watch.Mirror)(nil)
)

// Config configures a Core. Environment, Pipeline, Branch and Source are required.
type Config struct {
	Environment ident.Environment
	Pipeline    *pipeline.Pipeline
	Branch      Branch
	Source      Source
	// Version is the renderer's own, for the commits' trailer.
	Version string
	// Fence is the fencing revision of this leader; zero without an election.
	Fence int64
	// Lead is asked before each push whether this is still the leader. May be nil.
	Lead func(ctx context.Context) error
	// AllowRemovals switches the guards against mass harm off.
	AllowRemovals bool
	// RemovalWindow is the time in which removals are counted together; pipeline.RemovalWindow when zero.
	RemovalWindow time.Duration
	// Workers is how many tenants are rendered at once; the number of processors when zero.
	Workers int
	// Observer shows what became of the grants; nil for a fleet that only people move.
	Observer Observer
	// Turn is shared by the environments of a process that write one branch:
	// a full render that lost a race takes it alone, so that the small commits
	// of the others cannot outrun it for ever. May be nil.
	Turn *sync.RWMutex
}

var (
	// ErrLoading says that the copy of etcd is not complete yet.
	ErrLoading = fault.New(fault.Wait, "", "etcd is being read")
	// ErrPrefix ends a loop: the environment's records are elsewhere now.
	ErrPrefix = fault.New(fault.Retry, "", "the environment's etcd prefix has changed")
)

// Core renders one environment step by step. It is not safe for concurrent use.
type Core struct {
	config Config

	head   git.Head
	unsure bool         // the branch may have moved
	mark   publish.Mark // of the environment's last commit at head
	ready  *pipeline.Prepared
	roster *render.Roster // as published at head, and what pending changed; nil: render all
	// pending are tenants that changed and whose change is not published.
	pending map[ident.Tenant]struct{}
	since   time.Time // of the oldest of pending
	due     *due
	tombs   map[ident.Tenant]time.Time // released a short while ago, when, and not back
	attempt attempt
	raced   bool // the last full render lost a race
	progress
}

// attempt is a commit whose push may have arrived.
type attempt struct {
	head git.Head
	mark publish.Mark
}

// NewCore returns a Core that has seen nothing yet.
func NewCore(c Config) *Core {
	if c.RemovalWindow == 0 {
		c.RemovalWindow = pipeline.RemovalWindow
	}
	return &Core{config: c, unsure: true, pending: map[ident.Tenant]struct{}{}, due: newDue(), tombs: map[ident.Tenant]time.Time{}}
}

// Outcome is what a step did.
type Outcome struct {
	Full bool
	// Changed says that a commit was pushed; Commit and Mark are its own.
	Changed bool
	Commit  string
	Mark    publish.Mark
	// Base and Head are the branch before and after a step that rendered
	// something; the same when nothing was pushed.
	Base, Head git.Head
	// Revision is what Git agrees with now.
	Revision int64
	// Since is when the oldest change in it was heard; zero for none.
	Since time.Time
	// Facts are the tenants that were rendered, Removed those that were taken out.
	Facts   []authz.Facts
	Removed []ident.Tenant
	// Released became tombstones.
	Released []ident.Tenant
	// Faults and Quarantined are what was left out of them.
	Faults      []plan.Fault
	Quarantined []authz.Quarantine
	Catalog     error
	Grants      []pipeline.Grant // that fleet.yaml asks for and the rings did not get
	Moves       []rollout.Move   // of the order of versions
	Tenants     int              // in the environment
	Files       tree.Counts
	Bytes       int64
}

// Runs returns what a tenant runs of a product; zero for nothing.
func (c *Core) Runs(id ident.Tenant, p ident.Product) ident.Version {
	if c.roster == nil {
		return ident.Version{}
	}
	return c.roster.Runs(id, p)
}

// Idle reports whether there was nothing to do.
func (o Outcome) Idle() bool {
	return !o.Full && !o.Changed && len(o.Facts) == 0 && len(o.Removed) == 0
}

// Refetch makes the next step look at the branch.
func (c *Core) Refetch() { c.unsure = true }

// Next returns when time alone changes something; zero for never.
func (c *Core) Next() time.Time { return c.due.next() }

// Site returns the environment as it was read last; nil before the first step.
func (c *Core) Site() *pipeline.Prepared { return c.ready }

// Pending returns how many tenants wait to be published.
func (c *Core) Pending() int { return len(c.pending) }

// Step renders and pushes what has changed until now, if anything. What was
// not pushed when it fails is tried again by the next one.
func (c *Core) Step(ctx context.Context, now time.Time) (Outcome, error) {
	defer c.turn()()
	if c.unsure {
		if err := c.look(ctx); err != nil {
			return Outcome{}, err
		}
	}
	if c.roster == nil {
		return c.full(ctx, now)
	}
	return c.window(ctx, now)
}

// turn waits for this step's turn and returns what ends it.
func (c *Core) turn() func() {
	switch t := c.config.Turn; {
	case t != nil && c.raced:
		t.Lock()
		return t.Unlock
	case t != nil && c.roster != nil:
		t.RLock()
		return t.RUnlock
	}
	return func() {}
}

// publish makes the commit of a step and moves the branch to it.
func (c *Core) publish(ctx context.Context, tx *git.Tx, s *step) (err error) {
	o := &s.outcome
	o.Base, o.Head = c.head, c.head
	mark := c.mark.Next(s.window.Cluster, s.window.Revision, c.config.Fence)
	res, err := tx.Commit(ctx, s.message(c, mark))
	if err != nil {
		return err
	}
	o.Revision, o.Files, o.Bytes = s.window.Revision, res.Files, res.Bytes
	if !res.Changed {
		return nil
	}
	if c.config.Lead != nil {
		if err := c.config.Lead(ctx); err != nil {
			return err
		}
	}
	c.unsure = true // until the answer is known
	c.attempt = attempt{res.Head(), mark}
	if err := c.config.Branch.Publish(ctx, c.head, res); err != nil {
		return err
	}
	c.unsure, c.attempt = false, attempt{}
	c.moved(res.Head(), mark)
	o.Moves, c.moves = c.moves, nil
	o.Changed, o.Commit, o.Mark, o.Head = true, res.Commit.String(), mark, c.head
	return nil
}

// moved notes that the branch is at h now.
func (c *Core) moved(h git.Head, m publish.Mark) {
	c.head, c.mark = h, m
	if c.ready != nil {
		ready := *c.ready
		ready.Memory = render.NewStored(c.config.Branch.FS(h), c.config.Environment)
		c.ready = &ready
	}
}

// settle notes that Git agrees with etcd at the step's revision.
func (c *Core) settle(s *step, now time.Time) {
	c.roster.Settle()
	clear(c.pending)
	c.since = time.Time{}
	s.outcome.Tenants = c.roster.Len()
	clock := facts.ClockOf(c.ready.Site, now)
	soonest := map[ident.Tenant]time.Time{}
	for _, t := range s.snap.Tenants {
		soonest[t.ID] = nextChange(t.Authorisations, clock)
	}
	rendered := map[ident.Tenant]struct{}{}
	for _, f := range s.result.Tenants {
		id := f.Tenant.ID
		rendered[id] = struct{}{}
		c.due.set(id, earliest(soonest[id], nextOf(f, clock)))
		if f.ReleasedAt.IsZero() {
			delete(c.tombs, id)
		} else {
			c.tombs[id] = f.ReleasedAt
		}
	}
	for _, id := range s.window.Tenants {
		if _, ok := rendered[id]; !ok {
			c.due.set(id, soonest[id])
		}
	}
}

// isRace reports whether an error is a lost race, which is no fault of anyone.
func isRace(err error) bool { return errors.Is(err, git.ErrMoved) }
