package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

// Grant is something that a ring of fleet.yaml asks for and must not get: the
// ring keeps what it has.
type Grant struct {
	Ring    ident.Ring
	Product ident.Product
	Err     error
}

// Error names ring and product.
func (g Grant) Error() string {
	return fmt.Sprintf("ring %q: product %q: %v", g.Ring, g.Product, g.Err)
}

// Unwrap returns the reason, which carries the hint.
func (g Grant) Unwrap() error { return g.Err }

// versions are what a ring grants.
type versions = map[ident.Product]ident.Version

// granter decides what rings are granted: what fleet.yaml asks for if that can
// serve, else what they have. A ring whose new version is not published would
// else have every tenant refused by the plugin.
type granter struct {
	site    *environments.Site
	catalog *catalog.Catalog
	bases   *bases
	memory  interface {
		Tenants() ([]ident.Tenant, error)
		Facts(id ident.Tenant) (authz.Facts, error)
	}
	had     map[ident.Ring]versions // in the last commit
	serving []*base.Base            // of the versions that rings have or get
	bad     []Grant
}

// grant replaces in the site, which nobody else has, what must not be granted.
func (g *granter) grant() {
	for _, had := range g.had {
		for p, v := range had {
			if b, err := g.serves(p, v); err == nil && !slices.Contains(g.serving, b) {
				g.serving = append(g.serving, b)
			}
		}
	}
	for i := range g.site.Fleet.Rings {
		r := &g.site.Fleet.Rings[i]
		had := g.had[r.Name]
		all := maps.Clone(had)
		if all == nil {
			all = versions{}
		}
		maps.Copy(all, r.Versions)
		granted := versions{}
		for _, p := range slices.SortedFunc(maps.Keys(all), ident.Product.Compare) {
			want := r.Versions[p]
			if err := g.check(i, p, want, had[p]); err != nil {
				g.bad = append(g.bad, Grant{r.Name, p, err})
				want = had[p]
			}
			if !want.IsZero() {
				granted[p] = want
			}
			g.previous(r, p)
		}
		r.Versions = granted
	}
}

// check says why a ring, which has a version, must not get the wanted one.
func (g *granter) check(ring int, p ident.Product, want, has ident.Version) error {
	if want.IsZero() {
		return g.drop(ring, p)
	}
	b, err := g.serves(p, want)
	if err != nil || want == has || slices.Contains(g.serving, b) {
		return err
	}
	with := append(slices.Clone(g.serving), b)
	if err := base.Collisions(with); err != nil && base.Collisions(g.serving) == nil {
		return err
	}
	g.serving = with
	return nil
}

// drop says why a product must not leave a ring: somebody there follows it.
func (g *granter) drop(ring int, p ident.Product) error {
	ids, err := g.memory.Tenants()
	if err != nil {
		return err
	}
	rings := environments.NewAssigner(g.site.Fleet)
	for _, id := range ids {
		f, err := g.memory.Facts(id)
		if err != nil {
			return err
		}
		if rings.Ring(id, f.Tenant.Labels) != ring {
			continue
		}
		for _, a := range f.Tenant.Authorisations {
			if a.Product == p && a.Version.IsZero() {
				return fault.Hintf("grant a version until nobody there has it", "tenant %q has it and the ring grants no version", id)
			}
		}
	}
	return nil
}

// serves returns the base of a version that can be rendered.
func (g *granter) serves(p ident.Product, v ident.Version) (*base.Base, error) {
	version, err := g.catalog.Version(p, v)
	if err != nil {
		return nil, err
	}
	return g.bases.Base(version)
}

// previous leaves out of the earlier versions what cannot serve.
func (g *granter) previous(r *environments.Ring, p ident.Product) {
	var kept []ident.Version
	for _, v := range r.Previous[p] {
		if _, err := g.serves(p, v); err != nil {
			g.bad = append(g.bad, Grant{r.Name, p, fmt.Errorf("previous: %w", err)})
			continue
		}
		kept = append(kept, v)
	}
	if len(kept) < len(r.Previous[p]) {
		r.Previous[p] = kept
	}
}

// hadGrants returns what the rings of an environment are granted in files.
// Files that are no ring's Application are passed over: the next full render
// takes them away.
func hadGrants(files fs.FS, env ident.Environment) (map[ident.Ring]versions, error) {
	had := map[ident.Ring]versions{}
	dir := manifest.EnvironmentPath(env) + "/" + manifest.FleetDir + "/" + manifest.RingsDir
	err := fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if ring, versions, err := manifest.ReadGrants(data); err == nil {
			had[ring] = versions
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing is rendered yet
		return had, nil
	}
	return had, err
}
