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
	folder := r.path(manifest.TenantPath(t.Facts.Tenant.ID))
	kept, err := r.kept(t, folder)
	if err != nil {
		return nil, err
	}
	for i := range t.Products {
		p := &t.Products[i]
		if err := p.Unscaled(); err != nil {
			faults = append(faults, plan.Fault{Tenant: t.Facts.Tenant.ID, Product: p.Name, Err: err, Rendered: true})
		}
		sizes, has := p.HasClaims()
		if !has {
			continue
		}
		there, err := r.memory.Volumes(folder+"/"+p.Name.String(), sizes)
		if err != nil {
			return nil, err
		}
		if n := slices.IndexFunc(kept, func(k authz.KeptClaims) bool { return k.Product == p.Name }); n >= 0 {
			there.Keep(kept[n])
		}
		for _, held := range p.Hold(there) {
			faults = append(faults, plan.Fault{Tenant: t.Facts.Tenant.ID, Product: p.Name, Err: held, Rendered: true})
		}
	}
	shared := folder + "/" + manifest.BaseDir + "/" + manifest.SharedDir + "/"
	for i, c := range t.Shared {
		volumes, err := sharedVolumes(r.config.Site, c.Base, r.memory, shared+c.Name.String())
		if err != nil {
			return nil, err
		}
		t.Shared[i].Storage, t.Shared[i].StorageClass = volumes.Storage, volumes.StorageClass
	}
	return faults, nil
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
	products, err := r.memory.Products(id)
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
		if has(p) || !keeps {
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
