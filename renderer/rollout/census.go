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
// It costs memory in proportion to the tenants and is not safe for concurrent
// use with Put and Drop, which keep it as NewCensus would make it.
type Census struct {
	tenants map[ident.Tenant]*Tenant
	sizes   map[int]int // tenants of each ring
	groups  map[spot]*group
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

// NewCensus returns the census of tenants. A tenant may be there once.
func NewCensus(tenants []Tenant) *Census {
	c := &Census{tenants: make(map[ident.Tenant]*Tenant, len(tenants)), sizes: map[int]int{}, groups: map[spot]*group{}}
	held := map[spot]int{}
	for i := range tenants {
		for p := range tenants[i].Products {
			held[spot{tenants[i].Ring, p}]++
		}
	}
	for s, n := range held {
		c.groups[s] = &group{members: make([]member, 0, n), movable: make([]Place, 0, n)}
	}
	all := slices.Clone(tenants)
	slices.SortFunc(all, func(a, b Tenant) int { return order(&a, &b) })
	for i := range all {
		c.Put(all[i]) // each goes to the end of its groups
	}
	return c
}

// order is by place, for the equal ones by id.
func order(a, b *Tenant) int { return cmp.Or(cmp.Compare(a.Place, b.Place), a.ID.Compare(b.ID)) }

// Put takes a tenant in, in place of what was known of it. Where he stays in his
// place nobody else is moved.
func (c *Census) Put(t Tenant) {
	old, known := c.tenants[t.ID]
	if known && (old.Ring != t.Ring || old.Place != t.Place) {
		c.Drop(t.ID)
		known = false
	}
	c.tenants[t.ID] = &t
	if !known {
		c.sizes[t.Ring]++
		old = &Tenant{}
	}
	for p, h := range old.Products {
		if _, still := t.Products[p]; !still {
			c.groups[spot{t.Ring, p}].drop(member{old, h})
		}
	}
	for p, h := range t.Products {
		g := c.groups[spot{t.Ring, p}]
		if g == nil {
			g = &group{}
			c.groups[spot{t.Ring, p}] = g
		}
		if was, held := old.Products[p]; held {
			g.swap(member{old, was}, member{&t, h})
		} else {
			g.put(member{&t, h})
		}
	}
}

// Drop forgets a tenant.
func (c *Census) Drop(id ident.Tenant) {
	t, ok := c.tenants[id]
	if !ok {
		return
	}
	delete(c.tenants, id)
	c.sizes[t.Ring]--
	for p, h := range t.Products {
		c.groups[spot{t.Ring, p}].drop(member{t, h})
	}
}

// Refresh takes rollouts for those of the tree at head: every tenant is in its
// ring and runs what they say.
func (c *Census) Refresh(fleet *Fleet, r Rollouts) {
	for s, g := range c.groups {
		k := Key{fleet.Rings[s.ring].Name, s.product}
		for i := range g.members {
			m := &g.members[i]
			m.Was, m.Ran = k.Ring, r.Version(k, m.ID, m.Place, m.Pin)
			m.Tenant.Products[s.product] = m.Holding
		}
		for i := range g.pinned {
			g.pinned[i].Ran = g.pinned[i].Tenant.Products[s.product].Ran
		}
	}
}

func byPlace(a, b member) int { return order(a.Tenant, b.Tenant) }

func (g *group) put(m member) {
	g.members = insert(g.members, m, byPlace)
	if m.movable() {
		g.movable = insert(g.movable, m.Place, cmp.Compare[Place])
	}
	if !m.Pin.IsZero() {
		g.pinned = insert(g.pinned, m, byPlace)
	}
}

// insert puts v in its place; mostly it is the last.
func insert[T any](all []T, v T, compare func(a, b T) int) []T {
	i := len(all)
	if i > 0 && compare(all[i-1], v) > 0 {
		i, _ = slices.BinarySearchFunc(all, v, compare)
	}
	return slices.Insert(all, i, v)
}

// swap puts a member in the place of what he was.
func (g *group) swap(was, m member) {
	if was.movable() != m.movable() || !was.Pin.IsZero() || !m.Pin.IsZero() {
		g.drop(was)
		g.put(m)
		return
	}
	i, _ := slices.BinarySearchFunc(g.members, m, byPlace)
	g.members[i] = m
}

func (g *group) drop(m member) {
	i, _ := slices.BinarySearchFunc(g.members, m, byPlace)
	g.members = slices.Delete(g.members, i, i+1)
	if m.movable() {
		i, _ = slices.BinarySearch(g.movable, m.Place)
		g.movable = slices.Delete(g.movable, i, i+1)
	}
	if !m.Pin.IsZero() {
		i, _ = slices.BinarySearchFunc(g.pinned, m, byPlace)
		g.pinned = slices.Delete(g.pinned, i, i+1)
	}
}

func (c *Census) size(ring int) int { return c.sizes[ring] }

// group returns the tenants of a ring that hold a product; it may be empty.
func (c *Census) group(ring int, p ident.Product) *group {
	if g := c.groups[spot{ring, p}]; g != nil {
		return g
	}
	return &group{}
}

// member returns a tenant with its holding of a product.
func (c *Census) member(id ident.Tenant, p ident.Product) (member, bool) {
	t, ok := c.tenants[id]
	if !ok {
		return member{}, false
	}
	h, ok := t.Products[p]
	return member{t, h}, ok
}

// Pin returns the version that people pinned a tenant's product to; zero for none.
func (c *Census) Pin(id ident.Tenant, p ident.Product) ident.Version {
	m, _ := c.member(id, p)
	return m.Pin
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

// Products returns the products that rings want, tenants hold or lanes carry, sorted.
func (in *Input) Products(r Rollouts) []ident.Product {
	var all []ident.Product
	add := func(p ident.Product) {
		if !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	for s, g := range in.Census.groups {
		if len(g.members) > 0 {
			add(s.product)
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
