package environments

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// maxRings keeps ring waves apart and the fleet readable.
const maxRings = 64

func (f *Fleet) check() []error {
	c := &checker{file: fleetFile}
	c.header(f.APIVersion, f.Kind, "Fleet")
	c.within("keepVersions", *f.KeepVersions, 0, 10)
	c.within("batch", f.Batch, 1, 1000)
	c.within("number of rings", len(f.Rings), 1, maxRings)
	names := map[ident.Ring]bool{}
	members := map[ident.Tenant]ident.Ring{}
	share := 0
	for i := range f.Rings {
		r := &f.Rings[i]
		if r.Name.IsZero() {
			c.addf("name each ring", "ring %d has no name", i+1)
		}
		if names[r.Name] {
			c.addf("rename one of them", "ring %q is there twice", r.Name)
		}
		names[r.Name] = true
		for _, id := range r.Tenants {
			if other, twice := members[id]; twice {
				c.addf("name a tenant in one ring only", "tenant %q is in ring %q and in ring %q", id, other, r.Name)
			}
			members[id] = r.Name
		}
		share += r.SharePercent
		r.check(c, i == len(f.Rings)-1)
	}
	c.within("sum of sharePercent", share, 0, 100)
	f.checkNames(c)
	f.checkHolds(c)
	return c.faults
}

func (r *Ring) check(c *checker, last bool) {
	field := func(name string) string { return fmt.Sprintf("ring %q: %s", r.Name, name) }
	c.within(field("sharePercent"), r.SharePercent, 0, 100)
	c.within(field("soakSeconds"), r.SoakSeconds, 0, 30*24*3600)
	c.within(field("tolerateUnhealthy"), r.TolerateUnhealthy, 0, 1000)
	if !last && len(r.Tenants) == 0 && len(r.MatchLabels) == 0 && r.SharePercent == 0 {
		c.addf("give it tenants, matchLabels or sharePercent; only the last ring takes the rest",
			"ring %q selects no tenant", r.Name)
	}
	for _, p := range slices.SortedFunc(maps.Keys(r.Previous), ident.Product.Compare) {
		if r.Versions[p].IsZero() {
			c.addf("remove the entry or add the product to versions", "ring %q: previous names product %q without a version", r.Name, p)
		}
		if slices.Contains(r.Previous[p], r.Versions[p]) {
			c.addf("remove it from previous", "ring %q: product %q has its current version %q among the previous ones", r.Name, p, r.Versions[p])
		}
	}
}

// checkHolds refuses a fleet that moves what is held.
func (f *Fleet) checkHolds(c *checker) {
	var rings []string
	for _, r := range f.Rings {
		rings = append(rings, r.Name.String())
	}
	for _, h := range f.Holds {
		i := slices.IndexFunc(f.Rings, func(r Ring) bool { return r.Name == h.Ring })
		switch {
		case i < 0:
			c.addf(fault.DidYouMean(h.Ring.String(), rings, "name one of the rings"), "hold of unknown ring %q", h.Ring)
		case h.Reason == "" || h.Product.IsZero() || h.Version.IsZero():
			c.addf("a hold has ring, product, version and a reason for whoever meets it", "hold of ring %q is not complete", h.Ring)
		case f.Rings[i].Versions[h.Product] != h.Version:
			c.addf("leave it at "+h.Version.String()+" or lift the hold: "+h.Reason,
				"ring %q: product %q is held at %q, not %q", h.Ring, h.Product, h.Version, f.Rings[i].Versions[h.Product])
		}
	}
}

// checkNames refuses ring names that could be taken for a slice of another:
// ring "main-01" beside ring "main".
func (f *Fleet) checkNames(c *checker) {
	for _, a := range f.Rings {
		for _, b := range f.Rings {
			if RingLike(a.Name, b.Name.String()) && a.Name != b.Name {
				c.addf("rename one of them", "ring %q could be taken for a batch of ring %q", b.Name, a.Name)
			}
		}
	}
}

// RingLike reports whether name is that of the ring or of one of its batches,
// "<ring>" or "<ring>-" and two or four hex digits. A tenant id must not be,
// because the Applications of rings and tenants share one name space.
func RingLike(ring ident.Ring, name string) bool {
	rest, ok := strings.CutPrefix(name, ring.String())
	if !ok || rest == "" {
		return ok
	}
	if rest[0] != '-' || len(rest) != 3 && len(rest) != 5 {
		return false
	}
	for _, c := range rest[1:] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
