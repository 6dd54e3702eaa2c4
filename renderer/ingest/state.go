package ingest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// stored is a record as etcd has it; its zero value is none.
type stored struct {
	value []byte
	mod   int64
}

// state is what etcd holds of one tenant at one revision.
type state struct {
	id     ident.Tenant
	own    stored
	rights map[ident.Product]stored
	dirty  stored
	book   Book
	// held and ended are what they were when the state was read.
	held                       Held
	ended                      Ended
	bookMod, heldMod, endedMod int64
	// full says that nobody can tell who was ended, so that nobody may be.
	full bool
}

// right returns an authorisation that etcd holds and that can be read.
func (s state) right(product ident.Product) (authz.Authorisation, bool) {
	r, ok := s.rights[product]
	if !ok {
		return authz.Authorisation{}, false
	}
	a, err := authz.DecodeAuthorisation(authz.Key{Tenant: s.id, Product: product}, r.value)
	return a, err == nil
}

// work is what is known of the fetch that is due.
func (s state) work(now time.Time) Dirty {
	var d Dirty
	if len(s.dirty.value) == 0 || decode("dirty", s.dirty.value, &d) != nil {
		d = Dirty{Since: now} // what others wrote there is no reason to stop
	}
	return d
}

// waits reports whether an end waits for a person: it goes on waiting, however
// much room the cap has by now.
func (s state) waits() bool {
	return slices.ContainsFunc(s.held.Changes, func(c Change) bool { return c.Reason == ReasonMany })
}

// reads are the operations that read a state.
func (s *Store) reads(id ident.Tenant) []clientv3.Op {
	record := authz.FormatKey(s.records, authz.Key{Tenant: id})
	return []clientv3.Op{
		clientv3.OpGet(s.place.dirty(id)), clientv3.OpGet(s.place.book(id)), clientv3.OpGet(s.place.held(id)), clientv3.OpGet(s.place.ended()),
		clientv3.OpGet(record), clientv3.OpGet(record+"/", clientv3.WithPrefix()),
	}
}

// assemble makes a state of the answers to reads. With an error it holds
// whether the tenant is dirty, and is good for nothing else.
func (s *Store) assemble(id ident.Tenant, kvs []*mvccpb.KeyValue) (state, error) {
	st := state{id: id, rights: map[ident.Product]stored{}}
	var bad error
	for _, kv := range kvs {
		key, is := string(kv.Key), stored{kv.Value, kv.ModRevision}
		var err error
		switch key {
		case s.place.dirty(id):
			st.dirty = is
		case s.place.book(id):
			st.bookMod, err = kv.ModRevision, decode(key, kv.Value, &st.book)
		case s.place.held(id):
			st.heldMod, err = kv.ModRevision, decode(key, kv.Value, &st.held)
		case s.place.ended():
			st.endedMod = kv.ModRevision
			st.full = decode(key, kv.Value, &st.ended) != nil // then nobody is ended, and everything else goes on
		default:
			st.record(s.records, key, is)
		}
		bad = cmp.Or(bad, err)
	}
	return st, bad
}

// record takes one record of the tenant. A key that names none is nobody's.
func (s *state) record(prefix, key string, is stored) {
	named, err := authz.ParseKey(prefix, key)
	switch {
	case err != nil:
	case named.Product.IsZero():
		s.own = is
	default:
		s.rights[named.Product] = is
	}
}

// found flattens the answers of a transaction's reads.
func found(resp *clientv3.TxnResponse) []*mvccpb.KeyValue {
	var all []*mvccpb.KeyValue
	for _, r := range resp.Responses {
		if read := r.GetResponseRange(); read != nil {
			all = append(all, read.Kvs...)
		}
	}
	return all
}

// room reports whether the cap allows to end one more tenant now: so many in a
// day, and never more than half of those that are known.
func (s *Store) room(ctx context.Context, st state, now time.Time) (bool, error) {
	if st.full {
		return false, nil
	}
	resp, err := s.get(ctx, s.place.all("tenants"), clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return false, err
	}
	most := min(int64(s.cap), max(1, resp.Count/2))
	return int64(len(st.ended.within(now))) < most, nil
}

// within returns those who were ended in the last day. A clock that was set
// back counts too many.
func (e Ended) within(now time.Time) []EndedTenant {
	var all []EndedTenant
	for _, t := range e.Tenants {
		if now.Sub(t.At) < soon {
			all = append(all, t)
		}
	}
	return all
}
