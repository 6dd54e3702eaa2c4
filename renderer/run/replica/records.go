package replica

import (
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

// records returns what a step of the loop has to tell of tenants.
func records(o loop.Outcome, site *environments.Site, runs func(ident.Tenant, ident.Product) ident.Version) []status.Update {
	rings := environments.NewAssigner(site.Fleet)
	updates := map[ident.Tenant]*status.Update{}
	get := func(id ident.Tenant) *status.Update {
		if updates[id] == nil {
			updates[id] = &status.Update{Tenant: id, Records: map[ident.Product]status.Record{}, Touch: o.Changed && !o.Full}
		}
		return updates[id]
	}
	for _, id := range o.Removed {
		get(id)
	}
	for _, f := range o.Facts {
		ring := &site.Fleet.Rings[rings.Ring(f.Tenant.ID, f.Tenant.Labels)]
		for i, a := range f.Tenant.Authorisations {
			r := status.Record{Environment: site.Name.String(), Ring: ring.Name.String(), Commit: o.Commit, State: string(f.States[i])}
			r.AcceptedVersion = runs(f.Tenant.ID, a.Product).String()
			get(f.Tenant.ID).Records[a.Product] = r
		}
	}
	fail := func(id ident.Tenant, p ident.Product, accepted bool, err error) {
		if id.IsZero() || updates[id] == nil {
			return
		}
		for product, r := range updates[id].Records {
			if product == p || p.IsZero() {
				r.Error = status.Explain(err)
				if !accepted {
					r.AcceptedVersion = ""
				}
				updates[id].Records[product] = r
			}
		}
		if _, ok := updates[id].Records[p]; !ok && !p.IsZero() {
			updates[id].Records[p] = status.Record{Environment: site.Name.String(), Commit: o.Commit, State: string(authz.Pending), Error: status.Explain(err)}
		}
	}
	for _, u := range updates {
		for _, g := range o.Grants {
			if r, ok := u.Records[g.Product]; ok && r.Ring == g.Ring.String() {
				fail(u.Tenant, g.Product, true, g)
			}
		}
	}
	for _, q := range o.Quarantined {
		fail(q.Tenant, q.Product, true, q.Err)
	}
	for _, f := range o.Faults {
		fail(f.Tenant, f.Product, f.Rendered, f.Err)
	}
	all := make([]status.Update, 0, len(updates))
	for _, u := range updates {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b status.Update) int { return a.Tenant.Compare(b.Tenant) })
	return all
}
