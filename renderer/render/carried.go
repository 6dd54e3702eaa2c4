package render

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// Applications is the part of a tenant, and of the environment, of which Argo
// CD's Applications are. They are without the versions that they hand down:
// these are the order's, and change with every rollout. No product is called so.
const Applications = "argocd/applications"

// applications appends the Applications of the tenant to dst.
func (l *lodger) applications(dst []byte) []byte {
	ring := manifest.RingDescriptor{Place: l.stage.place, Ring: l.ring()}
	home := l.stage.descriptor(l.Tenant)
	dst = carried(dst, ring.Application(manifest.Member{Tenant: home.Tenant, Path: home.Path, Released: l.Released}, nil))
	if home.Remote() {
		dst = carried(dst, home.BaseApplication(nil))
	}
	for _, p := range l.Products {
		v := running(p)
		dst = carried(dst, home.Application(manifest.TenantProduct{Name: p.Name, State: string(p.State)},
			manifest.ProductVersion{Version: v.ID, IgnoreDifferences: ignored(p, v)}))
	}
	return dst
}

// sameApplications reports whether the Applications of a tenant are the same in two states.
func sameApplications(a, b *lodger) bool {
	return a.stage.place == b.stage.place && a.ring() == b.ring() && a.Namespace == b.Namespace && a.Released == b.Released &&
		slices.EqualFunc(a.Products, b.Products, func(p, q plan.Product) bool {
			return p.Name == q.Name && p.State == q.State && slices.EqualFunc(ignored(p, running(p)), ignored(q, running(q)), manifest.IgnoreDifference.Equal)
		})
}

func (l *lodger) ring() ident.Ring { return l.config.Site.Fleet.Rings[l.Ring].Name }

// applications returns the Applications of the environment's slices and shared
// parts, with what a slice without tenants is.
func (f *Roster) applications() []byte {
	all := []byte{} // it is there, whatever is in it
	for i := range f.rings {
		bits := f.bits(i)
		tenants := make([]int, 1<<bits)
		for id := range f.rings[i] {
			tenants[f.sliceOf(f.members[id], bits).Index]++
		}
		for index, n := range tenants {
			b := manifest.Batch{Ring: f.site.Fleet.Rings[i].Name, Bits: bits, Index: index}
			all = carried(all, f.sliceApplication(i, b))
			if n == 0 {
				all = append(append(all, "---\n"...), manifest.RingDescriptor{Place: f.place, Ring: b.Ring, Batch: b.String()}.Empty()...)
			}
		}
	}
	for c, part := range f.order.rollouts.Shared {
		all = carried(all, f.sharedApplication(c, part.At))
	}
	return all
}

// carried appends an Application without the versions that it hands down.
func carried(dst []byte, a manifest.Application) []byte {
	return append(append(dst, "---\n"...), a.Lasting().Encode()...)
}
