package environments

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// release is a version of a product, as lists of the fleet name it.
type release struct {
	product ident.Product
	version ident.Version
}

func (r release) String() string { return fmt.Sprintf("%s=%s", r.product, r.version) }

// entry returns the checker of an entry of a list.
func (c checker) entry(list string, i int) checker {
	return c.item(fmt.Sprintf("%s[%d]", list, i), list, i)
}

// release checks what most entries name.
func (c checker) release(r release, reason string) {
	c.needs("product", r.product.IsZero())
	c.needs("version", r.version.IsZero())
	c.reason(reason)
}

// checkLists checks the exceptions that people make.
func (f *Fleet) checkLists(c checker, rings map[ident.Ring]bool) {
	blocked := map[release]bool{}
	for i, b := range f.Blocked {
		r, e := release{b.Product, b.Version}, c.entry("blocked", i)
		e.release(r, b.Reason)
		once(e, blocked, r, r.String())
	}
	for i, z := range f.Freezes {
		e := c.entry("freezes", i)
		e.reason(z.Reason)
		e.needs("from", z.From.IsZero())
		e.needs("to", z.To.IsZero())
		if !z.To.IsZero() && !z.To.Time().After(z.From.Time()) {
			e.addf("to", "exchange from and to", "it ends before it begins")
		}
	}
	expedited := map[release]bool{}
	for i, x := range f.Expedite {
		r, e := release{x.Product, x.Version}, c.entry("expedite", i)
		e.release(r, x.Reason)
		e.needs("until", x.Until.IsZero())
		once(e, expedited, r, r.String())
		if blocked[r] {
			e.addf("", "remove it here or under blocked", "%s is blocked", r)
		}
	}
	f.checkPins(c)
	f.checkHolds(c, rings)
}

func (f *Fleet) checkPins(c checker) {
	type key struct {
		tenant  ident.Tenant
		product ident.Product
	}
	pins := map[key]bool{}
	for i, p := range f.Pins {
		e := c.entry("pins", i)
		e.needs("tenant", p.Tenant.IsZero())
		e.release(release{p.Product, p.Version}, p.Reason)
		once(e, pins, key{p.Tenant, p.Product}, fmt.Sprintf("the pin of tenant %q, product %q", p.Tenant, p.Product))
	}
}

func (f *Fleet) checkHolds(c checker, rings map[ident.Ring]bool) {
	type key struct {
		ring    ident.Ring
		product ident.Product
	}
	var names []string
	for name := range rings {
		names = append(names, name.String())
	}
	holds := map[key]bool{}
	for i, h := range f.Holds {
		e := c.entry("holds", i)
		if !rings[h.Ring] {
			e.addf("ring", fault.DidYouMean(h.Ring.String(), names, "name one of the rings"), "unknown ring %q", h.Ring)
		}
		e.release(release{h.Product, h.Version}, h.Reason)
		once(e, holds, key{h.Ring, h.Product}, fmt.Sprintf("the hold of ring %q, product %q", h.Ring, h.Product))
	}
}
