package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// keepTenant protects a tenant whose entry moves to another ring or whose
// ring's Application goes: neither may take its data along.
const keepTenant = "Delete=false,Prune=false"

// Application returns the Application of a member of the ring, which hands down
// versions.
func (r RingDescriptor) Application(m Member, versions map[string]string) Application {
	a := Application{
		Name: AppTenant(r.Environment, m.Tenant), Place: r.Place, Level: "tenant", Local: true,
		Path: m.Path + "/" + BaseDir, Versions: versions, SyncOptions: keepTenant,
		Labels: map[string]string{LabelTenant: m.Tenant.String(), LabelRing: r.Ring.String()},
	}
	if m.Released {
		a.SyncOptions = ""
	}
	return a
}

// Empty returns what a ring without tenants consists of. Its Application has to
// stay, because removing it would take along tenants that are just moving, and
// an empty result is refused everywhere.
func (r RingDescriptor) Empty() []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: ConfigMap
metadata:
  name: %s
  namespace: %s
  labels:
    %s: %s
    %s: %s
data:
  tenants: "0"
`, Quote(r.Environment.String()+"-"+r.Batch+"-empty"), Quote(r.ArgoCDNamespace),
		LabelEnvironment, Quote(r.Environment.String()), LabelRing, Quote(r.Ring.String()))
}

// Application returns the Application of one of the tenant's products at a version.
func (t TenantBase) Application(p TenantProduct, v ProductVersion) Application {
	var ignored []IgnoreDifference
	if p.State == ActiveDir { // what is to rest is written whoever else writes it
		ignored = v.IgnoreDifferences
	}
	labels := map[string]string{LabelTenant: t.Tenant.String(), LabelProduct: p.Name.String(), LabelVersion: v.Version.String(), LabelState: p.State}
	if !t.Ring.IsZero() {
		labels[LabelRing] = t.Ring.String()
	}
	return Application{
		Name: AppProduct(t.Environment, t.Tenant, p.Name), Place: t.Place, Project: t.TenantsProject(), Level: "product",
		Path: t.Path + "/" + p.Name.String() + "/" + v.Version.String(), Namespace: t.Namespace, Wave: cmp.Or(p.Wave, WaveProducts),
		Versions: map[string]string{p.Name.String(): v.Version.String()}, IgnoreDifferences: ignored, Labels: labels,
	}
}

// BaseApplication returns the Application of what lies in the tenant's own
// namespace, for an environment that is a remote cluster.
func (t TenantBase) BaseApplication(versions map[ident.Product]ident.Version) Application {
	granted := make(map[string]string, len(versions))
	for name, v := range versions {
		granted[name.String()] = v.String()
	}
	return Application{
		Name: AppTenant(t.Environment, t.Tenant) + "-" + BaseDir, Place: t.Place, Project: t.TenantsProject(), Level: BaseDir,
		Path: t.Path + "/" + BaseDir, Namespace: t.Namespace, Wave: WaveNamespace, Versions: granted,
		Labels: map[string]string{LabelTenant: t.Tenant.String()},
	}
}

// Lasting returns the Application without the versions that it hands down, and
// that its label and its path name: what stays when a rollout moves.
func (a Application) Lasting() Application {
	a.Versions = nil
	if v, ok := a.Labels[LabelVersion]; ok {
		a.Labels = maps.Clone(a.Labels)
		delete(a.Labels, LabelVersion)
		a.Path = strings.TrimSuffix(a.Path, "/"+v)
	}
	return a
}
