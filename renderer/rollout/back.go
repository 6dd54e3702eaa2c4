package rollout

import (
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// recede takes every ring back that runs what it shall not: a version later
// than people want there, or one that the engine took back. It goes to the
// last good version before, by downgradesTo from all that the ring runs; no
// gate, order, clock or evidence is asked. What it left stays ready until people
// want a later version. Stragglers at the versions that
// are left go along, in every ring unless a ring still wants or runs them.
// Where no way leads back, nothing changes.
func (in *Input) recede(r *Rollouts, p ident.Product) {
	gone := map[ident.Version]bool{}
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		key := Key{g.Name, p}
		lane, ok := r.Lanes[key]
		if !ok || !in.tooFar(*r, lane, p, g.Versions[p]) {
			continue
		}
		to, ok := in.wayBack(*r, lane, p, g.Versions[p])
		if !ok {
			continue
		}
		left := lane
		lane.At, lane.Since, lane.Sick, lane.Approved = whole(to), time.Time{}, 0, ident.Version{}
		lane.Good = lane.Good[: slices.Index(lane.Good, to)+1 : slices.Index(lane.Good, to)+1]
		for _, s := range left.At {
			lane.leave(s.Version)
			gone[s.Version] = true
		}
		in.follow(&lane, p, func(v ident.Version) bool { return left.runs(v) || r.barred(p, v) })
		r.Lanes[key] = lane
	}
	in.orphans(r, p, gone)
}

// tooFar reports whether a lane runs a version later than wanted or taken back.
func (in *Input) tooFar(r Rollouts, lane Lane, p ident.Product, want ident.Version) bool {
	return slices.ContainsFunc(lane.At, func(s Segment) bool {
		return !want.IsZero() && before(want, s.Version) || r.barred(p, s.Version)
	})
}

// wayBack returns the version that a lane goes back to: its last good one that
// is no later than wanted, was not taken back, and to which all that it runs may go.
func (in *Input) wayBack(r Rollouts, lane Lane, p ident.Product, want ident.Version) (ident.Version, bool) {
	for _, g := range slices.Backward(lane.Good) {
		if !want.IsZero() && before(want, g) || in.refuses(r, p, g) != "" {
			continue
		}
		if !slices.ContainsFunc(lane.At, func(s Segment) bool { return s.Version != g && !in.Catalog.down(p, s.Version, g) }) {
			return g, true
		}
	}
	return ident.Version{}, false
}

// orphans takes stragglers back that wait ahead for a version that will not
// come any more: taken back, or left by a ring and wanted and run by none.
func (in *Input) orphans(r *Rollouts, p ident.Product, gone map[ident.Version]bool) {
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		delete(gone, g.Versions[p])
		for _, s := range r.Lanes[Key{g.Name, p}].At {
			delete(gone, s.Version)
		}
	}
	for i := range in.Fleet.Rings {
		key := Key{in.Fleet.Rings[i].Name, p}
		if lane, ok := r.Lanes[key]; ok && len(lane.Stragglers) > 0 {
			in.follow(&lane, p, func(v ident.Version) bool { return gone[v] || r.barred(p, v) })
			r.Lanes[key] = lane
		}
	}
}

// follow takes stragglers at the given versions down to what their place is
// granted. They stay on record: their slice asks for what it left until Argo CD
// has come by, and without a record a pin would be in force.
func (in *Input) follow(lane *Lane, p ident.Product, at func(ident.Version) bool) {
	if len(lane.Stragglers) == 0 {
		return
	}
	lane.own()
	for t, v := range lane.Stragglers {
		m, ok := in.Census.member(t, p)
		to := lane.at(m.Place)
		if !ok || !at(v) || v != to && !in.Catalog.down(p, v, to) {
			continue
		}
		lane.leave(v)
		if lane.Stragglers[t] = to; to == m.Pin {
			delete(lane.Stragglers, t) // his pin is in force
		}
	}
	if len(lane.Stragglers) == 0 {
		lane.Stragglers = nil
	}
}
