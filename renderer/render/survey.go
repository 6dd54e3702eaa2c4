package render

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Survey is what an environment runs as a full render would leave it.
type Survey struct {
	*Roster
	*Running
	Report Report
}

// Running is what runs of tenants and of their environment.
type Running struct {
	// Shared are the environment's own parts: its Applications, and the shared parts by component.
	Shared []Part

	lodgers map[ident.Tenant]*lodger
}

// Parts returns what runs of a tenant; nil for one who is left as he stands.
func (r *Running) Parts(id ident.Tenant) []Part {
	if l := r.lodgers[id]; l != nil {
		return l.parts()
	}
	return nil
}

// Settled returns what a full render would begin with, once it is committed: the
// rollouts that are settled for all tenants, what that was settled for, and
// the head that the commit would be.
func (r *Renderer) Settled(all []authz.Facts, memory Memory) (*rollout.Input, Head, error) {
	work, err := r.begin(all, memory, nil, nowhere{})
	if err != nil {
		return nil, Head{}, err
	}
	o := work.order
	head := Head{Rollouts: o.rollouts, Cut: map[ident.Ring]int{}, Members: make(map[ident.Tenant]Membership, len(all))}
	for _, f := range all {
		if f.Broken != nil {
			head.Members[f.Tenant.ID] = work.was(f.Tenant.ID)
			continue
		}
		ring := r.planner.Ring(f.Tenant)
		m := Membership{Ring: r.config.Fleet.Rings[ring].Name, Released: f.Released()}
		for _, a := range r.pinned(f).Tenant.Authorisations {
			held := manifest.MemberProduct{Name: a.Product}
			if v, own := o.Runs(ring, f.Tenant.ID, a.Product, a.Version); own {
				held.Pin = v
			}
			m.Products = append(m.Products, held)
		}
		head.Members[f.Tenant.ID] = m
	}
	for i, g := range r.config.Fleet.Rings {
		head.Cut[g.Name] = o.in.Bits(o.rollouts, i)
	}
	o.in.Census.Refresh(o.in.Fleet, o.rollouts)
	o.in.Cut = head.Cut
	return o.in, head, nil
}

// Survey goes the way of Full, but builds no overlay, looks at no claims and writes
// nothing: what cannot be built, and what claims do not get, shows when a Part is
// held and built.
func (r *Renderer) Survey(ctx context.Context, all []authz.Facts, memory Memory, start *rollout.Rollouts) (*Survey, error) {
	work, err := r.begin(all, memory, start, nowhere{})
	if err != nil {
		return nil, err
	}
	s := &Survey{Running: &Running{lodgers: make(map[ident.Tenant]*lodger, len(all))}}
	var mu sync.Mutex
	work.later = true
	each := &surveyor{run{Renderer: r, memory: memory}, groundOf(r.config.Site)} // all that parts ask for
	work.dir = func(_ context.Context, t *plan.Tenant) (*tree.Dir, []plan.Fault, error) {
		mu.Lock()
		defer mu.Unlock()
		s.lodgers[t.Facts.Tenant.ID] = &lodger{t, each}
		return &tree.Dir{}, nil, nil
	}
	if s.Roster, s.Report, err = work.all(ctx, all); err != nil {
		return nil, err
	}
	s.Shared = []Part{{Of: Applications, text: s.applications()}}
	shared := s.order.rollouts.Shared
	for _, c := range slices.SortedFunc(maps.Keys(shared), ident.Component.Compare) {
		spec, err := s.sharedSpec(plan.SharedRef{Name: c, ID: shared[c].At})
		if err != nil {
			return nil, fmt.Errorf("shared component %q version %q: %w", c, shared[c].At, err)
		}
		s.Shared = append(s.Shared, Part{Of: manifest.SharedDir + "/" + c.String(), Base: spec.base, spec: &spec})
	}
	return s, nil
}

// Member returns a tenant's place; false for one who is not there.
func (s *Survey) Member(id ident.Tenant) (Membership, bool) {
	_, ok := s.members[id]
	return s.was(id), ok
}

// Tenants returns who is there, in no order.
func (s *Survey) Tenants() []ident.Tenant { return slices.Collect(maps.Keys(s.members)) }

// nowhere is a sink that keeps nothing.
type nowhere struct{}

var _ tree.Sink = nowhere{}

func (nowhere) Put(string, *tree.Dir) error  { return nil }
func (nowhere) PutFile(string, []byte) error { return nil }
func (nowhere) Reset(string)                 {}
func (nowhere) Guard(tree.Guard)             {}
