package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// World is what a commit says of an environment.
type World struct {
	Site     *environments.Site
	Catalog  *catalog.Catalog
	Input    *rollout.Input
	Rollouts rollout.Rollouts
	Tenants  []rollout.Tenant
	Facts    []authz.Facts // of each of Tenants

	started bool // rollouts.yaml is there
}

// Look reads an environment that has rollouts from the root of a repository.
// Its rollouts are settled: what a render would make of them now.
func Look(files fs.FS, env ident.Environment) (*World, error) {
	w, err := read(files, env)
	if err == nil {
		err = w.need()
	}
	if err != nil {
		return nil, err
	}
	w.Rollouts = rollout.Settle(w.Input, w.Rollouts)
	return w, nil
}

// LookAt reads an environment at the head of a repository's branch.
func LookAt(ctx context.Context, repo repoflags.Repository, name string) (*World, error) {
	place, err := repo.Place(ctx)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	files, err := place.Files(ctx)
	if err != nil {
		return nil, err
	}
	env, err := envflag.One(files, name)
	if err != nil {
		return nil, err
	}
	return Look(files, env)
}

// Think asks the engine what it would wait for with an observation. The
// settled rollouts are seen as if somebody looked: who does not is no reason.
func (w *World) Think(o rollout.Observation, now time.Time) []rollout.Reason {
	o.Seen = true
	return rollout.Advance(w.Input, w.Rollouts, o, now).Reasons
}

// People reads what people wrote of an environment, from the root of a repository.
func People(files fs.FS, env ident.Environment) (*World, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	w := &World{Input: &rollout.Input{Census: rollout.NewCensus(nil)}}
	if w.Site, err = environments.Load(root, env); err != nil {
		return nil, err
	}
	if w.Input.Fleet, err = rollout.FleetOf(w.Site); err != nil {
		return nil, err
	}
	sold, err := fs.Sub(files, manifest.CatalogDir)
	if err != nil {
		return nil, err
	}
	if w.Catalog, err = catalog.Load(sold); w.Catalog == nil {
		return nil, err
	}
	w.Input.Catalog = rollout.CatalogOf(w.Catalog) // versions with faults are none: they are refused, and cannot be granted
	return w, nil
}

// read reads an environment with what was rendered of it.
func read(files fs.FS, env ident.Environment) (*World, error) {
	w, err := People(files, env)
	if err != nil {
		return nil, err
	}
	if err := w.readRollouts(files, env); err != nil {
		return nil, err
	}
	return w, w.readTenants(render.NewStored(files, env))
}

func (w *World) readRollouts(files fs.FS, env ident.Environment) error {
	data, err := fs.ReadFile(files, rolloutsPath(env))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		w.Rollouts, err = rollout.Decode(data)
	}
	w.started = true
	if err != nil {
		return fmt.Errorf("environment %q: %w", env, err)
	}
	return nil
}

// need refuses an environment without rollouts.
func (w *World) need() error {
	if w.started {
		return nil
	}
	return fault.Hintf("render it first, or run `sluice rollout adopt` if it is rendered already",
		"environment %q has no %s", w.Site.Name, rollout.File)
}

// faults are the contradictions in what people wrote.
func (w *World) faults() []error { return rollout.Check(w.Site, w.Catalog, w.Rollouts) }

func rolloutsPath(env ident.Environment) string {
	return manifest.EnvironmentPath(env) + "/" + rollout.File
}

func fleetPath(env ident.Environment) string {
	return manifest.EnvironmentPath(env) + "/" + manifest.FleetFile
}

// exact takes what the tree has tenants run, and how it cuts rings, for what
// the engine moves them from; runs may say otherwise.
func (w *World) exact(head render.Head, runs func(ident.Tenant, ident.Product) ident.Version) {
	for i := range w.Tenants {
		t := &w.Tenants[i]
		t.Was = head.Members[t.ID].Ring
		for p, h := range t.Products {
			h.Ran = runs(t.ID, p)
			t.Products[p] = h
		}
	}
	w.Input.Census, w.Input.Cut = rollout.NewCensus(w.Tenants), head.Cut
}

// readTenants takes the tenants' facts for what they run at head.
func (w *World) readTenants(stored render.Stored) error {
	var err error
	if w.Facts, err = stored.Everyone(); err != nil {
		return fmt.Errorf("environment %q: %w", w.Site.Name, err)
	}
	planner := plan.New(w.Site, w.Catalog, nil)
	all := make([]rollout.Tenant, 0, len(w.Facts))
	for _, f := range w.Facts {
		all = append(all, w.tenant(f, planner))
	}
	w.Input.Census, w.Tenants = rollout.NewCensus(all), all
	return nil
}

func (w *World) tenant(f authz.Facts, planner *plan.Planner) rollout.Tenant {
	id, ring := f.Tenant.ID, planner.Ring(f.Tenant)
	t := rollout.Tenant{ID: id, Ring: ring, Was: w.Input.Fleet.Rings[ring].Name, Place: rollout.PlaceOf(id), Products: map[ident.Product]rollout.Holding{}}
	for i, a := range f.Tenant.Authorisations {
		h := rollout.Holding{Active: f.States[i] == authz.Active, Pin: w.Site.Fleet.PinOf(id, a.Product, a.Version), Accepts: planner.Accepts(a)}
		h.Ran = w.Rollouts.Version(rollout.Key{Ring: t.Was, Product: a.Product}, id, t.Place, h.Pin)
		t.Products[a.Product] = h
	}
	return t
}
