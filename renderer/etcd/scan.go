package etcd

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Point is a moment of an etcd cluster.
type Point struct {
	Cluster  uint64
	Revision int64
}

// Now returns the newest revision, which a quorum has confirmed.
func (s *Store) Now(ctx context.Context, prefix string) (Point, error) {
	if err := checkPrefix(prefix); err != nil {
		return Point{}, err
	}
	resp, err := s.get(ctx, prefix+"/", clientv3.WithCountOnly())
	if err != nil {
		return Point{}, s.config.explain("asking etcd for its revision", err)
	}
	return Point{resp.Header.ClusterId, resp.Header.Revision}, nil
}

// Mark returns what differs when any record below some prefixes does. It costs
// one request, in which no value is handed over.
func (s *Store) Mark(ctx context.Context, prefixes ...string) (string, error) {
	var ops []clientv3.Op
	for _, p := range prefixes {
		if err := checkPrefix(p); err != nil {
			return "", err
		}
		ops = append(ops, clientv3.OpGet(p+"/", clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(1),
			clientv3.WithSort(clientv3.SortByModRevision, clientv3.SortDescend)))
	}
	ctx, cancel := s.request(ctx)
	defer cancel()
	resp, err := s.kv.Txn(ctx).Then(ops...).Commit()
	if err != nil {
		return "", s.config.explain("asking etcd whether something changed", err)
	}
	mark := fmt.Sprint(resp.Header.ClusterId)
	for _, part := range resp.Responses {
		newest := int64(0)
		for _, kv := range part.GetResponseRange().GetKvs() {
			newest = kv.ModRevision
		}
		mark += fmt.Sprintf(" %d/%d", part.GetResponseRange().GetCount(), newest) // what goes makes them fewer, what comes is newer
	}
	return mark, nil
}

// Scan visits every record below prefix undecoded, in the order of the keys,
// all at the revision that it returns. It calls begin before the first one,
// and again when it has to begin again. Values may be kept.
func (s *Store) Scan(ctx context.Context, prefix string, begin func(), visit func(key string, value []byte, mod int64)) (int64, error) {
	at, err := s.scan(ctx, prefix, begin, func(kv *mvccpb.KeyValue) { visit(string(kv.Key), kv.Value, kv.ModRevision) })
	return at.Revision, err
}
