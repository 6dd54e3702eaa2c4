// Package status tells the upstream system what became of each authorisation:
// one record below /tenant/status/<tenant>/<product> for each.
//
// It writes only keys that hold nothing or an own record of its environment,
// only when a record differs from what is there, in transactions that fail
// when the leader's term has ended. What it writes lies
// outside the prefix that is watched, so it causes no rendering. Updates that
// come faster than they are written are merged by key. People see the records
// through `sluice authz`, which reads them with Reader: what others
// wrote there is hostile, and passes a gate.
package status

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

// DefaultPrefix is where status records are.
const DefaultPrefix = "/tenant/status"

// Record is the value of a status record.
type Record struct {
	Environment string `json:"environment"`
	// AcceptedVersion is the version that is rendered; empty when none is.
	AcceptedVersion string `json:"acceptedVersion"`
	Ring            string `json:"ring"`
	// Commit is the commit in which the product was changed last.
	Commit string `json:"commit"`
	State  string `json:"state"`
	// Error says why the authorisation in etcd is not what is rendered; empty when it is.
	Error string `json:"error,omitempty"`
}

// maxError bounds what a hostile record makes us write.
const maxError = 512

// encode returns the record's value.
func (r Record) encode() string {
	data, err := json.Marshal(r)
	if err != nil { // strings only
		return ""
	}
	return string(data)
}

// same reports whether two records say the same, their commits apart.
func (r Record) same(o Record) bool {
	o.Commit = r.Commit
	return r == o
}

// Update is the records of one tenant; products that are not in it have none.
type Update struct {
	Tenant  ident.Tenant
	Records map[ident.Product]Record
	// Touch says that the commit of each record is new even if nothing else is.
	Touch bool
}

// Of returns the updates that follow from a step of the loop.
func Of(o loop.Outcome, site *environments.Site) []Update {
	rings := environments.NewAssigner(site.Fleet)
	updates := map[ident.Tenant]*Update{}
	get := func(id ident.Tenant) *Update {
		if updates[id] == nil {
			updates[id] = &Update{Tenant: id, Records: map[ident.Product]Record{}, Touch: o.Changed && !o.Full}
		}
		return updates[id]
	}
	for _, id := range o.Removed {
		get(id)
	}
	for _, f := range o.Facts {
		ring := &site.Fleet.Rings[rings.Ring(f.Tenant.ID, f.Tenant.Labels)]
		for i, a := range f.Tenant.Authorisations {
			r := Record{Environment: site.Name.String(), Ring: ring.Name.String(), Commit: o.Commit, State: string(f.States[i])}
			if all := ring.InPlay(a.Product, a.Version, 0); len(all) > 0 {
				r.AcceptedVersion = all[0].String()
			}
			get(f.Tenant.ID).Records[a.Product] = r
		}
	}
	fail := func(id ident.Tenant, p ident.Product, accepted bool, err error) {
		if id.IsZero() || updates[id] == nil {
			return
		}
		for product, r := range updates[id].Records {
			if product == p || p.IsZero() {
				r.Error = message(err)
				if !accepted {
					r.AcceptedVersion = ""
				}
				updates[id].Records[product] = r
			}
		}
		if _, ok := updates[id].Records[p]; !ok && !p.IsZero() {
			updates[id].Records[p] = Record{Environment: site.Name.String(), Commit: o.Commit, State: string(authz.Pending), Error: message(err)}
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
		fail(f.Tenant, f.Product, false, f.Err)
	}
	all := make([]Update, 0, len(updates))
	for _, u := range updates {
		all = append(all, *u)
	}
	slices.SortFunc(all, func(a, b Update) int { return a.Tenant.Compare(b.Tenant) })
	return all
}

// message returns an error with its hint on one bounded line.
func message(err error) string {
	text := err.Error()
	if hint := fault.HintOf(err); hint != "" {
		text += "; " + hint
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if len(text) > maxError {
		text = strings.ToValidUTF8(text[:maxError], "") + "..."
	}
	return text
}
