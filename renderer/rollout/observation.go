package rollout

import (
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Verdict is what Argo CD's statuses say of a tenant's product, a shared part
// or a metric.
type Verdict int

const (
	// Unknown is silence, and every error that is no verdict.
	Unknown Verdict = iota
	// Pending is a state that may yet become another.
	Pending
	// Proven is the only verdict that opens a gate.
	Proven
	// Degraded is the only verdict that may take a version back.
	Degraded
)

// Observation is what the leader saw. All stamps are Argo CD's but those of
// Ill, which is the memory of the leader itself.
type Observation struct {
	// Seen is false for a fleet without an observer.
	Seen bool
	// Slices are what was seen of a lane, by place. Lanes at rest need none.
	Slices map[Key][]Slice
	// Stragglers are the verdicts on stragglers at the versions they keep.
	Stragglers map[Key]map[ident.Tenant]Verdict
	// Asked is what the slices of stragglers ask for. A slice and its tenants
	// are told apart from each other: who lets go of a version of his own runs
	// what his slice asks for, be it what it was granted before.
	Asked  map[Key]map[ident.Tenant]ident.Version
	Shared map[ident.Component]Part
	// Metrics are what the gates of a ring showed, by name; only Proven passes.
	Metrics map[ident.Ring]map[string]Metric
	// Approved are versions that people approved, by lane.
	Approved map[Key]ident.Version
	// Paused are rings that people hold, or whose people could not be heard:
	// nothing moves forward there, and no later ring follows.
	Paused map[ident.Ring]bool
	// Promoted are rings that a person gives the next step on their word: it
	// stands for order, proof, soak and approval, and for nothing else.
	Promoted map[ident.Ring]bool
	// Ill is the last Result's Ill; empty for a new leader.
	Ill map[Key]time.Time
}

// Slice is what was seen of the movable tenants of a product between the end
// of the slice before and To, judged by the version granted to them.
type Slice struct {
	To      uint64
	Version ident.Version // what they were judged by; another one is no verdict
	// Looked counts all that were looked for, Proven those of them that are proven.
	Looked, Proven int
	// Degraded and Excused are not proven. Excused were created after the
	// grant, so they say nothing about it.
	Degraded, Excused int
	// Sick counts those whose workloads are not Healthy, at whatever version.
	Sick int
	// Oldest and Newest are the least and greatest reconciledAt of the proven.
	Oldest, Newest time.Time
}

// Part is what was seen of a shared part's own Application.
type Part struct {
	Version ident.Version // what it was judged by
	Verdict Verdict
}

// Metric is what a gate showed: a verdict, and why in one clause.
type Metric struct {
	Verdict Verdict
	Says    string
}

// Status is what was seen of one tenant's product.
type Status struct {
	Version    ident.Version // what it was judged by
	Verdict    Verdict
	Sick       bool      // not Healthy, at whatever version
	Fresh      bool      // created after the grant
	Reconciled time.Time // by Argo CD's clock
}

// Asking returns the gates of each ring that have something to judge: those of
// products that are proven there and go on.
func (in *Input) Asking(r Rollouts) map[ident.Ring][]Gate {
	all := map[ident.Ring][]Gate{}
	for _, k := range in.Moving(r) {
		if r.Lanes[k].Since.IsZero() {
			continue
		}
		for _, g := range in.Fleet.Rings[in.Fleet.Index(k.Ring)].Gates {
			if g.of(k.Product) && !slices.Contains(all[k.Ring], g) {
				all[k.Ring] = append(all[k.Ring], g)
			}
		}
	}
	return all
}

// Moving returns the lanes that Advance needs observations of: all but those at
// rest, but for tenants who could not be moved whatever was seen: those who are
// suspended stay behind for months. By ring and product.
func (in *Input) Moving(r Rollouts) []Key {
	var all []Key
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		for k, lane := range r.Lanes {
			if k.Ring == g.Name && !in.idles(k.Product, lane, g.Versions[k.Product]) {
				all = append(all, k)
			}
		}
	}
	slices.SortFunc(all, Key.compare)
	return all
}

// idles reports whether a lane rests, apart from stragglers that are suspended
// behind it, pinned or gone.
func (in *Input) idles(p ident.Product, lane Lane, want ident.Version) bool {
	for id, v := range lane.Stragglers {
		if m, ok := in.Census.member(id, p); ok && m.Pin.IsZero() && (m.Active || v == lane.at(m.Place)) {
			return false
		}
	}
	lane.Stragglers = nil
	return lane.rests(want)
}

// Tally sums the statuses of a lane's tenants up, one Slice for each of 2^bits
// slices that holds a tenant who counts: active, unpinned, at what its place is
// granted.
func (in *Input) Tally(r Rollouts, ring int, p ident.Product, look func(ident.Tenant) Status) []Slice {
	key := Key{in.Fleet.Rings[ring].Name, p}
	lane, ok := r.Lanes[key]
	if !ok {
		return nil
	}
	size := End >> in.Bits(r, ring)
	var all []Slice
	for _, m := range in.Census.group(ring, p).members {
		if !m.movable() || lane.apart(m.ID, m.Place) {
			continue
		}
		to := (uint64(m.Place)/size + 1) * size
		if len(all) == 0 || all[len(all)-1].To != to {
			all = append(all, Slice{To: to, Version: lane.at(m.Place)})
		}
		all[len(all)-1].add(look(m.ID))
	}
	return all
}

func (s *Slice) add(x Status) {
	s.Looked++
	if x.Sick {
		s.Sick++
	}
	switch {
	case x.Version == s.Version && x.Verdict == Proven:
		s.Proven++
		if s.Oldest.IsZero() || x.Reconciled.Before(s.Oldest) {
			s.Oldest = x.Reconciled
		}
		if x.Reconciled.After(s.Newest) {
			s.Newest = x.Reconciled
		}
	case x.Fresh:
		s.Excused++
	case x.Version == s.Version && x.Verdict == Degraded:
		s.Degraded++
	}
}
