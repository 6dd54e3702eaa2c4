package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Tenant returns what is known of a tenant, false for nothing.
func (j *Join) Tenant(id ident.Tenant, now time.Time) (Tenant, bool) {
	t, ok := j.tenants[id]
	if !ok {
		return Tenant{}, false
	}
	all := Tenant{Environment: j.env.String(), ID: id.String(), Name: t.name, Ring: j.names.list[t.ring], At: now.UTC(), State: Resting, Sources: j.Sources(now)}
	for i := range t.holdings {
		if h := &t.holdings[i]; h.bought || h.note != nil {
			p := j.product(t, h, now)
			all.State = max2(all.State, p.State)
			all.Products = append(all.Products, p)
		}
	}
	slices.SortFunc(all.Products, func(a, b Product) int { return cmp.Compare(a.Name, b.Name) })
	return all, true
}

func (j *Join) product(t *tenant, h *holding, now time.Time) Product {
	r := j.row(t, h)
	p := Product{Name: r.Product, Right: r.Right, State: r.State, Wanted: r.Wanted, Granted: r.Granted, Running: r.Running,
		Pin: j.names.list[h.pin], Since: r.Since, Ends: instant(h.ends)}
	name := name[ident.ProductKind](j, h.product)
	if why := j.Why(t.id, name, now); why.Cause().Code != Well {
		p.Code, p.Sentence = why.Cause().Code, why.Cause().Sentence
	}
	v, err := j.sold.Version(name, j.granted(t, h))
	if err == nil {
		p.Buckets, p.Shared = j.buckets(h, v), j.parts(t, h, v)
	}
	return p
}

// buckets says how far the version has come: all before the first object that
// is not healthy are, and those after it wait.
func (j *Join) buckets(h *holding, v *catalog.Version) []Bucket {
	var all []Bucket
	at, first := len(v.Buckets()), Object{}
	if h.trouble != nil {
		if o, ok := h.trouble.first(); ok {
			at, first = o.Bucket, o
		}
	}
	known := h.seen && j.names.list[h.asked] == v.Version && h.right.state() == authz.Active
	for i, components := range v.Buckets() {
		b := Bucket{Number: i + 1, State: OK, Since: instant(h.since)}
		for _, c := range components {
			b.Components = append(b.Components, c.Name.String())
		}
		switch {
		case h.right.state() != authz.Active:
			b.State, b.Since = Resting, instant(h.ends)
		case !known, h.trouble != nil && first == (Object{}): // a sync is under way, and nothing says how far
			b.State, b.Since = Unknown, nil
		case i == at:
			b.State, b.Object, b.Says = h.trouble.state(), first.String(), first.Says
		case i > at:
			b.State, b.Since = Waiting, nil
		}
		all = append(all, b)
	}
	return all
}

// parts returns the shared components that a version needs, and who else does.
func (j *Join) parts(t *tenant, h *holding, v *catalog.Version) []Part {
	needs := j.closure(h.product, ident.Must[ident.VersionKind](v.Version))
	all := make([]Part, 0, len(needs))
	for _, n := range needs {
		p := Part{Component: n.Name.String(), Version: n.Version.String(), Sharing: string(n.Sharing)}
		if n.Sharing == catalog.SharingTenant {
			for i := range t.holdings {
				if o := &t.holdings[i]; o.product != h.product && j.needs(t, o, n.Name) {
					p.hold(j.names.list[o.product])
				}
			}
		} else {
			j.holders(t, n.Name, &p)
		}
		all = append(all, p)
	}
	return all
}

// holders counts the other tenants who need a part of the environment.
func (j *Join) holders(t *tenant, c ident.Component, p *Part) {
	for _, other := range j.tenants {
		if other == t {
			continue
		}
		for i := range other.holdings {
			if j.needs(other, &other.holdings[i], c) {
				p.hold(other.id.String())
				break
			}
		}
	}
}

func (p *Part) hold(name string) {
	p.Holders++
	p.Others = least(p.Others, name)
}

// needs reports whether an active product of a tenant needs a shared component
// at the version that it is granted.
func (j *Join) needs(t *tenant, h *holding, c ident.Component) bool {
	if !h.bought || t.released || h.right.state() != authz.Active {
		return false
	}
	return slices.ContainsFunc(j.closure(h.product, j.granted(t, h)), func(n catalog.Component) bool { return n.Name == c })
}

// closure returns the shared components that a version needs; none for one that
// is not in the catalog. It is asked for each tenant, and remembers.
func (j *Join) closure(product uint16, version ident.Version) []catalog.Component {
	k := soldKey{product, version}
	needs, known := j.closures[k]
	if !known {
		if v, err := j.sold.Version(name[ident.ProductKind](j, product), version); err == nil {
			needs, _ = j.sold.Closure(v) // what cannot be resolved is refused by the catalog
		}
		j.closures[k] = needs
	}
	return needs
}

type soldKey struct {
	product uint16
	version ident.Version
}
