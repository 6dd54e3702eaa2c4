package render

import (
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// outcome is what the rendering of one tenant adds to fleet and report.
type outcome struct {
	member             member
	done               bool // the tenant was looked at
	present, kept      bool
	products, overlays int
	faults             []plan.Fault
}

// tenant renders one tenant's folder.
func (r run) tenant(f authz.Facts) (outcome, error) {
	t, faults := r.planner.Tenant(f)
	if len(faults) > 0 {
		return r.mend(f, t, faults)
	}
	return r.write(t)
}

func (r run) write(t *plan.Tenant) (outcome, error) {
	o := outcome{present: len(t.Products) > 0}
	if !o.present {
		return o, nil
	}
	dir, err := r.stage.dir(t)
	if err != nil {
		return o, err
	}
	o.member = r.member(t)
	o.products = len(t.Products)
	for _, p := range t.Products {
		o.overlays += len(p.Versions)
	}
	return o, r.sink.Put(r.path(manifest.TenantPath(t.Facts.Tenant.ID)), dir)
}

func (r *Renderer) member(t *plan.Tenant) member {
	return member{ring: t.Ring, point: environments.Point(t.Facts.Tenant.ID),
		file: t.Member(r.config.Site).Encode(), needs: t.Needs, keeps: t.Keeps}
}

// mend answers faults: a faulty product falls back to what Git remembers of
// it; if that has a fault too the tenant's folder is left as it stands; a
// product that Git does not know is left out.
func (r run) mend(f authz.Facts, t *plan.Tenant, faults []plan.Fault) (outcome, error) {
	folder, err := r.memory.Folder(r.path(manifest.TenantPath(f.Tenant.ID)))
	if err != nil {
		return outcome{}, err
	}
	if folder == nil {
		if faults[0].Product.IsZero() {
			t.Products = nil
		}
		// What the plan still holds is sound; the facts name the rest.
		t.Facts = without(f, faults)
		o, err := r.write(t)
		o.faults = faults
		return o, err
	}
	before, err := r.memory.Facts(f.Tenant.ID)
	if err != nil {
		return outcome{}, err
	}
	old, again := r.planner.Tenant(fallBack(f, before, faults))
	if len(again) == 0 {
		o, err := r.write(old)
		o.faults = faults
		return o, err
	}
	t.Facts = before
	t.Products = nil
	for _, a := range before.Tenant.Authorisations {
		t.Products = append(t.Products, plan.Product{Name: a.Product, Pin: a.Version})
	}
	return outcome{present: true, kept: true, faults: faults, member: r.member(t)},
		r.sink.Put(r.path(manifest.TenantPath(f.Tenant.ID)), folder)
}

// without returns f less the products that have a fault.
func without(f authz.Facts, faults []plan.Fault) authz.Facts {
	return fallBack(f, authz.Facts{}, faults)
}

// fallBack returns f with the products that have a fault as they were before,
// or without them when they were not there.
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
