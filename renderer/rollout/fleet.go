package rollout

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Fleet is what people wrote: which ring shall run what, and the gates on the
// way there. It is fleet.yaml as far as the order of versions depends on it.
type Fleet struct {
	Rings    []Ring
	Batch    int // tenants that a slice aims to hold, and stragglers that move at a time; 100 when zero
	Holds    []Hold
	Blocked  []Blocked
	Freezes  []Freeze
	Expedite []Expedite
	Zone     *time.Location // of opening hours; UTC when nil
}

// Index returns the place of a ring in the order, -1 for one that is not there.
func (f *Fleet) Index(ring ident.Ring) int {
	return slices.IndexFunc(f.Rings, func(g Ring) bool { return g.Name == ring })
}

// Ring is what people want of one ring.
type Ring struct {
	Name     ident.Ring
	Versions map[ident.Product]ident.Version
	Steps    []int // per cent of the ring, rising; 100 is implied
	StepSoak time.Duration
	Soak     time.Duration
	Approval bool
	Tolerate Tolerance
	Opens    []Window // always open when empty
	Gates    []Gate
	Parallel int  // slices granted at a time after the first of a step; 1 when zero
	Rollback bool // onFailure: rollback
}

// Tolerance is how many unhealthy tenants a ring bears: a number and a share
// of those that moved, rounded down.
type Tolerance struct{ Tenants, Percent int }

func (t Tolerance) of(n int) int { return t.Tenants + n*t.Percent/100 }

// Gate is a metric that must pass at the ends of steps and of the ring.
type Gate struct {
	Name    string
	Product ident.Product // zero: gates every product
	For     time.Duration // how long the proof must have stood before the metric counts
	Query   Query
}

// of reports whether the gate is one of a product's.
func (g Gate) of(p ident.Product) bool { return g.Product.IsZero() || g.Product == p }

// Query is what a metric is asked of, and what it may be.
type Query struct {
	Server   string   // URL of the Prometheus
	Text     string   // PromQL of one value
	Min, Max *float64 // bounds that belong to what passes; nil for none
}

// Judge says whether a value passes. What is no finite number says nothing.
func (q Query) Judge(value float64) Metric {
	switch {
	case math.IsNaN(value) || math.IsInf(value, 0):
		return Metric{Says: fmt.Sprintf("its value is %v", value)}
	case q.Max != nil && value > *q.Max:
		return Metric{Pending, fmt.Sprintf("%v is above %v", value, *q.Max)}
	case q.Min != nil && value < *q.Min:
		return Metric{Pending, fmt.Sprintf("%v is below %v", value, *q.Min)}
	}
	return Metric{Proven, fmt.Sprintf("%v is within its bounds", value)}
}

// Hold keeps a product of a ring at a version.
type Hold struct {
	Ring    ident.Ring
	Product ident.Product
	Version ident.Version
	Reason  string
	Until   time.Time // zero: until it is taken away
}

// Blocked is a version that people refuse, for rings and pins alike.
type Blocked struct {
	Product ident.Product
	Version ident.Version
	Reason  string
}

// Freeze is a time in which no grant moves forward.
type Freeze struct {
	From, To time.Time
	Reason   string
}

// Expedite lets a version pass soak, approval, hours and freezes.
type Expedite struct {
	Product ident.Product
	Version ident.Version
	Until   time.Time
	Reason  string
}

func (f *Fleet) batch() int {
	if f.Batch > 0 {
		return f.Batch
	}
	return 100
}

func (f *Fleet) blocked(p ident.Product, v ident.Version) (Blocked, bool) {
	for _, b := range f.Blocked {
		if b.Product == p && b.Version == v {
			return b, true
		}
	}
	return Blocked{}, false
}

// held returns the hold that stands between a ring's product and a version.
func (f *Fleet) held(k Key, v ident.Version, now time.Time) (Hold, bool) {
	for _, h := range f.Holds {
		if h.Ring == k.Ring && h.Product == k.Product && h.Version != v && (h.Until.IsZero() || now.Before(h.Until)) {
			return h, true
		}
	}
	return Hold{}, false
}

// frozen returns the freeze at now; of several the one that ends last.
func (f *Fleet) frozen(now time.Time) (freeze Freeze, frozen bool) {
	for _, z := range f.Freezes {
		if !now.Before(z.From) && now.Before(z.To) && (!frozen || z.To.After(freeze.To)) {
			freeze, frozen = z, true
		}
	}
	return freeze, frozen
}

func (f *Fleet) expedited(p ident.Product, v ident.Version, now time.Time) bool {
	for _, e := range f.Expedite {
		if e.Product == p && e.Version == v && now.Before(e.Until) {
			return true
		}
	}
	return false
}
