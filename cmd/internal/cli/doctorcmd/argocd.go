package doctorcmd

import (
	"context"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Applications are those of an Argo CD, by their names.
type Applications interface {
	// MayRefresh asks whether an Application may be refreshed, and changes
	// nothing. It reports whether it is there.
	MayRefresh(ctx context.Context, name string) (bool, error)
	// Application reads one, if it is there.
	Application(ctx context.Context, name string) (a unblock.Application, there bool, err error)
	// Settings reads one of Argo CD's ConfigMaps, if that may be read.
	Settings(ctx context.Context, name string) (entries map[string]string, may bool, err error)
	// Project reads what an AppProject permits, if that may be read; nil of none.
	Project(ctx context.Context, name string) (spec map[string]any, may bool, err error)
	// Tracked counts the marks of Argo CD's tracking on an environment's slices.
	Tracked(ctx context.Context, environment string) (argocd.Tracked, error)
}

// argocd checks each Argo CD: how it is set, what bounds its environments, the right
// to refresh their Applications, and how it syncs and tracks their fleets.
func (d *doctor) argocd(ctx context.Context, clusters argoflags.Clusters, sites []*environments.Site) {
	for _, place := range clusters.All() {
		apps, closed, err := d.deps.ArgoCD(place)
		if !d.note("argocd access", place.String()+", namespace "+place.Namespace, err) {
			continue
		}
		set := d.settings(ctx, apps, place)
		for _, site := range sites {
			if own, ok := clusters.Of(site.Name); ok && own == place {
				d.projects(ctx, apps, site)
				d.fleet(ctx, apps, site, set)
			}
		}
		closed()
	}
}

// fleet checks what may be done with an environment's fleet, and how an Argo CD
// that is set so syncs, judges and tracks it.
func (d *doctor) fleet(ctx context.Context, apps Applications, site *environments.Site, set map[string]string) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	name, check := manifest.AppFleet(site.Name), "argocd "+site.Name.String()
	there, err := apps.MayRefresh(ctx, name)
	detail := "may refresh " + name
	if !there {
		detail = "may ask for " + name + ", which is not there yet"
	}
	if !d.note(check, detail, err) || !there {
		return
	}
	a, there, err := apps.Application(ctx, name)
	if err != nil || !there {
		d.note(check+" sync", name+" is not there any more", err)
		return
	}
	d.note(check+" sync", "by itself, and only what differs", checkPolicy(a))
	d.note(check+" health", "in its status", checkBlind(name, a.Blind))
	tracked, err := apps.Tracked(ctx, site.Name.String())
	if err == nil {
		detail, err = checkTracking(set[trackingMethod], tracked)
	}
	d.note(check+" tracking", detail, err)
}

// applyOnly is the option with which a sync leaves alone what is as Git has it.
const applyOnly = "ApplyOutOfSyncOnly=true"

// checkPolicy refuses a fleet that takes up no commit by itself, and one that
// applies everything each time: it would wait for whatever is Degraded there,
// with grants that do not concern it.
func checkPolicy(a unblock.Application) error {
	if !a.Syncs {
		return fault.Hintf("set spec.syncPolicy.automated: {prune: true, selfHeal: true}, without enabled: false",
			"Application %q is not synced by itself: what is granted arrives nowhere", a.Name)
	}
	if !slices.Contains(a.Options, applyOnly) {
		return fault.Hintf("add "+applyOnly+" to spec.syncPolicy.syncOptions",
			"Application %q applies all of the fleet in every sync: a shared part that is Degraded holds up every grant", a.Name)
	}
	return nil
}
