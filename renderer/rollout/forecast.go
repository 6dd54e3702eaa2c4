package rollout

import (
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// look ahead no further than this many turns and this long.
const (
	maxTurns = 20000
	horizon  = 366 * 24 * time.Hour
)

// Forecasted is a move and when it would be made at the earliest.
type Forecasted struct {
	At time.Time
	Move
}

// Forecast runs Advance ahead from now with healthy observations and people
// who approve at once: the earliest moves, and what stands in the way of the rest.
func Forecast(in *Input, r Rollouts, now time.Time) ([]Forecasted, []Reason) {
	var moves []Forecasted
	end := now.Add(horizon)
	for range maxTurns {
		res := Advance(in, r, in.healthy(r, now), now)
		for _, m := range res.Moves {
			moves = append(moves, Forecasted{now, m})
		}
		r = res.Rollouts
		if len(res.Moves) > 0 {
			continue
		}
		next := time.Time{}
		for _, why := range res.Reasons {
			if why.Until.After(now) && (next.IsZero() || why.Until.Before(next)) {
				next = why.Until
			}
		}
		if next.IsZero() || next.After(end) {
			return moves, res.Reasons
		}
		now = next
	}
	return moves, nil
}

// healthy is the observation of a fleet in which all that is granted is proven at now.
func (in *Input) healthy(r Rollouts, now time.Time) Observation {
	o := Observation{Seen: true, Slices: map[Key][]Slice{}, Stragglers: map[Key]map[ident.Tenant]Verdict{},
		Shared: map[ident.Component]Part{}, Metrics: map[ident.Ring]map[string]Metric{}, Approved: map[Key]ident.Version{}}
	for c, s := range r.Shared {
		o.Shared[c] = Part{s.At, Proven}
	}
	products := in.Products(r)
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		metrics := map[string]Metric{}
		for _, gate := range g.Gates {
			metrics[gate.Name] = Metric{Verdict: Proven}
		}
		o.Metrics[g.Name] = metrics
		for _, p := range products {
			key := Key{g.Name, p}
			lane, ok := r.Lanes[key]
			if !ok {
				continue
			}
			o.Slices[key] = in.Tally(r, i, p, func(t ident.Tenant) Status {
				m, _ := in.Census.member(t, p)
				return Status{Version: lane.at(m.Place), Verdict: Proven, Reconciled: now}
			})
			o.Approved[key] = lane.head().Version
			proven := map[ident.Tenant]Verdict{}
			for t := range lane.Stragglers {
				proven[t] = Proven
			}
			o.Stragglers[key] = proven
		}
	}
	return o
}
