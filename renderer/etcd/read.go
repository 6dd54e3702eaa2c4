package etcd

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// attempts is how often a snapshot begins again after a compaction. The next
// one reads the newest revision, so more than one in a row is rare.
const attempts = 5

// Snapshot returns every authorisation below prefix at one revision. An empty
// prefix gives a snapshot without keys, which is no error.
func (s *Store) Snapshot(ctx context.Context, prefix string) (authz.Snapshot, error) {
	var a *authz.Assembler
	at, err := s.scan(ctx, prefix, func() { a = authz.NewAssembler(prefix) }, func(kv *mvccpb.KeyValue) {
		a.Add(authz.Record{Key: string(kv.Key), Value: kv.Value, Revision: kv.ModRevision})
	})
	if err != nil {
		return authz.Snapshot{}, err
	}
	snap := a.Snapshot(at.Revision)
	snap.Cluster = at.Cluster
	return snap, nil
}

// scan visits every key below prefix at one revision, which it returns. It
// calls begin before the first key, and again when it has to begin again.
func (s *Store) scan(ctx context.Context, prefix string, begin func(), visit func(*mvccpb.KeyValue)) (Point, error) {
	if err := checkPrefix(prefix); err != nil {
		return Point{}, err
	}
	for range attempts {
		begin()
		at, err := s.scanOnce(ctx, prefix, visit)
		if err == nil {
			return at, nil
		}
		if !errors.Is(err, rpctypes.ErrCompacted) {
			return Point{}, s.config.explain(fmt.Sprintf("reading %q from etcd", prefix), err)
		}
	}
	return Point{}, fault.New(fault.Retry, "compact etcd less often than a read of all records takes",
		"reading %q from etcd at %s: the revision was compacted away in each of %d attempts", prefix, s.config.where(), attempts)
}

// scanOnce reads page by page. The first page pins the revision. The next page
// is on its way while one is visited. A page whose answer is too large is read
// again with half as many keys.
func (s *Store) scanOnce(ctx context.Context, prefix string, visit func(*mvccpb.KeyValue)) (at Point, err error) {
	end := clientv3.GetPrefixRangeEnd(prefix + "/")
	from, limit := prefix+"/", s.page
	for next := s.fetch(ctx, from, end, limit, 0); ; {
		page := <-next
		if tooLarge(page.err) && limit > 1 {
			limit = max(1, limit/2)
			next = s.fetch(ctx, from, end, limit, at.Revision)
			continue
		}
		if page.err != nil {
			return Point{}, page.err
		}
		if at.Revision == 0 {
			at = Point{page.Header.ClusterId, page.Header.Revision}
		}
		if page.More {
			from = string(page.Kvs[len(page.Kvs)-1].Key) + "\x00"
			next = s.fetch(ctx, from, end, limit, at.Revision)
		}
		for _, kv := range page.Kvs {
			visit(kv)
		}
		if !page.More {
			return at, nil
		}
	}
}

// page is the answer to one range request.
type page struct {
	*clientv3.GetResponse
	err error
}

// fetch begins to read the first keys of [from, end) at the revision, the
// newest when zero.
func (s *Store) fetch(ctx context.Context, from, end string, limit, revision int64) <-chan page {
	answer := make(chan page, 1)
	go func() {
		resp, err := s.get(ctx, from, clientv3.WithRange(end), clientv3.WithLimit(limit), clientv3.WithRev(revision))
		answer <- page{resp, err}
	}()
	return answer
}

func (s *Store) get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	return s.kv.Get(ctx, key, opts...)
}

// Records are the tenants and authorisations below one prefix.
type Records struct {
	store  *Store
	prefix string
}

// Records returns the records below prefix, which authz.ParsePrefix checked.
func (s *Store) Records(prefix string) *Records { return &Records{s, prefix} }

// List returns the records of all tenants, or of the given ones, at one
// revision. A tenant that does not exist is left out.
func (r *Records) List(ctx context.Context, ids ...ident.Tenant) (authz.Listing, error) {
	if len(ids) > 0 {
		return r.listSome(ctx, ids)
	}
	var l *lister
	at, err := r.store.scan(ctx, r.prefix, func() { l = newLister(r.prefix) }, func(kv *mvccpb.KeyValue) { l.add(kv) })
	if err != nil {
		return authz.Listing{}, err
	}
	return l.listing(at.Revision), nil
}

// listSome reads the tenants in one transaction.
func (r *Records) listSome(ctx context.Context, ids []ident.Tenant) (authz.Listing, error) {
	if len(ids) > maxChanges {
		return authz.Listing{}, fault.Hintf("list all", "listing %d tenants: at most %d can be named", len(ids), maxChanges)
	}
	var ops []clientv3.Op
	for _, id := range ids {
		key := authz.FormatKey(r.prefix, authz.Key{Tenant: id})
		ops = append(ops, clientv3.OpGet(key), clientv3.OpGet(key+"/", clientv3.WithPrefix()))
	}
	ctx, cancel := r.store.request(ctx)
	defer cancel()
	resp, err := r.store.kv.Txn(ctx).Then(ops...).Commit()
	if err != nil {
		return authz.Listing{}, r.store.config.explain("reading tenants from etcd", err)
	}
	l := newLister(r.prefix)
	for _, part := range resp.Responses {
		for _, kv := range part.GetResponseRange().Kvs {
			l.add(kv)
		}
	}
	return l.listing(resp.Header.Revision), nil
}

// lister assembles records and keeps their revisions.
type lister struct {
	assembler *authz.Assembler
	revisions map[authz.Key]authz.Revisions
}

func newLister(prefix string) *lister {
	return &lister{authz.NewAssembler(prefix), map[authz.Key]authz.Revisions{}}
}

func (l *lister) add(kv *mvccpb.KeyValue) {
	key := l.assembler.Add(authz.Record{Key: string(kv.Key), Value: kv.Value, Revision: kv.ModRevision})
	if key != (authz.Key{}) {
		l.revisions[key] = authz.Revisions{Create: kv.CreateRevision, Mod: kv.ModRevision}
	}
}

func (l *lister) listing(revision int64) authz.Listing {
	return authz.Listing{Snapshot: l.assembler.Snapshot(revision), Revisions: l.revisions}
}
