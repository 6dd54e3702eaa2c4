package plan

import (
	"sync"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// closure is everything shared that a version requires, directly or through
// other shared components.
type closure struct {
	tenant      []manifest.Requirement // sorted by component
	environment []SharedRef
}

// closures remembers the closure of each version.
type closures struct {
	catalog *catalog.Catalog
	mu      sync.Mutex
	known   map[*catalog.Version]*closure
}

func newClosures(c *catalog.Catalog) *closures {
	return &closures{catalog: c, known: map[*catalog.Version]*closure{}}
}

func (c *closures) of(v *catalog.Version) (*closure, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.known[v]; known != nil {
		return known, nil
	}
	refs, err := c.catalog.Closure(v)
	if err != nil {
		return nil, err
	}
	out := &closure{}
	for _, r := range refs {
		if r.Sharing == catalog.SharingEnvironment {
			out.environment = append(out.environment, SharedRef{r.Name, r.Version})
			continue
		}
		out.tenant = append(out.tenant, manifest.Requirement{Component: r.Name, Version: r.Version, Bucket: c.catalog.SharedBucket(r.Name)})
	}
	out.tenant = manifest.Highest(out.tenant)
	out.environment = sortRefs(out.environment)
	c.known[v] = out
	return out, nil
}

// shared fills in which shared components the tenant's products require.
func (p *Planner) shared(t *Tenant) error {
	var wanted []SharedRef
	for _, product := range t.Products {
		for _, v := range product.Versions {
			c, err := p.closure.of(v.Base.Version)
			if err != nil {
				return err
			}
			if product.State != authz.Active {
				continue
			}
			t.Keeps = append(t.Keeps, c.environment...)
			for _, r := range c.tenant {
				wanted = append(wanted, SharedRef{r.Component, r.Version})
			}
		}
	}
	t.Keeps = sortRefs(t.Keeps)
	for _, r := range sortRefs(wanted) {
		s, err := p.sharedVersion(r)
		if err != nil {
			return err
		}
		t.Shared = append(t.Shared, s)
	}
	return nil
}

func (p *Planner) sharedVersion(r SharedRef) (Shared, error) {
	v, err := p.catalog.SharedVersion(r.Name, r.ID)
	if err != nil {
		return Shared{}, err
	}
	b, err := p.bases.Base(v)
	return Shared{Name: r.Name, ID: r.ID, Base: b}, err
}
