package rolloutcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// world is what a commit says of the rollouts of an environment.
type world struct {
	site     *environments.Site
	sold     *catalog.Catalog
	in       *rollout.Input
	rollouts rollout.Rollouts
	started  bool // rollouts.yaml is there
	tenants  []rollout.Tenant
	facts    []authz.Facts // of each of them
}

// World is what a commit says of an environment, for who shows it.
type World struct {
	Site    *environments.Site
	Catalog *catalog.Catalog
	Input   *rollout.Input
	// Rollouts are settled: what a render would make of them now.
	Rollouts rollout.Rollouts
	Tenants  []rollout.Tenant
	Facts    []authz.Facts // of each of Tenants
}

// Look reads an environment that has rollouts from the root of a repository.
func Look(files fs.FS, env ident.Environment) (World, error) {
	w, err := read(files, env)
	if err != nil {
		return World{}, err
	}
	return World{w.site, w.sold, w.in, rollout.Settle(w.in, w.rollouts), w.tenants, w.facts}, w.need()
}

// Think asks the engine what it would wait for with an observation. The
// settled rollouts are seen as if somebody looked: who does not is no reason.
func (w World) Think(o rollout.Observation, now time.Time) []rollout.Reason {
	o.Seen = true
	return rollout.Advance(w.Input, w.Rollouts, o, now).Reasons
}

// read reads an environment from the root of a repository.
func read(files fs.FS, env ident.Environment) (*world, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	w := &world{in: &rollout.Input{}}
	if w.site, err = environments.Load(root, env); err != nil {
		return nil, err
	}
	if w.in.Fleet, err = rollout.FleetOf(w.site); err != nil {
		return nil, err
	}
	sold, err := fs.Sub(files, "catalog")
	if err != nil {
		return nil, err
	}
	c, err := catalog.Load(sold)
	if c == nil {
		return nil, err
	}
	w.sold, w.in.Catalog = c, rollout.CatalogOf(c) // versions with faults cannot be granted and are not published here
	if err := w.readRollouts(files, env); err != nil {
		return nil, err
	}
	return w, w.readTenants(render.NewStored(files, env))
}

func (w *world) readRollouts(files fs.FS, env ident.Environment) error {
	data, err := fs.ReadFile(files, rolloutsPath(env))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		w.rollouts, err = rollout.Decode(data)
	}
	w.started = true
	if err != nil {
		return fmt.Errorf("environment %q: %w", env, err)
	}
	return nil
}

// need refuses an environment without rollouts.
func (w *world) need() error {
	if w.started {
		return nil
	}
	return fault.Hintf("render it first, or run `sluice rollout adopt` if it is rendered already",
		"environment %q has no %s", w.site.Name, rollout.File)
}

// faults are the contradictions in what people wrote.
func (w *world) faults() []error { return rollout.Check(w.site, w.sold, w.rollouts) }

func rolloutsPath(env ident.Environment) string {
	return manifest.EnvironmentPath(env) + "/" + rollout.File
}

func fleetPath(env ident.Environment) string {
	return manifest.EnvironmentPath(env) + "/" + manifest.FleetFile
}

// exact takes what the tree has tenants run, and how it cuts rings, for what
// the engine moves them from; runs may say otherwise.
func (w *world) exact(head render.Head, runs func(ident.Tenant, ident.Product) ident.Version) {
	for i := range w.tenants {
		t := &w.tenants[i]
		t.Was = head.Members[t.ID].Ring
		for p, h := range t.Products {
			h.Ran = runs(t.ID, p)
			t.Products[p] = h
		}
	}
	w.in.Census, w.in.Cut = rollout.NewCensus(w.tenants), head.Cut
}

// readTenants takes the tenants' facts for what they run at head.
func (w *world) readTenants(stored render.Stored) error {
	var err error
	if w.facts, err = stored.Everyone(); err != nil {
		return fmt.Errorf("environment %q: %w", w.site.Name, err)
	}
	planner := plan.New(w.site, w.sold, nil)
	all := make([]rollout.Tenant, 0, len(w.facts))
	for _, f := range w.facts {
		all = append(all, w.tenant(f, planner))
	}
	w.in.Census, w.tenants = rollout.NewCensus(all), all
	return nil
}

func (w *world) tenant(f authz.Facts, planner *plan.Planner) rollout.Tenant {
	id, ring := f.Tenant.ID, planner.Ring(f.Tenant)
	t := rollout.Tenant{ID: id, Ring: ring, Was: w.in.Fleet.Rings[ring].Name, Place: rollout.PlaceOf(id), Products: map[ident.Product]rollout.Holding{}}
	for i, a := range f.Tenant.Authorisations {
		h := rollout.Holding{Active: f.States[i] == authz.Active, Pin: w.site.Fleet.PinOf(id, a.Product, a.Version), Accepts: planner.Accepts(a)}
		h.Ran = w.rollouts.Version(rollout.Key{Ring: t.Was, Product: a.Product}, id, t.Place, h.Pin)
		t.Products[a.Product] = h
	}
	return t
}
