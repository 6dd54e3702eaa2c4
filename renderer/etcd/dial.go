package etcd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const (
	// pageKeys is how many keys one request reads: about 2 MB of usual records.
	pageKeys = 5000
	// maxMessage bounds an answer, so that a page of hostile records is read
	// in smaller pages and not into memory at once. One record has at most 1.5 MiB.
	maxMessage = 32 << 20
)

// Store is a connection to etcd. It is safe for concurrent use.
type Store struct {
	client *clientv3.Client
	kv     clientv3.KV
	config resolved
	page   int64
}

// Dial connects to etcd, logs in and makes sure that a quorum answers. The
// store lives until Close; ctx bounds the dialling only.
func Dial(ctx context.Context, c Config) (*Store, error) {
	r, err := c.resolve()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.DialTimeout)
	defer cancel()
	if err := r.probe(ctx); err != nil {
		return nil, err
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints: r.Endpoints, TLS: r.tls, Username: r.Username, Password: r.Password,
		DialTimeout: r.DialTimeout, MaxCallRecvMsgSize: maxMessage, Logger: zap.NewNop(),
	})
	if err != nil {
		return nil, r.explain("connecting to etcd", err)
	}
	// Any linearizable read needs a leader and a quorum; who may not read this key has logged in all the same.
	if _, err := client.Get(ctx, "health", clientv3.WithCountOnly()); err != nil && !errors.Is(err, rpctypes.ErrPermissionDenied) {
		_ = client.Close()
		return nil, r.explain("connecting to etcd", err)
	}
	return &Store{client: client, kv: client.KV, config: r, page: pageKeys}, nil
}

// Client returns the connection, for leases, elections and watches. It lives
// as long as the store.
func (s *Store) Client() *clientv3.Client { return s.client }

// Close ends the connection.
func (s *Store) Close() error {
	if err := s.client.Close(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("closing etcd: %w", err)
	}
	return nil
}

// request bounds one request.
func (s *Store) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.config.RequestTimeout)
}

// checkPrefix refuses what authz.ParsePrefix would have changed.
func checkPrefix(prefix string) error {
	if prefix == "" || prefix[0] != '/' || strings.HasSuffix(prefix, "/") {
		return fault.Hintf("use a path such as /tenant/info", "etcd prefix %q: does not begin with a slash or ends with one", prefix)
	}
	return nil
}
