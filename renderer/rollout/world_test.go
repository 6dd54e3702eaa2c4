package rollout_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
	"pgregory.net/rapid"
)

var (
	swg, dsa = product("swg"), product("dsa")
	store    = ident.Must[ident.ComponentKind]("policy-store")
	start    = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC) // a Monday
)

func product(s string) ident.Product { return ident.Must[ident.ProductKind](s) }
func ring(s string) ident.Ring       { return ident.Must[ident.RingKind](s) }
func id(n int) ident.Tenant          { return ident.Must[ident.TenantKind](fmt.Sprint(1000000 + n)) }

func v(s string) ident.Version {
	if s == "" {
		return ident.Version{}
	}
	return ident.Must[ident.VersionKind](s)
}

func vs(all ...string) []ident.Version {
	out := []ident.Version{}
	for _, s := range all {
		out = append(out, v(s))
	}
	return out
}

// ref is a version of a product.
type ref struct {
	product ident.Product
	version ident.Version
}

// world is a fleet that is simulated: people, tenants, a leader, and an Argo
// CD with a clock of its own, whose looks may be late, lost or stale. Every
// commit is checked against the order, by rules of the world's own.
type world struct {
	t        rapid.TB
	fleet    Fleet
	catalog  Catalog
	tenants  map[ident.Tenant]*resident
	rollouts Rollouts
	now      time.Time // the leader's clock
	argo     time.Time // Argo CD's clock
	pace     time.Duration
	seq      int // commits

	bad      map[ref]bool             // versions whose workloads are Degraded
	partBad  map[ident.Component]bool // shared parts that are Degraded
	metric   map[string]Verdict
	away     bool                  // no observer
	stale    bool                  // the last look again
	hung     bool                  // the fleet is not synced: slices ask for what they did
	lost     map[Key]bool          // lanes without a look
	dark     map[ident.Tenant]bool // of a dead shard: neither synced nor seen
	flapping map[ident.Tenant]bool // shown as Unknown this time
	approved map[Key]ident.Version
	promoted map[ident.Ring]bool // for one tick
	paused   map[ident.Ring]bool

	ill     map[Key]time.Time
	last    look
	grants  map[Key]grant
	parts   map[ident.Component]ident.Version // live versions of shared parts
	asked   map[Key]Lane                      // what the slices ask for
	edited  bool                              // other hands than the engine's wrote the rollouts, and the slices have not followed yet
	moves   []Move
	reasons []Reason
}

type resident struct {
	id        ident.Tenant
	ring, was ident.Ring
	holds     map[ident.Product]*hold
}

type hold struct {
	active     bool
	pin        ident.Version
	refuses    map[ident.Version]bool
	ran        ident.Version   // in the tree
	live       ident.Version   // in the cluster
	since      []ident.Version // what he was to run since he runs that
	reconciled time.Time
	fresh      bool // runs what it was given when it was new: no grant moved it
	sick       bool // whatever the version
}

type grant struct {
	seq  int
	argo time.Time
}

// look is an observation with the truth at its time.
type look struct {
	Observation
	argo  time.Time
	seq   int
	truth map[Key]truth
}

// truth is what a lane's tenants really ran.
type truth struct {
	head   Segment
	well   map[ident.Tenant]ident.Version // Healthy at it
	ill    map[ident.Tenant]ident.Version // Degraded at it
	metric map[string]Verdict
}

func newWorld(t rapid.TB, rings ...string) *world {
	w := &world{t: t, catalog: Catalog{}, tenants: map[ident.Tenant]*resident{}, now: start, argo: start.Add(-time.Hour), pace: 30 * time.Second,
		bad: map[ref]bool{}, partBad: map[ident.Component]bool{}, metric: map[string]Verdict{}, lost: map[Key]bool{}, dark: map[ident.Tenant]bool{}, flapping: map[ident.Tenant]bool{},
		approved: map[Key]ident.Version{}, promoted: map[ident.Ring]bool{}, paused: map[ident.Ring]bool{}, grants: map[Key]grant{}, parts: map[ident.Component]ident.Version{}, asked: map[Key]Lane{}}
	for _, name := range rings {
		w.fleet.Rings = append(w.fleet.Rings, Ring{Name: ring(name), Versions: map[ident.Product]ident.Version{}})
	}
	return w
}

// ring returns a ring of the fleet, to be edited.
func (w *world) ring(name string) *Ring {
	for i := range w.fleet.Rings {
		if w.fleet.Rings[i].Name == ring(name) {
			return &w.fleet.Rings[i]
		}
	}
	w.t.Fatalf("no ring %q", name)
	return nil
}

func (w *world) publish(p ident.Product, versions ...string) {
	if w.catalog[p] == nil {
		w.catalog[p] = map[ident.Version]Edges{}
	}
	for _, s := range versions {
		w.catalog[p][v(s)] = Edges{}
	}
}

// want asks all rings, or those named, for a version.
func (w *world) want(p ident.Product, version string, rings ...string) {
	for i := range w.fleet.Rings {
		if len(rings) == 0 || slices.Contains(rings, w.fleet.Rings[i].Name.String()) {
			w.fleet.Rings[i].Versions = maps.Clone(w.fleet.Rings[i].Versions)
			w.fleet.Rings[i].Versions[p] = v(version)
		}
	}
}

// onboard adds tenants from..to-1 with products to a ring.
func (w *world) onboard(name string, from, to int, products ...ident.Product) {
	for n := from; n < to; n++ {
		r := &resident{id: id(n), ring: ring(name), holds: map[ident.Product]*hold{}}
		for _, p := range products {
			r.holds[p] = &hold{active: true}
		}
		w.tenants[r.id] = r
	}
}

func (w *world) input() *Input {
	fleet := w.fleet
	fleet.Rings = slices.Clone(fleet.Rings)
	return &Input{Fleet: &fleet, Catalog: w.catalog, Census: NewCensus(w.residents())}
}

// residents are the tenants as the engine knows them.
func (w *world) residents() []Tenant {
	index := map[ident.Ring]int{}
	for i := range w.fleet.Rings {
		index[w.fleet.Rings[i].Name] = i
	}
	var all []Tenant
	for _, r := range w.tenants {
		i, ok := index[r.ring]
		if !ok { // the last ring takes the rest
			i = len(w.fleet.Rings) - 1
			r.ring = w.fleet.Rings[i].Name
		}
		t := Tenant{ID: r.id, Ring: i, Was: r.was, Place: PlaceOf(r.id), Products: map[ident.Product]Holding{}}
		for p, h := range r.holds {
			t.Products[p] = Holding{Active: h.active, Pin: h.pin, Ran: h.ran, Accepts: func(v ident.Version) bool { return !h.refuses[v] }}
		}
		all = append(all, t)
	}
	return all
}

func (w *world) healthy(p ident.Product, h *hold) bool { return !h.sick && !w.bad[ref{p, h.live}] }

// observe is what the leader sees of the tree at head.
func (w *world) observe(in *Input) look {
	if w.stale && w.last.truth != nil {
		return w.again()
	}
	l := look{Observation{Seen: !w.away, Slices: map[Key][]Slice{}, Stragglers: map[Key]map[ident.Tenant]Verdict{}, Asked: map[Key]map[ident.Tenant]ident.Version{}, Shared: map[ident.Component]Part{},
		Metrics: map[ident.Ring]map[string]Metric{}}, w.argo, w.seq, map[Key]truth{}}
	for c, version := range w.parts {
		l.Shared[c] = Part{version, Proven}
		if w.partBad[c] {
			l.Shared[c] = Part{version, Degraded}
		}
	}
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		l.Metrics[g.Name] = map[string]Metric{}
		for name, v := range w.metric {
			l.Metrics[g.Name][name] = Metric{Verdict: v}
		}
		for key := range w.rollouts.Lanes {
			if key.Ring == g.Name && !w.away {
				w.see(in, i, key, &l)
			}
		}
	}
	w.last = l
	return l
}

// again is the last look once more. One from before a grant can not be taken
// for one after it, even of the same version to the same places: the observer
// asks Argo CD to compare after each change of a lane, and waits until it did.
// What slices ask for stands in their specs, which are never old.
func (w *world) again() look {
	l := w.last
	l.Slices = maps.Clone(l.Slices)
	for key, x := range l.truth {
		lane := w.rollouts.Lanes[key]
		if len(lane.At) > 0 && w.grants[key].seq > l.seq && x.head.Version == lane.At[0].Version && x.head.To >= lane.At[0].To {
			delete(l.Slices, key)
		}
		for id := range l.Asked[key] {
			l.Asked[key][id] = granted(w.asked[key], id)
		}
	}
	return l
}

func (w *world) see(in *Input, i int, key Key, l *look) {
	p, lane := key.Product, w.rollouts.Lanes[key]
	l.Stragglers[key], l.Asked[key] = map[ident.Tenant]Verdict{}, map[ident.Tenant]ident.Version{}
	x := truth{lane.At[0], map[ident.Tenant]ident.Version{}, map[ident.Tenant]ident.Version{}, maps.Clone(w.metric)}
	for _, r := range w.tenants {
		h := r.holds[p]
		if h == nil || r.ring != key.Ring {
			continue
		}
		if at, ok := lane.Stragglers[r.id]; ok {
			if h.live == at && w.healthy(p, h) && !w.dark[r.id] && !w.flapping[r.id] {
				l.Stragglers[key][r.id] = Proven
			}
			l.Asked[key][r.id] = granted(w.asked[key], r.id)
			if at != granted(lane, r.id) {
				continue
			}
		}
		if !h.active || !h.pin.IsZero() {
			continue
		}
		if w.healthy(p, h) {
			x.well[r.id] = h.live
		} else {
			x.ill[r.id] = h.live
		}
	}
	l.truth[key] = x
	if w.lost[key] || !slices.Contains(in.Moving(w.rollouts), key) {
		return
	}
	l.Slices[key] = in.Tally(w.rollouts, i, p, func(t ident.Tenant) Status {
		r := w.tenants[t]
		h := r.holds[p]
		s := Status{Version: h.live, Fresh: h.fresh, Reconciled: h.reconciled, Sick: !w.healthy(p, h)}
		switch {
		case w.dark[t] || w.flapping[t]:
		case w.healthy(p, h):
			s.Verdict = Proven
		default:
			s.Verdict = Degraded
		}
		return s
	})
}

// tick is one turn of the leader, the commit, and what Argo CD makes of it.
func (w *world) tick() {
	in := w.input()
	seen := w.observe(in)
	settled := Settle(in, w.rollouts)
	w.checkSettle(settled)
	obs := seen.Observation
	obs.Approved, obs.Promoted, obs.Paused, obs.Ill = w.approved, w.promoted, w.paused, w.ill
	res := Advance(in, settled, obs, w.now)
	w.checkAdvance(settled, res, seen)
	w.seq++
	for _, m := range res.Moves {
		if m.What == Granted || m.What == Back {
			w.grants[m.Key] = grant{w.seq, w.argo}
		}
	}
	w.moves, w.reasons = append(w.moves, res.Moves...), res.Reasons
	w.ill, w.promoted = res.Ill, map[ident.Ring]bool{}
	w.commit(res.Rollouts)
	w.now, w.argo = w.now.Add(w.pace), w.argo.Add(w.pace)
	w.sync()
}

// commit makes rollouts the tree's.
func (w *world) commit(r Rollouts) {
	for key, lane := range r.Lanes {
		if !slices.Equal(lane.At, w.rollouts.Lanes[key].At) { // going back in settle is no move, and looks end at it too
			g := w.grants[key]
			g.seq = w.seq
			w.grants[key] = g
		}
	}
	w.rollouts = r
	for _, t := range w.tenants {
		t.was = t.ring
		for p, h := range t.holds {
			if is := r.Version(Key{t.ring, p}, t.id, PlaceOf(t.id), h.pin); is != h.ran {
				h.fresh, h.ran, h.since = h.ran.IsZero(), is, append(h.since, is)
			}
		}
	}
}

// granted is what a tenant's place is granted.
func granted(l Lane, t ident.Tenant) ident.Version {
	return Lane{At: l.At}.Version(t, PlaceOf(t), v(""))
}

// apart reports whether a tenant keeps another version.
func apart(l Lane, t ident.Tenant) bool {
	s := l.Stragglers[t]
	return !s.IsZero() && s != granted(l, t)
}

// sync is what Argo CD makes of a commit. It reads the members of a slice from
// Git and what the slice asks for from its Application, which the fleet's
// operation writes after that: who has no version of his own runs what his
// slice asks for until then.
func (w *world) sync() {
	w.told()
	if !w.hung {
		w.asked = maps.Clone(w.rollouts.Lanes)
		w.told()
		w.edited = false
	}
	for c, part := range w.rollouts.Shared {
		w.parts[c] = part.At
	}
}

// told has tenants run what their slices tell them.
func (w *world) told() {
	for _, t := range w.tenants {
		for p, h := range t.holds {
			key := Key{t.ring, p}
			asks := granted(w.asked[key], t.id)
			if _, own := w.rollouts.Lanes[key].Stragglers[t.id]; own || !h.pin.IsZero() {
				asks = h.ran
			}
			switch {
			case asks.IsZero() || w.dark[t.id]: // the plugin refuses a slice that asks for nothing
			case asks != h.live && !h.live.IsZero() && !w.edited && !slices.Contains(h.since, asks):
				w.t.Fatalf("commit %d: the slice has tenant %s run %s of %s, who runs %s and was to run %s since", w.seq, t.id, asks, p, h.live, h.since)
			default:
				if h.live, h.reconciled = asks, w.argo; asks == h.ran {
					h.since = nil
				}
			}
		}
	}
}

func (w *world) run(n int) {
	for range n {
		w.tick()
	}
}

// version returns what a tenant runs in the tree.
func (w *world) version(n int, p ident.Product) string { return w.tenants[id(n)].holds[p].ran.String() }

// lane returns a lane as text: the segments, newest first.
func (w *world) lane(name string, p ident.Product) string {
	l, s := w.rollouts.Lanes[Key{ring(name), p}], ""
	for i, seg := range l.At {
		if i > 0 {
			s += " "
		}
		s += seg.Version.String()
		if seg.To < End {
			s += fmt.Sprintf("<%d%%", seg.To*100/End)
		}
	}
	return s
}

func (w *world) good(name string, p ident.Product) string {
	return fmt.Sprint(w.rollouts.Lanes[Key{ring(name), p}].Good)
}

// why returns the codes of a lane's reasons.
func (w *world) why(name string, p ident.Product) []Code {
	var all []Code
	for _, r := range w.reasons {
		if r.Key == (Key{ring(name), p}) {
			all = append(all, r.Code)
		}
	}
	return all
}
