package rollout

import (
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// dropLanes forgets rings that are gone, and products that a ring shall not
// run and nobody there holds.
func (s *settler) dropLanes() {
	rings := map[ident.Ring]int{}
	for i := range s.in.Fleet.Rings {
		rings[s.in.Fleet.Rings[i].Name] = i + 1
	}
	maps.DeleteFunc(s.out.Lanes, func(k Key, _ Lane) bool {
		i := rings[k.Ring] - 1
		return i < 0 || s.in.Fleet.Rings[i].Versions[k.Product].IsZero() && len(s.in.Census.group(i, k.Product).members) == 0
	})
}

// dropFailed forgets a version that was taken back once no ring can meet it
// any more: each wants an earlier one or has gone past it.
func (s *settler) dropFailed() {
	s.out.Failed = slices.DeleteFunc(s.out.Failed, func(f Failed) bool {
		for i := range s.in.Fleet.Rings {
			g := &s.in.Fleet.Rings[i]
			want := g.Versions[f.Product]
			lane, ok := s.out.Lanes[Key{g.Name, f.Product}]
			past := ok && !slices.ContainsFunc(lane.At, func(at Segment) bool { return !before(f.Version, at.Version) })
			if !past && !want.IsZero() && !before(want, f.Version) && (ok || want == f.Version) {
				return false
			}
		}
		return true
	})
	if len(s.out.Failed) == 0 {
		s.out.Failed = nil
	}
}

// collect drops good versions that nobody needs: older than all that this and
// later rings run, but for the last before the head, which is the way back.
func (s *settler) collect(p ident.Product) {
	var floor ident.Version
	lower := func(v ident.Version) {
		if !v.IsZero() && (floor.IsZero() || before(v, floor)) {
			floor = v
		}
	}
	for i, ring := range slices.Backward(s.in.Fleet.Rings) {
		key := Key{ring.Name, p}
		lane, ok := s.out.Lanes[key]
		if !ok {
			continue
		}
		lower(lane.At[len(lane.At)-1].Version)
		for _, v := range lane.Stragglers {
			lower(v)
		}
		for _, m := range s.in.Census.group(i, p).pinned {
			lower(s.out.Version(key, m.ID, m.Place, m.Pin))
		}
		back := 0 // index of the last good version before the head
		for j, g := range lane.Good {
			if before(g, lane.head().Version) {
				back = j
			}
		}
		kept := 0
		for kept < back && before(lane.Good[kept], floor) {
			kept++
		}
		lane.Good = lane.Good[kept:]
		s.out.Lanes[key] = lane
	}
}

// shared raises what is run without being granted, and drops the parts that
// nothing needs that is run, wanted, good or between these. It lowers nothing.
func (s *settler) shared(products []ident.Product) {
	needed := map[ident.Component]bool{}
	for _, p := range products {
		run := s.run(p)
		if len(run) == 0 {
			continue
		}
		ordered := slices.SortedFunc(maps.Keys(run), compare)
		low, high := ordered[0], ordered[len(ordered)-1]
		for v, e := range s.in.Catalog[p] {
			if before(v, low) || before(high, v) {
				continue
			}
			for c, need := range e.Needs {
				needed[c] = true
				if part := s.out.Shared[c]; run[v] && before(part.At, need) {
					part.At = need
					s.out.Shared[c] = part
				}
			}
		}
	}
	maps.DeleteFunc(s.out.Shared, func(c ident.Component, _ Shared) bool { return !needed[c] })
}

// run returns the versions of a product that rings want or may go back to
// (false) or run (true).
func (s *settler) run(p ident.Product) map[ident.Version]bool {
	run := map[ident.Version]bool{}
	for i := range s.in.Fleet.Rings {
		g := &s.in.Fleet.Rings[i]
		key := Key{g.Name, p}
		if want := g.Versions[p]; !want.IsZero() && !run[want] {
			run[want] = false
		}
		lane := s.out.Lanes[key]
		for _, good := range lane.Good { // the way back
			if !run[good] {
				run[good] = false
			}
		}
		for _, at := range lane.At {
			run[at.Version] = true
		}
		for _, v := range lane.Stragglers {
			run[v] = true
		}
		for _, m := range s.in.Census.group(i, p).pinned {
			if v := s.out.Version(key, m.ID, m.Place, m.Pin); !v.IsZero() {
				run[v] = true
			}
			if !run[m.Pin] {
				run[m.Pin] = false
			}
		}
	}
	return run
}
