package environments

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Selects reports whether labels satisfy s; an empty selector selects everything.
func (s Selector) Selects(labels map[string]string) bool { return matches(s.MatchLabels, labels) }

func matches(want, labels map[string]string) bool {
	for k, v := range want {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// Point returns the tenant's fixed place in [0, 2^32): the leading bits of the
// sha256 of its id. Shares of rings and batches are intervals of it, so a
// tenant stays where it is while others come and go.
func Point(id ident.Tenant) uint32 {
	sum := sha256.Sum256([]byte(id.String()))
	return binary.BigEndian.Uint32(sum[:])
}

// Assigner answers in which ring a tenant is. It is immutable and safe for
// concurrent use.
type Assigner struct {
	rings  []Ring
	byID   map[ident.Tenant]int
	labels []int // rings with matchLabels, in order
	limits []uint64
}

// NewAssigner returns the assigner of a fleet's rings.
func NewAssigner(f Fleet) *Assigner {
	a := &Assigner{rings: f.Rings, byID: map[ident.Tenant]int{}, limits: make([]uint64, len(f.Rings))}
	sum := 0
	for i, r := range f.Rings {
		for _, id := range r.Tenants {
			a.byID[id] = i
		}
		if len(r.MatchLabels) > 0 {
			a.labels = append(a.labels, i)
		}
		sum += r.SharePercent
		a.limits[i] = uint64(sum) << 32 / 100
	}
	return a
}

// Ring returns the index of the ring that the tenant is in: the ring that
// names it, else the first whose labels it has, else the one in whose share of
// the hash it falls, else the last.
func (a *Assigner) Ring(id ident.Tenant, labels map[string]string) int {
	if i, ok := a.byID[id]; ok {
		return i
	}
	for _, i := range a.labels {
		if matches(a.rings[i].MatchLabels, labels) {
			return i
		}
	}
	point := uint64(Point(id))
	for i, limit := range a.limits {
		if point < limit {
			return i
		}
	}
	return len(a.rings) - 1
}

// InPlay returns the versions of a product that are rendered for a tenant of
// ring r with the given pin (zero for none), the effective one first: the
// ring's own, the pin and the previous ones within keep. It is empty when
// neither ring nor pin gives a version.
func (r *Ring) InPlay(p ident.Product, pin ident.Version, keep int) []ident.Version {
	var all []ident.Version
	add := func(v ident.Version) {
		if !v.IsZero() && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	add(pin)
	add(r.Versions[p])
	for i, v := range r.Previous[p] {
		if i == keep {
			break
		}
		add(v)
	}
	return all
}

// BatchBits returns how many leading bits of a tenant's point number the
// batches of a ring of n tenants, so that a batch holds about size tenants or
// fewer: the least power of two that is enough, at most 2^16.
func BatchBits(n, size int) int {
	bits := 0
	for bits < 16 && n > size<<bits {
		bits++
	}
	return bits
}
