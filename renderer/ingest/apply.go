package ingest

import (
	"context"
	"errors"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// apply writes a document of a list or a file, for which nobody was asked: one
// whose revision says that it is newer than what is written, or the first. It
// returns errMoved where somebody is at work on the tenant, and where only an
// answer of now could tell. A dry run writes nothing.
func (s *Store) apply(ctx context.Context, doc sps.Document, dryRun bool) (Outcome, error) {
	idle := []clientv3.Cmp{absent(s.place.dirty(doc.ID)), absent(s.place.claim(doc.ID))}
	resp, err := s.commit(ctx, fmt.Sprintf("reading tenant %q", doc.ID), txn{guards: idle, then: s.reads(doc.ID)})
	if err != nil {
		return Unanswered, err
	}
	st, err := s.assemble(doc.ID, found(resp))
	switch {
	case err != nil:
		return Quarantined, err
	case !resp.Succeeded:
		return Overtaken, errMoved
	}
	switch v, err := st.book.weigh(doc); {
	case err != nil:
		return Quarantined, err
	case v == same:
		return Unchanged, nil
	case v == stale:
		return Stale, nil
	case v == disputed:
		return Disputed, nil
	case st.book.Revision > 0 && doc.Revision == st.book.Revision: // of somebody who was missing or ended
		return Overtaken, errMoved
	}
	p, err := s.decide(ctx, st, func(d decision) (plan, error) { return d.merge(doc) })
	if err != nil {
		return Quarantined, err
	}
	if dryRun {
		return p.outcome(Written), nil
	}
	return p.outcome(Written), s.settle(ctx, st, p, txn{guards: idle})
}

// Import writes a document of a file, by the rules of a list. What waits for
// SPS is not written; a dry run writes nothing.
func (s *Store) Import(ctx context.Context, doc sps.Document, dryRun bool) (Outcome, error) {
	if doc.Err != nil {
		return Quarantined, fault.New(fault.Skipped, fault.HintOf(doc.Err), "%w", doc.Err)
	}
	outcome, err := s.apply(ctx, doc, dryRun)
	switch {
	case errors.Is(err, errMoved):
		return Overtaken, fault.New(fault.Skipped, "import it again when it has been fetched", "tenant %q: SPS is being asked for it, or only its answer can tell", doc.ID)
	case outcome == Quarantined && fault.ClassOf(err) == fault.Person:
		return Quarantined, fault.New(fault.Skipped, fault.HintOf(err), "%w", err)
	}
	return outcome, err
}

// decide makes a plan for a tenant. If somebody would be ended and the cap does
// not allow it, or something of the kind waits for a person already, the plan
// is made again without.
func (s *Store) decide(ctx context.Context, st state, merge func(decision) (plan, error)) (plan, error) {
	d := decision{now: s.moment(), room: !st.waits(), state: st}
	p, err := merge(d)
	if err != nil || !p.ends {
		return p, err
	}
	if d.room, err = s.room(ctx, st, d.now); err != nil || d.room {
		return p, err
	}
	return merge(d)
}
