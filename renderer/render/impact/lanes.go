package impact

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// step is what a tenant runs of a product before and after.
type step struct{ from, to ident.Version }

// tally counts the tenants of a lane.
type tally struct {
	moves, underway map[step]int // by the change, and anyway
	pinned, behind  int
}

// tallies are those of all lanes.
type tallies map[rollout.Key]*tally

func (t tallies) of(k rollout.Key) *tally {
	if t[k] == nil {
		t[k] = &tally{moves: map[step]int{}, underway: map[step]int{}}
	}
	return t[k]
}

// stay counts a tenant who does not follow what his place is granted in the end.
func (t tallies) stay(k rollout.Key, s *state, id ident.Tenant) {
	in, r := s.end.Rollouts()
	pin := in.Census.Pin(id, k.Product)
	switch _, straggles := r.Lanes[k].Stragglers[id]; {
	case straggles && pin.IsZero():
		t.of(k).behind++
	case !pin.IsZero() && pin != r.Version(k, id, rollout.PlaceOf(id), ident.Version{}):
		t.of(k).pinned++
	}
}

// wanted returns the version that a ring shall run; zero where there is none.
func (s *state) wanted(k rollout.Key) ident.Version {
	if s == nil {
		return ident.Version{}
	}
	for _, g := range s.site.Fleet.Rings {
		if g.Name == k.Ring {
			return g.Versions[k.Product]
		}
	}
	return ident.Version{}
}

// rollouts returns the products that move, and those of which rings shall run
// another version whether somebody moves or not.
func (t tallies) rollouts(was, is *state, now time.Time) []Rollout {
	in, r := is.end.Rollouts()
	all := []Rollout{}
	for _, underway := range []bool{false, true} {
		for _, p := range in.Products(r) {
			out := Rollout{Product: p, Underway: underway}
			for i := range in.Fleet.Rings {
				g := &in.Fleet.Rings[i]
				k := rollout.Key{Ring: g.Name, Product: p}
				moves := t.of(k).moves
				if underway {
					moves = t.of(k).underway
				}
				if edited := is.wanted(k) != was.wanted(k); len(moves) > 0 || edited && !underway {
					out.Lanes = append(out.Lanes, t.lane(is, g, k, moves))
				}
			}
			if len(out.Lanes) > 0 {
				out.Ends = is.times(out.Lanes, p, now)
				all = append(all, out)
			}
		}
	}
	return all
}

// lane tells of a product in a ring.
func (t tallies) lane(s *state, g *rollout.Ring, k rollout.Key, moves map[step]int) Lane {
	l := Lane{Ring: k.Ring, Wanted: g.Versions[k.Product], Moves: []Move{}, Pinned: t.of(k).pinned, Behind: t.of(k).behind}
	for m, n := range moves {
		l.Moves = append(l.Moves, Move{m.from, m.to, n})
	}
	slices.SortFunc(l.Moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Tenants, a.Tenants), compareVersions(a.From, b.From), compareVersions(a.To, b.To))
	})
	s.blocks(&l, g, k)
	return l
}

func compareVersions(a, b ident.Version) int {
	return cmp.Or(ident.CompareVersions(a.String(), b.String()), strings.Compare(a.String(), b.String()))
}

// times fills in when the lanes of a product open and end, and by which
// versions they go, and returns when the last ends; nil if one never does.
func (s *state) times(lanes []Lane, p ident.Product, now time.Time) *time.Time {
	var last *time.Time
	done := true
	for i := range lanes {
		l := &lanes[i]
		s.way(l, rollout.Key{Ring: l.Ring, Product: p})
		_, r := s.end.Rollouts()
		if end := r.Lanes[rollout.Key{Ring: l.Ring, Product: p}].Granted(rollout.End); l.Opens == nil && len(l.Moves) > 0 {
			l.Opens, l.Ends = &now, &now // with the merge
		} else if end != l.Wanted && !l.Wanted.IsZero() {
			l.Ends = nil
		}
		if l.Ends == nil {
			done = false
		} else if last == nil || l.Ends.After(*last) {
			last = l.Ends
		}
	}
	if !done {
		return nil
	}
	return last
}

// way reads what the engine does in a lane off the forecast.
func (s *state) way(l *Lane, k rollout.Key) {
	for i := range s.outlook.Moves {
		m := &s.outlook.Moves[i]
		if m.Key != k {
			continue
		}
		switch m.What {
		case rollout.Granted, rollout.Followed:
			if l.Opens == nil {
				l.Opens = &m.At
			}
			if m.What == rollout.Granted && m.Version != l.Wanted && !slices.Contains(l.Hops, m.Version) {
				l.Hops = append(l.Hops, m.Version)
			}
			l.Ends = &m.At
		case rollout.Passed:
			l.Ends = &m.At
		}
	}
}

// blocks fills in what is in a lane's way.
func (s *state) blocks(l *Lane, g *rollout.Ring, k rollout.Key) {
	add := func(r rollout.Reason) {
		b := Block{Code: r.Code, Version: r.Version, Detail: clip(r.Detail), Tenants: len(r.Tenants), Lift: r.Code.Lift()}
		if !r.Until.IsZero() {
			b.Until = &r.Until
		}
		for i, other := range l.Blocks {
			if other.Code == b.Code && other.Version == b.Version {
				l.Blocks[i] = b // the latest
				return
			}
		}
		l.Blocks = append(l.Blocks, b)
	}
	for _, r := range s.outlook.Waits {
		if r.Key == k && r.Code != rollout.Soak {
			add(r)
		}
	}
	if g.Approval && slices.ContainsFunc(s.outlook.Moves, func(m rollout.Forecasted) bool { return m.Key == k && m.What == rollout.Granted }) {
		add(rollout.Reason{Code: rollout.Approval, Version: l.Wanted})
	}
	for _, r := range s.outlook.Stands {
		if r.Key == k {
			add(r)
		}
	}
}
