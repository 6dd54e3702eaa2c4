package rollout

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// target returns the version that the lane is granted next on its way to what
// people want: the first stop on a shortest way from its oldest version that
// all that it runs can take and that it may leave its head for, else its head,
// which the rest can take.
func (l *look) target() (ident.Version, bool) {
	p, head, tail := l.key.Product, l.head().Version, l.At[len(l.At)-1].Version
	if l.want.IsZero() || l.single() && head == l.want {
		return head, false
	}
	say := func(code Code) (ident.Version, bool) {
		l.reason(Reason{Key: l.key, Code: code, Version: l.want})
		return l.want, false
	}
	if before(l.want, head) {
		return say(NoWayBack)
	}
	if code := l.in.refuses(l.out, p, l.want); code != "" {
		return say(code)
	}
	barred := func(v ident.Version) bool { return l.in.refuses(l.out, p, v) != "" }
	c, leave := l.in.Catalog, func(v ident.Version) bool { return v == head || l.word || l.mayLeave(v) }
	stops := c.hops(p, tail, l.want, barred)
	for _, t := range stops {
		if l.takes(t) && leave(t) {
			return t, true
		}
	}
	if !l.single() && l.takes(head) && (head == l.want || len(c.hops(p, head, l.want, barred)) > 0) {
		return head, true
	}
	if len(stops) > 0 {
		return say(HopBefore)
	}
	if all := c.hops(p, tail, l.want, func(ident.Version) bool { return false }); len(all) > 0 && barred(all[0]) {
		l.reason(Reason{Key: l.key, Code: l.in.refuses(l.out, p, all[0]), Version: all[0]})
		return l.want, false
	}
	if l.takes(l.want) && leave(l.want) { // nobody is there that an edge would have to lead
		return l.want, true
	}
	return say(NoEdge)
}

// takes reports whether a version may be granted to all that the lane runs:
// an edge leads to it from each version, unless nobody is there to move.
func (l *look) takes(v ident.Version) bool {
	group, from := l.in.Census.group(l.ring, l.key.Product), uint64(0)
	for _, s := range l.At {
		if s.Version != v && !l.in.Catalog.up(l.key.Product, s.Version, v) && l.movers(group.within(from, s.To), v) > 0 {
			return false
		}
		from = s.To
	}
	return true
}

// may asks every gate before a grant, and gives the first that is shut as the reason.
func (l *look) may(target ident.Version) bool {
	say := func(code Code) bool {
		l.reason(Reason{Key: l.key, Code: code, Version: target})
		return false
	}
	p, head := l.key.Product, l.head()
	if code := l.in.refuses(l.out, p, target); code != "" {
		return say(code)
	}
	if h, held := l.in.Fleet.held(l.key, target, l.now); held {
		l.reason(Reason{Key: l.key, Code: Held, Version: target, Detail: h.Reason, Until: h.Until})
		return false
	}
	switch {
	case !l.obs.Seen && !l.word:
		return say(NoObserver)
	case !l.word && !l.in.proved(l.out, l.ring, p, target):
		return say(RingBefore)
	}
	if target == head.Version {
		_, _, ended := l.Ring.step(l.in.bits(l.out, l.ring, l.products), head.To)
		soak := time.Duration(0)
		if ended {
			soak = l.Ring.StepSoak
		}
		if !l.evidence(soak, ended) {
			return false
		}
	}
	return l.window(l.Ring, l.key, target) && l.raise(l.key, target)
}

// mayLeave reports whether the lane may leave its head for another version:
// the head passed its gates here, or nobody runs it, or it is no stop that had
// to be made, since the last version that did pass leads to the target as well.
func (l *look) mayLeave(target ident.Version) bool {
	if l.good(l.head().Version) || l.single() && l.idle() {
		return true
	}
	return len(l.Good) > 0 && l.in.Catalog.up(l.key.Product, l.Good[len(l.Good)-1], target)
}

// grant gives the target the next slices: one alone at the beginning of a
// step, then as many as the ring takes at a time. Slices without a tenant to
// move cost nothing. On a person's word it is the whole step.
func (l *look) grant(target ident.Version) {
	bits := l.in.bits(l.out, l.ring, l.products)
	from, fresh := l.head().To, l.head().Version != target
	if fresh {
		from = 0
	}
	group := l.in.Census.group(l.ring, l.key.Product)
	start, end, _ := l.Ring.step(bits, from)
	n := max(1, l.Ring.Parallel)
	if fresh || l.movers(group.within(start, from), target) == 0 {
		n = 1
	}
	to, size := from, End>>bits
	for to < end && (n > 0 || l.word) {
		if l.movers(group.within(to, to+size), target) > 0 {
			n--
		}
		to += size
	}
	for _, s := range l.At {
		if before(target, s.Version) { // nobody there moves, and a lane's head is its newest version
			to = max(to, s.To)
		}
	}
	if fresh {
		l.Sick, l.Approved = 0, ident.Version{}
	}
	l.Sick += l.sick(from, to)
	l.leave(group.within(from, to), target)
	l.At, l.Since = l.Lane.grow(to, target), time.Time{}
	l.move(Move{What: Granted, Version: target, To: to})
}

// movers counts the members that a grant of the version takes along.
func (l *look) movers(members []member, v ident.Version) int {
	n := 0
	for _, m := range members {
		if m.movable() && m.accepts(v) && !l.Lane.apart(m.ID, m.Place) {
			n++
		}
	}
	return n
}

// sick counts who is unhealthy before the grant. A version that did not pass
// here excuses nobody: its victims are what the next one shall heal.
func (l *look) sick(from, to uint64) int {
	n := 0
	for _, s := range l.obs.Slices[l.key] {
		if from < s.To && s.To <= to && l.good(s.Version) {
			n += s.Sick
		}
	}
	return n
}

// leave makes stragglers of those that a grant passes by.
func (l *look) leave(members []member, v ident.Version) {
	owned := false
	for _, m := range members {
		if _, straggles := l.Stragglers[m.ID]; straggles || !m.Pin.IsZero() || m.Active && m.accepts(v) {
			continue
		}
		if !owned {
			l.Lane.own()
			owned = true
		}
		l.Stragglers[m.ID] = l.Lane.at(m.Place)
	}
}
