package impact

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
)

// secure counts the parts of a tenant that move to another pod security
// standard.
func (c *comparison) secure(before, after []render.Part) {
	for _, is := range after {
		i := slices.IndexFunc(before, func(p render.Part) bool { return p.Of == is.Of })
		if i < 0 || is.Base == nil {
			continue
		}
		a, b := before[i].Base.Version, is.Base.Version
		if a.Security() == b.Security() {
			continue
		}
		s := Security{Of: is.Of + " " + a.Version + " -> " + b.Version, From: a.Security(), To: b.Security()}
		if b.PodSecurity != nil {
			s.Reason = clip(b.PodSecurity.Reason)
		}
		c.security[s]++
	}
}

// standards returns the versions that move to another standard.
func (c *comparison) standards() []Security {
	var all []Security
	for s, n := range c.security {
		s.Tenants = n
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Security) int { return cmp.Or(strings.Compare(a.Of, b.Of), strings.Compare(a.To, b.To)) })
	return all
}

// fill puts what was found into a plan.
func (c *comparison) fill(p *Plan) {
	p.Tenants, p.Touched, p.Folded = c.is.end.Len(), c.touched, c.folded
	p.Rollouts = c.lanes.rollouts(c.was, c.is, p.At)
	p.Security = c.standards()
	p.Changes = c.changes()
	for _, g := range c.is.site.Fleet.Rings {
		if r := c.rings[g.Name]; r != nil {
			p.Rings = append(p.Rings, *r)
			delete(c.rings, g.Name)
		}
	}
	for _, name := range slices.SortedFunc(maps.Keys(c.rings), ident.Ring.Compare) { // rings that are gone
		p.Rings = append(p.Rings, *c.rings[name])
	}
	slices.Sort(c.skipped)
	p.Skipped = append(c.is.missing(c.was), c.skipped...)
}
