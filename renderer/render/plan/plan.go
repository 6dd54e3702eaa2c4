// Package plan decides what is rendered for one tenant: ring, namespace,
// products, the versions in play with their parameters, and the shared
// components that these require.
//
// It is pure and looks at one tenant at a time, so tenants can be planned in
// any order by any number of workers. Everything that etcd says passes here
// against the catalog: an unknown product, version or parameter is an error
// that names it, never a rendered file.
package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// Tenant is everything that decides what is written for one tenant.
type Tenant struct {
	Facts     authz.Facts
	Ring      int // index in the fleet
	Namespace string
	Released  bool
	Products  []Product // sorted by name
	Shared    []Shared  // tenant-shared overlays, sorted by component and version
	// Needs are the environment-shared components that its active products require at their effective versions.
	Needs []SharedRef
	// Keeps are those that any version in play requires.
	Keeps []SharedRef
}

// Product is one product of a tenant.
type Product struct {
	Name     ident.Product
	Wave     int
	Pin      ident.Version
	State    authz.State
	Replicas int // zero unless active
	// MaxReplicas is up to how many it scales itself; zero if it does not.
	MaxReplicas int
	// Storage and StorageClass are what its claims get.
	Storage, StorageClass string
	// ShrinkFrom is the size from which a person lets the volumes shrink.
	ShrinkFrom string
	Versions   []Version // in play; the effective one first
}

// Version is a product version in play for a tenant.
type Version struct {
	Base       *base.Base
	ID         ident.Version
	Parameters map[string]string // the product's own, complete
	Requires   []manifest.Requirement
}

// Shared is one version of a tenant-shared component that some version in play of an active product requires.
type Shared struct {
	Name ident.Component
	ID   ident.Version
	Base *base.Base
	// Storage and StorageClass are what its claims get.
	Storage, StorageClass string
}

// SharedRef is a shared component at the least version that serves.
type SharedRef struct {
	Name ident.Component
	ID   ident.Version
}

// Bases gives the base of a version; it builds each once.
type Bases interface {
	Base(v *catalog.Version) (*base.Base, error)
}

// Planner plans tenants of one environment. It is safe for concurrent use.
type Planner struct {
	site    *environments.Site
	rings   *environments.Assigner
	catalog *catalog.Catalog
	bases   Bases
	names   []ident.Product
	closure *closures
}

// New returns the planner of a site.
func New(site *environments.Site, c *catalog.Catalog, b Bases) *Planner {
	return &Planner{site: site, rings: environments.NewAssigner(site.Fleet), catalog: c, bases: b,
		names: c.Products(), closure: newClosures(c)}
}

// Fault is one product, or with a zero Product the whole tenant, that could not
// be rendered as its records ask.
type Fault struct {
	Tenant  ident.Tenant
	Product ident.Product
	Err     error
	// Rendered says that the product was rendered all the same, but for what Err names.
	Rendered bool
}

// Error names the tenant and the product.
func (f Fault) Error() string {
	if f.Product.IsZero() {
		return fmt.Sprintf("planning tenant %q: %v", f.Tenant, f.Err)
	}
	return fmt.Sprintf("planning tenant %q: product %q: %v", f.Tenant, f.Product, f.Err)
}

// Unwrap returns the reason, which carries the hint.
func (f Fault) Unwrap() error { return f.Err }

// Tenant plans one tenant. Products with a fault are left out of the plan;
// after a fault of the whole tenant only its ring and facts are filled in.
func (p *Planner) Tenant(f authz.Facts) (*Tenant, []Fault) {
	id := f.Tenant.ID
	t := &Tenant{Facts: f, Namespace: manifest.NamespaceOf(p.site.NamespacePrefix, id), Released: f.Released(),
		Ring: p.rings.Ring(id, f.Tenant.Labels)}
	if err := p.checkName(id); err != nil {
		return t, []Fault{{Tenant: id, Err: err}}
	}
	var faults []Fault
	t.Products = make([]Product, 0, len(f.States))
	for i, a := range f.Tenant.Authorisations {
		product, err := p.product(&p.site.Fleet.Rings[t.Ring], a, f.States[i])
		if err != nil {
			faults = append(faults, Fault{Tenant: id, Product: a.Product, Err: err})
			continue
		}
		// The rank among the tenant's own products: a new product in the catalog changes no tenant.
		product.Wave = manifest.WaveProducts + len(t.Products)
		t.Products = append(t.Products, product)
	}
	if err := p.shared(t); err != nil {
		faults = append(faults, Fault{Tenant: id, Err: err})
	}
	return t, faults
}

// checkName refuses ids whose Applications could be taken for a ring's or for
// a product of another tenant, and one whose namespace is not its own.
func (p *Planner) checkName(id ident.Tenant) error {
	for _, r := range p.site.Fleet.Rings {
		if environments.RingLike(r.Name, id.String()) {
			return fault.Hintf("give the tenant another id or the ring another name",
				"the id could be taken for ring %q", r.Name)
		}
	}
	if manifest.NamespaceOf(p.site.NamespacePrefix, id) == manifest.SharedNamespace(p.site.Name) {
		return fault.Hintf("give the tenant another id", "the namespace of the id is that of the environment's shared parts")
	}
	for _, product := range p.names {
		if strings.HasSuffix(id.String(), "-"+product.String()) {
			return fault.Hintf("give the tenant another id",
				"the id ends like product %q of another tenant", product)
		}
	}
	return nil
}

func (p *Planner) product(ring *environments.Ring, a authz.Authorisation, state authz.State) (Product, error) {
	out := Product{Name: a.Product, Pin: a.Version, State: state, Storage: a.Storage,
		StorageClass: p.site.Defaults.StorageClass, ShrinkFrom: a.ShrinkFrom}
	if out.Storage == "" {
		out.Storage = p.site.Defaults.Storage
	}
	if out.Replicas = a.Replicas; out.Replicas == 0 {
		out.Replicas = p.site.Defaults.Replicas
	}
	if out.MaxReplicas = a.MaxReplicas; 0 < a.MaxReplicas && a.MaxReplicas < out.Replicas {
		return Product{}, fault.Hintf("give it replicas of its own, or more maxReplicas",
			"maxReplicas %d: is less than the environment's %d replicas", a.MaxReplicas, out.Replicas)
	}
	if state != authz.Active {
		out.Replicas, out.MaxReplicas = 0, 0
	}
	if !slices.Contains(p.names, a.Product) {
		_, err := p.catalog.Version(a.Product, a.Version)
		return Product{}, err
	}
	versions := ring.InPlay(a.Product, a.Version, *p.site.Fleet.KeepVersions)
	if len(versions) == 0 {
		return Product{}, fault.Hintf(fmt.Sprintf("add %s to the versions of the ring in fleet.yaml, or pin the authorisation", a.Product),
			"ring %q grants no version", ring.Name)
	}
	for i, id := range versions {
		v, err := p.version(a, id, i == 0)
		if err != nil {
			return Product{}, err
		}
		if v.Base != nil {
			out.Versions = append(out.Versions, v)
		}
	}
	return out, nil
}

// version plans one version in play. Of the effective version everything must
// be right; another one that does not know a parameter is planned without it,
// and left out if it still does not accept the rest.
func (p *Planner) version(a authz.Authorisation, id ident.Version, effective bool) (Version, error) {
	v, err := p.catalog.Version(a.Product, id)
	if err != nil {
		return Version{}, err
	}
	given := a.Parameters
	if !effective {
		given = knownTo(v, given)
	}
	filled, err := v.Fill(given)
	if err != nil && !effective {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, fmt.Errorf("version %q: %w", id, err)
	}
	b, err := p.bases.Base(v)
	if err != nil {
		return Version{}, fmt.Errorf("version %q: %w", id, err)
	}
	c, err := p.closure.of(v)
	if err != nil {
		return Version{}, fmt.Errorf("version %q: %w", id, err)
	}
	return Version{Base: b, ID: id, Parameters: filled, Requires: c.tenant}, nil
}

func knownTo(v *catalog.Version, given map[string]any) map[string]any {
	properties, _ := v.Parameters["properties"].(map[string]any)
	out := make(map[string]any, len(given))
	for k, value := range given {
		if _, ok := properties[k]; ok {
			out[k] = value
		}
	}
	return out
}

// Member returns the tenant's entry in its ring.
func (t *Tenant) Member(site *environments.Site) manifest.Member {
	m := manifest.Member{Tenant: t.Facts.Tenant.ID, Released: t.Released,
		Path: manifest.EnvironmentPath(site.Name) + "/" + manifest.TenantPath(t.Facts.Tenant.ID)}
	for _, p := range t.Products {
		m.Products = append(m.Products, manifest.MemberProduct{Name: p.Name, Pin: p.Pin})
	}
	return m
}

// Unscaled returns what the product asked for and its version cannot do: scale
// itself. It is nil otherwise.
func (p Product) Unscaled() error {
	if v := p.Versions[0]; p.MaxReplicas > 0 && v.Base.Autoscaled == nil {
		return fault.Hintf("publish a version with autoscale in product.yaml, or put --max-replicas 0",
			"maxReplicas %d: version %q does not scale itself, and stays at %d", p.MaxReplicas, v.ID, p.Replicas)
	}
	return nil
}

// ReplicaText returns the product's replicas as a parameter.
func (p Product) ReplicaText() string { return strconv.Itoa(p.Replicas) }

// sortRefs orders by component, then version, and drops repetitions.
func sortRefs(all []SharedRef) []SharedRef {
	slices.SortFunc(all, func(a, b SharedRef) int {
		if c := a.Name.Compare(b.Name); c != 0 {
			return c
		}
		return ident.CompareVersions(a.ID.String(), b.ID.String())
	})
	return slices.Compact(all)
}
