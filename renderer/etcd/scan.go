package etcd

import (
	"context"

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

// Scan visits every record below prefix undecoded, in the order of the keys,
// all at the revision that it returns. It calls begin before the first one,
// and again when it has to begin again. Values may be kept.
func (s *Store) Scan(ctx context.Context, prefix string, begin func(), visit func(key string, value []byte, mod int64)) (int64, error) {
	at, err := s.scan(ctx, prefix, begin, func(kv *mvccpb.KeyValue) { visit(string(kv.Key), kv.Value, kv.ModRevision) })
	return at.Revision, err
}
