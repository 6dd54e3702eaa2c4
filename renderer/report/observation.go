package report

import (
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Observation is what the Applications show of rollouts, for who asks the
// engine what it waits for and moves nothing. The engine's own observer demands
// more: a look of Argo CD after each grant, and metrics, which are silent here.
func (j *Join) Observation(in *rollout.Input, r rollout.Rollouts) rollout.Observation {
	o := rollout.Observation{Seen: j.sees(ArgoCD), Slices: map[rollout.Key][]rollout.Slice{}, Stragglers: map[rollout.Key]map[ident.Tenant]rollout.Verdict{},
		Shared: map[ident.Component]rollout.Part{}, Approved: map[rollout.Key]ident.Version{}, Paused: map[ident.Ring]bool{}}
	for _, k := range in.Moving(r) {
		ring := in.Fleet.Index(k.Ring)
		if ring < 0 {
			continue
		}
		look := func(id ident.Tenant) rollout.Status { return j.status(id, k.Product) }
		o.Slices[k] = in.Tally(r, ring, k.Product, look)
		o.Stragglers[k] = map[ident.Tenant]rollout.Verdict{}
		for id := range r.Lanes[k].Stragglers {
			o.Stragglers[k][id] = look(id).Verdict
		}
		head := r.Lanes[k].At[0].Version
		for _, a := range j.above {
			if a.Level == "ring" && a.Ring == k.Ring && slices.Contains(a.Approved, k.Product.String()+"="+head.String()) {
				o.Approved[k] = head
			}
		}
	}
	for _, a := range j.above {
		switch {
		case a.Level == "ring" && a.Paused:
			o.Paused[a.Ring] = true
		case a.Level == "shared":
			o.Shared[a.Component] = rollout.Part{Version: a.Asked, Verdict: a.Verdict}
		}
	}
	return o
}

// status is what is seen of a tenant's product.
func (j *Join) status(id ident.Tenant, p ident.Product) rollout.Status {
	t, ok := j.tenants[id]
	if !ok {
		return rollout.Status{}
	}
	for i := range t.holdings {
		if h := &t.holdings[i]; j.names.list[h.product] == p.String() {
			s := rollout.Status{Version: name[ident.VersionKind](j, h.asked), Verdict: rollout.Verdict(h.verdict), Sick: h.sick}
			if h.reconciled != 0 {
				s.Reconciled = time.Unix(h.reconciled, 0).UTC()
			}
			return s
		}
	}
	return rollout.Status{}
}
