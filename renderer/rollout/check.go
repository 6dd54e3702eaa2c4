package rollout

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Check returns what contradicts itself in people's files and the rollouts they
// stand beside, as far as it shows without tenants and a clock: versions that
// are not published, to which no edges lead, or that are still needed and gone.
// Each fault names its place and has a hint. A fleet without rollouts has the
// zero Rollouts.
func Check(site *environments.Site, sold *catalog.Catalog, r Rollouts) []error {
	fleet, err := FleetOf(site)
	if fleet == nil {
		return []error{err}
	}
	c := &checker{site: site, sold: sold, in: &Input{Fleet: fleet, Catalog: CatalogOf(sold), Census: NewCensus(nil)}, r: r}
	if err != nil {
		c.faults = append(c.faults, err)
	}
	for i := range fleet.Rings {
		c.wanted(i)
	}
	c.pins()
	c.expedited()
	c.refused()
	c.gone()
	return c.faults
}

type checker struct {
	site   *environments.Site
	sold   *catalog.Catalog
	in     *Input
	r      Rollouts
	faults []error
}

func (c *checker) addf(place, hint, format string, args ...any) {
	c.faults = append(c.faults, fault.Hintf(hint, "checking environment %q: %s: %w", c.site.Name, place, fmt.Errorf(format, args...)))
}

// published reports whether the catalog has a version, and says so if not.
func (c *checker) published(place, who string, p ident.Product, v ident.Version) bool {
	_, err := c.sold.Version(p, v)
	if err != nil {
		c.addf(place, fault.HintOf(err), "%s: %w", who, err)
	}
	return err == nil
}

// wanted checks the versions that a ring shall run.
func (c *checker) wanted(ring int) {
	g := &c.in.Fleet.Rings[ring]
	for _, p := range slices.SortedFunc(maps.Keys(g.Versions), ident.Product.Compare) {
		place, who := c.site.Place("rings", ring, "versions", p.String()), fmt.Sprintf("ring %q", g.Name)
		if c.published(place, who, p, g.Versions[p]) {
			c.reached(place, Key{g.Name, p}, g.Versions[p])
		}
	}
}

// reached checks that a way leads to a version from all that is granted before.
// What people refuse who may want it later is no fault here.
func (c *checker) reached(place string, k Key, want ident.Version) {
	if _, ok := c.r.Lanes[k]; !ok {
		return
	}
	trips, code := c.in.Trips(c.r, k, want)
	switch code {
	case NoWayBack:
		from := make([]string, 0, len(trips))
		for _, t := range trips {
			from = append(from, t.From.String())
		}
		c.addf(place, NoWayBack.Lift(), "ring %q: product %q: no way leads back from %s to %q", k.Ring, k.Product, fault.List(from), want)
	case NoEdge:
		for _, t := range trips {
			if len(t.Stops) == 0 && t.From != want {
				c.addf(place, NoEdge.Lift(), "ring %q: product %q: no edges lead from %q, which is granted there, to %q", k.Ring, k.Product, t.From, want)
			}
		}
	}
}

func (c *checker) pins() {
	for i, pin := range c.site.Fleet.Pins {
		place, who := c.site.Place("pins", i), fmt.Sprintf("tenant %q", pin.Tenant)
		c.published(place, who, pin.Product, pin.Version)
		if b, blocked := c.in.Fleet.blocked(pin.Product, pin.Version); blocked {
			c.addf(place, "remove the pin, or what blocks it", "%s is pinned to %s=%s, which is blocked: %s", who, pin.Product, pin.Version, b.Reason)
		}
	}
}

// refused finds misspelt versions in what people hold or block: it would hold
// and block nothing.
func (c *checker) refused() {
	for i, h := range c.site.Fleet.Holds {
		c.published(c.site.Place("holds", i), fmt.Sprintf("the hold of ring %q", h.Ring), h.Product, h.Version)
	}
	for i, b := range c.site.Fleet.Blocked {
		if _, err := c.sold.Version(b.Product, b.Version); err != nil {
			c.addf(c.site.Place("blocked", i), fault.HintOf(err)+"; what the catalog has no more needs no entry", "it blocks nothing: %w", err)
		}
	}
}

// expedited finds hotfixes that no ring wants, or passes on its way.
func (c *checker) expedited() {
	for i, e := range c.in.Fleet.Expedite {
		if !slices.ContainsFunc(c.in.Fleet.Rings, func(g Ring) bool { return c.passes(e, g.Versions[e.Product]) }) {
			c.addf(c.site.Place("expedite", i), "want it in a ring, or remove the entry", "no ring wants %s=%s", e.Product, e.Version)
		}
	}
}

// passes reports whether a rollout to a version goes to, or may stop at, the expedited one.
func (c *checker) passes(e Expedite, want ident.Version) bool {
	if e.Version == want {
		return true
	}
	free := func(ident.Version) bool { return false }
	return c.in.Catalog[e.Product][want].UpgradesFrom != nil && len(c.in.Catalog.hops(e.Product, e.Version, want, free)) > 0
}

// gone finds versions that rings run or may go back to, and that the catalog has no more.
func (c *checker) gone() {
	const hint = "publish it again: a version may go when no ring runs it, may go back to it, or keeps tenants at it"
	for _, k := range slices.SortedFunc(maps.Keys(c.r.Lanes), Key.compare) {
		lane := c.r.Lanes[k]
		needed := slices.Concat(lane.Good, slices.Collect(maps.Values(lane.Stragglers)))
		for _, s := range lane.At {
			needed = append(needed, s.Version)
		}
		slices.SortFunc(needed, ident.Version.Compare)
		for _, v := range slices.Compact(needed) {
			if !c.in.Catalog.published(k.Product, v) {
				c.addf(File, hint, "ring %q: product %q: version %q is granted or good there and gone from the catalog", k.Ring, k.Product, v)
			}
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(c.r.Shared), ident.Component.Compare) {
		if _, err := c.sold.SharedVersion(name, c.r.Shared[name].At); err != nil {
			c.addf(File, hint, "shared part %q: version %q is granted and gone from the catalog", name, c.r.Shared[name].At)
		}
	}
}
