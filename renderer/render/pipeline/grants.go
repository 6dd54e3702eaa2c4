package pipeline

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Grant is something that a ring of fleet.yaml asks for and must not get: the
// ring keeps what it has.
type Grant struct {
	Ring    ident.Ring
	Product ident.Product
	Err     error
}

// Error names ring and product.
func (g Grant) Error() string {
	return fmt.Sprintf("ring %q: product %q: %v", g.Ring, g.Product, g.Err)
}

// Unwrap returns the reason, which carries the hint.
func (g Grant) Unwrap() error { return g.Err }

// seller decides what of the catalog may be granted. What cannot be rendered,
// and what would write the objects of another product, is offered to no ring.
type seller struct {
	site    *environments.Site
	catalog *catalog.Catalog
	bases   *bases
	memory  render.Stored
	had     rollout.Rollouts // in the last commit
	serving []*base.Base     // of the versions that rings have or get
	bad     []Grant
}

// sold returns the versions that may be granted.
func (s *seller) sold() rollout.Catalog {
	s.build()
	for _, k := range slices.SortedFunc(maps.Keys(s.had.Lanes), compareKeys) {
		for _, at := range s.had.Lanes[k].At {
			if b, err := s.serves(k.Product, at.Version); err == nil && !slices.Contains(s.serving, b) {
				s.serving = append(s.serving, b)
			}
		}
	}
	sold := rollout.CatalogOf(s.catalog)
	for _, r := range s.site.Fleet.Rings {
		for _, p := range s.asked(r) {
			want := r.Versions[p]
			if err := s.check(want, rollout.Key{Ring: r.Name, Product: p}); err != nil {
				s.bad = append(s.bad, Grant{r.Name, p, err})
				if !s.has(p, want) {
					delete(sold[p], want)
				}
			}
		}
	}
	return sold
}

// build builds, at once, what rings have or ask for and what that requires. What
// is wrong with one of them is told to whoever asks for it.
func (s *seller) build() {
	all := map[*catalog.Version]bool{}
	add := func(v *catalog.Version, err error) {
		if err != nil {
			return
		}
		all[v] = true
		shared, _ := s.catalog.Closure(v)
		for _, r := range shared {
			if v, err := s.catalog.SharedVersion(r.Name, r.Version); err == nil {
				all[v] = true
			}
		}
	}
	for k, lane := range s.had.Lanes {
		for _, at := range lane.At {
			add(s.catalog.Version(k.Product, at.Version))
		}
	}
	for _, r := range s.site.Fleet.Rings {
		for p, v := range r.Versions {
			add(s.catalog.Version(p, v))
		}
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for v := range all {
		g.Go(func() error {
			_, _ = s.bases.Base(v)
			return nil
		})
	}
	_ = g.Wait() // none fails
}

func compareKeys(a, b rollout.Key) int {
	return cmp.Or(a.Ring.Compare(b.Ring), a.Product.Compare(b.Product))
}

// asked returns the products that a ring shall run or runs, sorted.
func (s *seller) asked(r environments.Ring) []ident.Product {
	all := map[ident.Product]bool{}
	for p := range r.Versions {
		all[p] = true
	}
	for k := range s.had.Lanes {
		if k.Ring == r.Name {
			all[k.Product] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), ident.Product.Compare)
}

// has reports whether some ring runs a version already.
func (s *seller) has(p ident.Product, v ident.Version) bool {
	for k, lane := range s.had.Lanes {
		if k.Product == p && slices.ContainsFunc(lane.At, func(at rollout.Segment) bool { return at.Version == v }) {
			return true
		}
	}
	return false
}

// check says why a ring must not get the wanted version.
func (s *seller) check(want ident.Version, k rollout.Key) error {
	if want.IsZero() {
		return s.dropped(k)
	}
	b, err := s.serves(k.Product, want)
	if err != nil || s.has(k.Product, want) || slices.Contains(s.serving, b) {
		return err
	}
	with := append(slices.Clone(s.serving), b)
	if err := base.Collisions(with); err != nil && base.Collisions(s.serving) == nil {
		return err
	}
	s.serving = with
	return nil
}

// dropped says that fleet.yaml wants no version of what somebody in a ring follows.
func (s *seller) dropped(k rollout.Key) error {
	head, err := s.memory.Head()
	if err != nil {
		return err
	}
	for _, id := range slices.SortedFunc(maps.Keys(head.Members), ident.Tenant.Compare) {
		m := head.Members[id]
		if m.Ring == k.Ring && slices.Contains(m.Products, manifest.MemberProduct{Name: k.Product}) {
			return fault.Hintf("grant a version until nobody there has it", "tenant %q has it and the ring grants no version: he keeps %q", id,
				s.had.Lanes[k].Granted(rollout.End))
		}
	}
	return nil
}

// serves returns the base of a version that can be rendered.
func (s *seller) serves(p ident.Product, v ident.Version) (*base.Base, error) {
	version, err := s.catalog.Version(p, v)
	if err != nil {
		return nil, err
	}
	return s.bases.Base(version)
}
