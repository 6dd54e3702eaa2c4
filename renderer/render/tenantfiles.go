package render

import (
	"context"
	"errors"
	"fmt"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// placeOf returns where a site's Applications live and point to.
func placeOf(s *environments.Site) manifest.Place {
	return manifest.Place{
		Environment: s.Name, RepoURL: s.RepoURL, TargetRevision: s.TargetRevision,
		Project: s.ArgoCD.Project, ArgoCDNamespace: s.ArgoCD.Namespace, Plugin: s.ArgoCD.Plugin,
		DestinationName: s.Destination.Name, DestinationServer: s.Destination.Server,
	}
}

// overlaySpec is what one overlay directory is made of.
type overlaySpec struct {
	base       *base.Base
	descriptor manifest.Overlay // digests are filled in
	site       manifest.Builtins
	parameters map[string]string
}

// overlayDir returns an overlay directory: three small files beside the
// version's base, which is the same *tree.Dir for every tenant.
func overlayDir(s overlaySpec) (*tree.Dir, error) {
	d, own := s.descriptor, s.built().Files()
	files, err := tree.New(own...)
	if err != nil {
		return nil, err
	}
	d.Catalog, d.Files, d.Base = s.base.Version.Digest, tree.Digest(files), s.base.Digest
	return tree.New(append(own,
		tree.Entry{Name: manifest.DescriptorFile, Data: d.Encode()},
		tree.Entry{Name: manifest.BaseDir, Dir: s.base.Dir})...)
}

// built is what of an overlay says what is built of the base.
func (s overlaySpec) built() overlay.Overlay {
	d := s.descriptor
	return overlay.Overlay{Base: s.base.Dir, Parameters: s.site.Data(s.parameters),
		Spec: manifest.KustomizationSpec{Namespace: d.Namespace, Tenant: d.Tenant.String(), State: d.Folder()}}
}

// tenantStage writes the folders of tenants of one site.
type tenantStage struct {
	site  *environments.Site
	place manifest.Place
	proof *proof
}

// dir returns the tenant's folder: facts, base and one overlay for each
// product version in play. Each overlay was built once; what cannot be built
// is a fault, and then there is no folder.
func (s tenantStage) dir(ctx context.Context, t *plan.Tenant) (*tree.Dir, []plan.Fault, error) {
	id := t.Facts.Tenant.ID
	facts, err := authz.EncodeFacts(t.Facts)
	if err != nil {
		return nil, nil, err
	}
	var faults []plan.Fault
	refuse := func(p ident.Product, err error) {
		faults = append(faults, plan.Fault{Tenant: id, Product: p, Err: err})
	}
	base, err := s.base(ctx, t)
	if cannot := (unbuildable{}); errors.As(err, &cannot) {
		refuse(ident.Product{}, cannot)
	} else if err != nil {
		return nil, nil, fmt.Errorf("writing base of tenant %q: %w", id, err)
	}
	entries := []tree.Entry{{Name: manifest.FactsFile, Data: facts}, {Name: manifest.BaseDir, Dir: base}}
	for _, p := range t.Products {
		versions := make([]tree.Entry, 0, len(p.Versions))
		for _, v := range p.Versions {
			d, err := s.proof.overlay(ctx, s.product(t, p, v))
			if cannot := (unbuildable{}); errors.As(err, &cannot) {
				refuse(p.Name, cannot)
			} else if err != nil {
				return nil, nil, fmt.Errorf("writing overlay %s/%s of tenant %q: %w", p.Name, v.ID, id, err)
			}
			versions = append(versions, tree.Entry{Name: v.ID.String(), Dir: d})
		}
		d, err := tree.New(versions...)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, tree.Entry{Name: p.Name.String(), Dir: d})
	}
	if len(faults) > 0 {
		return nil, faults, nil
	}
	dir, err := tree.New(entries...)
	return dir, nil, err
}

func (s tenantStage) product(t *plan.Tenant, p plan.Product, v plan.Version) overlaySpec {
	site := s.values(t, p.Name.String(), v.ID)
	site.Replicas, site.Storage, site.StorageClass = p.ReplicaText(), p.Storage, p.StorageClass
	spec := overlaySpec{
		base: v.Base, site: site, parameters: v.Parameters,
		descriptor: manifest.Overlay{Environment: s.site.Name, Tenant: t.Facts.Tenant.ID, Namespace: t.Namespace,
			Product: p.Name, Version: v.ID, State: string(p.State), Replicas: p.Replicas},
	}
	if v.Base.Autoscaled != nil {
		spec.site.MaxReplicas, spec.descriptor.MaxReplicas = fmt.Sprint(max(p.Replicas, p.MaxReplicas)), p.MaxReplicas
	}
	return spec
}

// values returns what every overlay of the tenant gets to know of its place.
func (s tenantStage) values(t *plan.Tenant, product string, v ident.Version) manifest.Builtins {
	who := t.Facts.Tenant
	return manifest.Builtins{
		Domain: s.site.Domain, Environment: s.site.Name.String(), Namespace: t.Namespace,
		PopCode: s.site.PopCode, PopID: s.site.PopID, Product: product, Version: v.String(),
		TenantID: who.ID.String(), TenantName: who.Name, TenantCode: who.Code,
		Replicas: fmt.Sprint(s.site.Defaults.Replicas),
	}
}

// base returns the tenant's base directory.
func (s tenantStage) base(ctx context.Context, t *plan.Tenant) (*tree.Dir, error) {
	files := baseFiles(s.site, t)
	shared, err := s.shared(ctx, t)
	if err != nil {
		return nil, err
	}
	if shared != nil {
		files = append(files, tree.Entry{Name: manifest.SharedDir, Dir: shared})
	}
	sealed, err := tree.New(files...)
	if err != nil {
		return nil, err
	}
	d := s.descriptor(t)
	d.Files = tree.Digest(sealed)
	for _, p := range t.Products {
		product := manifest.TenantProduct{Name: p.Name, State: string(p.State)}
		for _, v := range p.Versions {
			product.Versions = append(product.Versions, manifest.ProductVersion{Version: v.ID, Requires: v.Requires,
				IgnoreDifferences: ignored(p, v)})
		}
		d.Products = append(d.Products, product)
	}
	return tree.New(append(files, tree.Entry{Name: manifest.DescriptorFile, Data: d.Encode()})...)
}

// descriptor returns what the base directory says of the tenant and its place.
func (s tenantStage) descriptor(t *plan.Tenant) manifest.TenantBase {
	return manifest.TenantBase{Place: s.place, Tenant: t.Facts.Tenant.ID, Ring: s.site.Fleet.Rings[t.Ring].Name, Namespace: t.Namespace,
		Path: manifest.EnvironmentPath(s.site.Name) + "/" + manifest.TenantPath(t.Facts.Tenant.ID)}
}

// ignored returns what Argo CD leaves alone: what the version says, and how
// many replicas run of what scales itself.
func ignored(p plan.Product, v plan.Version) []manifest.IgnoreDifference {
	all := v.Base.Version.IgnoreDifferences()
	if p.MaxReplicas > 0 && v.Base.Autoscaled != nil {
		all = append(all, *v.Base.Autoscaled)
	}
	return all
}

// shared returns the overlays of the tenant's shared components; nil for none.
func (s tenantStage) shared(ctx context.Context, t *plan.Tenant) (*tree.Dir, error) {
	files := map[string][]tree.Entry{}
	for _, c := range t.Shared {
		spec, err := s.component(t, c)
		if err != nil {
			return nil, err
		}
		d, err := s.proof.overlay(ctx, spec)
		if err != nil {
			return nil, err
		}
		files[c.Name.String()] = append(files[c.Name.String()], tree.Entry{Name: c.ID.String(), Dir: d})
	}
	return nest(files)
}

func (s tenantStage) component(t *plan.Tenant, c plan.Shared) (overlaySpec, error) {
	parameters, err := c.Base.Version.Fill(nil)
	if err != nil {
		return overlaySpec{}, err
	}
	site := s.values(t, c.Name.String(), c.ID)
	site.Storage, site.StorageClass = c.Storage, c.StorageClass
	return overlaySpec{
		base: c.Base, site: site, parameters: parameters,
		descriptor: manifest.Overlay{Environment: s.site.Name, Tenant: t.Facts.Tenant.ID, Namespace: t.Namespace,
			Component: c.Name, Version: c.ID, State: string(authz.Active), Replicas: s.site.Defaults.Replicas},
	}, nil
}

// nest returns a directory of directories; nil when there are none.
func nest(folders map[string][]tree.Entry) (*tree.Dir, error) {
	if len(folders) == 0 {
		return nil, nil
	}
	entries := make([]tree.Entry, 0, len(folders))
	for name, inner := range folders {
		d, err := tree.New(inner...)
		if err != nil {
			return nil, err
		}
		entries = append(entries, tree.Entry{Name: name, Dir: d})
	}
	return tree.New(entries...)
}
