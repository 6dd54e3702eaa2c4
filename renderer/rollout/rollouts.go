package rollout

import (
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Key names a lane: one product in one ring.
type Key struct {
	Ring    ident.Ring
	Product ident.Product
}

// Rollouts is what the engine granted and what it found proven: the whole of
// rollouts.yaml. Values are not changed once built; the functions of this
// package return new ones that may share parts with the old.
type Rollouts struct {
	Lanes  map[Key]Lane
	Shared map[ident.Component]Shared
	Failed []Failed // by product and version
}

// Lane is one product in one ring.
type Lane struct {
	// At are the granted versions by place, newest first; the last ends at
	// End. Every version in it may be granted the versions before it.
	At []Segment
	// Good are the versions that the whole ring ran with every gate passed,
	// oldest first: the next ring's right to them, and the way back.
	Good []ident.Version
	// Left are the versions that the ring went back from, oldest first, until people
	// want a later one. Their overlays stay, so no tenant is without what it runs
	// before it hears of the way back.
	Left []ident.Version
	// Since is when the head was first proven on all that is granted, by Argo
	// CD's clock; zero: not yet, or no gate asks any more.
	Since time.Time
	// Sick counts tenants that were unhealthy before the head was granted to them.
	Sick int
	// Approved is the version that a person approved here, while its other gates are open.
	Approved ident.Version
	// Stragglers are tenants that keep another version than their place's.
	Stragglers map[ident.Tenant]ident.Version
}

// Segment grants a version to the places below To that no earlier segment has.
type Segment struct {
	To      uint64
	Version ident.Version
}

// Shared is an environment-shared part: the granted version, and the highest
// that was proven Healthy, zero for none.
type Shared struct{ At, Good ident.Version }

// Failed is a version that the engine took back. It is granted to nobody until
// people lift it, want an earlier one, or all have gone past it.
type Failed struct {
	Product ident.Product
	Version ident.Version
	Ring    ident.Ring // where it failed
	Reason  string
	Lifted  bool
}

// whole returns the segments of a ring that runs one version.
func whole(v ident.Version) []Segment { return []Segment{{End, v}} }

// single reports whether one version is granted to the whole ring.
func (l Lane) single() bool { return len(l.At) == 1 }

// head is the segment that grows.
func (l Lane) head() Segment { return l.At[0] }

// at returns the version granted to a place.
func (l Lane) at(p Place) ident.Version {
	for _, s := range l.At {
		if uint64(p) < s.To {
			return s.Version
		}
	}
	return ident.Version{}
}

// apart reports whether a tenant keeps another version than his place is
// granted, so that he says nothing of that one.
func (l Lane) apart(t ident.Tenant, p Place) bool {
	v, straggles := l.Stragglers[t]
	return straggles && v != l.at(p)
}

func (l Lane) runs(v ident.Version) bool {
	return slices.ContainsFunc(l.At, func(s Segment) bool { return s.Version == v })
}

func (l Lane) good(v ident.Version) bool { return slices.Contains(l.Good, v) }

// leave notes versions as left, but those that are good or granted.
func (l *Lane) leave(all ...ident.Version) {
	all = slices.Concat(l.Left, all)
	slices.SortFunc(all, compare)
	l.Left = slices.DeleteFunc(slices.Compact(all), func(v ident.Version) bool { return l.runs(v) || l.good(v) })
	if len(l.Left) == 0 {
		l.Left = nil
	}
}

// rests reports whether all of the ring runs what is wanted, and passed.
func (l Lane) rests(want ident.Version) bool {
	return l.single() && l.head().Version == want && len(l.Stragglers) == 0 && l.good(want)
}

// grow returns the segments with version granted to all places below to.
func (l Lane) grow(to uint64, v ident.Version) []Segment {
	at := []Segment{{to, v}}
	for _, s := range l.At {
		if s.To > to && s.Version != v {
			at = append(at, s)
		}
	}
	return at
}

// own gives the lane a map of stragglers of its own, to be changed.
func (l *Lane) own() {
	if l.Stragglers = maps.Clone(l.Stragglers); l.Stragglers == nil {
		l.Stragglers = map[ident.Tenant]ident.Version{}
	}
}

// Version returns what a tenant runs of a product in a ring: what it keeps as
// a straggler, else its pin, else what its place is granted: zero where the
// ring is granted nothing.
func (r Rollouts) Version(k Key, t ident.Tenant, place Place, pin ident.Version) ident.Version {
	return r.Lanes[k].Version(t, place, pin)
}

// Version is Rollouts.Version of one lane.
func (l Lane) Version(t ident.Tenant, place Place, pin ident.Version) ident.Version {
	if v, ok := l.Stragglers[t]; ok {
		return v
	}
	if !pin.IsZero() {
		return pin
	}
	return l.at(place)
}

// failed returns the record of a version that was taken back, -1 for none.
func (r Rollouts) failed(p ident.Product, v ident.Version) int {
	return slices.IndexFunc(r.Failed, func(f Failed) bool { return f.Product == p && f.Version == v })
}

// barred reports whether a version was taken back and is not lifted.
func (r Rollouts) barred(p ident.Product, v ident.Version) bool {
	i := r.failed(p, v)
	return i >= 0 && !r.Failed[i].Lifted
}

// clone returns rollouts whose maps and lists may be changed; lanes are shared.
func (r Rollouts) clone() Rollouts {
	c := Rollouts{maps.Clone(r.Lanes), maps.Clone(r.Shared), slices.Clone(r.Failed)}
	if c.Lanes == nil {
		c.Lanes = map[Key]Lane{}
	}
	if c.Shared == nil {
		c.Shared = map[ident.Component]Shared{}
	}
	return c
}

// Share is a version with its per cent of a ring's places.
type Share struct {
	Version ident.Version
	Percent float64
}

// Shares returns the granted versions with their shares, newest first.
func (l Lane) Shares() []Share {
	all := make([]Share, 0, len(l.At))
	from := uint64(0)
	for _, s := range l.At {
		all = append(all, Share{s.Version, 100 * float64(s.To-from) / float64(End)})
		from = s.To
	}
	return all
}
