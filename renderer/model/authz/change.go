package authz

import (
	"bytes"
	"fmt"
	"slices"
)

// Revisions are the etcd revisions at which a key was made and last written.
type Revisions struct{ Create, Mod int64 }

// Listing is a Snapshot with the revisions of every record whose key passed
// the gate, so that a change can name the record that it was made from.
type Listing struct {
	Snapshot
	Revisions map[Key]Revisions
}

// AnyRevision is the revision of a Change that overwrites whatever is there.
const AnyRevision int64 = -1

// Change is one write of one record.
type Change struct {
	Key   Key
	Value []byte // nil deletes the record
	// Revision is the modification revision that the record must still have;
	// zero means that it must not exist, AnyRevision that it does not matter.
	Revision int64
}

// Put returns the change that writes the tenant's own record.
func (t Tenant) Put(revision int64) (Change, error) {
	value, err := EncodeTenant(t)
	if err != nil {
		return Change{}, fmt.Errorf("tenant %q: %w", t.ID, err)
	}
	return Change{Key: Key{Tenant: t.ID}, Value: value, Revision: revision}, nil
}

// Put returns the change that writes the authorisation's record; key names it.
func (a Authorisation) Put(key Key, revision int64) (Change, error) {
	value, err := EncodeAuthorisation(key.Tenant, a)
	if err != nil {
		return Change{}, fmt.Errorf("authorisation %q: %w", key, err)
	}
	return Change{Key: key, Value: value, Revision: revision}, nil
}

// Plan is what an import has to write.
type Plan struct {
	Changes   []Change // each tenant before its authorisations
	Unchanged int      // records that are there already
}

// PlanImport returns the changes that make etcd hold the tenants with their
// authorisations. It leaves alone what the tenants do not mention. A record
// that cannot be read is replaced.
func PlanImport(now Listing, tenants []Tenant) (Plan, error) {
	held := make(map[Key][]byte, len(now.Revisions))
	if err := eachRecord(now.Tenants, func(key Key, value []byte) { held[key] = value }); err != nil {
		return Plan{}, err
	}
	var p Plan
	err := eachRecord(tenants, func(key Key, value []byte) {
		if old, ok := held[key]; ok && bytes.Equal(old, value) {
			p.Unchanged++
			return
		}
		p.Changes = append(p.Changes, Change{Key: key, Value: value, Revision: now.Revisions[key].Mod})
	})
	return p, err
}

// eachRecord visits the encoded records of the tenants in key order.
func eachRecord(tenants []Tenant, visit func(Key, []byte)) error {
	for _, t := range tenants {
		c, err := t.Put(0)
		if err != nil {
			return err
		}
		visit(c.Key, c.Value)
		for _, a := range slices.SortedFunc(slices.Values(t.Authorisations), byProduct) {
			if c, err = a.Put(Key{Tenant: t.ID, Product: a.Product}, 0); err != nil {
				return err
			}
			visit(c.Key, c.Value)
		}
	}
	return nil
}

func byProduct(a, b Authorisation) int { return a.Product.Compare(b.Product) }
