package ingest

import (
	"context"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
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
	seconds := max(1, int64((s.ttl+time.Second-1)/time.Second))
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	grant, err := s.client.Grant(limited, seconds)
	if err != nil {
		return 0, err
	}
	// The session outlives the fetch that made it.
	made, err := concurrency.NewSession(s.client, concurrency.WithLease(grant.ID), concurrency.WithTTL(int(seconds)),
		concurrency.WithContext(context.WithoutCancel(ctx)))
	if err != nil {
		return 0, err
	}
	s.now = made
	return grant.ID, nil
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
