package render

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// Part is what runs of a tenant, or of the environment, as one thing.
type Part struct {
	// Of is the product, shared/<component>, or "tenant" for what stands in the
	// tenant's namespace before any component.
	Of string
	// Base is that of the version that runs; nil for the namespace.
	Base *base.Base

	site *environments.Site
	home *home        // of the namespace
	spec *overlaySpec // of everything else
}

// Who are the words by which tenants differ.
type Who struct{ Namespace, ID, Name, Code string }

// Who returns whose part it is; of the environment's own parts the namespace alone.
func (p Part) Who() Who {
	switch {
	case p.home != nil:
		return Who{Namespace: p.home.namespace, ID: p.home.tenant.String()}
	case p.spec != nil:
		s := &p.spec.site
		return Who{s.Namespace, s.TenantID, s.TenantName, s.TenantCode}
	}
	return Who{}
}

// Same reports whether two parts are surely built to the same objects.
func (p Part) Same(q Part) bool {
	if p.spec == nil || q.spec == nil {
		return p.spec == q.spec && p.site == q.site && *p.home == *q.home
	}
	return p.Base.Digest == q.Base.Digest && p.spec.site == q.spec.site && p.spec.descriptor.Folder() == q.spec.descriptor.Folder() &&
		maps.Equal(p.spec.parameters, q.spec.parameters)
}

// Build appends the part's objects to dst, as a YAML stream.
func (p Part) Build(ctx context.Context, e *overlay.Engine, dst []byte) ([]byte, error) {
	if p.home != nil {
		for _, f := range p.home.objects(p.site) {
			dst = append(append(dst, "---\n"...), bytes.TrimPrefix(f.Data, []byte(manifest.Header+"\n"))...)
		}
		return dst, nil
	}
	dir, err := tree.New(append(p.spec.own(), tree.Entry{Name: manifest.BaseDir, Dir: p.Base.Dir})...)
	if err != nil {
		return dst, err
	}
	return e.AppendBuild(ctx, dst, dir, ".")
}

// parts returns what runs of a planned tenant: its namespace, and each product
// and tenant-shared component at the version that its grants choose.
func (s tenantStage) parts(t *plan.Tenant) ([]Part, error) {
	h := homeOf(t)
	all := append(make([]Part, 0, 1+len(t.Products)+len(t.Shared)), Part{Of: "tenant", site: s.site, home: &h})
	var asked []manifest.Requirement
	for _, p := range t.Products {
		v := p.Versions[slices.IndexFunc(p.Versions, func(v plan.Version) bool { return v.ID == p.Runs })]
		spec := s.product(t, p, v)
		all = append(all, Part{Of: p.Name.String(), Base: v.Base, spec: &spec})
		if p.State == authz.Active {
			asked = append(asked, v.Requires...)
		}
	}
	for _, r := range manifest.Highest(asked) {
		c := t.Shared[slices.IndexFunc(t.Shared, func(c plan.Shared) bool { return c.Name == r.Component && c.ID == r.Version })]
		spec, err := s.component(t, c)
		if err != nil {
			return nil, err
		}
		all = append(all, Part{Of: manifest.SharedDir + "/" + c.Name.String(), Base: c.Base, spec: &spec})
	}
	return all, nil
}
