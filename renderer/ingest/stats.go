package ingest

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
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

// reread reads the dirty keys, queues them, tells what waits, and returns the
// revision of the reading.
func (w *Worker) reread(ctx context.Context, q queue) (int64, error) {
	s, now := w.store, w.store.moment()
	var stats Stats
	revision, err := s.etcd.Scan(ctx, s.place.below("dirty"), func() { stats = Stats{} }, func(key string, value []byte, _ int64) {
		id, ok := s.place.tenant("dirty", key)
		if !ok {
			return
		}
		d := state{dirty: stored{value: value}}.work(now)
		stats.count(d)
		w.hear(q, id, true, value)
	})
	if err == nil {
		err = w.rest(ctx, &stats)
	}
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
func (w *Worker) rest(ctx context.Context, stats *Stats) error {
	resp, err := w.store.get(ctx, w.store.place.all("held"), clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		return err
	}
	stats.Held = int(resp.Count)
	last, _, err := w.store.full(ctx)
	stats.Listed = last.Completed
	return err
}
