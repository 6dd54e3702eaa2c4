package rollout_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	. "github.com/gatorcloud/sluice/renderer/rollout"
	"pgregory.net/rapid"
)

// history draws what happens to a world.
type history struct {
	*rapid.T
	*world
	next  int // of tenants
	rings int // names given
	old   []Rollouts
}

func (h *history) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(h.T, "chance") < percent
}

func pick[T any](h *history, from []T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(h.T, "pick")]
}

var versions = []string{"200", "201", "202", "203", "204", "205"}

func (h *history) anyRing() *Ring {
	return &h.fleet.Rings[rapid.IntRange(0, len(h.fleet.Rings)-1).Draw(h.T, "ring")]
}

func (h *history) anyProduct() ident.Product { return pick(h, []ident.Product{swg, dsa}) }

func (h *history) anyKey() Key { return Key{h.anyRing().Name, h.anyProduct()} }

func (h *history) anyTenant() *resident {
	ids := slices.SortedFunc(maps.Keys(h.tenants), ident.Tenant.Compare)
	if len(ids) == 0 {
		return &resident{holds: map[ident.Product]*hold{}}
	}
	return h.tenants[pick(h, ids)]
}

func (h *history) anyHold() *hold {
	if x := h.anyTenant().holds[h.anyProduct()]; x != nil {
		return x
	}
	return &hold{}
}

func (h *history) edges() Edges {
	list := func() []ident.Version {
		if h.chance(65) {
			return nil
		}
		return vs(rapid.SliceOfNDistinct(rapid.SampledFrom(versions), 1, 4, rapid.ID).Draw(h.T, "edges")...)
	}
	e := Edges{UpgradesFrom: list(), DowngradesTo: list()}
	if h.chance(25) {
		e.Needs = map[ident.Component]ident.Version{store: v(pick(h, []string{"5", "6", "7"}))}
	}
	return e
}

func newHistory(t *rapid.T) *history {
	h := &history{T: t, world: newWorld(t, "canary", "early", "main"), next: 0}
	for _, p := range []ident.Product{swg, dsa} {
		h.publish(p)
		for _, s := range versions {
			h.catalog[p][v(s)] = h.edges()
		}
		h.want(p, "200")
	}
	for i := range h.fleet.Rings {
		h.gates(&h.fleet.Rings[i])
		h.newcomers(h.fleet.Rings[i].Name, rapid.IntRange(0, 12).Draw(t, "tenants"))
	}
	return h
}

func (h *history) newcomers(r ident.Ring, n int) {
	products := []ident.Product{swg, dsa}
	if h.chance(30) {
		products = products[:1]
	}
	h.onboard(r.String(), h.next, h.next+n, products...)
	h.next += n
}

func (h *history) gates(g *Ring) {
	g.Soak = pick(h, []time.Duration{0, 0, 2 * time.Minute})
	g.Approval = h.chance(30)
	g.Rollback = h.chance(50)
	g.Steps = pick(h, [][]int{nil, nil, {25}, {10, 50}})
	g.StepSoak = pick(h, []time.Duration{0, time.Minute})
	g.Parallel = rapid.IntRange(0, 4).Draw(h.T, "parallel")
	g.Tolerate = pick(h, []Tolerance{{}, {}, {Tenants: 1}, {Percent: 20}})
	if g.Gates = nil; h.chance(15) {
		g.Gates = []Gate{{Name: "errors", For: pick(h, []time.Duration{0, time.Minute})}}
	}
}

// events are what may happen between two turns; "" is nothing but time.
func (h *history) event() {
	events := map[string]func(){
		"want":      func() { h.want(h.anyProduct(), pick(h, versions)) },
		"wantRing":  func() { h.want(h.anyProduct(), pick(h, versions), h.anyRing().Name.String()) },
		"unwant":    func() { h.want(dsa, "", h.anyRing().Name.String()) },
		"onboard":   func() { h.newcomers(h.anyRing().Name, 1) },
		"offboard":  func() { delete(h.tenants, h.anyTenant().id) },
		"buy":       func() { h.anyTenant().holds[dsa] = &hold{active: true} },
		"suspend":   func() { h.anyHold().active = false },
		"resume":    func() { h.anyHold().active = true },
		"move":      func() { h.anyTenant().ring = h.anyRing().Name },
		"rename":    func() { h.rename(h.anyRing()) },
		"insert":    h.insert,
		"remove":    h.remove,
		"swap":      h.swap,
		"gates":     func() { h.gates(h.anyRing()) },
		"batch":     func() { h.fleet.Batch = pick(h, []int{0, 1, 3}) },
		"publish":   func() { h.catalog[h.anyProduct()][v(pick(h, versions))] = h.edges() },
		"unpublish": func() { delete(h.catalog[h.anyProduct()], v(pick(h, versions))) },
		"pin":       func() { h.anyHold().pin = v(pick(h, versions)) },
		"unpin":     func() { h.anyHold().pin = v("") },
		"refuse":    func() { h.anyHold().refuses = map[ident.Version]bool{v(pick(h, versions)): true} },
		"accept":    func() { h.anyHold().refuses = nil },
		"block":     func() { h.fleet.Blocked = []Blocked{{Product: h.anyProduct(), Version: v(pick(h, versions))}} },
		"unblock":   func() { h.fleet.Blocked = nil },
		"hold": func() {
			k := h.anyKey()
			h.fleet.Holds = []Hold{{Ring: k.Ring, Product: k.Product, Version: v(pick(h, versions))}}
		},
		"unhold": func() { h.fleet.Holds = nil },
		"freeze": func() { h.fleet.Freezes = []Freeze{{From: h.now, To: h.now.Add(5 * time.Minute)}} },
		"expedite": func() {
			h.fleet.Expedite = []Expedite{{Product: h.anyProduct(), Version: v(pick(h, versions)), Until: h.now.Add(5 * time.Minute)}}
		},
		"break":   func() { h.bad[ref{h.anyProduct(), v(pick(h, versions))}] = true },
		"mend":    func() { clear(h.bad) },
		"sicken":  func() { h.anyHold().sick = true },
		"heal":    func() { h.anyHold().sick = false },
		"partBad": func() { h.partBad[store] = !h.partBad[store] },
		"approve": func() { k := h.anyKey(); h.approved[k] = v(pick(h, versions)) },
		"pause":   func() { h.paused[h.anyRing().Name] = true },
		"unpause": func() { clear(h.paused) },
		"promote": func() { h.promoted[h.anyRing().Name] = true },
		"metric":  func() { h.metric["errors"] = pick(h, []Verdict{Unknown, Degraded, Proven, Proven}) },
		"away":    func() { h.away = !h.away },
		"stale":   func() { h.stale = !h.stale },
		"hang":    func() { h.hung = !h.hung },
		"lose":    func() { h.lost = map[Key]bool{h.anyKey(): true} },
		"find":    func() { clear(h.lost) },
		"dark":    func() { h.dark[h.anyTenant().id] = true },
		"light":   func() { clear(h.dark) },
		"flap":    func() { h.flapping = map[ident.Tenant]bool{h.anyTenant().id: true} },
		"steady":  func() { clear(h.flapping) },
		"leader":  func() { h.ill = nil },
		"jump":    func() { h.now = h.now.Add(pick(h, []time.Duration{-time.Hour, time.Hour, 3 * time.Minute})) },
		"lift":    func() { h.lift() },
		"adopt":   func() { h.commit(Adopt(h.input())); clear(h.grants); h.edited = true },
		"revert":  func() { h.rollouts = pick(h, h.old); clear(h.grants); h.edited = true },
		"answer":  func() { h.answerLost() },
	}
	names := slices.Sorted(maps.Keys(events))
	if h.chance(45) {
		name := pick(h, names)
		events[name]()
		if slices.Contains([]string{"offboard", "suspend", "pin", "move", "remove", "adopt", "revert"}, name) {
			h.last = look{} // each look is at the tenants of its turn
		}
	} else if h.chance(20) {
		h.want(swg, pick(h, versions[2:]))
	}
}

func (h *history) rename(g *Ring) {
	h.rings++
	old, name := g.Name, ring(fmt.Sprintf("ring%d", h.rings))
	g.Name = name
	for _, t := range h.tenants {
		if t.ring == old {
			t.ring = name
		}
	}
}

func (h *history) insert() {
	if len(h.fleet.Rings) > 4 {
		return
	}
	h.rings++
	g := Ring{Name: ring(fmt.Sprintf("ring%d", h.rings)), Versions: h.anyRing().Versions}
	h.gates(&g)
	h.fleet.Rings = slices.Insert(h.fleet.Rings, rapid.IntRange(0, len(h.fleet.Rings)).Draw(h.T, "at"), g)
	for range rapid.IntRange(0, 3).Draw(h.T, "movers") {
		h.anyTenant().ring = g.Name
	}
}

func (h *history) remove() {
	if i := rapid.IntRange(0, len(h.fleet.Rings)-1).Draw(h.T, "gone"); len(h.fleet.Rings) > 1 {
		h.fleet.Rings = slices.Delete(h.fleet.Rings, i, i+1)
	}
}

func (h *history) swap() {
	if n := len(h.fleet.Rings); n > 1 {
		h.fleet.Rings[0], h.fleet.Rings[n-1] = h.fleet.Rings[n-1], h.fleet.Rings[0]
	}
}

func (h *history) lift() {
	h.rollouts.Failed = slices.Clone(h.rollouts.Failed)
	for i := range h.rollouts.Failed {
		h.rollouts.Failed[i].Lifted = true
	}
}

// answerLost lets a leader decide again what it decided: the push went
// through, its answer did not, and what is decided anew must be the same.
func (h *history) answerLost() {
	in := h.input()
	seen := h.observe(in)
	r := Settle(in, h.rollouts)
	a, b := Advance(in, r, seen.Observation, h.now), Advance(in, r, seen.Observation, h.now)
	if string(a.Rollouts.Encode()) != string(b.Rollouts.Encode()) {
		h.Fatalf("two advances of the same differ:\n%s\n%s", a.Rollouts.Encode(), b.Rollouts.Encode())
	}
}

// lifting does every act that lifts a reason.
func (h *history) lifting() {
	h.fleet.Blocked, h.fleet.Holds, h.fleet.Freezes = nil, nil, nil
	h.away, h.stale, h.hung, h.metric["errors"] = false, false, false, Proven
	clear(h.lost)
	clear(h.paused)
	clear(h.dark)
	clear(h.flapping)
	clear(h.bad)
	clear(h.partBad)
	h.lift()
	for _, t := range h.tenants {
		for _, x := range t.holds {
			x.active, x.sick, x.refuses, x.pin = true, false, nil, v("")
		}
	}
	for k, l := range h.rollouts.Lanes {
		for _, s := range l.At {
			if _, ok := h.catalog[k.Product][s.Version]; !ok {
				h.publish(k.Product, s.Version.String())
			}
		}
	}
	for _, p := range []ident.Product{swg, dsa} {
		h.catalog[p][v("300")] = Edges{Needs: map[ident.Component]ident.Version{store: v("8")}}
		h.want(p, "300")
	}
}

// Whatever happens, the order holds in every commit (the world checks it); and
// once all that stands in the way is lifted, every ring reaches what it wants.
func TestHistories(t *testing.T) {
	short.Skip(t, "plays hundreds of histories")
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t)
		for range rapid.IntRange(5, 60).Draw(t, "turns") {
			h.old = append(h.old, h.rollouts)
			h.event()
			h.tick()
		}
		h.lifting()
		for turn := 0; h.unfinished() != ""; turn++ {
			if turn > 600 {
				t.Fatalf("%s\n%+v\n%s", h.unfinished(), h.reasons, h.rollouts.Encode())
			}
			for k, l := range h.rollouts.Lanes {
				h.approved[k] = l.At[0].Version
				// A ring where nothing ever passed may stand at a stop that
				// its order can not judge: a person's word lifts that.
				h.promoted[k.Ring] = h.promoted[k.Ring] || turn > 200 && len(l.Good) == 0
			}
			h.tick()
		}
	})
}

// unfinished says what does not run the last version yet, or did not pass its gates.
func (h *history) unfinished() string {
	for _, r := range h.tenants {
		for p, x := range r.holds {
			if x.ran != v("300") {
				return fmt.Sprintf("tenant %s of %s runs %s %q", r.id, r.ring, p, x.ran)
			}
		}
	}
	for k, l := range h.rollouts.Lanes {
		if len(l.At) != 1 || !slices.Contains(l.Good, v("300")) {
			return fmt.Sprintf("lane %v did not arrive: %+v", k, l)
		}
	}
	return ""
}
