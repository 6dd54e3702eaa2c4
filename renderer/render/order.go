package render

import (
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// order says what the tenants of an environment run: rollouts, with what they
// were settled for.
type order struct {
	in       *rollout.Input
	rollouts rollout.Rollouts
	ready    map[rollout.Key][]ident.Version
}

var _ plan.Grants = (*order)(nil)

func newOrder(in *rollout.Input, r rollout.Rollouts) *order {
	return &order{in: in, rollouts: r, ready: map[rollout.Key][]ident.Version{}}
}

// fill computes what stands ready before many goroutines ask for it.
func (o *order) fill() *order {
	for i, g := range o.in.Fleet.Rings {
		for _, p := range o.in.Products(o.rollouts) {
			o.ready[rollout.Key{Ring: g.Name, Product: p}] = o.in.Ready(o.rollouts, i, p)
		}
	}
	return o
}

func (o *order) key(ring int, p ident.Product) rollout.Key {
	return rollout.Key{Ring: o.in.Fleet.Rings[ring].Name, Product: p}
}

// Runs is part of plan.Grants.
func (o *order) Runs(ring int, t ident.Tenant, p ident.Product, pin ident.Version) (ident.Version, bool) {
	k := o.key(ring, p)
	_, straggles := o.rollouts.Lanes[k].Stragglers[t]
	return o.rollouts.Version(k, t, rollout.PlaceOf(t), pin), straggles || !pin.IsZero()
}

// Unpinnable is part of plan.Grants.
func (o *order) Unpinnable(p ident.Product, runs, pin ident.Version) rollout.Code {
	return o.in.Unpinnable(p, runs, pin)
}

// Ready is part of plan.Grants.
func (o *order) Ready(ring int, p ident.Product) []ident.Version { return o.ready[o.key(ring, p)] }

// settled returns the order that rollouts have among the tenants that were
// rendered so far and those that facts tell of.
func (r *Renderer) settled(in *rollout.Input, from rollout.Rollouts) *order {
	return newOrder(in, rollout.Settle(in, from)).fill()
}

// behind returns the rollouts of an order with the stragglers that the rendering
// itself made: who cannot be rendered at what he is granted keeps what he ran.
// Of those who were rendered now; nil is all.
func (o *order) behind(some map[ident.Tenant]bool) rollout.Rollouts {
	seen, out := rollout.Resettle(o.in, o.rollouts, some), o.rollouts
	out.Lanes = maps.Clone(out.Lanes)
	for k, lane := range out.Lanes {
		lane.Stragglers = seen.Lanes[k].Stragglers
		out.Lanes[k] = lane
	}
	return out
}

// input returns what rollouts are settled for: no tenants yet.
func (r *Renderer) input(cut map[ident.Ring]int) *rollout.Input {
	return &rollout.Input{Fleet: r.config.Fleet, Catalog: r.config.Sold, Census: rollout.NewCensus(nil), Cut: cut}
}

// ran says what the tree at head has a tenant run of a product; zero for nothing.
type ran = func(ident.Tenant, ident.Product) ident.Version

// resident returns a tenant as the engine knows him, who was in a ring.
func (r *Renderer) resident(f authz.Facts, was ident.Ring, ran func(ident.Product) ident.Version) rollout.Tenant {
	t := rollout.Tenant{ID: f.Tenant.ID, Ring: r.planner.Ring(f.Tenant), Was: was, Place: rollout.PlaceOf(f.Tenant.ID),
		Products: make(map[ident.Product]rollout.Holding, len(f.States))}
	for i, a := range r.pinned(f).Tenant.Authorisations {
		t.Products[a.Product] = rollout.Holding{Active: f.States[i] == authz.Active, Pin: a.Version, Ran: ran(a.Product),
			Accepts: r.planner.Accepts(a)}
	}
	return t
}

// pinned returns facts with the pins that are in force beside the authorisations' own.
func (r *Renderer) pinned(f authz.Facts) authz.Facts {
	fleet := r.config.Site.Fleet
	if len(fleet.Pins) == 0 {
		return f
	}
	f.Tenant.Authorisations = slices.Clone(f.Tenant.Authorisations)
	for i, a := range f.Tenant.Authorisations {
		f.Tenant.Authorisations[i].Version = fleet.PinOf(f.Tenant.ID, a.Product, a.Version)
	}
	return f
}

// frozen returns a tenant whose facts are broken: he moves nowhere.
func (r *Renderer) frozen(f authz.Facts, was Membership, ran ran) rollout.Tenant {
	t := rollout.Tenant{ID: f.Tenant.ID, Ring: r.ringOf(f, was), Was: was.Ring, Place: rollout.PlaceOf(f.Tenant.ID),
		Products: make(map[ident.Product]rollout.Holding, len(was.Products))}
	for _, p := range was.Products {
		t.Products[p.Name] = rollout.Holding{Ran: ran(f.Tenant.ID, p.Name), Accepts: func(ident.Version) bool { return false }}
	}
	return t
}

// ringOf returns the index of the ring that a tenant with broken facts is in.
func (r *Renderer) ringOf(f authz.Facts, was Membership) int {
	for i, g := range r.config.Fleet.Rings {
		if g.Name == was.Ring {
			return i
		}
	}
	return r.planner.Ring(f.Tenant)
}
