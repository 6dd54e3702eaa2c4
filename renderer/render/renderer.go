package render

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"golang.org/x/sync/errgroup"
)

// Memory is what the last commit holds of an environment.
type Memory interface {
	facts.Memory
	// Folder returns a folder of the environment as it stands; nil if there is none.
	Folder(path string) (*tree.Dir, error)
}

// Config configures a Renderer. Site, Catalog and Bundles are required.
type Config struct {
	Site    *environments.Site
	Catalog *catalog.Catalog
	Bundles plan.Bundles
	// Workers is how many tenants are rendered at once; the number of processors when less than one.
	Workers int
	// Progress hears how many of all tenants are done; it is called from many goroutines. May be nil.
	Progress func(done, all int)
}

// Renderer renders one environment at one state of catalog and fleet.
type Renderer struct {
	config  Config
	planner *plan.Planner
	stage   tenantStage
}

// New returns a renderer.
func New(c Config) *Renderer {
	if c.Workers < 1 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
	return &Renderer{config: c, planner: plan.New(c.Site, c.Catalog, c.Bundles),
		stage: tenantStage{site: c.Site, place: placeOf(c.Site)}}
}

// Report says what a render did.
type Report struct {
	Tenants, Products, Overlays int
	// Faults are products that could not be planned, sorted by tenant and
	// product; the tenant keeps what it had.
	Faults []plan.Fault
	// Kept are tenants whose folder was left as it stood.
	Kept []ident.Tenant
}

// outcome is what the rendering of one tenant adds to fleet and report.
type outcome struct {
	member             member
	done               bool // the tenant was looked at
	present, kept      bool
	products, overlays int
	faults             []plan.Fault
}

// Full renders the environment from nothing into sink and returns its fleet.
// Old content of the rendered folders counts as absent. Tenants with a fault
// keep what memory has of them.
func (r *Renderer) Full(ctx context.Context, all []authz.Facts, memory Memory, sink Sink) (*Fleet, Report, error) {
	for _, dir := range manifest.RenderedDirs() {
		sink.Reset(r.path(dir))
	}
	outcomes, err := run{r, memory, sink}.tenants(ctx, all)
	if err != nil {
		return nil, Report{}, err
	}
	fleet, report, err := r.gather(all, outcomes)
	if err != nil {
		return nil, Report{}, err
	}
	if err := r.keepShared(fleet, report, memory); err != nil {
		return nil, Report{}, err
	}
	for i := range fleet.rings {
		if err := fleet.writeRing(sink, i); err != nil {
			return nil, Report{}, err
		}
	}
	return fleet, report, fleet.writeFleet(sink)
}

// gather makes the fleet of all outcomes. A tenant without one fails it: to
// take that for a tenant that is gone would delete its files.
func (r *Renderer) gather(all []authz.Facts, outcomes []outcome) (*Fleet, Report, error) {
	fleet := newFleet(r.config.Site, r.config.Catalog, r.config.Bundles)
	var report Report
	for i, o := range outcomes {
		id := all[i].Tenant.ID
		if !o.done {
			return nil, Report{}, fmt.Errorf("rendering tenant %q: it was left out", id)
		}
		report.add(id, o)
		if o.present {
			fleet.set(id, o.member)
		}
	}
	return fleet, report, nil
}

// run is one render: where tenants are remembered and where they are written.
type run struct {
	*Renderer
	memory Memory
	sink   Sink
}

// tenants renders all tenants; outcome i belongs to facts i whatever the order of work.
func (r run) tenants(ctx context.Context, all []authz.Facts) ([]outcome, error) {
	outcomes := make([]outcome, len(all))
	var next, done atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(r.config.Workers, max(1, len(all))) {
		g.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				o, err := r.tenant(all[i])
				if err != nil {
					return fmt.Errorf("rendering tenant %q: %w", all[i].Tenant.ID, err)
				}
				outcomes[i], outcomes[i].done = o, true
				r.config.Progress(int(done.Add(1)), len(all))
			}
		})
	}
	return outcomes, g.Wait()
}

// tenant renders one tenant's folder.
func (r run) tenant(f authz.Facts) (outcome, error) {
	t, faults := r.planner.Tenant(f)
	if len(faults) > 0 {
		return r.mend(f, t, faults)
	}
	return r.write(t)
}

func (r run) write(t *plan.Tenant) (outcome, error) {
	o := outcome{present: len(t.Products) > 0}
	if !o.present {
		return o, nil
	}
	dir, err := r.stage.dir(t)
	if err != nil {
		return o, err
	}
	o.member = r.member(t)
	o.products = len(t.Products)
	for _, p := range t.Products {
		o.overlays += len(p.Versions)
	}
	return o, r.sink.Put(r.path(manifest.TenantPath(t.Facts.Tenant.ID)), dir)
}

func (r *Renderer) member(t *plan.Tenant) member {
	return member{ring: t.Ring, point: environments.Point(t.Facts.Tenant.ID),
		file: t.Member(r.config.Site).Encode(), needs: t.Needs, keeps: t.Keeps}
}

// mend answers faults: a faulty product falls back to what Git remembers of
// it; if that has a fault too the tenant's folder is left as it stands; a
// product that Git does not know is left out.
func (r run) mend(f authz.Facts, t *plan.Tenant, faults []plan.Fault) (outcome, error) {
	folder, err := r.memory.Folder(r.path(manifest.TenantPath(f.Tenant.ID)))
	if err != nil {
		return outcome{}, err
	}
	if folder == nil {
		if faults[0].Product.IsZero() {
			t.Products = nil
		}
		// What the plan still holds is sound; the facts name the rest.
		t.Facts = without(f, faults)
		o, err := r.write(t)
		o.faults = faults
		return o, err
	}
	before, err := r.memory.Facts(f.Tenant.ID)
	if err != nil {
		return outcome{}, err
	}
	old, again := r.planner.Tenant(fallBack(f, before, faults))
	if len(again) == 0 {
		o, err := r.write(old)
		o.faults = faults
		return o, err
	}
	t.Facts = before
	t.Products = nil
	for _, a := range before.Tenant.Authorisations {
		t.Products = append(t.Products, plan.Product{Name: a.Product, Pin: a.Version})
	}
	return outcome{present: true, kept: true, faults: faults, member: r.member(t)},
		r.sink.Put(r.path(manifest.TenantPath(f.Tenant.ID)), folder)
}

// without returns f less the products that have a fault.
func without(f authz.Facts, faults []plan.Fault) authz.Facts {
	return fallBack(f, authz.Facts{}, faults)
}

// fallBack returns f with the products that have a fault as they were before,
// or without them when they were not there.
func fallBack(f, before authz.Facts, faults []plan.Fault) authz.Facts {
	bad := func(p ident.Product) bool {
		return slices.ContainsFunc(faults, func(x plan.Fault) bool { return x.Product == p || x.Product.IsZero() })
	}
	out := f
	out.Tenant.Authorisations, out.States = nil, nil
	add := func(from authz.Facts, keep func(ident.Product) bool) {
		for i, a := range from.Tenant.Authorisations {
			if keep(a.Product) {
				out.Tenant.Authorisations = append(out.Tenant.Authorisations, a)
				out.States = append(out.States, from.States[i])
			}
		}
	}
	add(f, func(p ident.Product) bool { return !bad(p) })
	add(before, bad)
	sortFacts(&out)
	return out
}

// sortFacts orders authorisations and their states by product.
func sortFacts(f *authz.Facts) {
	order := make([]int, len(f.States))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return f.Tenant.Authorisations[a].Product.Compare(f.Tenant.Authorisations[b].Product)
	})
	authorisations, states := make([]authz.Authorisation, 0, len(order)), make([]authz.State, 0, len(order))
	for _, i := range order {
		authorisations, states = append(authorisations, f.Tenant.Authorisations[i]), append(states, f.States[i])
	}
	f.Tenant.Authorisations, f.States = authorisations, states
}

func (r *Renderer) path(rest string) string {
	return manifest.EnvironmentPath(r.config.Site.Name) + "/" + rest
}

func (r *Report) add(id ident.Tenant, o outcome) {
	if o.present {
		r.Tenants++
	}
	if o.kept {
		r.Kept = append(r.Kept, id)
	}
	r.Products += o.products
	r.Overlays += o.overlays
	r.Faults = append(r.Faults, o.faults...)
}

// keepShared keeps every environment-shared version that stands in Git while
// some tenant was left as it stood: what that tenant needs is not known.
func (r *Renderer) keepShared(f *Fleet, report Report, memory Memory) error {
	if len(report.Kept) == 0 {
		return nil
	}
	folder, err := memory.Folder(r.path(manifest.SharedDir))
	if err != nil {
		return err
	}
	for _, c := range folder.Entries() {
		for _, v := range c.Dir.Entries() {
			name, err1 := ident.Parse[ident.ComponentKind](c.Name)
			version, err2 := ident.Parse[ident.VersionKind](v.Name)
			if err1 != nil || err2 != nil {
				continue // not ours
			}
			all := []plan.Requirement{{Name: name, ID: version}}
			f.count(f.needs, all, 'n', 1)
			f.count(f.keeps, all, 'k', 1)
		}
	}
	return nil
}
