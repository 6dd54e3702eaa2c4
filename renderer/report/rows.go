package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Filter chooses products of tenants; what is empty chooses all.
type Filter struct {
	Tenant  ident.Tenant
	Product ident.Product
	Ring    string
	State   State
	// Behind chooses those who hold its product and do not run its version or a later one.
	Behind Behind
	// Search chooses tenants whose id or name has it, in any case.
	Search string
}

// Behind is a version of a product.
type Behind struct {
	Product ident.Product
	Version ident.Version
}

// Rows returns the products of tenants, the worst first, then by tenant and product.
func (j *Join) Rows(f Filter) []Row {
	var all []Row
	for _, t := range j.tenants {
		if !f.Tenant.IsZero() && t.id != f.Tenant || f.Ring != "" && j.names.list[t.ring] != f.Ring || !t.has(f.Search) {
			continue
		}
		for i := range t.holdings {
			if h := &t.holdings[i]; (h.bought || h.note != nil) && j.holds(f, t, h) {
				if row := j.row(t, h); f.State == "" || row.State == f.State {
					all = append(all, row)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.State.Rank(), b.State.Rank()), strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Product, b.Product))
	})
	return all
}

func (t *tenant) has(text string) bool {
	return text == "" || strings.Contains(t.id.String(), strings.ToLower(text)) || strings.Contains(strings.ToLower(t.name), strings.ToLower(text))
}

func (j *Join) holds(f Filter, t *tenant, h *holding) bool {
	product := j.names.list[h.product]
	if !f.Product.IsZero() && product != f.Product.String() {
		return false
	}
	if f.Behind.Product.IsZero() {
		return true
	}
	if product != f.Behind.Product.String() {
		return false
	}
	runs := j.names.list[h.runs]
	if runs == "" {
		runs = j.granted(t, h).String()
	}
	return runs == "" || ident.CompareVersions(runs, f.Behind.Version.String()) < 0
}

func (j *Join) row(t *tenant, h *holding) Row {
	state, code := j.judge(t, h)
	r := Row{Tenant: t.id.String(), Name: t.name, Ring: j.names.list[t.ring], Product: j.names.list[h.product],
		Wanted: j.wanted(t, h).String(), Granted: j.granted(t, h).String(), Running: j.names.list[h.runs], State: state, Since: instant(h.since)}
	if h.bought {
		r.Right = string(h.right.state())
	}
	if code != Well {
		r.Code, r.Sentence = code, code.Sentence()
	}
	return r
}
