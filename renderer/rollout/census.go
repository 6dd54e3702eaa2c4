package rollout

import (
	"cmp"
	"slices"
	"sort"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Tenant is a tenant as far as the order of versions depends on it.
type Tenant struct {
	ID       ident.Tenant
	Ring     int        // index of its ring in the fleet
	Was      ident.Ring // its ring at head; zero when it was in none
	Place    Place
	Products map[ident.Product]Holding
}

// Holding is a product that a tenant holds.
type Holding struct {
	// Active is false while the tenant is suspended or frozen: a frontier passes it by.
	Active bool
	// Pin is the version that people pinned it to; zero for none.
	Pin ident.Version
	// Ran is what the tree at head has it run; zero when it ran nothing. It is
	// Rollouts.Version of the ring in which the tenant was.
	Ran ident.Version
	// Accepts reports whether a version takes the tenant's parameters; nil accepts all.
	Accepts func(ident.Version) bool
}

func (h Holding) accepts(v ident.Version) bool { return h.Accepts == nil || h.Accepts(v) }

// movable reports whether a frontier takes the tenant along.
func (h Holding) movable() bool { return h.Active && h.Pin.IsZero() }

// Census is the tenants of an environment, ordered by ring, product and place.
// It does not change once built and costs memory in proportion to the tenants.
type Census struct {
	tenants  []Tenant
	byID     map[ident.Tenant]int
	sizes    map[int]int // tenants of each ring
	groups   map[spot]*group
	products []ident.Product
}

type spot struct {
	ring    int
	product ident.Product
}

// group is the tenants of a ring that hold a product, by place.
type group struct {
	members []member
	movable []Place // places of those that a frontier takes along
	pinned  []member
}

type member struct {
	*Tenant
	Holding
}

// NewCensus returns the census of tenants, which it takes over. A tenant may be there once.
func NewCensus(tenants []Tenant) *Census {
	c := &Census{tenants: tenants, byID: make(map[ident.Tenant]int, len(tenants)), sizes: map[int]int{}, groups: map[spot]*group{}}
	slices.SortFunc(tenants, func(a, b Tenant) int { return cmp.Or(cmp.Compare(a.Place, b.Place), a.ID.Compare(b.ID)) })
	for i := range tenants {
		t := &tenants[i]
		c.byID[t.ID] = i
		c.sizes[t.Ring]++
		for p, h := range t.Products {
			g := c.groups[spot{t.Ring, p}]
			if g == nil {
				g = &group{}
				c.groups[spot{t.Ring, p}] = g
				if !slices.Contains(c.products, p) {
					c.products = append(c.products, p)
				}
			}
			g.members = append(g.members, member{t, h})
			if h.movable() {
				g.movable = append(g.movable, t.Place)
			}
			if !h.Pin.IsZero() {
				g.pinned = append(g.pinned, member{t, h})
			}
		}
	}
	return c
}

// Tenants returns the tenants by place; the caller must not change them.
func (c *Census) Tenants() []Tenant { return c.tenants }

func (c *Census) size(ring int) int { return c.sizes[ring] }

// group returns the tenants of a ring that hold a product; it may be empty.
func (c *Census) group(ring int, p ident.Product) *group {
	if g := c.groups[spot{ring, p}]; g != nil {
		return g
	}
	return &group{}
}

// member returns a tenant with its holding of a product.
func (c *Census) member(t ident.Tenant, p ident.Product) (member, bool) {
	i, ok := c.byID[t]
	if !ok {
		return member{}, false
	}
	h, ok := c.tenants[i].Products[p]
	return member{&c.tenants[i], h}, ok
}

// within returns the members with places in [from, to).
func (g *group) within(from, to uint64) []member {
	at := func(p uint64) int {
		return sort.Search(len(g.members), func(i int) bool { return uint64(g.members[i].Place) >= p })
	}
	return g.members[at(from):at(to)]
}

// below counts the places below to that a frontier takes along.
func (g *group) below(to uint64) int {
	return sort.Search(len(g.movable), func(i int) bool { return uint64(g.movable[i]) >= to })
}

// Input is everything but observations and the clock.
type Input struct {
	Fleet   *Fleet
	Catalog Catalog
	Census  *Census
	// Cut is how many bits number the slices of a ring in the tree at head; a
	// ring in motion keeps it. Zero or absent: cut by size.
	Cut map[ident.Ring]int
}

// products returns the products that rings want, tenants hold or lanes carry, sorted.
func (in *Input) products(r Rollouts) []ident.Product {
	all := slices.Clone(in.Census.products)
	add := func(p ident.Product) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for i := range in.Fleet.Rings {
		for p := range in.Fleet.Rings[i].Versions {
			add(p)
		}
	}
	for k := range r.Lanes {
		add(k.Product)
	}
	slices.SortFunc(all, ident.Product.Compare)
	return all
}

// before returns the lane that a ring's product takes its right to a version
// from: that of the nearest earlier ring that shall run the product. The
// second result is false when no ring is before.
func (in *Input) before(r Rollouts, ring int, p ident.Product) (Lane, bool) {
	for i := ring - 1; i >= 0; i-- {
		g := &in.Fleet.Rings[i]
		lane, ok := r.Lanes[Key{g.Name, p}]
		if ok || !g.Versions[p].IsZero() {
			return lane, true
		}
	}
	return Lane{}, false
}

// proved reports whether all rings before have proven a version, as far as a
// ring's right to it goes.
func (in *Input) proved(r Rollouts, ring int, p ident.Product, v ident.Version) bool {
	lane, ok := in.before(r, ring, p)
	return !ok || lane.good(v)
}
