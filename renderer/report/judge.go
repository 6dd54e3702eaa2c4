package report

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Rank orders states, worst first.
func (s State) Rank() int { return slices.Index([]State{Bad, Waiting, Unknown, OK, Resting}, s) }

// name returns a number's name, which passed its gate when it came.
func name[K ident.Kind](j *Join, n uint16) ident.Name[K] {
	if n == 0 {
		return ident.Name[K]{}
	}
	return ident.Must[K](j.names.list[n])
}

// ring returns the ring of a tenant as people want it; nil for one that is gone.
func (j *Join) ring(t *tenant) *rollout.Ring {
	want := j.names.list[t.ring]
	for i := range j.fleet.Rings {
		if j.fleet.Rings[i].Name.String() == want {
			return &j.fleet.Rings[i]
		}
	}
	return nil
}

// wanted returns the version that people ask for: the pin, else the ring's.
func (j *Join) wanted(t *tenant, h *holding) ident.Version {
	if h.pin != 0 {
		return name[ident.VersionKind](j, h.pin)
	}
	if g := j.ring(t); g != nil {
		return g.Versions[name[ident.ProductKind](j, h.product)]
	}
	return ident.Version{}
}

func (j *Join) key(t *tenant, h *holding) rollout.Key {
	return rollout.Key{Ring: name[ident.RingKind](j, t.ring), Product: name[ident.ProductKind](j, h.product)}
}

// granted returns the version that Git lets the tenant run.
func (j *Join) granted(t *tenant, h *holding) ident.Version {
	return j.lane(t, h).Version(t.id, t.place, name[ident.VersionKind](j, h.pin))
}

// spot is a ring and a product by their numbers.
type spot struct{ ring, product uint16 }

// lane returns the lane that a tenant's product is in. It is asked for each
// tenant, and remembers.
func (j *Join) lane(t *tenant, h *holding) *rollout.Lane {
	s := spot{t.ring, h.product}
	l, known := j.lanes[s]
	if !known {
		lane := j.order.Lanes[j.key(t, h)]
		l = &lane
		j.lanes[s] = l
	}
	return l
}

// judge says how a product of a tenant is, and the deepest reason.
func (j *Join) judge(t *tenant, h *holding) (State, Code) {
	switch {
	case t.edited:
		return Bad, Edited
	case h.note != nil && h.note.Code == Unrendered:
		return Waiting, Unrendered
	case h.note != nil:
		return Bad, h.note.Code
	case t.released:
		return Resting, Released
	case h.right.state() == authz.Suspended:
		return Resting, Suspended
	case h.right.state() != authz.Active:
		return Resting, Retained
	}
	granted := j.granted(t, h)
	switch {
	case granted.IsZero():
		return Waiting, j.laneCode(j.key(t, h))
	case !j.sees(ArgoCD):
		return Unknown, Unseen
	case !h.seen:
		return Waiting, Missing
	case j.names.list[h.asked] != granted.String():
		return Waiting, HandedDown
	case h.trouble != nil:
		return h.trouble.state(), h.trouble.deepest()
	}
	return OK, Well
}

// laneCode returns why a lane does not move; Later when nobody says.
func (j *Join) laneCode(k rollout.Key) Code {
	if r := j.reason(k, ident.Tenant{}); r != nil {
		return Code(r.Code)
	}
	return Later
}

// reason returns the engine's reason for a lane, or for a straggler in it.
func (j *Join) reason(k rollout.Key, id ident.Tenant) *rollout.Reason {
	for i := range j.reasons {
		r := &j.reasons[i]
		if r.Key == k && (id.IsZero() && len(r.Tenants) == 0 || slices.Contains(r.Tenants, id)) {
			return r
		}
	}
	return nil
}
