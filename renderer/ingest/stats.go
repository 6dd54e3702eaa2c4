package ingest

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Stats are what waits.
type Stats struct {
	// Dirty tenants are to be fetched, the oldest since Oldest.
	Dirty  int
	Oldest time.Time
	// Quarantined is how many of them SPS describes in a way that is not to be used.
	Quarantined int
	// Held tenants wait for a person.
	Held int
	// Listed is when a list was read whole last; zero for never.
	Listed time.Time
}

// Stats reads what waits.
func (s *Store) Stats(ctx context.Context) (Stats, error) {
	stats, _, err := s.stats(ctx, func(ident.Tenant, []byte) {})
	return stats, err
}

// stats reads the dirty keys, visits them, and counts what waits. It returns
// the revision of the reading.
func (s *Store) stats(ctx context.Context, visit func(id ident.Tenant, value []byte)) (Stats, int64, error) {
	var stats Stats
	now := s.moment()
	revision, err := s.etcd.Scan(ctx, s.place.below("dirty"), func() { stats = Stats{} }, func(key string, value []byte, _ int64) {
		if id, ok := s.place.tenant("dirty", key); ok {
			stats.count(state{dirty: stored{value: value}}.work(now))
			visit(id, value)
		}
	})
	if err == nil {
		err = s.rest(ctx, &stats)
	}
	return stats, revision, err
}

// reread reads the dirty keys, queues them, tells what waits, and returns the
// revision of the reading.
func (w *Worker) reread(ctx context.Context, q queue) (int64, error) {
	stats, revision, err := w.store.stats(ctx, func(id ident.Tenant, value []byte) { w.hear(q, id, true, value) })
	w.o.Measured(stats, err)
	return revision, err
}

func (s *Stats) count(d Dirty) {
	s.Dirty++
	if s.Oldest.IsZero() || d.Since.Before(s.Oldest) {
		s.Oldest = d.Since
	}
	if d.Cause == string(Quarantined) {
		s.Quarantined++
	}
}

// rest adds what is not in the queue.
func (s *Store) rest(ctx context.Context, stats *Stats) error {
	resp, err := s.get(ctx, s.place.all("held"), clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return err
	}
	stats.Held = int(resp.Count)
	last, _, err := s.full(ctx)
	stats.Listed = last.Completed
	return err
}
