package rollout_test

import (
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/google/go-cmp/cmp"
)

// The rules of this file are the order as the world sees it: written apart
// from the engine, from the truth about tenants and not from what was observed.

func less(a, b ident.Version) bool { return ident.CompareVersions(a.String(), b.String()) < 0 }

func (w *world) edgeUp(p ident.Product, a, b ident.Version) bool {
	e, ok := w.catalog[p][b]
	return ok && less(a, b) && (e.UpgradesFrom == nil || slices.Contains(e.UpgradesFrom, a))
}

func (w *world) edgeDown(p ident.Product, a, b ident.Version) bool {
	e, known := w.catalog[p][a]
	return less(b, a) && (!known || e.DowngradesTo == nil || slices.Contains(e.DowngradesTo, b))
}

func isBlocked(f Fleet, p ident.Product, x ident.Version) bool {
	return slices.ContainsFunc(f.Blocked, func(b Blocked) bool { return b.Product == p && b.Version == x })
}

func isFailed(r Rollouts, p ident.Product, x ident.Version) bool {
	return slices.ContainsFunc(r.Failed, func(f Failed) bool { return f.Product == p && f.Version == x && !f.Lifted })
}

var byValue = cmp.Options{cmp.Comparer(func(a, b ident.Version) bool { return a == b }), cmp.Comparer(func(a, b ident.Ring) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Product) bool { return a == b }), cmp.Comparer(func(a, b ident.Tenant) bool { return a == b }),
	cmp.Comparer(func(a, b ident.Component) bool { return a == b })}

// checkForm checks that rollouts are what their file says.
func (w *world) checkForm(r Rollouts) {
	data := r.Encode()
	again, err := Decode(data)
	if err != nil {
		w.t.Fatalf("Decode(Encode(r)) = %v\n%s", err, data)
	}
	if d := cmp.Diff(r, again, byValue, cmp.Comparer(slices.Equal[[]ident.Version])); d != "" {
		w.t.Fatalf("Decode(Encode(r)) (-want +got):\n%s", d)
	}
}

// checkSettle: nobody moves forward but by a pin, down only by going back, and
// a settled state settles to itself.
func (w *world) checkSettle(settled Rollouts) {
	w.checkForm(settled)
	for _, t := range w.tenants {
		for p, h := range t.holds {
			key := Key{t.ring, p}
			a, b := h.ran, settled.Version(key, t.id, PlaceOf(t.id), h.pin)
			lane := settled.Lanes[key]
			switch {
			case a == b || a.IsZero():
			case b == h.pin && (w.edgeUp(p, a, b) || w.edgeDown(p, a, b)) && !isBlocked(w.fleet, p, b):
			case w.edgeDown(p, a, b) && w.goesBack(settled, t, p, a) && slices.ContainsFunc(lane.At, func(s Segment) bool { return s.Version == b }):
			default:
				w.t.Fatalf("settle moved tenant %s of %s from %q to %q\nlane before %+v\nafter %+v", t.id, key, a, b, w.rollouts.Lanes[Key{t.was, p}], lane)
			}
		}
	}
	w.checkGoodKept(settled)
	then := w.input()
	var all []Tenant
	back := false // a pinned tenant went back, and may go on to his pin with the next commit
	for _, t := range w.tenants {
		x := Tenant{ID: t.id, Ring: slices.IndexFunc(w.fleet.Rings, func(g Ring) bool { return g.Name == t.ring }), Was: t.ring, Place: PlaceOf(t.id), Products: map[ident.Product]Holding{}}
		for p, h := range t.holds {
			runs := settled.Version(Key{t.ring, p}, t.id, x.Place, h.pin)
			back = back || !h.pin.IsZero() && runs != h.pin && runs != h.ran
			x.Products[p] = Holding{Active: h.active, Pin: h.pin, Ran: runs, Accepts: func(v ident.Version) bool { return !h.refuses[v] }}
		}
		all = append(all, x)
	}
	then.Census = NewCensus(all)
	if again := Settle(then, settled); !back && string(again.Encode()) != string(settled.Encode()) {
		w.t.Fatalf("settle(settle(x)) is not settle(x):\nfrom\n%s\nonce\n%s\ntwice\n%s", w.rollouts.Encode(), settled.Encode(), again.Encode())
	}
}

// goesBack reports whether people or the engine took a version from a tenant's ring.
func (w *world) goesBack(r Rollouts, t *resident, p ident.Product, x ident.Version) bool {
	for _, g := range w.fleet.Rings {
		if g.Name == t.ring && (isFailed(r, p, x) || isFailed(w.rollouts, p, x) || less(g.Versions[p], x)) {
			return true
		}
	}
	lane := w.rollouts.Lanes[Key{t.ring, p}] // with a later one that goes back
	if len(lane.At) > 0 && w.goesBackHead(r, t, p, lane) {
		return true
	}
	// A straggler ahead, whose version is left everywhere.
	return !slices.ContainsFunc(w.fleet.Rings, func(g Ring) bool {
		return g.Versions[p] == x || slices.ContainsFunc(r.Lanes[Key{g.Name, p}].At, func(s Segment) bool { return s.Version == x })
	})
}

func (w *world) goesBackHead(r Rollouts, t *resident, p ident.Product, lane Lane) bool {
	return slices.ContainsFunc(lane.At, func(s Segment) bool {
		return isFailed(r, p, s.Version) || slices.ContainsFunc(w.fleet.Rings, func(g Ring) bool { return g.Name == t.ring && less(g.Versions[p], s.Version) })
	})
}

// checkGoodKept: settling takes a good version away only from a ring that went
// back before it, or when neither this nor a later ring runs anything as old.
func (w *world) checkGoodKept(settled Rollouts) {
	for key, old := range w.rollouts.Lanes {
		lane, ok := settled.Lanes[key]
		if !ok {
			continue
		}
		if !old.Since.Equal(lane.Since) && len(old.At) == len(lane.At) && old.At[0] == lane.At[0] {
			w.t.Fatalf("settle began the proof of %v again", key)
		}
		for _, g := range old.Good {
			if slices.Contains(lane.Good, g) || less(lane.At[0].Version, g) {
				continue
			}
			i := slices.IndexFunc(w.fleet.Rings, func(r Ring) bool { return r.Name == key.Ring })
			for _, t := range w.tenants {
				j := slices.IndexFunc(w.fleet.Rings, func(r Ring) bool { return r.Name == t.ring })
				if x := settled.Version(Key{t.ring, key.Product}, t.id, PlaceOf(t.id), v("")); j >= i && t.holds[key.Product] != nil && !x.IsZero() && !less(g, x) {
					w.t.Fatalf("settle closed the gate of %q in %v, which tenant %s at %q needs", g, key, t.id, x)
				}
			}
		}
	}
}

func (w *world) checkAdvance(settled Rollouts, res Result, seen look) {
	w.checkForm(res.Rollouts)
	back := map[ident.Product]ident.Version{}
	for _, m := range res.Moves {
		if m.What == Back {
			back[m.Product] = m.Version
			w.checkBack(settled, res.Rollouts, m, seen)
		}
		if !seen.Seen && !w.promoted[m.Ring] && m.What != Agreed {
			w.t.Fatalf("moved on silence: %+v", m)
		}
	}
	for _, r := range res.Reasons {
		if r.Code.Lift() == "" {
			w.t.Fatalf("reason %+v has no act that lifts it", r)
		}
	}
	for _, t := range w.tenants {
		for p, h := range t.holds {
			key := Key{t.ring, p}
			a, b := settled.Version(key, t.id, PlaceOf(t.id), h.pin), res.Rollouts.Version(key, t.id, PlaceOf(t.id), h.pin)
			_, isBack := back[p]
			switch {
			case a == b:
			case !isBack && w.edgeUp(p, a, b) && h.pin.IsZero() && h.active && !h.refuses[b]:
			case isBack && w.edgeDown(p, a, b):
			default:
				w.t.Fatalf("advance moved tenant %s of %v from %q to %q (back %v, %+v)\nbefore %+v\nafter %+v\n%+v", t.id, key, a, b, isBack, *h, settled.Lanes[key], res.Rollouts.Lanes[key], w.catalog[p])
			}
			if !isBack && a != b {
				w.checkGates(key, b)
			}
		}
	}
	for i := range w.fleet.Rings {
		for p := range w.catalog {
			key := Key{w.fleet.Rings[i].Name, p}
			if l, ok := settled.Lanes[key]; ok {
				if _, isBack := back[p]; !isBack {
					w.checkLane(i, key, l, res.Rollouts, seen)
				}
			}
		}
	}
}

// checkGates: what no evidence and no word passes.
func (w *world) checkGates(key Key, x ident.Version) {
	expedited := slices.ContainsFunc(w.fleet.Expedite, func(e Expedite) bool { return e.Product == key.Product && e.Version == x && w.now.Before(e.Until) })
	switch {
	case w.paused[key.Ring]:
		w.t.Fatalf("%v was granted %q in a pause", key, x)
	case isBlocked(w.fleet, key.Product, x):
		w.t.Fatalf("%v was granted %q, which is blocked", key, x)
	case isFailed(w.rollouts, key.Product, x):
		w.t.Fatalf("%v was granted %q, which was taken back", key, x)
	case slices.ContainsFunc(w.fleet.Holds, func(h Hold) bool {
		return h.Ring == key.Ring && h.Product == key.Product && h.Version != x && (h.Until.IsZero() || w.now.Before(h.Until))
	}):
		w.t.Fatalf("%v was granted %q, which is held", key, x)
	case !expedited && slices.ContainsFunc(w.fleet.Freezes, func(z Freeze) bool { return !w.now.Before(z.From) && w.now.Before(z.To) }):
		w.t.Fatalf("%v was granted %q in a freeze", key, x)
	}
}

// checkLane: what was granted had all its proofs, and no passed gate was closed.
func (w *world) checkLane(i int, key Key, was Lane, r Rollouts, seen look) {
	g, p, is := &w.fleet.Rings[i], key.Product, r.Lanes[key]
	idle := !slices.ContainsFunc(slices.Collect(maps.Values(w.tenants)), func(t *resident) bool {
		h := t.holds[p]
		return t.ring == key.Ring && h != nil && h.active && h.pin.IsZero() && uint64(PlaceOf(t.id)) < was.At[0].To && !apart(was, t.id)
	})
	for _, x := range was.Good {
		if !slices.Contains(is.Good, x) {
			w.t.Fatalf("advance closed the gate of %q in %v", x, key)
		}
	}
	head := was.At[0]
	for _, x := range is.Good {
		if slices.Contains(was.Good, x) {
			continue
		}
		if w.paused[key.Ring] {
			w.t.Fatalf("%q passed in %v in a pause", x, key)
		}
		if len(was.At) != 1 || head.Version != x {
			w.t.Fatalf("%q is good in %v, which runs %v", x, key, was.At)
		}
		w.checkProof(proof{key, g, was, g.Soak, true, idle}, seen)
		if expedited := slices.ContainsFunc(w.fleet.Expedite, func(e Expedite) bool { return e.Product == p && e.Version == x && w.now.Before(e.Until) }); g.Approval && !expedited && !w.promoted[key.Ring] && w.approved[key] != x && was.Approved != x {
			w.t.Fatalf("%q is good in %v without approval", x, key)
		}
	}
	if to := is.At[0]; to != head {
		w.checkGrant(i, key, was, r, idle, seen)
	}
}

// movesBack tells whether somebody below the frontier would come to another version
// with a grant. Where nobody does, a frontier may go to an earlier stop that
// those behind it need.
func (w *world) movesBack(key Key, was Lane, to ident.Version) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(w.tenants)), func(t *resident) bool {
		h := t.holds[key.Product]
		return t.ring == key.Ring && h != nil && h.active && h.pin.IsZero() && !h.refuses[to] &&
			uint64(PlaceOf(t.id)) < was.At[0].To && !apart(was, t.id)
	})
}

func (w *world) checkGrant(i int, key Key, was Lane, r Rollouts, idle bool, seen look) {
	g, p, is := &w.fleet.Rings[i], key.Product, r.Lanes[key]
	head, to := was.At[0], is.At[0]
	w.checkGates(key, to.Version)
	if to.Version == head.Version && to.To < head.To || less(to.Version, head.Version) && w.movesBack(key, was, to.Version) {
		w.t.Fatalf("the frontier of %v went back from %v to %v", key, was.At, is.At)
	}
	for c, need := range w.catalog[p][to.Version].Needs {
		if r.Shared[c].Good.IsZero() || less(r.Shared[c].Good, need) {
			w.t.Fatalf("%v was granted %q before %s %q was proven", key, to.Version, c, need)
		}
	}
	for j := i - 1; j >= 0 && !w.promoted[key.Ring]; j-- {
		k := Key{w.fleet.Rings[j].Name, p}
		if w.fleet.Rings[j].Versions[p].IsZero() && r.Lanes[k].At == nil {
			continue
		}
		if !slices.Contains(r.Lanes[k].Good, to.Version) {
			w.t.Fatalf("%v was granted %q, which is not good in %v before it: %v", key, to.Version, k, r.Lanes[k])
		}
		break
	}
	if to.Version != head.Version {
		last := ident.Version{}
		if n := len(is.Good); n > 0 {
			last = is.Good[n-1]
		}
		if !w.promoted[key.Ring] && !(idle && len(was.At) == 1) && last != head.Version && (last.IsZero() || !w.edgeUp(p, last, to.Version)) {
			w.t.Fatalf("%v left its stop %q for %q before it was good: %v", key, head.Version, to.Version, is.Good)
		}
		return
	}
	soak := time.Duration(0)
	ended := false
	for _, percent := range g.Steps { // a step's end is the least slice's end at or beyond it
		if edge := uint64(percent) * End / 100; edge <= head.To && head.To-edge < End/65536 {
			ended, soak = true, g.StepSoak
		}
	}
	w.checkProof(proof{key, g, was, soak, ended, idle}, seen)
}

type proof struct {
	key     Key
	ring    *Ring
	lane    Lane
	soak    time.Duration
	metrics bool
	idle    bool
}

// checkProof: the head was proven on all that was granted, when it was looked at.
func (w *world) checkProof(p proof, seen look) {
	x, head := seen.truth[p.key], p.lane.At[0]
	if w.promoted[p.key.Ring] || p.idle {
		return
	}
	proven, unproven, _ := w.count(p.key, p.lane, x)
	budget := p.lane.Sick + p.ring.Tolerate.Tenants + (proven+unproven)*p.ring.Tolerate.Percent/100
	left := false // who proved it when it was looked at counts, though he may have left since
	for id, version := range x.well {
		left = left || version == head.Version && uint64(PlaceOf(id)) < head.To
	}
	if unproven > budget || proven == 0 && !left {
		w.t.Fatalf("%v went on without a proof of %v: %d proven, %d not, budget %d", p.key, head, proven, unproven, budget)
	}
	expedited := slices.ContainsFunc(w.fleet.Expedite, func(e Expedite) bool {
		return e.Product == p.key.Product && e.Version == head.Version && w.now.Before(e.Until)
	})
	if since := w.grants[p.key].argo; !expedited && !since.IsZero() && seen.argo.Sub(since) < p.soak {
		w.t.Fatalf("%v went on %v after its grant, want a soak of %v", p.key, seen.argo.Sub(since), p.soak)
	}
	if !p.metrics {
		return
	}
	for _, gate := range p.ring.Gates {
		if (gate.Product.IsZero() || gate.Product == p.key.Product) && x.metric[gate.Name] != Proven {
			w.t.Fatalf("%v went on past the metric %q", p.key, gate.Name)
		}
	}
}

// count counts the tenants that the head of a lane was granted to, by the truth.
func (w *world) count(key Key, lane Lane, x truth) (proven, unproven, degraded int) {
	head := lane.At[0]
	for _, t := range w.tenants {
		h := t.holds[key.Product]
		if h == nil || t.ring != key.Ring || !h.active || !h.pin.IsZero() || uint64(PlaceOf(t.id)) >= head.To || apart(lane, t.id) {
			continue
		}
		switch {
		case x.well[t.id] == head.Version:
			proven++
		case !h.fresh && (!x.well[t.id].IsZero() || !x.ill[t.id].IsZero()): // who came after the look is no part of it
			unproven++
			if x.ill[t.id] == head.Version {
				degraded++
			}
		}
	}
	return proven, unproven, degraded
}

// checkBack: an automatic rollback is asked for, is for what was seen, happens
// once, and reaches every tenant that was moved.
func (w *world) checkBack(settled, r Rollouts, m Move, seen look) {
	i := slices.IndexFunc(w.fleet.Rings, func(g Ring) bool { return g.Name == m.Ring })
	lane := settled.Lanes[m.Key]
	_, _, degraded := w.count(m.Key, lane, seen.truth[m.Key])
	switch {
	case !w.fleet.Rings[i].Rollback:
		w.t.Fatalf("%v went back although it shall halt", m.Key)
	case slices.ContainsFunc(settled.Failed, func(f Failed) bool { return f.Product == m.Product && f.Version == m.Version }):
		w.t.Fatalf("%q of %v went back twice", m.Version, m.Key)
	case slices.Contains(lane.Good, m.Version):
		w.t.Fatalf("%q of %v went back after it passed", m.Version, m.Key)
	case degraded <= lane.Sick:
		w.t.Fatalf("%v went back without more Degraded tenants than before: %d, %d sick", m.Key, degraded, lane.Sick)
	}
	for _, t := range w.tenants {
		h := t.holds[m.Product]
		if h == nil || !h.pin.IsZero() {
			continue
		}
		key := Key{t.ring, m.Product}
		if r.Version(key, t.id, PlaceOf(t.id), h.pin) != m.Version {
			continue
		}
		for _, g := range settled.Lanes[key].Good {
			if less(g, m.Version) && !isFailed(r, m.Product, g) && !isBlocked(w.fleet, m.Product, g) && w.reach(settled.Lanes[key], m.Product, g) {
				w.t.Fatalf("the rollback of %q does not reach tenant %s of %v, which may go to %q", m.Version, t.id, key, g)
			}
		}
	}
}

// reach reports whether all that a lane runs may go back to a version.
func (w *world) reach(l Lane, p ident.Product, to ident.Version) bool {
	_, published := w.catalog[p][to]
	return published && !slices.ContainsFunc(l.At, func(s Segment) bool { return s.Version != to && !w.edgeDown(p, s.Version, to) })
}
