package rolloutcmd

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// source says where rollouts are adopted from.
type source interface {
	fmt.Stringer
	// rollouts returns what is adopted, and the rollouts by which the members of
	// the tree are to be read: an own version there is a straggler's or a pin.
	rollouts(w *World, files fs.FS) (start, before rollout.Rollouts, err error)
}

// readBroken reads an environment whose rollouts.yaml is none.
func readBroken(files fs.FS, env ident.Environment) (*World, error) {
	return read(edited.FS{FS: files, File: rolloutsPath(env), Data: rollout.Rollouts{}.Encode()}, env)
}

// sealed is the rollouts.yaml of the last commit that sluice made.
type sealed struct{ r rollout.Rollouts }

func (sealed) String() string { return "history" }

func (s sealed) rollouts(*World, fs.FS) (start, before rollout.Rollouts, err error) {
	return s.r, s.r, nil
}

// history finds the last rollouts.yaml that sluice wrote. Commits of others
// since then edited it, lost it or did not touch it.
func (a *adopt) history(ctx context.Context, repo repoflags.Repository, files fs.FS) (source, error) {
	r, head, err := repo.History(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	found, err := r.Nearest(ctx, head, func(h git.Head) bool {
		name, _ := h.Trailer(publish.TrailerEnvironment)
		return name == a.env.String()
	})
	if err != nil {
		return nil, err
	}
	const hint = "name Argo CD's cluster with --kubeconfig, or give --from-git if nothing is under way"
	var data []byte
	for _, h := range found {
		one, err := fs.ReadFile(r.FS(h), rolloutsPath(a.env))
		if err != nil {
			return nil, fault.Hintf(hint, "reading %s of commit %s: %w", rollout.File, h.Commit, err)
		}
		if data != nil && !bytes.Equal(data, one) {
			return nil, fault.Hintf(hint, "histories were merged that have different %s", rollout.File)
		}
		data = one
	}
	if data == nil {
		return nil, fault.Hintf(hint, "no commit of environment %q is sluice's", a.env)
	}
	now, err := fs.ReadFile(files, rolloutsPath(a.env))
	if err == nil && bytes.Equal(now, data) {
		return nil, fault.Hintf("if Git was restored, name Argo CD's cluster with --kubeconfig", "%s is as sluice wrote it: there is nothing to adopt", rollout.File)
	}
	old, err := rollout.Decode(data)
	if err != nil {
		return nil, fault.Hintf(hint, "%w", err)
	}
	return sealed{old}, nil
}

// inGit is what the rings in Git are granted.
type inGit struct{}

func (inGit) String() string { return "the rings in Git" }

func (inGit) rollouts(w *World, files fs.FS) (start, before rollout.Rollouts, err error) {
	runs, shared, err := render.NewStored(files, w.Site.Name).Granted()
	if err != nil {
		return start, before, err
	}
	return w.adopt(files, observe.Grants{Products: runs, Shared: shared})
}

// live is what live Applications are asked to run.
type live struct{ grants observe.Grants }

func (live) String() string { return "live Applications" }

// live reads the Applications once: nothing moves while rollouts.yaml is none.
func (a *adopt) live(ctx context.Context) (source, error) {
	there, closed, err := a.deps.Argo(a.place)
	if err != nil {
		return nil, err
	}
	defer closed()
	grants, err := observe.Granted(ctx, there, a.env)
	return live{grants}, err
}

// rollouts refuses a cluster that shows nobody of a ring: first versions are
// granted at once, and silence would let what is wanted through.
func (l live) rollouts(w *World, files fs.FS) (start, before rollout.Rollouts, err error) {
	runs, _, err := render.NewStored(files, w.Site.Name).Granted()
	if err != nil {
		return start, before, err
	}
	held, shown := map[rollout.Key]int{}, map[rollout.Key]int{}
	for _, t := range w.Tenants {
		for p := range t.Products {
			k := rollout.Key{Ring: w.Input.Fleet.Rings[t.Ring].Name, Product: p}
			if !runs[t.ID][p].IsZero() {
				held[k]++
			}
			if !l.grants.Products[t.ID][p].IsZero() {
				shown[k]++
			}
		}
	}
	var silent []string
	for k := range held {
		if shown[k] == 0 {
			silent = append(silent, laneOf(k, ident.Component{}))
		}
	}
	if slices.Sort(silent); len(silent) > 0 {
		return start, before, fault.Hintf("check the kubeconfig's context; give --from-git if nothing is under way", "no Application shows what runs in %s", fault.List(silent))
	}
	return w.adopt(files, l.grants)
}

// adopt returns the rollouts of tenants that run what is granted to them. It
// wants nothing, so that nothing begins: the render that follows does.
func (w *World) adopt(files fs.FS, g observe.Grants) (start, before rollout.Rollouts, err error) {
	head, err := render.NewStored(edited.FS{FS: files, File: rolloutsPath(w.Site.Name), Data: rollout.Rollouts{}.Encode()}, w.Site.Name).Head()
	if err != nil {
		return start, before, err
	}
	fleet, rings := &rollout.Fleet{Batch: w.Input.Fleet.Batch}, map[ident.Ring]int{}
	for _, name := range w.rings(head) {
		rings[name] = len(fleet.Rings)
		fleet.Rings = append(fleet.Rings, rollout.Ring{Name: name})
	}
	w.exact(head, func(id ident.Tenant, p ident.Product) ident.Version { return g.Products[id][p] })
	all := slices.Clone(w.Tenants)
	for i, t := range all { // where the tree has them: a ring that was edited since moves them when it is rendered
		at := cmp.Or(t.Was, w.Input.Fleet.Rings[t.Ring].Name)
		all[i].Ring, all[i].Was = rings[at], at
	}
	start = rollout.Adopt(&rollout.Input{Fleet: fleet, Catalog: w.Input.Catalog, Census: rollout.NewCensus(all), Cut: head.Cut})
	for c, v := range g.Shared { // lowered by people alone
		if ident.CompareVersions(v.String(), start.Shared[c].At.String()) > 0 {
			start.Shared[c] = rollout.Shared{At: v}
		}
	}
	return start, own(head, w.Tenants), nil
}

// rings returns the rings that tenants are in and those of fleet.yaml. Who is
// gone comes first: no other ring follows from what it runs.
func (w *World) rings(head render.Head) []ident.Ring {
	gone, names := map[ident.Ring]bool{}, []ident.Ring(nil)
	for _, m := range head.Members {
		gone[m.Ring] = true
	}
	for _, g := range w.Input.Fleet.Rings {
		delete(gone, g.Name)
		names = append(names, g.Name)
	}
	return slices.Concat(slices.SortedFunc(maps.Keys(gone), ident.Ring.Compare), names)
}

// own returns rollouts in which those straggle whose member has an own version
// that nobody pinned them to.
func own(head render.Head, tenants []rollout.Tenant) rollout.Rollouts {
	r := rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{}}
	for _, t := range tenants {
		m := head.Members[t.ID]
		for _, p := range m.Products {
			if p.Pin.IsZero() || p.Pin == t.Products[p.Name].Pin {
				continue
			}
			k := rollout.Key{Ring: m.Ring, Product: p.Name}
			lane, ok := r.Lanes[k]
			if !ok {
				lane = rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: p.Pin}}, Stragglers: map[ident.Tenant]ident.Version{}}
				r.Lanes[k] = lane
			}
			lane.Stragglers[t.ID] = p.Pin
		}
	}
	return r
}

var (
	_ source = sealed{}
	_ source = inGit{}
	_ source = live{}
)
