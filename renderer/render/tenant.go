package render

import (
	"context"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// outcome is what the rendering of one tenant adds to fleet and report.
type outcome struct {
	member             member
	resident           rollout.Tenant
	done               bool // the tenant was looked at
	present, kept      bool
	products, overlays int
	faults             []plan.Fault
}

// draft is a tenant's folder that can be written.
type draft struct {
	*plan.Tenant
	dir  *tree.Dir    // nil without products
	held []plan.Fault // what was asked for and cannot be: sizes that shrink, versions that scale, pins
}

// tenant renders one tenant's folder.
func (r run) tenant(ctx context.Context, f authz.Facts) (outcome, error) {
	if f.Broken != nil {
		return r.keep(f, nil)
	}
	d, faults, err := r.draft(ctx, r.pinned(f), f)
	if err != nil {
		return outcome{}, err
	}
	if len(faults) > 0 {
		return r.mend(ctx, f, faults)
	}
	return r.write(d)
}

// draft plans a tenant as one thing and builds the folder that remembers
// another. The draft is whole only without faults.
func (r run) draft(ctx context.Context, planned, remembered authz.Facts) (draft, []plan.Fault, error) {
	t, faults := r.planner.Tenant(planned, r.order)
	if err := r.lost[t.Facts.Tenant.ID]; err != nil {
		faults = append(faults, plan.Fault{Tenant: t.Facts.Tenant.ID, Err: err})
	}
	t.Facts = remembered
	d := draft{Tenant: t}
	if len(faults) > 0 || len(t.Products) == 0 {
		return d, faults, nil
	}
	held, err := r.hold(t)
	if err != nil {
		return d, nil, err
	}
	d.held = held
	for _, p := range t.Products {
		if p.Unpinned != nil {
			d.held = append(d.held, plan.Fault{Tenant: t.Facts.Tenant.ID, Product: p.Name, Err: p.Unpinned, Rendered: true})
		}
	}
	d.dir, faults, err = r.dir(ctx, t)
	return d, faults, err
}

func (r run) write(d draft) (outcome, error) {
	o := outcome{present: d.dir != nil, faults: d.held}
	if !o.present {
		return o, nil
	}
	o.member, o.resident = r.member(d.Tenant), r.rendered(d.Tenant)
	o.products = len(d.Products)
	for _, p := range d.Products {
		o.overlays += len(p.Versions)
	}
	return o, r.sink.Put(r.path(manifest.TenantPath(d.Facts.Tenant.ID)), d.dir)
}

// member returns what the roster keeps of a tenant.
func (r *Renderer) member(t *plan.Tenant) member {
	m := member{ring: t.Ring, place: rollout.PlaceOf(t.Facts.Tenant.ID), code: t.Facts.Tenant.Code, released: t.Released, keeps: t.Keeps}
	for _, p := range t.Products {
		own := ident.Version{}
		if p.Own {
			own = p.Runs
		}
		m.products = append(m.products, manifest.MemberProduct{Name: p.Name, Pin: own})
	}
	return m
}

// rendered returns a tenant as the engine knows him now.
func (r *Renderer) rendered(t *plan.Tenant) rollout.Tenant {
	runs := func(p ident.Product) ident.Version {
		for _, x := range t.Products {
			if x.Name == p {
				return x.Runs
			}
		}
		return ident.Version{}
	}
	return r.resident(t.Facts, r.config.Fleet.Rings[t.Ring].Name, runs)
}

// mend answers faults: a faulty product falls back to what Git remembers of
// it; if that has a fault too, as after a rollback to a version that does not
// know a parameter, it stays at the version that it runs; if that is gone the
// tenant's folder is left as it stands. A product that Git does not know is
// left out.
func (r run) mend(ctx context.Context, f authz.Facts, faults []plan.Fault) (outcome, error) {
	folder, err := r.memory.Folder(r.path(manifest.TenantPath(f.Tenant.ID)))
	if err != nil {
		return outcome{}, err
	}
	var before authz.Facts
	if folder != nil {
		if before, err = r.memory.Facts(f.Tenant.ID); err != nil {
			return outcome{}, err
		}
		if before.Broken != nil {
			return r.keep(before, faults)
		}
	}
	back := fallBack(f, before, faults)
	old, again, err := r.draft(ctx, r.pinned(back), back)
	if err == nil && len(again) > 0 && folder != nil {
		old, again, err = r.draft(ctx, r.stay(r.pinned(back), again), back)
	}
	if err != nil {
		return outcome{}, err
	}
	var o outcome
	switch {
	case len(again) == 0:
		o, err = r.write(old)
	case folder != nil:
		t := old.Tenant
		t.Facts = before
		o, err = r.leave(t, folder)
	}
	o.faults = append(slices.Clone(faults), o.faults...)
	return o, err
}

// leave writes a tenant's folder as it stands.
func (r run) leave(t *plan.Tenant, folder *tree.Dir) (outcome, error) {
	t.Products = nil
	for _, a := range r.pinned(t.Facts).Tenant.Authorisations {
		p := plan.Product{Name: a.Product, Pin: a.Version}
		p.Runs, p.Own = r.order.Runs(t.Ring, t.Facts.Tenant.ID, a.Product, a.Version)
		t.Products = append(t.Products, p)
	}
	o := outcome{present: true, kept: true, member: r.member(t), resident: r.rendered(t)}
	for p, h := range o.resident.Products { // he takes only what he has an overlay of
		h.Accepts = func(v ident.Version) bool {
			product, _ := folder.Lookup(p.String())
			if product.Dir == nil {
				return false
			}
			_, there := product.Dir.Lookup(v.String())
			return there
		}
		o.resident.Products[p] = h
	}
	return o, r.sink.Put(r.path(manifest.TenantPath(t.Facts.Tenant.ID)), folder)
}

// keep leaves a tenant whose facts are broken as it stands, in the ring that
// has it and at the versions that it runs. It never lets it go: what is left of
// it is not known.
func (r run) keep(f authz.Facts, faults []plan.Fault) (outcome, error) {
	id := f.Tenant.ID
	folder, err := r.memory.Folder(r.path(manifest.TenantPath(id)))
	if err != nil {
		return outcome{}, err
	}
	was := r.was(id)
	m := member{ring: r.ringOf(f, was), place: rollout.PlaceOf(id), code: f.Tenant.Code, released: was.Released, products: was.Products}
	o := outcome{present: true, kept: true, member: m, resident: r.frozen(f, was, r.ran)}
	o.faults = append(slices.Clone(faults), plan.Fault{Tenant: id, Err: f.Broken})
	return o, r.sink.Put(r.path(manifest.TenantPath(id)), folder)
}

// stay returns f with the products that have a fault pinned to the version that
// the tenant runs.
func (r run) stay(f authz.Facts, faults []plan.Fault) authz.Facts {
	f.Tenant.Authorisations = slices.Clone(f.Tenant.Authorisations)
	for i, a := range f.Tenant.Authorisations {
		ran := r.ran(f.Tenant.ID, a.Product)
		if !ran.IsZero() && slices.ContainsFunc(faults, func(x plan.Fault) bool { return x.Product == a.Product }) {
			f.Tenant.Authorisations[i].Version = ran
		}
	}
	return f
}

// fallBack returns f with the products that have a fault as they were before,
// or without them when they were not there. A right that has ended meanwhile is at its end.
func fallBack(f, before authz.Facts, faults []plan.Fault) authz.Facts {
	bad := func(p ident.Product) bool {
		return slices.ContainsFunc(faults, func(x plan.Fault) bool { return x.Product == p || x.Product.IsZero() })
	}
	out := f
	out.Tenant.Authorisations, out.States = nil, nil
	add := func(from authz.Facts, keep func(ident.Product) bool) {
		for i, a := range from.Tenant.Authorisations {
			if keep(a.Product) {
				out.Tenant.Authorisations = append(out.Tenant.Authorisations, a)
				out.States = append(out.States, from.States[i])
			}
		}
	}
	add(f, func(p ident.Product) bool { return !bad(p) })
	add(before, bad)
	sortFacts(&out)
	for i, a := range out.Tenant.Authorisations {
		for j, b := range f.Tenant.Authorisations {
			if f.States[j] != authz.Active && a.Product == b.Product && a.StartTime.Equal(b.StartTime) && a.EndTime.Equal(b.EndTime) {
				out.States[i] = f.States[j]
			}
		}
	}
	return out
}

// sortFacts orders authorisations and their states by product.
func sortFacts(f *authz.Facts) {
	order := make([]int, len(f.States))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return f.Tenant.Authorisations[a].Product.Compare(f.Tenant.Authorisations[b].Product)
	})
	authorisations, states := make([]authz.Authorisation, 0, len(order)), make([]authz.State, 0, len(order))
	for _, i := range order {
		authorisations, states = append(authorisations, f.Tenant.Authorisations[i]), append(states, f.States[i])
	}
	f.Tenant.Authorisations, f.States = authorisations, states
}
