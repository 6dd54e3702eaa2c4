package rollout

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Undo returns what rings shall want of a product so that the next Settle takes
// it back: in every ring, or in one alone, to a version, or to the last that is
// good there before the newest that is wanted or granted in these rings. Rings
// that want it already are left out. Where no way leads there, a Reason says so
// and the rest is not to be done either: half a way back is none.
func (in *Input) Undo(r Rollouts, p ident.Product, only ident.Ring, to ident.Version) (map[ident.Ring]ident.Version, []Reason) {
	var rings []*Ring
	newest := ident.Version{}
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		if g.Versions[p].IsZero() || !only.IsZero() && g.Name != only {
			continue
		}
		rings = append(rings, g)
		newest = slices.MaxFunc([]ident.Version{newest, g.Versions[p], in.head(r, g, p)}, compare)
	}
	wants, last := map[ident.Ring]ident.Version{}, to
	var reasons []Reason
	for _, g := range rings {
		key := Key{g.Name, p}
		lane, ok := r.Lanes[key]
		want, found := last, in.refuses(r, p, last) == "" // nobody there runs it: as in the ring before
		if ok {
			want, found = in.undone(r, lane, p, newest, to)
		}
		if !found {
			reasons = append(reasons, Reason{Key: key, Code: NoWayBack, Version: to})
			continue
		}
		if last = want; want != g.Versions[p] {
			wants[g.Name] = want
		}
	}
	return wants, reasons
}

// head returns the newest version granted in a ring, zero for none.
func (in *Input) head(r Rollouts, g *Ring, p ident.Product) ident.Version {
	if lane, ok := r.Lanes[Key{g.Name, p}]; ok {
		return lane.head().Version
	}
	return ident.Version{}
}

// undone returns the version that a lane goes back to: one asked for, or its
// last good one before the newest.
func (in *Input) undone(r Rollouts, lane Lane, p ident.Product, newest, to ident.Version) (ident.Version, bool) {
	if !to.IsZero() {
		if !before(to, lane.head().Version) {
			return to, in.refuses(r, p, to) == ""
		}
		v, ok := in.wayBack(r, lane, p, to)
		return v, ok && v == to
	}
	for _, g := range slices.Backward(lane.Good) {
		if v, ok := in.wayBack(r, lane, p, g); ok && v == g && before(g, newest) {
			return g, true
		}
	}
	return ident.Version{}, false
}

// Lift returns rollouts in which a version that was taken back may be granted
// again, and false when it was not taken back, or is lifted already.
func (r Rollouts) Lift(p ident.Product, v ident.Version) (Rollouts, bool) {
	if !r.barred(p, v) {
		return r, false
	}
	r = r.clone()
	r.Failed[r.failed(p, v)].Lifted = true
	return r, true
}
