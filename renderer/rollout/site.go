package rollout

import (
	"errors"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// FleetOf returns what people want of an environment's rings. The error joins
// every opening hour that is none, each with its place in fleet.yaml; the fleet
// that comes with it never opens then and serves to look for further faults.
func FleetOf(site *environments.Site) (*Fleet, error) {
	zone, err := site.Zone()
	if err != nil {
		return nil, fmt.Errorf("environment %q: %w", site.Name, err)
	}
	f := &Fleet{Batch: site.Fleet.Batch, Zone: zone}
	faults := make([]error, 0, len(site.Fleet.Rings))
	for i := range site.Fleet.Rings {
		r := &site.Fleet.Rings[i]
		opens, err := windows(site, i)
		faults = append(faults, err)
		f.Rings = append(f.Rings, Ring{
			Name: r.Name, Versions: r.Versions, Steps: r.Steps,
			StepSoak: seconds(r.StepSoakSeconds), Soak: seconds(r.SoakSeconds), Approval: r.Approval,
			Tolerate: Tolerance(r.TolerateUnhealthy), Opens: opens, Gates: gates(site, r),
			Parallel: r.Parallel, Rollback: r.OnFailure == environments.Rollback,
		})
	}
	for _, h := range site.Fleet.Holds {
		f.Holds = append(f.Holds, Hold{h.Ring, h.Product, h.Version, h.Reason, h.Until.Time()})
	}
	for _, b := range site.Fleet.Blocked {
		f.Blocked = append(f.Blocked, Blocked(b))
	}
	for _, z := range site.Fleet.Freezes {
		f.Freezes = append(f.Freezes, Freeze{z.From.Time(), z.To.Time(), z.Reason})
	}
	for _, e := range site.Fleet.Expedite {
		f.Expedite = append(f.Expedite, Expedite{e.Product, e.Version, e.Until.Time(), e.Reason})
	}
	return f, errors.Join(faults...)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// windows reads the opening hours of a ring.
func windows(site *environments.Site, ring int) ([]Window, error) {
	r := &site.Fleet.Rings[ring]
	var all []Window
	var faults []error
	for i, text := range r.Opens {
		w, err := ParseWindow(text)
		if err != nil {
			faults = append(faults, fault.Hintf(fault.HintOf(err), "environment %q: %s: ring %q: %w",
				site.Name, site.Place("rings", ring, "opens", i), r.Name, err))
		}
		all = append(all, w)
	}
	return all, errors.Join(faults...)
}

func gates(site *environments.Site, r *environments.Ring) []Gate {
	var all []Gate
	for _, g := range r.Gates {
		all = append(all, Gate{g.Name, g.Product, seconds(g.ForSeconds), Query{site.Prometheus, g.Query, g.Min, g.Max}})
	}
	return all
}

// CatalogOf returns what the good versions of a catalog say of their order. A
// version whose shared parts are not there is none.
func CatalogOf(c *catalog.Catalog) Catalog {
	all := Catalog{}
	for _, p := range c.Products() {
		all[p] = map[ident.Version]Edges{}
		for _, v := range c.Versions(p) {
			if parts, err := c.Closure(v); err == nil {
				all[p][ident.Must[ident.VersionKind](v.Version)] = Edges{names(v.UpgradesFrom), names(v.DowngradesTo), needs(parts)}
			}
		}
	}
	return all
}

// names keeps nil, which is any, apart from the empty list, which is none.
func names(list []string) []ident.Version {
	if list == nil {
		return nil
	}
	all := make([]ident.Version, 0, len(list))
	for _, v := range list {
		all = append(all, ident.Must[ident.VersionKind](v))
	}
	return all
}

// needs returns the highest version of each environment-shared part.
func needs(parts []catalog.Component) map[ident.Component]ident.Version {
	all := map[ident.Component]ident.Version{}
	for _, part := range parts {
		if part.Sharing == catalog.SharingEnvironment {
			all[part.Name] = part.Version // the highest comes last
		}
	}
	return all
}
