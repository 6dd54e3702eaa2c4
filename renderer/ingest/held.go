package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// HeldTenant is a tenant that waits for a person.
type HeldTenant struct {
	ID ident.Tenant `json:"tenantId"`
	Held
	// Err says why the record cannot be read.
	Err error `json:"-"`
}

// Held returns what waits for a person, by tenant.
func (s *Store) Held(ctx context.Context) ([]HeldTenant, error) {
	var all []HeldTenant
	_, err := s.etcd.Scan(ctx, s.place.below("held"), func() { all = nil }, func(key string, value []byte, _ int64) {
		if id, ok := s.place.tenant("held", key); ok {
			h := HeldTenant{ID: id}
			h.Err = decode(key, value, &h.Held)
			all = append(all, h)
		}
	})
	return all, err
}

// Trouble is a tenant whose fetches fail.
type Trouble struct {
	ID ident.Tenant `json:"tenantId"`
	Dirty
}

// Troubles returns the tenants whose fetches failed since they became dirty.
func (s *Store) Troubles(ctx context.Context) ([]Trouble, error) {
	var all []Trouble
	_, err := s.etcd.Scan(ctx, s.place.below("dirty"), func() { all = nil }, func(key string, value []byte, _ int64) {
		if id, ok := s.place.tenant("dirty", key); ok {
			if d := (state{dirty: stored{value: value}}).work(s.moment()); d.Attempts > 0 {
				all = append(all, Trouble{id, d})
			}
		}
	})
	return all, err
}

// HeldPrefix is what all of Held is below.
func (s *Store) HeldPrefix() string { return s.place.below("held") }

// waiting reads a tenant for a person's word about what is held of it.
func (s *Store) waiting(ctx context.Context, id ident.Tenant) (state, error) {
	resp, err := s.commit(ctx, fmt.Sprintf("reading tenant %q", id), txn{then: s.reads(id)})
	if err != nil {
		return state{}, err
	}
	st, err := s.assemble(id, found(resp))
	switch {
	case err != nil:
		return st, err
	case st.heldMod == 0:
		return st, fault.Hintf("see what there is: sluice ingest held list", "tenant %q: nothing is held of it", id)
	}
	return st, nil
}

// Accept does what is held of a tenant. It fails if a record is not any more
// what it was when it was held.
func (s *Store) Accept(ctx context.Context, id ident.Tenant) (Held, error) {
	st, err := s.waiting(ctx, id)
	if err != nil {
		return Held{}, err
	}
	rights := map[ident.Product]authz.Authorisation{}
	for _, c := range st.held.Changes {
		a, ok := rights[c.Product]
		if !ok {
			if a, ok = st.right(c.Product); !ok {
				return Held{}, fault.Hintf("look at it: sluice authz get "+id.String(), "accepting for tenant %q: its record of %q is gone or cannot be read", id, c.Product)
			}
		}
		if rights[c.Product], err = c.apply(a, s.moment()); err != nil {
			return Held{}, fmt.Errorf("accepting for tenant %q: product %q: %w", id, c.Product, err)
		}
	}
	p := plan{book: st.book}
	p.book.Ended = p.book.Ended || len(p.book.Absent) >= proofs
	for product, a := range rights {
		value, err := authz.EncodeAuthorisation(id, bounded(a))
		if err != nil {
			return Held{}, fmt.Errorf("accepting for tenant %q: product %q: %w", id, product, err)
		}
		p.put(authz.Key{Tenant: id, Product: product}, st.rights[product], value)
	}
	return st.held, s.answer(ctx, st, p)
}

// Drop forgets what is held of a tenant. SPS has to say it anew, with a newer
// revision or by two more lists, before it is held again.
func (s *Store) Drop(ctx context.Context, id ident.Tenant) (Held, error) {
	st, err := s.waiting(ctx, id)
	if err != nil {
		return Held{}, err
	}
	p := plan{book: st.book}
	p.book.Absent = nil
	return st.held, s.answer(ctx, st, p)
}

// answer writes a person's word.
func (s *Store) answer(ctx context.Context, st state, p plan) error {
	err := s.settle(ctx, st, p, txn{guards: []clientv3.Cmp{absent(s.place.claim(st.id))}})
	if errors.Is(err, errMoved) {
		return fault.New(fault.Retry, "look at it again: sluice ingest held list", "tenant %q: somebody else wrote it meanwhile, or it is being fetched", st.id)
	}
	return err
}

// apply makes one change to a right that is still what it was.
func (c Change) apply(a authz.Authorisation, now time.Time) (authz.Authorisation, error) {
	from := map[string]string{fieldStorage: a.Storage, fieldStart: moment(a.StartTime), fieldEnd: moment(a.EndTime)}
	if is, ok := from[c.Field]; !ok || is != c.From {
		return a, fault.Hintf("drop it, and let SPS say it again", "%s is %s, not %s any more", fault.Clip(c.Field), fault.Clip(is), fault.Clip(c.From))
	}
	if c.Field == fieldStorage {
		a.Storage = c.To
		return a, nil
	}
	to := now
	if c.To != toNow {
		var err error
		if to, err = authz.ParseMoment(c.To); err != nil {
			return a, err
		}
	}
	if c.Field == fieldStart {
		a.StartTime = to
	} else {
		a.EndTime = to
	}
	return a, nil
}

// Texts returns the changes for people, sorted.
func (h Held) Texts() []string {
	var all []string
	for _, c := range h.Changes {
		from, to := c.From, c.To
		if from == "" {
			from = "none"
		}
		if to == "" {
			to = "none"
		}
		all = append(all, fmt.Sprintf("%s %s %s -> %s: %s", c.Product, c.Field, from, to, c.Reason))
	}
	slices.Sort(all)
	return all
}
