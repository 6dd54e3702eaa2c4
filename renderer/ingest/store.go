package ingest

import (
	"cmp"
	"context"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// DefaultEndCap is how many tenants may be ended in a day.
	DefaultEndCap = 10

	requestTimeout = 15 * time.Second
)

// errMoved says that etcd is not what a transaction was decided on.
var errMoved = fault.New(fault.Retry, "", "somebody else was faster")

// Place says where the records are and whose. Etcd is required.
type Place struct {
	Etcd *etcd.Store
	// Prefix is of this package's keys, DefaultPrefix when empty; Records of the
	// authorisations, authz.DefaultPrefix when empty.
	Prefix, Records string
	// Now is the clock; the machine's when nil.
	Now func() time.Time
	// EndCap is how many tenants may be ended in a day; DefaultEndCap when zero.
	EndCap int
}

// Store makes the transactions. It is safe for concurrent use.
type Store struct {
	etcd    *etcd.Store
	kv      clientv3.KV
	place   place
	records string
	now     func() time.Time
	cap     int
	seen    seenLease
}

// NewStore returns the store of a place.
func NewStore(p Place) *Store {
	s := &Store{etcd: p.Etcd, kv: p.Etcd.Client().KV, place: place(cmp.Or(p.Prefix, DefaultPrefix)),
		records: cmp.Or(p.Records, authz.DefaultPrefix), now: p.Now, cap: cmp.Or(p.EndCap, DefaultEndCap)}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// moment is the clock in the form of records.
func (s *Store) moment() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

func (s *Store) get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := s.kv.Get(ctx, key, opts...)
	if err != nil {
		return nil, s.etcd.Explain("reading from etcd", err)
	}
	return resp, nil
}

// txn is one transaction.
type txn struct {
	guards      []clientv3.Cmp
	then, other []clientv3.Op
}

// commit sends a transaction. Whether its conditions held is for the caller.
func (s *Store) commit(ctx context.Context, doing string, t txn) (*clientv3.TxnResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	resp, err := s.kv.Txn(ctx).If(t.guards...).Then(t.then...).Else(t.other...).Commit()
	if err != nil {
		return nil, s.etcd.Explain(doing, err)
	}
	return resp, nil
}

func absent(key string) clientv3.Cmp { return clientv3.Compare(clientv3.CreateRevision(key), "=", 0) }

func unchanged(key string, mod int64) clientv3.Cmp {
	return clientv3.Compare(clientv3.ModRevision(key), "=", mod)
}

// soil is the operation that makes a tenant dirty. One that is dirty keeps its
// record and gets a new revision, so that a fetch under way is made again.
func (s *Store) soil(id ident.Tenant) clientv3.Op {
	key := s.place.dirty(id)
	return clientv3.OpTxn([]clientv3.Cmp{absent(key)},
		[]clientv3.Op{clientv3.OpPut(key, encode(Dirty{Since: s.moment()}))},
		[]clientv3.Op{clientv3.OpPut(key, "", clientv3.WithIgnoreValue())})
}

// Request makes a tenant dirty, so that it is fetched.
func (s *Store) Request(ctx context.Context, id ident.Tenant) error {
	_, err := s.commit(ctx, fmt.Sprintf("asking for tenant %q", id), txn{then: []clientv3.Op{s.soil(id)}})
	return err
}

// settle sends the transaction that makes a plan true, under the given
// conditions beside those of the plan. It returns errMoved if one did not hold.
func (s *Store) settle(ctx context.Context, st state, p plan, also txn) error {
	t := txn{guards: append(also.guards, unchanged(s.place.book(st.id), st.bookMod), unchanged(s.place.held(st.id), st.heldMod)), then: also.then}
	for _, w := range p.writes {
		key := authz.FormatKey(s.records, w.key)
		t.guards = append(t.guards, unchanged(key, w.mod))
		t.then = append(t.then, clientv3.OpPut(key, string(w.value)))
	}
	if book := encode(p.book); book != encode(st.book) || st.bookMod == 0 {
		t.then = append(t.then, clientv3.OpPut(s.place.book(st.id), book))
	}
	t.then = append(t.then, s.holds(st, p.held)...)
	if p.ends {
		now := s.moment()
		next := Ended{append(st.ended.within(now), EndedTenant{st.id, now})}
		t.guards = append(t.guards, unchanged(s.place.ended(), st.endedMod))
		t.then = append(t.then, clientv3.OpPut(s.place.ended(), encode(next)))
	}
	resp, err := s.commit(ctx, fmt.Sprintf("writing tenant %q to etcd", st.id), t)
	if err == nil && !resp.Succeeded {
		err = errMoved
	}
	return err
}

// holds are the operations that bring held to the changes.
func (s *Store) holds(st state, changes []Change) []clientv3.Op {
	key := s.place.held(st.id)
	next := Held{Since: s.moment(), Changes: changes}
	switch {
	case len(changes) == 0 && st.heldMod == 0:
		return nil
	case len(changes) == 0:
		return []clientv3.Op{clientv3.OpDelete(key)}
	case st.heldMod != 0:
		next.Since = st.held.Since
		if encode(next) == encode(st.held) {
			return nil
		}
	}
	return []clientv3.Op{clientv3.OpPut(key, encode(next))}
}
