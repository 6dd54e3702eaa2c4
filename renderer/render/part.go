package render

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// Part is what runs of a tenant, or of the environment, as one thing.
type Part struct {
	// Of is the product, shared/<component>, "tenant" for what stands in the
	// tenant's namespace before any component, or Applications.
	Of string
	// Base is that of the version that runs; nil for the namespace and Applications.
	Base *base.Base

	lodger *lodger      // of a tenant's part
	home   *home        // of the namespace
	at     int          // among the lodger's products, and behind them his shared components
	spec   *overlaySpec // of a part that is held
	text   []byte       // of the environment's Applications
}

// lodger is a tenant as he was planned in a survey. What his claims have is looked
// up part by part, when it is asked for.
type lodger struct {
	*plan.Tenant
	*surveyor
}

// surveyor is the render of a survey, with what it tells every tenant of.
type surveyor struct {
	run
	ground string // what the site puts into every namespace
}

// Who are the words by which tenants differ. Path is the tenant's folder, which
// Applications alone name.
type Who struct{ Path, Namespace, ID, Name, Code string }

// Who returns whose part it is; of the environment's own parts the namespace alone.
func (p Part) Who() Who {
	switch {
	case p.home != nil:
		return Who{Namespace: p.home.namespace, ID: p.home.tenant.String()}
	case p.Of == Applications && p.lodger != nil:
		who := p.lodger.who()
		who.Path = manifest.TenantPath(p.lodger.Facts.Tenant.ID)
		return who
	case p.lodger != nil:
		return p.lodger.who()
	case p.spec != nil:
		return Who{Namespace: p.spec.site.Namespace}
	}
	return Who{}
}

func (l *lodger) who() Who {
	return Who{Namespace: l.Namespace, ID: l.Facts.Tenant.ID.String(), Name: l.Facts.Tenant.Name, Code: l.Facts.Tenant.Code}
}

// Same reports whether two parts are surely built to the same objects, on top of
// the same memory.
func (p Part) Same(q Part) bool {
	switch {
	case p.Of == Applications && q.Of == Applications:
		return p.lodger != nil && q.lodger != nil && sameApplications(p.lodger, q.lodger)
	case p.home != nil && q.home != nil:
		return *p.home == *q.home
	case p.lodger != nil && q.lodger != nil && p.Base != nil && q.Base != nil:
		a, b := p.lodger, q.lodger
		return p.Base.Digest == q.Base.Digest && a.who() == b.who() && a.place() == b.place() && sameProduct(p.product(), q.product()) &&
			slices.EqualFunc(a.Kept, b.Kept, func(x, y authz.KeptClaims) bool {
				return x.Product == y.Product && x.StorageClass == y.StorageClass && maps.Equal(x.Sizes, y.Sizes)
			})
	case p.spec != nil && q.spec != nil:
		return p.Base.Digest == q.Base.Digest && p.spec.site == q.spec.site && p.spec.descriptor.Folder() == q.spec.descriptor.Folder() &&
			maps.Equal(p.spec.parameters, q.spec.parameters)
	}
	return false
}

// place is what an environment tells every overlay.
func (s *surveyor) place() any {
	site := s.config.Site
	return struct {
		domain, environment, popCode, popID string
		defaults                            environments.Defaults
	}{site.Domain, site.Name.String(), site.PopCode, site.PopID, site.Defaults}
}

// product returns the product that the part is of; nil for a shared component,
// which is all that its version says.
func (p Part) product() *plan.Product {
	if p.at < len(p.lodger.Products) {
		return &p.lodger.Products[p.at]
	}
	return nil
}

// sameProduct reports whether two products are planned alike, with all that
// decides what their claims get.
func sameProduct(a, b *plan.Product) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Runs == b.Runs && a.State == b.State && a.Replicas == b.Replicas && a.MaxReplicas == b.MaxReplicas &&
		a.Storage == b.Storage && a.StorageClass == b.StorageClass && a.ShrinkFrom == b.ShrinkFrom &&
		slices.EqualFunc(a.Versions, b.Versions, func(v, w plan.Version) bool {
			return v.ID == w.ID && v.Base.Digest == w.Base.Digest && maps.Equal(v.Parameters, w.Parameters)
		})
}

// Held returns the part with the claims that it has, and what it asked for and
// does not get of them.
func (p Part) Held() (Part, []plan.Fault, error) {
	if p.lodger == nil || p.home != nil || p.spec != nil || p.Of == Applications {
		return p, nil, nil
	}
	spec, faults, err := p.lodger.spec(p)
	p.spec = &spec
	return p, faults, err
}

func (l *lodger) spec(p Part) (overlaySpec, []plan.Fault, error) {
	if at := p.product(); at != nil {
		product := *at
		product.Versions = slices.Clone(product.Versions)
		faults, err := l.claims(l.Tenant, &product)
		return l.stage.product(l.Tenant, product, running(product)), faults, err
	}
	c := l.Shared[p.at-len(l.Products)]
	if err := l.componentClaims(l.Tenant, &c); err != nil {
		return overlaySpec{}, nil, err
	}
	spec, err := l.stage.component(l.Tenant, c)
	return spec, nil, err
}

// Build appends the objects of a part that is held to dst, as a YAML stream.
func (p Part) Build(ctx context.Context, e *overlay.Engine, dst []byte) ([]byte, error) {
	switch {
	case p.Of == Applications && p.lodger != nil:
		return p.lodger.applications(dst), nil
	case p.Of == Applications:
		return append(dst, p.text...), nil
	case p.home != nil:
		for _, f := range p.home.objects(p.lodger.config.Site) {
			dst = append(append(dst, "---\n"...), bytes.TrimPrefix(f.Data, []byte(manifest.Header+"\n"))...)
		}
		return dst, nil
	}
	return e.AppendOverlay(ctx, dst, p.spec.built())
}

// parts returns what runs of the tenant: his Applications and his namespace, and
// each product and tenant-shared component at the version that his grants choose.
func (l *lodger) parts() []Part {
	h := homeOf(l.Tenant)
	h.ground = l.ground
	all := append(make([]Part, 0, 2+len(l.Products)+len(l.Shared)), Part{Of: Applications, lodger: l}, Part{Of: "tenant", lodger: l, home: &h})
	var asked []manifest.Requirement
	for i, p := range l.Products {
		v := running(p)
		all = append(all, Part{Of: p.Name.String(), Base: v.Base, lodger: l, at: i})
		if p.State == authz.Active {
			asked = append(asked, v.Requires...)
		}
	}
	for _, r := range manifest.Highest(asked) {
		i := slices.IndexFunc(l.Shared, func(c plan.Shared) bool { return c.Name == r.Component && c.ID == r.Version })
		all = append(all, Part{Of: manifest.SharedDir + "/" + r.Component.String(), Base: l.Shared[i].Base, lodger: l, at: len(l.Products) + i})
	}
	return all
}

// running returns the version that a product runs.
func running(p plan.Product) plan.Version {
	return p.Versions[slices.IndexFunc(p.Versions, func(v plan.Version) bool { return v.ID == p.Runs })]
}
