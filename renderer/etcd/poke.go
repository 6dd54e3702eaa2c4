package etcd

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/backoff"
)

// PokeKey is the key by which a process asks all others to look at the branch.
const PokeKey = "/sluice/poke"

// Poke asks every process that listens with Poked.
func (s *Store) Poke(ctx context.Context) error {
	_, err := s.client.Put(ctx, PokeKey, "")
	if err != nil {
		return s.Explain("asking the other replicas to look at the branch", err)
	}
	return nil
}

// Poked calls tell whenever somebody pokes, until ctx ends. A watch that broke
// is begun again and tells too, since a poke may have been missed.
func (s *Store) Poked(ctx context.Context, tell func()) {
	pauses := backoff.New(100*time.Millisecond, time.Minute)
	for ctx.Err() == nil {
		watching, stop := context.WithCancel(clientv3.WithRequireLeader(ctx))
		for answer := range s.client.Watch(watching, PokeKey) {
			if answer.Err() != nil {
				break
			}
			pauses.Reset()
			tell()
		}
		stop()
		if backoff.Sleep(ctx, pauses.Next()) == nil {
			tell()
		}
	}
}
