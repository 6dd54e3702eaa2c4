package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// step is one step's way from etcd's records to an outcome.
type step struct {
	window  watch.Window
	snap    authz.Snapshot
	result  facts.Result
	roster  *render.Roster // of a full render
	outcome Outcome
}

// assemble decodes the window's records.
func (s *step) assemble(prefix string) {
	a := authz.NewAssembler(prefix)
	for _, r := range s.window.Records {
		a.Add(r)
	}
	s.snap = a.Snapshot(s.window.Revision)
	s.outcome.Quarantined = s.snap.Quarantined
}

// merge decides what is true of the window's tenants.
func (c *Core) merge(s *step, memory facts.Memory, now time.Time) (err error) {
	clock := facts.ClockOf(c.ready.Site, now)
	if s.result, err = facts.Merge(s.snap, memory, c.ready.Site.Tenants.Selects, clock); err != nil {
		return err
	}
	if c.roster != nil {
		s.result.Before = c.roster.Len()
	}
	s.outcome.Facts, s.outcome.Released = s.result.Tenants, s.result.Released
	s.outcome.Catalog, s.outcome.Grants = c.ready.Faults, c.ready.Grants
	if s.window.Keys == 0 && s.result.Before > 0 && !c.config.AllowRemovals {
		return guard.Empty(c.config.Source.Prefix(), s.window.Revision)
	}
	return nil
}

// guard has the commit of a step judged by what it does, together with what
// was released within the window before and has not come back, whether its
// tombstone stands or not.
func (c *Core) guard(tx *git.Tx, s *step, now time.Time) {
	since := now.Add(-c.config.RemovalWindow)
	maps.DeleteFunc(c.tombs, func(_ ident.Tenant, at time.Time) bool { return at.Before(since) })
	if c.config.AllowRemovals {
		return
	}
	recent := maps.Clone(c.tombs)
	for _, f := range s.result.Tenants { // of a full render: all that Git knows
		if f.ReleasedAt.IsZero() {
			delete(recent, f.Tenant.ID)
		} else if !f.ReleasedAt.Before(since) {
			recent[f.Tenant.ID] = f.ReleasedAt
		}
	}
	tx.Guard(c.ready.Guard(s.result.Before, slices.Collect(maps.Keys(recent))))
}

// current refuses a window that is older than what Git holds.
func (c *Core) current(w watch.Window) error {
	return c.mark.Allows(w.Cluster, w.Revision, c.config.Fence)
}

// full renders the whole environment.
func (c *Core) full(ctx context.Context, now time.Time) (Outcome, error) {
	w, ok := c.config.Source.All()
	if !ok {
		return Outcome{}, ErrLoading
	}
	if err := c.current(w); err != nil {
		return Outcome{}, err
	}
	s := &step{window: w, outcome: Outcome{Full: true, Since: earliest(c.since, w.Since)}}
	c.since = s.outcome.Since
	s.assemble(c.config.Source.Prefix())
	if err := c.merge(s, c.ready.Memory, now); err != nil {
		return Outcome{Full: true}, err
	}
	tx := c.config.Branch.Begin(c.head)
	defer tx.Discard()
	c.guard(tx, s, now)
	roster, report, err := c.ready.Renderer.Full(ctx, s.result.Tenants, c.ready.Memory, c.start, tx)
	if err != nil {
		return Outcome{Full: true}, err
	}
	s.outcome.Faults, s.roster = report.Faults, roster
	roster.Settle()
	if err := c.publish(ctx, tx, s); err != nil {
		c.raced = isRace(err)
		return Outcome{Full: true}, err
	}
	c.raced, c.start = false, nil
	c.roster, c.due = roster, newDue()
	c.settle(s, now)
	return s.outcome, nil
}

// whole renders everything in place of a few, and keeps what was decided and is
// not published.
func (c *Core) whole(ctx context.Context, now time.Time) (Outcome, error) {
	if len(c.moves) > 0 {
		_, decided := c.roster.Rollouts()
		c.start = &decided
	}
	c.roster = nil
	return c.full(ctx, now)
}

// window renders the tenants that changed.
func (c *Core) window(ctx context.Context, now time.Time) (Outcome, error) {
	c.due.pop(now, c.pending)
	w, ok := c.config.Source.Take(c.pending)
	if !ok {
		return Outcome{}, ErrLoading
	}
	for _, id := range w.Tenants {
		c.pending[id] = struct{}{}
	}
	c.since = earliest(c.since, w.Since)
	if len(w.Tenants) == 0 && !c.roster.Changed() {
		return Outcome{Revision: w.Revision, Tenants: c.roster.Len()}, nil
	}
	if err := c.current(w); err != nil {
		return Outcome{}, err
	}
	s := &step{window: w, outcome: Outcome{Since: c.since}}
	s.assemble(c.config.Source.Prefix())
	known, err := c.known(w.Tenants)
	if err != nil {
		return Outcome{}, err
	}
	if err := c.merge(s, known, now); err != nil {
		return Outcome{}, err
	}
	return c.change(ctx, s, now)
}

// change renders the tenants of a window and publishes them.
func (c *Core) change(ctx context.Context, s *step, now time.Time) (Outcome, error) {
	if !c.settles(s) {
		return c.whole(ctx, now)
	}
	tx := c.config.Branch.Begin(c.head)
	defer tx.Discard()
	c.guard(tx, s, now)
	if slices.ContainsFunc(s.window.Tenants, c.roster.Awaited) { // who gets a code, only a full render says
		c.roster = nil
		return c.full(ctx, now)
	}
	rendered := make(map[ident.Tenant]struct{}, len(s.result.Tenants))
	for _, f := range s.result.Tenants {
		report, err := c.ready.Renderer.Change(ctx, c.roster, f, c.ready.Memory, tx)
		if err != nil {
			return Outcome{}, fmt.Errorf("rendering tenant %q: %w", f.Tenant.ID, err)
		}
		if len(report.Kept) > 0 { // what it needs is not known: only a full render keeps what is shared
			return c.whole(ctx, now)
		}
		s.outcome.Faults = append(s.outcome.Faults, report.Faults...)
		rendered[f.Tenant.ID] = struct{}{}
	}
	for _, id := range s.window.Tenants {
		if _, ok := rendered[id]; ok {
			continue
		}
		if err := c.ready.Renderer.Remove(c.roster, id, tx); err != nil {
			return Outcome{}, fmt.Errorf("removing tenant %q: %w", id, err)
		}
		s.outcome.Removed = append(s.outcome.Removed, id)
	}
	if err := c.roster.Flush(ctx, tx); err != nil {
		return Outcome{}, err
	}
	if err := c.publish(ctx, tx, s); err != nil {
		return Outcome{}, err
	}
	c.settle(s, now)
	return s.outcome, nil
}

// settles fits the rollouts to the tenants of a window; see Renderer.Settle.
func (c *Core) settles(s *step) bool {
	here := map[ident.Tenant]bool{}
	for _, f := range s.result.Tenants {
		here[f.Tenant.ID] = true
	}
	gone := slices.DeleteFunc(slices.Clone(s.window.Tenants), func(id ident.Tenant) bool { return here[id] })
	return c.ready.Renderer.Settle(c.roster, s.result.Tenants, gone)
}

// some is the memory of a few tenants.
type some struct {
	render.Stored
	ids []ident.Tenant
}

// Tenants returns those of the few that Git holds, sorted.
func (s some) Tenants() ([]ident.Tenant, error) { return s.ids, nil }

// known returns what Git remembers of the given tenants.
func (c *Core) known(ids []ident.Tenant) (some, error) {
	s := some{Stored: c.ready.Memory}
	files, root := c.config.Branch.FS(c.head), manifest.EnvironmentPath(c.config.Environment)+"/"
	for _, id := range ids {
		_, err := fs.Stat(files, root+manifest.TenantPath(id)+"/"+manifest.FactsFile)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.ids = append(s.ids, id)
	}
	slices.SortFunc(s.ids, ident.Tenant.Compare)
	return s, nil
}

// message returns the commit's message.
func (s *step) message(c *Core, mark publish.Mark) git.Message {
	o := &s.outcome
	return publish.Commit{Environment: c.config.Environment, What: s.what(c), Mark: mark, Tenants: s.tenants(c), Moves: c.moves,
		Released: o.Released, Removed: s.result.Gone, LeftOut: len(o.Quarantined) + len(o.Faults), Version: c.config.Version}.Message()
}

func (s *step) tenants(c *Core) int {
	if s.roster != nil {
		return s.roster.Len()
	}
	return c.roster.Len()
}

// what says in a few words what the commit is about.
func (s *step) what(c *Core) string {
	switch n := len(s.window.Tenants); {
	case len(c.moves) > 0:
		return publish.Told(c.moves[0])
	case s.outcome.Full:
		return fmt.Sprintf("%d tenants", len(s.result.Tenants))
	case n == 1:
		return "tenant " + s.window.Tenants[0].String()
	default:
		return fmt.Sprintf("%d tenants", n)
	}
}
