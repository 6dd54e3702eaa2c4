package rollout

import (
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Settle fits rollouts to what people want and to the tenants there are. It
// moves nobody forward: what a tenant runs changes by going back, by a pin, or
// because it ran nothing. A tenant that an edit puts under another grant keeps
// its version as a straggler. Settle needs no clock and no observation, every
// render begins with it, and the settled result settles to itself, but for pins
// that can be reached from where a tenant went back to.
func Settle(in *Input, r Rollouts) Rollouts { return settle(in, r, nil) }

// Resettle is Settle of settled rollouts after some tenants changed, came or
// went. It costs in proportion to these, the stragglers and the pins.
func Resettle(in *Input, r Rollouts, some map[ident.Tenant]bool) Rollouts { return settle(in, r, some) }

func settle(in *Input, r Rollouts, some map[ident.Tenant]bool) Rollouts {
	s := &settler{in: in, old: r, out: r.clone(), some: some}
	products := in.Products(r)
	for _, p := range products {
		for i := range in.Fleet.Rings {
			s.found(i, p)
			s.stragglers(i, p)
			s.pins(i, p)
		}
	}
	s.dropLanes()
	for _, p := range products {
		in.recede(&s.out, p)
	}
	s.dropFailed()
	for _, p := range products {
		for i := range in.Fleet.Rings {
			s.first(i, p)
			s.forget(i, p)
		}
		s.collect(p)
	}
	s.shared(products)
	return s.out
}

// Adopt builds rollouts anew from what live tenants run (Ran), when
// rollouts.yaml was lost or a fleet had none. The most common version of a
// ring is its grant and the others are stragglers. A version that a later ring
// runs was once let through by all before it, so it is good there; nothing
// else is, so nothing is released early.
func Adopt(in *Input) Rollouts {
	r := Rollouts{}.clone()
	for _, p := range in.Products(r) {
		var later []ident.Version
		for i, ring := range slices.Backward(in.Fleet.Rings) {
			v := in.Census.group(i, p).common()
			if v.IsZero() {
				continue
			}
			lane := Lane{At: whole(v)}
			for _, g := range later {
				if compare(g, v) <= 0 {
					lane.Good = append(lane.Good, g)
				}
			}
			r.Lanes[Key{ring.Name, p}] = lane
			if !slices.Contains(later, v) {
				later = append(later, v)
				slices.SortFunc(later, compare)
			}
		}
	}
	return Settle(in, r)
}

// common returns the version that most members ran who follow the ring, of
// several the lowest.
func (g *group) common() ident.Version {
	count := map[ident.Version]int{}
	for _, m := range g.members {
		if !m.Ran.IsZero() && m.Pin.IsZero() {
			count[m.Ran]++
		}
	}
	var most ident.Version
	for v, n := range count {
		if most.IsZero() || n > count[most] || n == count[most] && before(v, most) {
			most = v
		}
	}
	return most
}

type settler struct {
	in       *Input
	old, out Rollouts
	some     map[ident.Tenant]bool // who changed; nil: anybody may have
}

// found gives a ring without a lane that of the ring where most of its tenants
// were: places are the tenants', so it fits. What it proved there stays good,
// what it was about to prove begins again.
func (s *settler) found(ring int, p ident.Product) {
	key := Key{s.in.Fleet.Rings[ring].Name, p}
	if _, ok := s.out.Lanes[key]; ok {
		return
	}
	g := s.in.Census.group(ring, p)
	from := map[ident.Ring]int{}
	for _, m := range g.members {
		if _, ok := s.old.Lanes[Key{m.Was, p}]; ok && !m.Ran.IsZero() && m.Pin.IsZero() {
			from[m.Was]++
		}
	}
	var most ident.Ring
	for name, n := range from {
		if n > from[most] || n == from[most] && name.Compare(most) < 0 {
			most = name
		}
	}
	if !most.IsZero() {
		o := s.old.Lanes[Key{most, p}]
		s.out.Lanes[key] = Lane{At: o.At, Good: o.Good, Left: o.Left, Sick: o.Sick}
	} else if v := g.common(); !v.IsZero() {
		s.out.Lanes[key] = Lane{At: whole(v)}
	}
}

// stragglers notes every tenant that ran another version than its place is
// granted, and those that keep the same version as their own.
func (s *settler) stragglers(ring int, p ident.Product) {
	key := Key{s.in.Fleet.Rings[ring].Name, p}
	lane, ok := s.out.Lanes[key]
	if !ok {
		return
	}
	var keep map[ident.Tenant]ident.Version
	note := func(m member) {
		if m.Ran.IsZero() || m.Ran == lane.at(m.Place) && m.Pin.IsZero() && !s.keeps(key, m) {
			return
		}
		if keep == nil {
			keep = map[ident.Tenant]ident.Version{}
		}
		keep[m.ID] = m.Ran
	}
	if s.some == nil {
		for _, m := range s.in.Census.group(ring, p).members {
			note(m)
		}
	} else {
		keep = maps.Clone(lane.Stragglers)
		maps.DeleteFunc(keep, func(id ident.Tenant, _ ident.Version) bool { return s.some[id] })
		for id := range s.some {
			if m, ok := s.in.Census.member(id, p); ok && m.Ring == ring {
				note(m)
			}
		}
	}
	if !maps.Equal(keep, lane.Stragglers) {
		if len(keep) == 0 {
			keep = nil
		}
		lane.Stragglers = keep
		s.out.Lanes[key] = lane
	}
}

// keeps reports whether a tenant whose place is granted what he ran keeps it as
// his own, until the engine sees his slice ask for it: his place came to his
// version, or he to a ring, and the slice may yet ask for what it was granted before.
func (s *settler) keeps(key Key, m member) bool {
	lane, ok := s.old.Lanes[key]
	return ok && (m.Was != key.Ring || m.Ran == lane.Stragglers[m.ID])
}

// first grants the wanted version at once where nobody ran the product yet.
// The versions that the ring before proved count here too: there is nothing to
// prove them on.
func (s *settler) first(ring int, p ident.Product) {
	g := &s.in.Fleet.Rings[ring]
	v := g.Versions[p]
	if _, ok := s.out.Lanes[Key{g.Name, p}]; ok || s.in.refuses(s.out, p, v) != "" || !s.old.serves(s.in.Catalog[p][v].Needs, true) {
		return
	}
	lane := Lane{At: whole(v)}
	if o, ok := s.in.before(s.out, ring, p); ok {
		for _, good := range o.Good {
			if before(good, v) {
				lane.Good = append(lane.Good, good)
			}
		}
	}
	s.out.Lanes[Key{g.Name, p}] = lane
	s.pins(ring, p)
}

// forget ends what a ring left once it is to go on.
func (s *settler) forget(ring int, p ident.Product) {
	g := &s.in.Fleet.Rings[ring]
	key, want := Key{g.Name, p}, g.Versions[p]
	lane, ok := s.out.Lanes[key]
	if ok && lane.Left != nil && (want.IsZero() || before(lane.head().Version, want) && s.in.refuses(s.out, p, want) == "") {
		lane.Left = nil
		s.out.Lanes[key] = lane
	}
}

// pins ends the straggling of pinned tenants whose pin may take effect.
func (s *settler) pins(ring int, p ident.Product) {
	key := Key{s.in.Fleet.Rings[ring].Name, p}
	lane, ok := s.out.Lanes[key]
	pinned := s.in.Census.group(ring, p).pinned
	if !ok || len(pinned) == 0 {
		return
	}
	lane.own()
	for _, m := range pinned {
		runs, waits := lane.Stragglers[m.ID]
		if !waits && s.some != nil && !s.some[m.ID] {
			continue // in force
		}
		if s.in.unpinnable(p, runs, m) == "" && s.old.served(s.in.Catalog[p][m.Pin].Needs, runs, m.Pin) {
			delete(lane.Stragglers, m.ID)
		} else if runs.IsZero() {
			lane.Stragglers[m.ID] = lane.at(m.Place)
		}
	}
	if len(lane.Stragglers) == 0 {
		lane.Stragglers = nil
	}
	s.out.Lanes[key] = lane
}

// Unpinnable returns why a tenant that runs a version may not go to its pin;
// empty if it may.
func (in *Input) Unpinnable(p ident.Product, runs, pin ident.Version) Code {
	switch {
	case runs == pin:
		return ""
	case !in.Catalog.published(p, pin):
		return Unpublished
	case blocked(in.Fleet.blocked(p, pin)):
		return Blocking
	case runs.IsZero() || in.Catalog.up(p, runs, pin) || in.Catalog.down(p, runs, pin):
		return ""
	}
	return NoEdge
}

// unpinnable says the same of a tenant, whose parameters the pin may refuse.
func (in *Input) unpinnable(p ident.Product, runs ident.Version, m member) Code {
	if code := in.Unpinnable(p, runs, m.Pin); code != "" || runs == m.Pin || m.accepts(m.Pin) {
		return code
	}
	return Refused
}

func blocked(_ Blocked, ok bool) bool { return ok }

// refuses returns why a version is granted to nobody; empty if it may be.
func (in *Input) refuses(r Rollouts, p ident.Product, v ident.Version) Code {
	switch {
	case v.IsZero():
		return Unoffered
	case !in.Catalog.published(p, v):
		return Unpublished
	case blocked(in.Fleet.blocked(p, v)):
		return Blocking
	case r.barred(p, v):
		return TakenBack
	}
	return ""
}

// served reports whether a pin finds the shared parts that it needs. Who runs
// nothing yet needs them granted only, as everybody who comes new.
func (r Rollouts) served(needs map[ident.Component]ident.Version, runs, pin ident.Version) bool {
	if runs == pin || r.serves(needs, true) {
		return true
	}
	for c, v := range needs {
		if part, used := r.Shared[c]; used && before(part.At, v) {
			return false
		}
	}
	return runs.IsZero()
}

// serves reports whether the shared parts that a version needs are proven at
// the version it needs. With unused, a part that nobody uses yet serves too:
// it comes in the same commit, a wave earlier.
func (r Rollouts) serves(needs map[ident.Component]ident.Version, unused bool) bool {
	for c, v := range needs {
		part, used := r.Shared[c]
		if !(unused && !used) && (part.Good.IsZero() || before(part.Good, v)) {
			return false
		}
	}
	return true
}
