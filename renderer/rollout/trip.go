package rollout

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Trip is the way of tenants that run a version to another one.
type Trip struct {
	From ident.Version
	// Stops are the versions on the way, the one wanted last; none when no way leads there.
	Stops []ident.Version
}

// Trips returns the ways of all that a ring is granted of a product to the
// version that it shall want, and a code when people or edges refuse it. In a
// ring without rollouts yet everybody runs what fleet.yaml names, or nothing.
func (in *Input) Trips(r Rollouts, k Key, want ident.Version) ([]Trip, Code) {
	if code := in.refuses(r, k.Product, want); code != "" {
		return nil, code
	}
	lane, ok := r.Lanes[k]
	if !ok {
		i := in.Fleet.Index(k.Ring)
		if i < 0 || in.Fleet.Rings[i].Versions[k.Product].IsZero() {
			return nil, ""
		}
		at := in.Fleet.Rings[i].Versions[k.Product]
		lane = Lane{At: whole(at), Good: []ident.Version{want}} // what nobody proved nobody misses
	}
	var back ident.Version // where all of them go first, when the ring goes back
	if slices.ContainsFunc(lane.At, func(s Segment) bool { return before(want, s.Version) }) {
		if back, ok = in.wayBack(r, lane, k.Product, want); !ok {
			trips := make([]Trip, 0, len(lane.At))
			for _, s := range lane.At {
				trips = append(trips, Trip{From: s.Version})
			}
			return trips, NoWayBack
		}
	}
	var trips []Trip
	var code Code
	for _, s := range lane.At {
		t, at := Trip{From: s.Version}, s.Version
		if !back.IsZero() && at != back {
			t.Stops, at = append(t.Stops, back), back
		}
		if up := in.chain(r, k.Product, at, want); len(up) > 0 {
			t.Stops = append(t.Stops, up...)
		} else if at != want {
			t, code = Trip{From: at}, NoEdge
		}
		trips = append(trips, t)
	}
	return trips, code
}

// chain returns the versions that a tenant passes on a shortest way up, the
// last one first where there is a choice; none when there is no way.
func (in *Input) chain(r Rollouts, p ident.Product, from, to ident.Version) []ident.Version {
	barred := func(v ident.Version) bool { return in.refuses(r, p, v) != "" }
	var stops []ident.Version
	for from != to {
		next := in.Catalog.hops(p, from, to, barred)
		if len(next) == 0 {
			return nil
		}
		from = next[0]
		stops = append(stops, from)
	}
	return stops
}

// Overtakes returns the first ring that wants a later version of a product than
// the ring before it that offers it. It would wait for as long as that stands:
// a version is granted when all rings before have proven it.
func (f *Fleet) Overtakes(p ident.Product) (ring, before *Ring) {
	for i := range f.Rings {
		g := &f.Rings[i]
		if g.Versions[p].IsZero() {
			continue
		}
		if before != nil && compare(g.Versions[p], before.Versions[p]) > 0 {
			return g, before
		}
		before = g
	}
	return nil, nil
}
