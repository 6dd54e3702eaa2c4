package ingest

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
)

// session keeps the lease of this replica's claims. After a loss the next
// claim gets another one; claims of the old one are gone with it, and their
// fences with them.
type session struct {
	client *clientv3.Client
	ttl    time.Duration

	mu  sync.Mutex
	now *concurrency.Session
}

// get returns a lease that was alive a moment ago.
func (s *session) get(ctx context.Context) (clientv3.LeaseID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		select {
		case <-s.now.Done():
		default:
			return s.now.Lease(), nil
		}
	}
	made, err := election.Session(ctx, s.client, s.ttl)
	if err != nil {
		return 0, err
	}
	s.now = made
	return made.Lease(), nil
}

// close gives the lease back, and with it all claims.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil {
		_ = s.now.Close() // the lease ends by itself
		s.now = nil
	}
}
