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
	"cmp"
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
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Tenant is everything that decides what is written for one tenant.
type Tenant struct {
	Facts     authz.Facts
	Ring      int // index in the fleet
	Namespace string
	Released  bool
	Products  []Product // sorted by name
	Shared    []Shared  // tenant-shared overlays, sorted by component and version
	// Kept are the claims of products that he had no more, as they were kept.
	Kept []authz.KeptClaims
	// Keeps are the environment-shared components that versions of its active
	// products require, whether it runs them or not.
	Keeps []SharedRef
}

// Product is one product of a tenant.
type Product struct {
	Name     ident.Product
	Pin      ident.Version
	State    authz.State
	Replicas int // zero unless active
	// MaxReplicas is up to how many it scales itself; zero if it does not.
	MaxReplicas int
	// Storage and StorageClass are what its claims get.
	Storage, StorageClass string
	// ShrinkFrom is the size from which a person lets the volumes shrink.
	ShrinkFrom string
	// Runs is the version that the tenant is granted, one of Versions; Own says
	// that it is his own and not what his place in the ring is granted.
	Runs ident.Version
	Own  bool
	// Unpinned says why its pin cannot take effect; nil if it can.
	Unpinned error
	// Versions stand ready, sorted.
	Versions []Version
}

// Version is a product version in play for a tenant.
type Version struct {
	Base       *base.Base
	ID         ident.Version
	Parameters map[string]string // the product's own, complete; shared, and not changed
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

// Grants says what the tenants of an environment run.
type Grants interface {
	// Runs returns the version that a tenant runs of a product, zero for none,
	// and whether that is his own and not what his place is granted.
	Runs(ring int, t ident.Tenant, p ident.Product, pin ident.Version) (v ident.Version, own bool)
	// Unpinnable returns why a tenant that runs a version may not go to its pin; empty if it may.
	Unpinnable(p ident.Product, runs, pin ident.Version) rollout.Code
	// Ready returns the versions that are rendered for all tenants of a ring, sorted.
	Ready(ring int, p ident.Product) []ident.Version
}

// Planner plans tenants of one environment. It is safe for concurrent use.
type Planner struct {
	site    *environments.Site
	rings   *environments.Assigner
	catalog *catalog.Catalog
	bases   Bases
	names   []ident.Product
	closure *closures
	fills   *fills
}

// New returns the planner of a site.
func New(site *environments.Site, c *catalog.Catalog, b Bases) *Planner {
	return &Planner{site: site, rings: environments.NewAssigner(site.Fleet), catalog: c, bases: b,
		names: c.Products(), closure: newClosures(c), fills: newFills()}
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

// Ring returns the index of the ring that a tenant is in.
func (p *Planner) Ring(t authz.Tenant) int { return p.rings.Ring(t.ID, t.Labels) }

// Accepts returns what says whether a version takes an authorisation's parameters.
func (p *Planner) Accepts(a authz.Authorisation) func(ident.Version) bool {
	product, given := a.Product, givenOf(a.Parameters)
	return func(id ident.Version) bool {
		v, err := p.catalog.Version(product, id)
		if err != nil {
			return false
		}
		_, err = p.fills.of(v, given)
		return err == nil
	}
}

// Tenant plans one tenant. Products with a fault are left out of the plan;
// after a fault of the whole tenant only its ring and facts are filled in.
func (p *Planner) Tenant(f authz.Facts, g Grants) (*Tenant, []Fault) {
	id := f.Tenant.ID
	t := &Tenant{Facts: f, Namespace: manifest.NamespaceOf(p.site.NamespacePrefix, id), Released: f.Released(),
		Ring: p.Ring(f.Tenant)}
	if err := p.checkName(id); err != nil {
		return t, []Fault{{Tenant: id, Err: err}}
	}
	var faults []Fault
	t.Products = make([]Product, 0, len(f.States))
	for i, a := range f.Tenant.Authorisations {
		product, err := p.product(t, a, f.States[i], g)
		if err != nil {
			faults = append(faults, Fault{Tenant: id, Product: a.Product, Err: err})
			continue
		}
		product.Unpinned = p.unpinned(product, a, g)
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

func (p *Planner) product(t *Tenant, a authz.Authorisation, state authz.State, g Grants) (Product, error) {
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
	if out.Runs, out.Own = g.Runs(t.Ring, t.Facts.Tenant.ID, a.Product, a.Version); out.Runs.IsZero() {
		return Product{}, p.ungranted(t.Ring, a.Product)
	}
	ready := g.Ready(t.Ring, a.Product)
	if i, found := slices.BinarySearchFunc(ready, out.Runs, compareVersions); !found {
		ready = slices.Insert(slices.Clip(ready), i, out.Runs)
	}
	for _, id := range ready {
		v, err := p.version(a, id, id == out.Runs)
		if err != nil {
			return Product{}, err
		}
		if v.Base != nil {
			out.Versions = append(out.Versions, v)
		}
	}
	return out, nil
}

// unpinned says why the pin of a product cannot take effect; nil when it is in
// force, or will be when what it needs is there.
func (p *Planner) unpinned(product Product, a authz.Authorisation, g Grants) error {
	if product.Pin.IsZero() || product.Pin == product.Runs {
		return nil
	}
	code := g.Unpinnable(product.Name, product.Runs, product.Pin)
	if code == "" && p.Accepts(a)(product.Pin) {
		return nil
	}
	if _, err := p.catalog.Version(product.Name, product.Pin); err != nil {
		return fmt.Errorf("it is pinned, and keeps version %q: %w", product.Runs, err)
	}
	code = cmp.Or(code, rollout.Refused)
	return fault.Hintf(code.Lift(), "it is pinned to version %q and keeps %q: %s", product.Pin, product.Runs, code)
}

func compareVersions(a, b ident.Version) int { return ident.CompareVersions(a.String(), b.String()) }

// ungranted says that a ring is granted no version of a product.
func (p *Planner) ungranted(ring int, product ident.Product) error {
	r := &p.site.Fleet.Rings[ring]
	if want := r.Versions[product]; !want.IsZero() {
		return fault.Hintf("sluice rollout status says what it waits for", "ring %q is granted no version yet, it shall get %q", r.Name, want)
	}
	return fault.Hintf(fmt.Sprintf("add %s to the versions of the ring in fleet.yaml, or pin the authorisation", product),
		"ring %q grants no version", r.Name)
}

// version plans one version. Of the one that the tenant runs everything must be
// right; another one that does not know a parameter is planned without it, and
// left out if it still does not accept the rest or is not there.
func (p *Planner) version(a authz.Authorisation, id ident.Version, effective bool) (Version, error) {
	v, err := p.catalog.Version(a.Product, id)
	if err != nil && !effective {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, err
	}
	given := a.Parameters
	if !effective {
		given = knownTo(v, given)
	}
	filled, err := p.fills.of(v, givenOf(given))
	if err != nil && !effective {
		return Version{}, nil
	}
	if err != nil {
		return Version{}, fmt.Errorf("version %q: %w", id, err)
	}
	b, err := p.bases.Base(v)
	if err != nil && !effective {
		return Version{}, nil
	}
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

// Unscaled returns what the product asked for and the version that runs cannot
// do: scale itself. It is nil otherwise.
func (p Product) Unscaled() error {
	v := p.Versions[slices.IndexFunc(p.Versions, func(v Version) bool { return v.ID == p.Runs })]
	if p.MaxReplicas > 0 && v.Base.Autoscaled == nil {
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
		return compareVersions(a.ID, b.ID)
	})
	return slices.Compact(all)
}
