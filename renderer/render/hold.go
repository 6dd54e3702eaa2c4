package render

import (
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// hold keeps the claims of a tenant from shrinking and from another class. The
// faults are what products asked for and do not get.
func (r run) hold(t *plan.Tenant) ([]plan.Fault, error) {
	var faults []plan.Fault
	var err error
	if t.Kept, err = r.kept(t, r.folder(t)); err != nil {
		return nil, err
	}
	for i := range t.Products {
		p := &t.Products[i]
		if err := p.Unscaled(); err != nil {
			faults = append(faults, plan.Fault{Tenant: t.Facts.Tenant.ID, Product: p.Name, Err: err, Rendered: true})
		}
		if r.later {
			continue
		}
		held, err := r.claims(t, p)
		if err != nil {
			return nil, err
		}
		faults = append(faults, held...)
	}
	for i := range t.Shared {
		if r.later {
			break
		}
		if err := r.componentClaims(t, &t.Shared[i]); err != nil {
			return nil, err
		}
	}
	return faults, nil
}

func (r run) folder(t *plan.Tenant) string { return r.path(manifest.TenantPath(t.Facts.Tenant.ID)) }

// claims holds what the claims of a tenant's product have.
func (r run) claims(t *plan.Tenant, p *plan.Product) ([]plan.Fault, error) {
	sizes, has := p.HasClaims()
	if !has {
		return nil, nil
	}
	there, err := r.memory.Volumes(r.folder(t)+"/"+p.Name.String(), sizes)
	if err != nil {
		return nil, err
	}
	if n := slices.IndexFunc(t.Kept, func(k authz.KeptClaims) bool { return k.Product == p.Name }); n >= 0 {
		there.Keep(t.Kept[n])
	}
	var faults []plan.Fault
	for _, held := range p.Hold(there) {
		faults = append(faults, plan.Fault{Tenant: t.Facts.Tenant.ID, Product: p.Name, Err: held, Rendered: true})
	}
	return faults, nil
}

// componentClaims holds what the claims of a tenant's shared component have.
func (r run) componentClaims(t *plan.Tenant, c *plan.Shared) error {
	volumes, err := sharedVolumes(r.config.Site, c.Base, r.memory, r.folder(t)+"/"+manifest.BaseDir+"/"+manifest.SharedDir+"/"+c.Name.String())
	c.Storage, c.StorageClass = volumes.Storage, volumes.StorageClass
	return err
}

// kept returns the claims that the tenant's facts keep of products that he had
// no more, and writes into the facts what they keep from now on: those without
// what he has again, and with what he has lost.
func (r run) kept(t *plan.Tenant, folder string) ([]authz.KeptClaims, error) {
	id := t.Facts.Tenant.ID
	kept, err := r.memory.Kept(id)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		kept = t.Facts.Kept
	}
	has := func(p ident.Product) bool {
		return slices.ContainsFunc(t.Products, func(x plan.Product) bool { return x.Name == p })
	}
	products, err := r.memory.Products(id, has)
	if err != nil {
		return nil, err
	}
	var left []authz.KeptClaims
	for _, k := range kept {
		if !has(k.Product) && products[k.Product] == nil {
			left = append(left, k)
		}
	}
	for p, versions := range products {
		sizes, keeps := r.sizes(p, versions)
		if !keeps {
			continue
		}
		there, err := r.memory.Volumes(folder+"/"+p.String(), sizes)
		if err != nil {
			return nil, err
		}
		left = append(left, authz.KeptClaims{Product: p, Sizes: there.Sizes, StorageClass: there.StorageClass})
	}
	slices.SortFunc(left, func(a, b authz.KeptClaims) int { return a.Product.Compare(b.Product) })
	t.Facts.Kept = left
	return kept, nil
}

// sizes returns the parameters that size the claims of versions, and whether
// some outlive them. Of a version that is gone that is not known.
func (r run) sizes(p ident.Product, versions []ident.Version) (sizes []string, keeps bool) {
	for _, id := range versions {
		v, err := r.config.Catalog.Version(p, id)
		if err != nil {
			continue
		}
		if b, err := r.config.Bases.Base(v); err == nil && b.HasClaims && b.KeepsData {
			sizes, keeps = append(sizes, b.Sizes...), true
		}
	}
	return sizes, keeps
}

// sharedVolumes returns what the claims of a shared component get: the
// environment's defaults, or what those had that are there.
func sharedVolumes(site *environments.Site, b *base.Base, memory Memory, folder string) (environments.Defaults, error) {
	out := site.Defaults
	if !b.HasClaims {
		return out, nil
	}
	there, err := memory.Volumes(folder, b.Sizes)
	if there.StorageClass != "" {
		out.StorageClass = there.StorageClass
	}
	if size := there.Sizes["storage"]; plan.Larger(size, out.Storage) {
		out.Storage = size
	}
	return out, err
}
