package rollout

import (
	"slices"
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

// Outlook is how rollouts go on if all is well.
type Outlook struct {
	// Moves are the earliest moves, in order.
	Moves []Forecasted
	// Waits are what a lane waits for that ends by itself, each once.
	Waits []Reason
	// Stands is what stands in the way of the rest; empty if there is none.
	Stands []Reason
	// Rollouts are those in the end.
	Rollouts Rollouts
}

// Forecast runs Advance ahead from now with healthy observations and people
// who approve at once.
func Forecast(in *Input, r Rollouts, now time.Time) Outlook {
	out := Outlook{Rollouts: r}
	end := now.Add(horizon)
	for range maxTurns {
		res := Advance(in, out.Rollouts, in.healthy(out.Rollouts, now), now)
		for _, m := range res.Moves {
			out.Moves = append(out.Moves, Forecasted{now, m})
		}
		out.Rollouts = res.Rollouts
		next := out.wait(res.Reasons, now)
		if len(res.Moves) > 0 {
			continue
		}
		if next.IsZero() || next.After(end) {
			out.Stands = res.Reasons
			return out
		}
		now = next
	}
	return out
}

// wait notes what lanes wait for, and returns when the first of it ends.
func (o *Outlook) wait(reasons []Reason, now time.Time) time.Time {
	next := time.Time{}
	for _, why := range reasons {
		if !why.Until.After(now) {
			continue
		}
		if next.IsZero() || why.Until.Before(next) {
			next = why.Until
		}
		if !slices.ContainsFunc(o.Waits, func(w Reason) bool {
			return w.Key == why.Key && w.Code == why.Code && w.Version == why.Version && w.Until.Equal(why.Until)
		}) {
			o.Waits = append(o.Waits, why)
		}
	}
	return next
}

// healthy is the observation of a fleet in which all that is granted is proven at now.
func (in *Input) healthy(r Rollouts, now time.Time) Observation {
	o := Observation{Seen: true, Slices: map[Key][]Slice{}, Stragglers: map[Key]map[ident.Tenant]Verdict{}, Asked: map[Key]map[ident.Tenant]ident.Version{},
		Shared: map[ident.Component]Part{}, Metrics: map[ident.Ring]map[string]Metric{}, Approved: map[Key]ident.Version{}}
	for c, s := range r.Shared {
		o.Shared[c] = Part{s.At, Proven}
	}
	for i := range in.Fleet.Rings {
		g := &in.Fleet.Rings[i]
		metrics := map[string]Metric{}
		for _, gate := range g.Gates {
			metrics[gate.Name] = Metric{Verdict: Proven}
		}
		o.Metrics[g.Name] = metrics
	}
	for _, key := range in.Moving(r) {
		lane, ring := r.Lanes[key], in.Fleet.Index(key.Ring)
		o.Slices[key] = in.Tally(r, ring, key.Product, func(t ident.Tenant) Status {
			return Status{Version: lane.at(in.Census.tenants[t].Place), Verdict: Proven, Reconciled: now}
		})
		o.Approved[key] = lane.head().Version
		proven, asked := map[ident.Tenant]Verdict{}, map[ident.Tenant]ident.Version{}
		for t := range lane.Stragglers {
			proven[t], asked[t] = Proven, lane.at(PlaceOf(t))
		}
		o.Stragglers[key], o.Asked[key] = proven, asked
	}
	return o
}
