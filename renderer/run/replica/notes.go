package replica

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
)

// NotesElection is the election of who keeps the notes of merge requests: no
// environment has such a name.
const NotesElection = "merge_requests"

// notes keeps the notes of merge requests while this replica is elected. Two
// that keep them for a moment, when a lease ran out, do no harm: notes are found
// by their marks.
func (r *Replica) notes(ctx context.Context, poke <-chan struct{}) {
	if !r.c.Election {
		r.c.Notes(ctx, poke)
		return
	}
	elector := election.New(election.Options{Client: r.c.Store.Client(), Prefix: r.c.LeasePrefix, Name: NotesElection, ID: r.c.ID, TTL: r.c.LeaseTTL, Logger: r.c.Logger})
	elector.Run(ctx, func(ctx context.Context, _ election.Term) error {
		r.c.Notes(ctx, poke)
		return ctx.Err()
	})
}
