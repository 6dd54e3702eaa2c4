package render

import (
	"context"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Settle settles the rollouts of a roster for tenants that changed, and for
// those that are gone. It reports whether they can be rendered one by one: when
// it is false more than their own versions follow, and only a full render
// brings it about; the roster is of no use then.
func (r *Renderer) Settle(f *Roster, some []authz.Facts, gone []ident.Tenant) bool {
	f.touch()
	in, work := f.order.in, r.changing(f, nil, nil)
	touched := make(map[ident.Tenant]bool, len(some)+len(gone))
	for _, facts := range some {
		touched[facts.Tenant.ID] = true
		in.Census.Put(work.before(facts))
	}
	for _, id := range gone {
		touched[id] = true
		in.Census.Drop(id)
	}
	next := rollout.Resettle(in, f.order.rollouts, touched)
	if !alike(f.order.rollouts, next) {
		return false
	}
	f.take(next)
	return true
}

// Grant takes over rollouts that the engine made from those of the roster. Like
// Settle it reports whether the slices alone follow; start is what a full
// render begins with otherwise.
func (r *Renderer) Grant(f *Roster, next rollout.Rollouts) (start rollout.Rollouts, ok bool) {
	in := f.order.in
	in.Census.Refresh(in.Fleet, next)
	o := r.settled(in, next)
	if !maps.EqualFunc(f.order.ready, o.ready, slices.Equal) {
		return o.rollouts, false
	}
	in.Census.Refresh(in.Fleet, o.rollouts)
	f.take(o.rollouts)
	return o.rollouts, true
}

// take takes over rollouts: members that straggle, or do so no more, are written anew.
func (f *Roster) take(next rollout.Rollouts) {
	f.touch()
	before := f.order.rollouts
	f.order.rollouts = next
	for k := range next.Lanes {
		f.restraggle(k, before.Lanes[k].Stragglers, next.Lanes[k].Stragglers)
	}
}

func (f *Roster) restraggle(k rollout.Key, before, now map[ident.Tenant]ident.Version) {
	if maps.Equal(before, now) {
		return
	}
	some := maps.Clone(before)
	if some == nil {
		some = map[ident.Tenant]ident.Version{}
	}
	maps.Copy(some, now)
	for id := range some {
		m, ok := f.members[id]
		i := slices.IndexFunc(m.products, func(p manifest.MemberProduct) bool { return p.Name == k.Product })
		if !ok || i < 0 || before[id] == now[id] {
			continue
		}
		f.note(id)
		m.products = slices.Clone(m.products)
		m.products[i].Pin = now[id]
		if pin := f.order.in.Census.Pin(id, k.Product); now[id].IsZero() {
			m.products[i].Pin = pin
		}
		f.members[id] = m
	}
}

// Rollouts returns what the roster's tenants are granted, with what that was
// settled for. The caller changes neither.
func (f *Roster) Rollouts() (*rollout.Input, rollout.Rollouts) { return f.order.in, f.order.rollouts }

// Runs returns what a tenant runs of a product; zero for nothing.
func (f *Roster) Runs(id ident.Tenant, p ident.Product) ident.Version { return f.ran(id, p) }

// Changed reports whether something waits to be flushed and published.
func (f *Roster) Changed() bool { return f.changes != nil }

// changing is a render of single tenants.
func (r *Renderer) changing(f *Roster, memory Memory, sink tree.Sink) run {
	return run{Renderer: r, memory: memory, order: f.order, sink: sink, dir: r.stage.dir, was: f.was, ran: f.ran}
}

// was returns what the roster holds of a tenant.
func (f *Roster) was(id ident.Tenant) Membership {
	m, ok := f.members[id]
	if !ok {
		return Membership{}
	}
	return Membership{Ring: f.order.in.Fleet.Rings[m.ring].Name, Released: m.released, Products: m.products}
}

// ran returns what a tenant of the roster runs of a product; zero for nothing.
func (f *Roster) ran(id ident.Tenant, p ident.Product) ident.Version {
	m := f.members[id]
	for _, held := range m.products {
		if held.Name != p {
			continue
		}
		if !held.Pin.IsZero() {
			return held.Pin
		}
		v, _ := f.order.Runs(m.ring, id, p, ident.Version{})
		return v
	}
	return ident.Version{}
}

// alike reports whether two rollouts differ in their stragglers alone.
func alike(a, b rollout.Rollouts) bool {
	return maps.Equal(a.Shared, b.Shared) && slices.Equal(a.Failed, b.Failed) &&
		maps.EqualFunc(a.Lanes, b.Lanes, func(x, y rollout.Lane) bool {
			return slices.Equal(x.At, y.At) && slices.Equal(x.Good, y.Good)
		})
}

// Change renders one tenant's folder anew and notes in the roster what else the
// change touches. Flush writes that once for any number of changes.
func (r *Renderer) Change(ctx context.Context, f *Roster, facts authz.Facts, memory Memory, sink tree.Sink) (Report, error) {
	sink = signed(sink, r.config.Key)
	work := r.changing(f, memory, sink)
	if err := f.clash(facts.Tenant); err != nil {
		work.lost = map[ident.Tenant]error{facts.Tenant.ID: err}
	}
	o, err := work.tenant(ctx, facts)
	if err != nil {
		return Report{}, err
	}
	var report Report
	report.add(facts.Tenant.ID, o)
	if !o.present {
		return report, r.remove(f, facts.Tenant.ID, sink)
	}
	f.note(facts.Tenant.ID)
	f.set(facts.Tenant.ID, o.member)
	f.order.in.Census.Put(o.resident)
	return report, nil
}

// Remove takes a tenant out of the environment. Like Change it may be
// repeated, on another sink after a lost race.
func (r *Renderer) Remove(f *Roster, id ident.Tenant, sink tree.Sink) error {
	delete(f.waits, id)
	return r.remove(f, id, sink)
}

func (r *Renderer) remove(f *Roster, id ident.Tenant, sink tree.Sink) error {
	f.order.in.Census.Drop(id)
	if _, ok := f.members[id]; !ok && !f.noted(id) {
		return nil
	}
	f.note(id)
	f.drop(id)
	return sink.Put(r.path(manifest.TenantPath(id)), nil)
}
