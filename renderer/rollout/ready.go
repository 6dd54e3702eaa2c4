package rollout

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Ready returns the versions of a product whose overlays stand ready for the
// tenants of a ring, sorted: what is granted there, what is good there and so
// the way back, what it went back from, and what may be granted next. So a grant
// writes no overlay, and none is taken from who still runs it.
func (in *Input) Ready(r Rollouts, ring int, p ident.Product) []ident.Version {
	g := &in.Fleet.Rings[ring]
	lane, want := r.Lanes[Key{g.Name, p}], g.Versions[p]
	barred := func(v ident.Version) bool { return in.refuses(r, p, v) != "" }
	all := slices.Concat(lane.Good, lane.Left)
	var next []ident.Version
	for _, s := range lane.At {
		all = append(all, s.Version)
		next = append(next, in.Catalog.hops(p, s.Version, want, barred)...)
	}
	// Where no way leads to it, nobody may be there who would need one.
	if len(next) == 0 && !barred(want) && (len(lane.At) == 0 || !before(want, lane.head().Version)) {
		next = append(next, want)
	}
	all = append(all, next...)
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// Proven returns the versions of a product that a ring may be given without a
// new grant, sorted: those that the places below to run, and those that are
// good there. The plugin refuses every other one.
func (r Rollouts) Proven(k Key, to uint64) []ident.Version {
	lane, ok := r.Lanes[k]
	if !ok {
		return nil
	}
	all := append(slices.Clone(lane.Good), lane.at(Place(to-1)))
	slices.SortFunc(all, compare)
	return slices.Compact(all)
}

// Granted returns what the places below to are granted next to it.
func (l Lane) Granted(to uint64) ident.Version { return l.at(Place(to - 1)) }

// Granted returns what each tenant of a ring that holds a product runs of it.
func (in *Input) Granted(r Rollouts, ring int, p ident.Product) map[ident.Tenant]ident.Version {
	k, members := Key{in.Fleet.Rings[ring].Name, p}, in.Census.group(ring, p).members
	all := make(map[ident.Tenant]ident.Version, len(members))
	for _, m := range members {
		all[m.ID] = r.Version(k, m.ID, m.Place, m.Pin)
	}
	return all
}
