package query

import (
	"encoding/json"
	"slices"
	"time"
	"unique"

	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// entry is what is known of one tenant, small enough for fleets: what many
// share is held once. It does not change once it is in a view.
type entry struct {
	id         ident.Tenant
	name, code string
	labels     unique.Handle[string] // a JSON object
	mod        int64                 // of the tenant's own record; zero without one
	unreadable bool                  // its own record
	rights     []right               // sorted by product
	told       []told                // status records, sorted by product
}

// right is an authorisation.
type right struct {
	terms      unique.Handle[terms]
	mod        int64
	start, end time.Time
}

// terms are the part of an authorisation that many have alike.
type terms struct {
	product    ident.Product
	pin        ident.Version
	storage    string
	replicas   int
	limits     authz.Limits
	unreadable bool // and then only the product is known
}

// told is a status record.
type told struct {
	fate unique.Handle[fate]
	mod  int64
}

// fate is what became of a product, which many share.
type fate struct {
	product ident.Product
	status.Record
}

// record is a record of a window. One whose revision is known has no value.
type record struct {
	product ident.Product
	value   []byte
	mod     int64
}

// known reports whether the tenant is one: status records alone make none.
func (e *entry) known() bool { return e.mod > 0 }

// empty reports whether nothing is known of the tenant.
func (e *entry) empty() bool { return e.mod == 0 && len(e.rights) == 0 && len(e.told) == 0 }

// withRecords returns the entry as the authorisations say it. Records that are
// not among them are gone.
func (e entry) withRecords(records []record) entry {
	next := entry{id: e.id, told: e.told, rights: make([]right, 0, max(0, len(records)-1))} // one is the tenant's own
	for _, r := range records {
		switch i := e.find(r.product); {
		case r.product.IsZero() && r.mod == e.mod:
			next.name, next.code, next.labels, next.mod, next.unreadable = e.name, e.code, e.labels, e.mod, e.unreadable
		case r.product.IsZero():
			next.own(r)
		case i >= 0 && e.rights[i].mod == r.mod:
			next.rights = append(next.rights, e.rights[i])
		default:
			next.rights = append(next.rights, read(e.id, r))
		}
	}
	slices.SortFunc(next.rights, func(a, b right) int {
		return a.terms.Value().product.Compare(b.terms.Value().product)
	})
	return next
}

// own takes in the tenant's own record.
func (e *entry) own(r record) {
	t, err := authz.DecodeTenant(authz.Key{Tenant: e.id}, r.value)
	e.mod, e.unreadable = r.mod, err != nil
	e.name, e.code = t.Name, t.Code
	labels, err := json.Marshal(t.Labels)
	if err != nil || len(t.Labels) == 0 {
		labels = []byte("{}")
	}
	e.labels = unique.Make(string(labels))
}

// read returns the right of a record. One that cannot be read is named, so
// that nobody takes it for one that was not bought.
func read(id ident.Tenant, r record) right {
	a, err := authz.DecodeAuthorisation(authz.Key{Tenant: id, Product: r.product}, r.value)
	if err != nil {
		return right{terms: unique.Make(terms{product: r.product, unreadable: true}), mod: r.mod}
	}
	return right{
		terms: unique.Make(terms{product: a.Product, pin: a.Version, storage: a.Storage, replicas: a.Replicas, limits: a.Limits}),
		mod:   r.mod, start: a.StartTime, end: a.EndTime,
	}
}

// withStatus returns the entry as the status records say it.
func (e entry) withStatus(records []record) entry {
	next := make([]told, 0, len(records))
	for _, r := range records {
		if i := slices.IndexFunc(e.told, func(t told) bool { return t.fate.Value().product == r.product }); i >= 0 && e.told[i].mod == r.mod {
			next = append(next, e.told[i])
			continue
		}
		s, err := status.Decode(r.value)
		if err != nil {
			s = status.Record{Error: status.Explain(err)}
		}
		next = append(next, told{unique.Make(fate{r.product, s}), r.mod})
	}
	slices.SortFunc(next, func(a, b told) int { return a.fate.Value().product.Compare(b.fate.Value().product) })
	e.told = next
	return e
}

// find returns the place of a product among the rights, or less than zero.
func (e *entry) find(p ident.Product) int {
	return slices.IndexFunc(e.rights, func(r right) bool { return r.terms.Value().product == p })
}

// status returns what a product's status record says.
func (e *entry) status(p ident.Product) (told, bool) {
	if i := slices.IndexFunc(e.told, func(t told) bool { return t.fate.Value().product == p }); i >= 0 {
		return e.told[i], true
	}
	return told{}, false
}

// authorisation is the part of the right from which its life follows.
func (r *right) authorisation() authz.Authorisation {
	return authz.Authorisation{StartTime: r.start, EndTime: r.end}
}
