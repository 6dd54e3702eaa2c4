package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// tenant returns a tenant's namespace, the shared components that its granted
// product versions require, and its product Applications, in this order of
// waves.
//
// Where the environment is another cluster than Argo CD's, one Application
// cannot hold both: the tenant's Application then holds only Applications, the
// first of which, <env>-<id>-base, is this same directory and holds the rest.
func (g *Generator) tenant(ctx context.Context, r Request, file []byte) ([][]byte, error) {
	t, err := readTenant(r, file)
	if err != nil {
		return nil, err
	}
	name := manifest.AppTenant(t.Environment, t.Tenant)
	path := t.Path + "/" + manifest.BaseDir
	if t.Remote() && r.App == name+"-"+manifest.BaseDir {
		if err := r.checkApp(r.App, t.Namespace, path); err != nil {
			return nil, err
		}
		return g.workloads(ctx, r.Dir, t)
	}
	if err := r.checkApp(name, t.ArgoCDNamespace, path); err != nil {
		return nil, err
	}
	var docs [][]byte
	if t.Remote() {
		docs = append(docs, t.BaseApplication(t.runs()).Encode())
	} else if docs, err = g.workloads(ctx, r.Dir, t); err != nil {
		return nil, err
	}
	for _, p := range t.Products {
		docs = append(docs, t.Application(p, t.versions[p.Name]).Encode())
	}
	return docs, nil
}

// granted is a tenant with what its ring grants.
type granted struct {
	manifest.TenantBase
	versions map[ident.Product]manifest.ProductVersion
}

// readTenant reads a tenant's descriptor, checks the directory against it and
// every grant against what is rendered.
func readTenant(r Request, file []byte) (granted, error) {
	t := granted{versions: map[ident.Product]manifest.ProductVersion{}}
	if err := decode(file, manifest.KindTenantBase, &t.TenantBase); err != nil {
		return t, err
	}
	if t.Path != tenantPath(t.Environment, t.Tenant) {
		return t, refuse(ReasonDirectory, hintDirectory, "path %s is not that of tenant %q", fault.Clip(t.Path), t.Tenant)
	}
	if !manifest.IsNamespaceOf(t.Namespace, t.Tenant) {
		return t, refuse(ReasonNamespace, hintSeal, "namespace %s is not that of tenant %q", fault.Clip(t.Namespace), t.Tenant)
	}
	if err := checkTenantFiles(r.Dir, t.Files); err != nil {
		return t, err
	}
	for _, p := range t.Products {
		if err := t.grant(r.Grants, p); err != nil {
			return t, err
		}
	}
	for name := range r.Grants {
		if !slices.ContainsFunc(t.Products, func(p manifest.TenantProduct) bool { return p.Name.String() == name }) {
			return t, refuse(ReasonNoOverlay, "wait until the parent Application has synced; if it stays, render the tenant again",
				"product %s is granted and the tenant does not hold it", fault.Clip(name))
		}
	}
	return t, nil
}

// grant takes in the version that the ring grants of a product.
func (t *granted) grant(g Grants, p manifest.TenantProduct) error {
	v, ok := g[p.Name.String()]
	if !ok {
		return refuse(ReasonNotGranted, "wait until the parent Application has synced; if it stays, add the product to the ring's versions",
			"product %q has no granted version; granted is %s", p.Name, g.names())
	}
	for _, rendered := range p.Versions {
		if rendered.Version == v {
			t.versions[p.Name] = rendered
			return nil
		}
	}
	return refuse(ReasonNoOverlay, "render the environment: a version is granted only when its overlays are in Git",
		"version %q of product %q is granted and has no overlay", v, p.Name)
}

// runs returns the versions of the tenant's products.
func (t granted) runs() map[ident.Product]ident.Version {
	versions := make(map[ident.Product]ident.Version, len(t.versions))
	for name, v := range t.versions {
		versions[name] = v.Version
	}
	return versions
}

// checkTenantFiles refuses a directory that was edited after it was rendered.
func checkTenantFiles(d *tree.Dir, sealed string) error {
	files, err := tree.New(slices.DeleteFunc(slices.Clone(d.Entries()), func(e tree.Entry) bool { return e.Name == manifest.DescriptorFile })...)
	if err != nil {
		return because(ReasonSeal, err)
	}
	if tree.Digest(files) != sealed {
		return edited("directory", files, sealed)
	}
	return nil
}

// workloads returns what lies in the tenant's own namespace: the namespace
// with its quota and policies, then the shared components in their order.
func (g *Generator) workloads(ctx context.Context, d *tree.Dir, t granted) ([][]byte, error) {
	own, err := tree.New(slices.DeleteFunc(slices.Clone(d.Entries()), func(e tree.Entry) bool { return e.Name == manifest.SharedDir })...)
	if err != nil {
		return nil, because(ReasonDirectory, err)
	}
	out, err := g.build(ctx, own)
	if err != nil {
		return nil, fmt.Errorf("building the tenant's namespace: %w", err)
	}
	r := rules{namespace: t.Namespace, owner: true, allowed: &g.allowed}
	docs, objects, err := r.objects(out)
	if err != nil {
		return nil, err
	}
	shared, err := g.shared(ctx, d, t)
	if err != nil {
		return nil, err
	}
	return append(docs, shared.docs...), once(append(objects, shared.objects...))
}

// once refuses an object that two parts of one Application write.
func once(objects []object) error {
	seen := make(map[string]bool, len(objects))
	for _, o := range objects {
		key := o.group() + "/" + o.kind + "/" + o.name
		if seen[key] {
			return refuse(ReasonOutput, "rename it in one of the shared components", "%s is written twice", o.id())
		}
		seen[key] = true
	}
	return nil
}

// requires returns the tenant-shared components that the granted versions of
// active products require, each once at the highest version asked for: the
// least that serves all. They are in the order in which they start.
func (t granted) requires() []manifest.Requirement {
	var asked []manifest.Requirement
	for _, p := range t.Products {
		if p.State != stateActive {
			continue
		}
		asked = append(asked, t.versions[p.Name].Requires...)
	}
	all := manifest.Highest(asked)
	slices.SortFunc(all, func(a, b manifest.Requirement) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), a.Component.Compare(b.Component))
	})
	return all
}

// shared returns the objects of the tenant's shared components. The waves of
// a component follow those of all components in earlier buckets.
func (g *Generator) shared(ctx context.Context, d *tree.Dir, t granted) (built, error) {
	var all built
	first, next, bucket := manifest.WaveShared, manifest.WaveShared, 0
	for _, r := range t.requires() {
		if r.Bucket != bucket {
			first, bucket = next, r.Bucket
		}
		b, last, err := g.component(ctx, d, t, sharedPart{r, first})
		if err != nil {
			return built{}, fmt.Errorf("shared component %q: %w", r.Component, err)
		}
		next = max(next, last+1)
		all.docs, all.objects = append(all.docs, b.docs...), append(all.objects, b.objects...)
	}
	if next > manifest.WaveProducts {
		return built{}, refuse(ReasonWave, "merge components of the shared components into fewer buckets",
			"shared components need %d waves, at most %d come before the products", next, manifest.WaveProducts)
	}
	return all, nil
}

// sharedPart is a required component and the wave that its own bucket 0 is in.
type sharedPart struct {
	manifest.Requirement
	first int
}

// component builds one shared component of the tenant and moves its objects
// into its waves; it returns the last of them.
func (g *Generator) component(ctx context.Context, d *tree.Dir, t granted, r sharedPart) (b built, last int, err error) {
	entry, ok := d.Lookup(manifest.SharedPath(r.Component, r.Version))
	if !ok || entry.Dir == nil {
		return b, 0, refuse(ReasonNoOverlay, "render the tenant again", "version %q is required and has no overlay", r.Version)
	}
	file, err := entry.Dir.Read(manifest.DescriptorFile)
	if err != nil {
		return b, 0, refuse(ReasonDirectory, hintDirectory, "version %q has no %s", r.Version, manifest.DescriptorFile)
	}
	o, err := readOverlay(entry.Dir, file)
	switch {
	case err != nil:
		return b, 0, err
	case o.Component != r.Component || o.Version != r.Version || o.Tenant != t.Tenant || o.Environment != t.Environment:
		return b, 0, refuse(ReasonDirectory, hintDirectory, "overlay is of %s of tenant %q", o.ref(), o.Tenant)
	case o.Namespace != t.Namespace:
		return b, 0, refuse(ReasonNamespace, hintSeal, "overlay is for namespace %s", fault.Clip(o.Namespace))
	}
	if b, err = g.overlay(ctx, o); err != nil {
		return b, 0, err
	}
	last, err = b.shift(r.first)
	return b, last, err
}
