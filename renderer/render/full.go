package render

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Full renders the environment from nothing into sink and returns its roster.
// Old content of the rendered folders counts as absent, but for the rollouts:
// those of start, or of memory when it is nil, are settled for the tenants.
// Tenants with a fault keep what memory has of them.
func (r *Renderer) Full(ctx context.Context, all []authz.Facts, memory Memory, start *rollout.Rollouts, sink tree.Sink) (*Roster, Report, error) {
	sink = signed(sink, r.config.Key)
	for _, dir := range manifest.RenderedDirs() {
		sink.Reset(r.path(dir))
	}
	work, err := r.begin(all, memory, start, sink)
	if err != nil {
		return nil, Report{}, err
	}
	roster, report, err := work.all(ctx, all)
	if err != nil {
		return nil, Report{}, err
	}
	if err := r.keepShared(roster, report, memory); err != nil {
		return nil, Report{}, err
	}
	for i := range roster.rings {
		if err := roster.writeRing(sink, i); err != nil {
			return nil, Report{}, err
		}
	}
	return roster, report, roster.writeFleet(ctx, sink)
}

// all renders all tenants and returns what the environment is of them.
func (r run) all(ctx context.Context, all []authz.Facts) (*Roster, Report, error) {
	var err error
	if r.lost, err = r.clashes(all); err != nil {
		return nil, Report{}, err
	}
	outcomes, err := r.tenants(ctx, all)
	if err != nil {
		return nil, Report{}, err
	}
	roster, report, err := r.gather(all, outcomes, r.order)
	if err != nil {
		return nil, Report{}, err
	}
	roster.memory = r.memory
	for _, f := range all {
		if r.lost[f.Tenant.ID] != nil {
			roster.waits[f.Tenant.ID] = f.Tenant.Code
		}
	}
	roster.take(roster.order.behind(nil))
	roster.changes = nil
	return roster, report, nil
}

// begin settles the rollouts for all tenants.
func (r *Renderer) begin(all []authz.Facts, memory Memory, start *rollout.Rollouts, sink tree.Sink) (run, error) {
	head, err := memory.Head()
	if err != nil {
		return run{}, err
	}
	if start == nil {
		start = &head.Rollouts
	}
	work := run{Renderer: r, memory: memory, sink: sink, dir: r.stage.dir,
		was: func(id ident.Tenant) Membership { return head.Members[id] },
		ran: func(id ident.Tenant, p ident.Product) ident.Version { return head.Ran(*start, id, p) }}
	in := r.input(head.Cut)
	residents := make([]rollout.Tenant, 0, len(all))
	for _, f := range all {
		residents = append(residents, work.before(f))
	}
	in.Census = rollout.NewCensus(residents)
	work.order = r.settled(in, *start)
	return work, nil
}

// before returns a tenant as the engine knows him before he is rendered.
func (r run) before(f authz.Facts) rollout.Tenant {
	was := r.was(f.Tenant.ID)
	if f.Broken != nil {
		return r.frozen(f, was, r.ran)
	}
	return r.resident(f, was.Ring, func(p ident.Product) ident.Version { return r.ran(f.Tenant.ID, p) })
}

// gather makes the fleet of all outcomes. A tenant without one fails it: to
// take that for a tenant that is gone would delete its files.
func (r *Renderer) gather(all []authz.Facts, outcomes []outcome, settled *order) (*Roster, Report, error) {
	roster := newRoster(r.config, r.stage.proof)
	var report Report
	residents := make([]rollout.Tenant, 0, len(all))
	for i, o := range outcomes {
		id := all[i].Tenant.ID
		if !o.done {
			return nil, Report{}, fmt.Errorf("rendering tenant %q: it was left out", id)
		}
		report.add(id, o)
		if o.present {
			roster.set(id, o.member)
			residents = append(residents, o.resident)
		}
	}
	in := r.input(settled.in.Cut)
	in.Census = rollout.NewCensus(residents)
	roster.order = &order{in, settled.rollouts, settled.ready}
	return roster, report, nil
}

// run is one render: where tenants are remembered and where they are written.
type run struct {
	*Renderer
	memory Memory
	order  *order
	was    func(ident.Tenant) Membership // at head
	ran    ran
	sink   tree.Sink
	dir    func(context.Context, *plan.Tenant) (*tree.Dir, []plan.Fault, error)
	lost   map[ident.Tenant]error // why tenants are not rendered with their codes
	later  bool                   // who asks looks at the claims
}

// tenants renders all tenants; outcome i belongs to facts i whatever the order of work.
func (r run) tenants(ctx context.Context, all []authz.Facts) ([]outcome, error) {
	outcomes := make([]outcome, len(all))
	var next, done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(r.config.Workers, max(1, len(all))) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				o, err := r.tenant(ctx, all[i])
				if err != nil {
					return fmt.Errorf("rendering tenant %q: %w", all[i].Tenant.ID, err)
				}
				outcomes[i], outcomes[i].done = o, true
				r.config.Progress(int(done.Add(1)), len(all))
			}
		})
	}
	return outcomes, g.Wait()
}

// keepShared keeps every environment-shared version that stands in Git while
// some tenant was left as it stood: what that tenant needs is not known.
func (r *Renderer) keepShared(f *Roster, report Report, memory Memory) error {
	if len(report.Kept) == 0 {
		return nil
	}
	folder, err := memory.Folder(r.path(manifest.SharedDir))
	if err != nil {
		return err
	}
	for _, c := range folder.Entries() {
		for _, v := range c.Dir.Entries() {
			name, err1 := ident.Parse[ident.ComponentKind](c.Name)
			version, err2 := ident.Parse[ident.VersionKind](v.Name)
			if err1 != nil || err2 != nil {
				continue // not ours
			}
			f.count([]plan.SharedRef{{Name: name, ID: version}}, 1)
		}
	}
	return nil
}
