package render

import (
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// hold keeps the claims of a tenant from shrinking and from another class. The
// faults are what products asked less for.
func (r run) hold(t *plan.Tenant) ([]plan.Fault, error) {
	var faults []plan.Fault
	folder := r.path(manifest.TenantPath(t.Facts.Tenant.ID))
	for i := range t.Products {
		p := &t.Products[i]
		sizes, has := p.HasClaims()
		if !has {
			continue
		}
		there, err := r.memory.Volumes(folder+"/"+p.Name.String(), sizes)
		if err != nil {
			return nil, err
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
