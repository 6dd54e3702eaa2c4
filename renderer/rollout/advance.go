package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// patience is how long more tenants than a ring bears must be Degraded before
// the rollout halts or goes back.
const patience = time.Minute

// Result is what an advance decided.
type Result struct {
	Rollouts Rollouts
	Moves    []Move
	// Reasons say why each lane that is not done stands where it is, and which
	// tenants it left behind; ordered by product, ring and code.
	Reasons []Reason
	// Ill is handed to the next advance of the same leader.
	Ill map[Key]time.Time
}

// Move is one thing that an advance did. Each is a line of the commit.
type Move struct {
	Key
	What      What
	Version   ident.Version
	To        uint64          // of a grant: the frontier
	Component ident.Component // of a shared part, whose version Version is
	Tenants   []ident.Tenant  // of stragglers and those that joined
	Reason    string          // of going back
}

// What says what kind of move a move is.
type What string

// Kinds of moves.
const (
	Granted  What = "granted"    // places below To may run Version
	Noted    What = "proven"     // Version was first proven on all that is granted
	Passed   What = "passed"     // the ring has Version behind it, gates and all
	Agreed   What = "approved"   // a person approved Version in the ring
	Back     What = "back"       // Version was taken back in every ring
	Raised   What = "raised"     // a shared part was granted
	Served   What = "served"     // a shared part was proven
	Followed What = "stragglers" // Tenants may run Version
	Joined   What = "joined"     // Tenants run Version as their slices ask, no more as their own
	Hurried  What = "expedited"  // a person lets Version pass soaks, approvals, hours and freezes
	Lifted   What = "lifted"     // a person lets Version be granted again after it failed
)

// Advance moves settled rollouts on: what the observation proves is noted, and
// for each lane the next grant is made if all that must precede it is proven.
// It moves a product's rings in order and reads no other product.
func Advance(in *Input, r Rollouts, o Observation, now time.Time) Result {
	t := &turn{in: in, obs: o, now: now, products: in.Products(r), out: r.clone(), ill: map[Key]time.Time{}}
	t.parts()
	for _, p := range t.products {
		t.product(p)
	}
	return Result{t.out, t.moves, t.reasons, t.ill}
}

// turn is one advance under way.
type turn struct {
	in       *Input
	obs      Observation
	now      time.Time
	products []ident.Product
	out      Rollouts
	moves    []Move
	reasons  []Reason
	ill      map[Key]time.Time
}

// parts notes which shared parts are proven at what they are granted.
func (t *turn) parts() {
	if !t.obs.Seen {
		return
	}
	for _, c := range slices.SortedFunc(maps.Keys(t.out.Shared), ident.Component.Compare) {
		part, seen := t.out.Shared[c], t.obs.Shared[c]
		if seen.Verdict == Proven && seen.Version == part.At && part.Good != part.At {
			part.Good = part.At
			t.out.Shared[c] = part
			t.moves = append(t.moves, Move{What: Served, Component: c, Version: part.At})
		}
	}
}

// product moves the rings of one product. Failure is judged in all of them
// before anything moves in one.
func (t *turn) product(p ident.Product) {
	looks, rest := make([]*look, len(t.in.Fleet.Rings)), make([]bool, len(t.in.Fleet.Rings))
	for i := range looks {
		g := &t.in.Fleet.Rings[i]
		lane, ok := t.out.Lanes[Key{g.Name, p}]
		if rest[i] = ok && lane.rests(g.Versions[p]); ok && !rest[i] {
			looks[i] = t.look(i, p, lane)
			if looks[i].long && t.takeBack(looks[i]) {
				return
			}
		}
	}
	for i, l := range looks {
		switch {
		case rest[i]:
		case l == nil:
			t.first(i, p)
		default:
			l.advance()
			t.out.Lanes[l.key] = l.Lane
			t.pins(l)
		}
	}
}

// first says why a ring was granted nothing yet, and raises the shared parts
// that the first version needs.
func (t *turn) first(ring int, p ident.Product) {
	g := &t.in.Fleet.Rings[ring]
	key, v := Key{g.Name, p}, g.Versions[p]
	members := t.in.Census.group(ring, p).members
	if v.IsZero() && len(members) == 0 {
		return
	}
	if code := t.in.refuses(t.out, p, v); code != "" {
		t.reason(Reason{Key: key, Code: code, Version: v})
	} else if t.window(g, key, v) {
		t.raise(key, v)
	}
}

// pins says which pins are not in force, and raises the shared parts they need.
func (t *turn) pins(l *look) {
	for _, m := range t.in.Census.group(l.ring, l.key.Product).pinned {
		runs, waits := l.Stragglers[m.ID]
		if !waits {
			continue
		}
		from := len(t.reasons)
		if code := t.in.unpinnable(l.key.Product, runs, m); code != "" {
			t.reason(Reason{Key: l.key, Code: code, Version: m.Pin})
		} else if t.window(l.Ring, l.key, m.Pin) {
			t.raise(l.key, m.Pin)
		}
		for i := range t.reasons[from:] {
			t.reasons[from+i].Tenants = []ident.Tenant{m.ID}
		}
	}
}

// takeBack is the automatic rollback: of a version once, never of one that the
// engine went back to (that one is good, and good versions are not judged),
// and not where tenants that did not move are as ill as those that did.
func (t *turn) takeBack(l *look) bool {
	p, v := l.key.Product, l.head().Version
	if !l.Ring.Rollback || t.out.failed(p, v) >= 0 || l.illAnyway() {
		return false
	}
	why := fmt.Sprintf("%d of %d tenants Degraded", l.degraded, l.expect)
	trial := t.out.clone()
	trial.Failed = append(trial.Failed, Failed{Product: p, Version: v, Ring: l.key.Ring, Reason: why})
	slices.SortFunc(trial.Failed, func(a, b Failed) int {
		return cmp.Or(a.Product.Compare(b.Product), compare(a.Version, b.Version))
	})
	if _, ok := t.in.wayBack(trial, l.Lane, p, l.Ring.Versions[p]); !ok {
		return false
	}
	t.in.recede(&trial, p)
	t.out = trial
	t.moves = append(t.moves, Move{Key: l.key, What: Back, Version: v, Reason: why})
	return true
}

// raise grants the shared parts that a version needs, and reports whether all
// of them are proven, be it by a person's word.
func (t *turn) raise(key Key, v ident.Version) bool {
	needs := t.in.Catalog[key.Product][v].Needs
	if t.out.serves(needs, false) {
		return true
	}
	if !t.obs.Seen && !t.obs.Promoted[key.Ring] {
		t.reason(Reason{Key: key, Code: NoObserver, Version: v})
		return false
	}
	waits := false
	for _, c := range slices.SortedFunc(maps.Keys(needs), ident.Component.Compare) {
		part := t.out.Shared[c]
		if before(part.At, needs[c]) {
			part.At = needs[c]
			t.moves = append(t.moves, Move{Key: key, What: Raised, Component: c, Version: part.At})
			waits = true
		} else if t.obs.Promoted[key.Ring] {
			part.Good = part.At
		}
		t.out.Shared[c] = part
		waits = waits || before(part.Good, needs[c])
	}
	if !waits {
		return true
	}
	t.reason(Reason{Key: key, Code: SharedPart, Version: v})
	return false
}

// window asks freezes and opening hours, which an expedited version passes.
func (t *turn) window(g *Ring, key Key, v ident.Version) bool {
	f := t.in.Fleet
	if f.expedited(key.Product, v, t.now) {
		return true
	}
	if z, frozen := f.frozen(t.now); frozen {
		t.reason(Reason{Key: key, Code: Frozen, Version: v, Detail: z.Reason, Until: z.To})
		return false
	}
	open, next := f.opens(g, t.now)
	if !open {
		t.reason(Reason{Key: key, Code: Hours, Version: v, Until: next})
	}
	return open
}

func (t *turn) reason(r Reason) { t.reasons = append(t.reasons, r) }
