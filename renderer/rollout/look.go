package rollout

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// look is a lane with what is seen of it.
type look struct {
	*turn
	*Ring
	Lane
	ring int
	key  Key
	want ident.Version
	word bool // a person promoted the ring

	expect   int // tenants that shall prove the head: movable, no stragglers
	refused  int // of the head's places, those whose parameters it refuses
	proven   int
	degraded int
	open     bool // the head is proven on all that is granted, but for the budget
	over     bool // more are Degraded than the budget bears
	long     bool // and have been for longer than patience
	oldest   time.Time
	newest   time.Time
}

// look weighs the evidence for the head of a lane. Who should be seen comes
// from the census: the budget bears tenants that are not proven, but none that
// nobody looked for, so no look from before a grant is taken for one after it.
func (t *turn) look(ring int, p ident.Product, lane Lane) *look {
	g := &t.in.Fleet.Rings[ring]
	l := &look{turn: t, Ring: g, Lane: lane, ring: ring, key: Key{g.Name, p}, want: g.Versions[p], word: t.obs.Promoted[g.Name]}
	head := lane.head()
	l.expect = t.in.Census.group(ring, p).below(head.To)
	for id := range lane.Stragglers {
		m, ok := t.in.Census.member(id, p)
		if !ok || !m.movable() || uint64(m.Place) >= head.To || !lane.apart(id, m.Place) {
			continue
		}
		l.expect--
		if !m.accepts(head.Version) {
			l.refused++
		}
	}
	looked, excused := 0, 0
	for _, s := range t.obs.Slices[l.key] {
		if s.To > head.To || s.Version != head.Version {
			continue
		}
		looked, excused = looked+s.Looked, excused+s.Excused
		l.proven, l.degraded = l.proven+s.Proven, l.degraded+s.Degraded
		if s.Proven > 0 && (l.oldest.IsZero() || s.Oldest.Before(l.oldest)) {
			l.oldest = s.Oldest
		}
		if s.Newest.After(l.newest) {
			l.newest = s.Newest
		}
	}
	budget := lane.Sick + g.Tolerate.of(l.expect+l.refused)
	l.open = t.obs.Seen && looked >= l.expect && looked+l.refused-l.proven-excused <= budget && (l.proven > 0 || l.idle())
	l.judge(budget)
	return l
}

// idle reports whether there is nobody to prove the head on.
func (l *look) idle() bool { return l.expect+l.refused == 0 }

// judge says whether the head fails. One that passed its gates is not judged
// any more: what befalls a ring later is no rollout's fault.
func (l *look) judge(budget int) {
	l.over = l.degraded > budget && !l.good(l.head().Version)
	if !l.over {
		return
	}
	since := l.obs.Ill[l.key]
	if since.IsZero() || since.After(l.now) {
		since = l.now
	}
	l.turn.ill[l.key] = since
	l.long = l.now.Sub(since) >= patience
}

// illAnyway reports whether tenants that the head was not granted to are as
// ill as those that it was: then it is not the version.
func (l *look) illAnyway() bool {
	ill, all := 0, l.in.Census.group(l.ring, l.key.Product).below(End)-l.expect
	for _, s := range l.obs.Slices[l.key] {
		if s.To > l.head().To {
			ill += s.Sick
		}
	}
	return ill > 0 && ill*l.expect >= (l.degraded-l.Sick)*all
}

// advance does everything that one lane may do in one turn, in order.
func (l *look) advance() {
	switch {
	case l.long:
		l.Since = time.Time{}
	case l.open && l.proven > 0 && l.Since.IsZero() && !l.good(l.head().Version):
		l.Since = l.newest.UTC().Truncate(time.Second)
		l.move(Move{What: Noted, Version: l.head().Version})
	}
	if v := l.obs.Approved[l.key]; v == l.head().Version && v != l.Approved && !l.good(v) {
		l.Approved = v
		l.move(Move{What: Agreed, Version: v})
	}
	if l.obs.Paused[l.key.Ring] {
		l.reason(Reason{Key: l.key, Code: Paused, Version: l.want})
		return
	}
	// One commit is one edge for a tenant: what follows now is granted later.
	if l.follow() || !l.pass() {
		return
	}
	if target, ok := l.target(); ok && l.may(target) {
		l.grant(target)
	}
}

// pass lets the ring leave its head behind once it is granted to all and every
// gate of the ring is passed. It reports whether the lane may go on, which
// another version than the head may in any case.
func (l *look) pass() bool {
	v := l.head().Version
	if !l.single() || l.good(v) {
		return true
	}
	expedited := l.in.Fleet.expedited(l.key.Product, v, l.now)
	switch {
	case l.out.barred(l.key.Product, v):
		l.reason(Reason{Key: l.key, Code: TakenBack, Version: v})
	case l.idle() && !l.word && !l.in.proved(l.out, l.ring, l.key.Product, v):
		l.reason(Reason{Key: l.key, Code: RingBefore, Version: v})
	case !l.evidence(l.Ring.Soak, true):
	case l.Ring.Approval && l.Approved != v && !l.word && !expedited:
		l.reason(Reason{Key: l.key, Code: Approval, Version: v})
	default:
		l.Good = append(slices.Clip(l.Good), v)
		l.Since, l.Sick, l.Approved = time.Time{}, 0, ident.Version{}
		l.move(Move{What: Passed, Version: v})
		return true
	}
	return l.want != v
}

// evidence asks health, a soak, and at the ends of steps and rings metrics.
func (l *look) evidence(soak time.Duration, metrics bool) bool {
	v := l.head().Version
	say := func(code Code, detail string, until time.Time) bool {
		l.reason(Reason{Key: l.key, Code: code, Version: v, Detail: detail, Until: until})
		return false
	}
	switch {
	case l.over:
		return say(Ill, fmt.Sprintf("%d of %d tenants", l.degraded, l.expect), time.Time{})
	case l.word:
	case !l.obs.Seen:
		return say(NoObserver, "", time.Time{})
	case !l.open && l.refused > 0 && l.expect == l.proven:
		return say(Refused, fmt.Sprintf("%d tenants", l.refused), time.Time{})
	case !l.open:
		return say(Unproven, fmt.Sprintf("%d of %d tenants", l.proven, l.expect), time.Time{})
	case !l.soaked(soak) && !l.in.Fleet.expedited(l.key.Product, v, l.now):
		return say(Soak, "", l.Since.Add(soak))
	}
	if !metrics || l.idle() {
		return true
	}
	for _, g := range l.Ring.Gates {
		if !g.of(l.key.Product) {
			continue
		}
		if !l.word && !l.soaked(g.For) {
			return say(Measured, g.Name, l.Since.Add(g.For))
		}
		if m := l.obs.Metrics[l.key.Ring][g.Name]; m.Verdict != Proven {
			return say(Measured, g.Name+": "+cmp.Or(m.Says, "not asked yet"), time.Time{})
		}
	}
	return true
}

// soaked reports whether the head has been proven for d: from the first to the
// latest evidence, both by Argo CD's clock.
func (l *look) soaked(d time.Duration) bool {
	return l.idle() || !l.Since.IsZero() && (d == 0 || !l.oldest.Before(l.Since.Add(d)))
}

func (l *look) move(m Move) {
	m.Key = l.key
	l.turn.moves = append(l.turn.moves, m)
}

// behind adds the reasons of stragglers.
func (l *look) behind(why map[Code][]ident.Tenant) {
	for _, code := range slices.Sorted(maps.Keys(why)) {
		names := make([]string, 0, len(why[code]))
		for _, t := range why[code] {
			names = append(names, t.String())
		}
		l.reason(Reason{Key: l.key, Code: code, Version: l.head().Version, Detail: fault.List(names), Tenants: why[code]})
	}
}
