package rollout

import (
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// follow moves stragglers toward what their place is granted, edge by edge,
// over versions that are good in the ring, a batch at a time and only from a
// version that they are proven at. Who is there keeps it as his own until his
// slice is seen to ask for it, and joins then. It reports whether one moved or joined.
func (l *look) follow() bool {
	if len(l.Stragglers) == 0 {
		return false
	}
	ids := slices.SortedFunc(maps.Keys(l.Stragglers), ident.Tenant.Compare)
	left, why := l.room(), map[Code][]ident.Tenant{}
	moved, joined := map[ident.Version][]ident.Tenant{}, map[ident.Version][]ident.Tenant{}
	l.Lane.own()
	for _, id := range ids {
		m, ok := l.in.Census.member(id, l.key.Product)
		if !ok || !m.Pin.IsZero() {
			continue
		}
		next, code := l.follows(m)
		joins := next == l.Stragglers[id]
		if code == "" && left == 0 && !joins {
			code = Unproven
		}
		switch {
		case code != "":
			why[code] = append(why[code], id)
		case joins:
			joined[next] = append(joined[next], id)
			delete(l.Stragglers, id)
		default:
			moved[next] = append(moved[next], id)
			l.Stragglers[id] = next
			left--
		}
	}
	if len(l.Stragglers) == 0 {
		l.Stragglers = nil
	}
	for _, v := range slices.SortedFunc(maps.Keys(moved), compare) {
		l.move(Move{What: Followed, Version: v, Tenants: moved[v]})
	}
	for _, v := range slices.SortedFunc(maps.Keys(joined), compare) {
		l.move(Move{What: Joined, Version: v, Tenants: joined[v]})
	}
	l.behind(why)
	return len(moved)+len(joined) > 0
}

// follows returns where a straggler goes next, or why it stays.
func (l *look) follows(m member) (ident.Version, Code) {
	p, runs, place := l.key.Product, l.Stragglers[m.ID], l.Lane.at(m.Place)
	switch {
	case runs == place && !l.obs.Seen && !l.word:
		return runs, NoObserver
	case runs == place && !l.word && l.obs.Asked[l.key][m.ID] != place:
		return runs, Unproven
	case runs == place:
		return runs, ""
	case !m.Active:
		return runs, Suspended
	case before(place, runs):
		return runs, Ahead
	}
	hops := l.in.Catalog.hops(p, runs, place, func(v ident.Version) bool { return l.in.refuses(l.out, p, v) != "" })
	if len(hops) == 0 {
		if code := l.in.refuses(l.out, p, place); code != "" {
			return runs, code
		}
		return runs, NoEdge
	}
	i := slices.IndexFunc(hops, l.good)
	switch {
	case i < 0:
		return runs, HopBefore
	case !m.accepts(hops[i]):
		return runs, Refused
	case !l.obs.Seen && !l.word:
		return runs, NoObserver
	case !l.word && l.obs.Stragglers[l.key][m.ID] != Proven:
		return runs, Unproven
	}
	return hops[i], l.shut(hops[i])
}

// shut returns the code of the gate that a straggler's next version meets.
func (l *look) shut(v ident.Version) Code {
	from := len(l.turn.reasons)
	defer func() { l.turn.reasons = l.turn.reasons[:from] }()
	if _, held := l.in.Fleet.held(l.key, v, l.now); held {
		return Held
	}
	if l.window(l.Ring, l.key, v) && l.raise(l.key, v) {
		return ""
	}
	return l.turn.reasons[len(l.turn.reasons)-1].Code
}

// room is how many stragglers may move in this turn: a batch, if not more
// tenants of the ring are on their way than it bears.
func (l *look) room() int {
	group := l.in.Census.group(l.ring, l.key.Product)
	all := group.below(End)
	settled := 0
	for _, s := range l.obs.Slices[l.key] {
		settled += s.Proven + s.Degraded + s.Excused
	}
	for id := range l.Stragglers {
		if m, ok := l.in.Census.member(id, l.key.Product); ok && m.movable() && l.Lane.apart(id, m.Place) {
			settled++
		}
	}
	if l.word || all-settled <= l.Ring.Tolerate.of(all) {
		return l.in.Fleet.batch()
	}
	return 0
}
