package query

import (
	"context"
	"slices"
	"strings"
	"unique"

	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// scope is what a caller may see. Who is limited to tenants is refused all
// others, whether they are there or not. For who is limited to products a
// tenant without any of them is not there, and one with some has no others.
type scope struct{ caller.Scope }

func scopeOf(ctx context.Context) scope { return scope{caller.Of(ctx).Scope} }

// see returns the entry as the caller may see it, nil if not at all.
func (s scope) see(e *entry) *entry {
	if len(s.Products) == 0 || e == nil {
		return e
	}
	own := *e
	own.rights = nil
	for _, r := range e.rights {
		if s.Product(r.terms.Value().product) {
			own.rights = append(own.rights, r)
		}
	}
	if len(own.rights) == 0 {
		return nil
	}
	return &own
}

// hears reports whether a change is the caller's to hear of.
func (s scope) hears(c change) bool {
	if !s.Tenant(c.tenant) {
		return false
	}
	return len(s.Products) == 0 || slices.ContainsFunc(strings.Split(c.products.Value(), " "), func(name string) bool {
		return slices.ContainsFunc(s.Products, func(p ident.Product) bool { return p.String() == name })
	})
}

// products are those that a tenant had or has, in a form that many share.
func products(old, next *entry) unique.Handle[string] {
	var all []string
	for _, e := range []*entry{old, next} {
		for i := range e.rights {
			all = append(all, e.rights[i].terms.Value().product.String())
		}
	}
	slices.Sort(all)
	return unique.Make(strings.Join(slices.Compact(all), " "))
}
