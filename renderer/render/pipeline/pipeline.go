// Package pipeline renders environments from a repository's files and a source
// of authorisations, step by step: catalog, environment, facts, guards, files.
//
// Each step takes the typed result of the one before. Nothing is written
// before the guards have passed; what is written goes to a Sink that the
// caller commits or throws away, so a failure at any step leaves no trace.
// Faults of single records or catalog versions do not fail the render: they
// are in the Summary, and the tenants concerned keep what they had.
package pipeline

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Source gives every authorisation below a prefix at one revision.
type Source interface {
	Snapshot(ctx context.Context, prefix string) (authz.Snapshot, error)
}

// Options says how to render. The zero value renders from the facts in the
// repository, as they stand.
type Options struct {
	// Source is etcd; nil renders from the facts in the repository.
	Source Source
	// Now is the moment of the render; it is required with a Source.
	Now time.Time
	// Start are rollouts made from those of the last commit; nil takes these.
	Start *rollout.Rollouts
	// AllowRemovals switches the guards against mass harm off.
	AllowRemovals bool
	// Workers is how many tenants are rendered at once; the number of processors when zero.
	Workers int
	// Progress hears how far the rendering of tenants is. May be nil.
	Progress func(done, all int)
}

// Summary says what a render did.
type Summary struct {
	Environment ident.Environment
	// Cluster and Revision are what was read of etcd; zero when the facts came from the repository.
	Cluster  uint64
	Revision int64
	render.Report
	Quarantined []authz.Quarantine
	Released    []ident.Tenant
	Gone        []ident.Tenant
	// Catalog are the faults of the catalog; versions that have one were not used.
	Catalog error
	// Grants are what fleet.yaml asks for and no ring can get.
	Grants []Grant
}

// Skipped returns everything that was left out, as errors of class Skipped.
func (s Summary) Skipped() []error {
	var all []error
	add := func(err error) { all = append(all, fault.New(fault.Skipped, fault.HintOf(err), "%w", err)) }
	for _, err := range flatten(s.Catalog) {
		add(err)
	}
	for _, g := range s.Grants {
		add(g)
	}
	for _, q := range s.Quarantined {
		add(q)
	}
	for _, f := range s.Faults {
		add(f)
	}
	return all
}

// flatten returns the parts of a joined error.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []error{err}
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, flatten(e)...)
	}
	return all
}

// Pipeline renders environments. It keeps the versions of the last catalog that
// it read, the bases that it built, by the digest of their version, for as long
// as it lives, and what its engine has compiled. Safe for concurrent use.
type Pipeline struct {
	sold   *catalog.Reader
	bases  *bases
	engine *overlay.Engine
	key    ed25519.PrivateKey
}

// New returns a pipeline.
func New() *Pipeline {
	engine := overlay.New(overlay.Options{Families: families})
	return &Pipeline{sold: new(catalog.Reader), bases: &bases{engine: engine, known: map[string]*entry{}}, engine: engine}
}

// Sealing returns a pipeline that signs seals with a key, and shares everything
// else with p; nil leaves them digests.
func (p *Pipeline) Sealing(key ed25519.PrivateKey) *Pipeline {
	if key == nil {
		return p
	}
	return &Pipeline{sold: p.sold, bases: p.bases, engine: p.engine, key: key}
}

// families is how many bases the engine keeps ready, each in three states: a
// catalog of some hundreds of versions in play.
const families = 1024

// Bases returns the pipeline's bases.
func (p *Pipeline) Bases() interface {
	Base(v *catalog.Version) (*base.Base, error)
} {
	return p.bases
}

// Engine returns the pipeline's engine, and with it what that has compiled.
func (p *Pipeline) Engine() *overlay.Engine { return p.engine }

// Prepared is an environment whose catalog and fleet were read.
type Prepared struct {
	Site     *environments.Site
	Catalog  *catalog.Catalog
	Faults   error           // of the catalog
	Grants   []Grant         // that are offered to no ring
	Sold     rollout.Catalog // what may be granted
	Memory   render.Stored
	Renderer *render.Renderer
}

// Prepare reads catalog and environment from files, the root of a repository.
func (p *Pipeline) Prepare(files fs.FS, env ident.Environment, o Options) (*Prepared, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, fmt.Errorf("opening environments: %w", err)
	}
	site, err := environments.Load(root, env)
	if err != nil {
		return nil, err
	}
	sold, err := fs.Sub(files, "catalog")
	if err != nil {
		return nil, fmt.Errorf("opening catalog: %w", err)
	}
	c, faults := p.sold.Load(sold)
	if c == nil {
		return nil, faults
	}
	fleet, err := rollout.FleetOf(site)
	if err != nil {
		return nil, err
	}
	memory := render.NewStored(files, env)
	had, _, err := memory.Rollouts()
	if err != nil {
		return nil, err
	}
	seller := &seller{site: site, catalog: c, bases: p.bases, memory: memory, had: had}
	offer := seller.sold()
	return &Prepared{Site: site, Catalog: c, Faults: faults, Grants: seller.bad, Sold: offer, Memory: memory,
		Renderer: render.New(render.Config{Site: site, Catalog: c, Fleet: fleet, Sold: offer, Bases: p.bases, Engine: p.engine, Key: p.key, Workers: o.Workers, Progress: o.Progress}),
	}, nil
}

// Render renders one environment of files into sink.
func (p *Pipeline) Render(ctx context.Context, files fs.FS, env ident.Environment, sink tree.Sink, o Options) (Summary, error) {
	ready, err := p.Prepare(files, env, o)
	if err != nil {
		return Summary{}, err
	}
	summary := Summary{Environment: env, Catalog: ready.Faults, Grants: ready.Grants}
	all, err := ready.facts(ctx, o, &summary)
	if err != nil {
		return summary, fmt.Errorf("rendering environment %q: %w", env, err)
	}
	if !o.AllowRemovals {
		g, err := ready.guard(all, o.Now)
		if err != nil {
			return summary, fmt.Errorf("rendering environment %q: %w", env, err)
		}
		sink.Guard(g)
	}
	_, summary.Report, err = ready.Renderer.Full(ctx, all, ready.Memory, o.Start, sink)
	if err != nil {
		return summary, fmt.Errorf("rendering environment %q: %w", env, err)
	}
	return summary, nil
}

// guard returns what judges the commit of all tenants at now.
func (r *Prepared) guard(all []authz.Facts, now time.Time) (*guard.Guard, error) {
	known, err := r.Memory.Tenants()
	if err != nil {
		return nil, err
	}
	return r.Guard(len(known), guard.Released(all, now.Add(-RemovalWindow))), nil
}

// Guard returns what judges a commit of the environment, which has so many
// tenants and released the recent ones a short while ago.
func (r *Prepared) Guard(tenants int, recent []ident.Tenant) *guard.Guard {
	return guard.New(guard.Options{Environment: r.Site.Name, Before: r.Memory, Tenants: tenants,
		Percent: r.Site.MaxRemovalsPercent, Recent: recent})
}

// RemovalWindow is the time in which removals are counted together, unless a
// caller says otherwise.
const RemovalWindow = time.Hour

// facts returns what is to be rendered.
func (r *Prepared) facts(ctx context.Context, o Options, summary *Summary) ([]authz.Facts, error) {
	if o.Source == nil {
		return facts.Recall(r.Memory, o.Now, facts.Life(r.Site.Life))
	}
	snap, err := o.Source.Snapshot(ctx, r.Site.Etcd.Prefix)
	if err != nil {
		return nil, err
	}
	summary.Cluster, summary.Revision, summary.Quarantined = snap.Cluster, snap.Revision, snap.Quarantined
	if snap.Keys == 0 && !o.AllowRemovals {
		return nil, guard.Empty(r.Site.Etcd.Prefix, snap.Revision)
	}
	result, err := facts.Merge(snap, r.Memory, r.Site.Tenants.Selects, facts.ClockOf(r.Site, o.Now))
	if err != nil {
		return nil, err
	}
	summary.Released, summary.Gone = result.Released, result.Gone
	return result.Tenants, nil
}

// bases builds each version once.
type bases struct {
	engine *overlay.Engine

	mu    sync.Mutex
	known map[string]*entry // by reference and digest
}

type entry struct {
	once sync.Once
	base *base.Base
	err  error
}

// Base returns the base of v.
func (b *bases) Base(v *catalog.Version) (*base.Base, error) {
	key := v.Ref.String() + " " + v.Digest
	b.mu.Lock()
	e := b.known[key]
	if e == nil {
		e = &entry{}
		b.known[key] = e
	}
	b.mu.Unlock()
	e.once.Do(func() { e.base, e.err = base.BuildWith(context.Background(), b.engine, v) })
	return e.base, e.err
}
