package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Outcome is what became of one piece of work, in the word that metrics use.
type Outcome string

// Outcomes of fetches and of a list's documents.
const (
	Idle        Outcome = "idle"        // nobody asked for the tenant
	Busy        Outcome = "busy"        // another replica fetches it
	Written     Outcome = "written"     // records were written
	Unchanged   Outcome = "unchanged"   // SPS says what is written already
	Stale       Outcome = "stale"       // SPS answers with less than is written; asked again
	Disputed    Outcome = "disputed"    // SPS says something else under the same revision; nothing is written
	Holding     Outcome = "held"        // something of it waits for a person
	Over        Outcome = "ended"       // the tenant is gone and was ended
	Unproven    Outcome = "unproven"    // the tenant is gone, and no two lists have shown it; asked again for a while
	Quarantined Outcome = "quarantined" // the document is not to be used; asked again
	Overtaken   Outcome = "overtaken"   // a notice, a person or another replica was faster; made again
	Unanswered  Outcome = "unanswered"  // SPS gave no answer; asked again
	Requested   Outcome = "requested"   // a list showed that the tenant has to be fetched
)

// patience is how often SPS is asked for a tenant that it does not know and no
// list has missed: seven minutes long.
const patience = 10

// maxReason is the most bytes that a dirty record keeps of an error.
const maxReason = 256

// claim is the right to fetch one tenant.
type claim struct {
	state
	fence int64 // creation revision of the claim's key
}

// claim takes a dirty tenant for this replica and reads what etcd holds of it.
// A claim that an earlier fetch of this replica could not give back is its own.
func (w *Worker) claim(ctx context.Context, id ident.Tenant) (claim, Outcome, error) {
	lease, err := w.session.get(ctx)
	if err != nil {
		return claim{}, Busy, err
	}
	s, dirty, key := w.store, w.store.place.dirty(id), w.store.place.claim(id)
	take := append([]clientv3.Op{clientv3.OpPut(key, w.id, clientv3.WithLease(lease))}, s.reads(id)...)
	doing, due := fmt.Sprintf("claiming tenant %q", id), clientv3.Compare(clientv3.CreateRevision(dirty), ">", 0)
	resp, err := s.commit(ctx, doing, txn{guards: []clientv3.Cmp{due, absent(key)}, then: take,
		other: []clientv3.Op{clientv3.OpTxn([]clientv3.Cmp{due, clientv3.Compare(clientv3.LeaseValue(key), "=", lease)},
			[]clientv3.Op{clientv3.OpDelete(key)}, []clientv3.Op{clientv3.OpGet(dirty, clientv3.WithCountOnly())})}})
	if err != nil {
		return claim{}, Busy, err
	}
	if !resp.Succeeded {
		inner := resp.Responses[0].GetResponseTxn()
		if !inner.Succeeded && inner.Responses[0].GetResponseRange().Count == 0 {
			return claim{}, Idle, nil
		}
		return claim{}, Busy, nil // given back if it was our own, and taken at the next try
	}
	c := claim{fence: resp.Header.Revision}
	c.state, err = s.assemble(id, found(resp))
	if err != nil {
		return c, Quarantined, w.fail(ctx, c, Quarantined, err)
	}
	return c, "", nil
}

// mine are the conditions under which a claim still holds for what was read.
func (s *Store) mine(c claim) []clientv3.Cmp {
	return []clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(s.place.claim(c.id)), "=", c.fence), unchanged(s.place.dirty(c.id), c.dirty.mod)}
}

// Work fetches one tenant, if it is dirty and nobody else does, and writes what
// SPS says. An error is to be tried again, later and later.
func (w *Worker) Work(ctx context.Context, id ident.Tenant) (Outcome, error) {
	c, outcome, err := w.claim(ctx, id)
	if outcome != "" || err != nil {
		return outcome, err
	}
	if err := w.step("claimed"); err != nil {
		return Unanswered, err
	}
	doc, err := w.source.Tenant(ctx, id)
	if err := errors.Join(ctx.Err(), w.step("fetched")); err != nil {
		return Unanswered, err
	}
	switch {
	case errors.Is(err, sps.ErrGone):
		outcome, err = w.gone(ctx, c)
	case err != nil:
		return Unanswered, w.fail(ctx, c, Unanswered, err)
	case doc.Err != nil:
		return Quarantined, w.fail(ctx, c, Quarantined, doc.Err)
	default:
		outcome, err = w.take(ctx, c, doc)
	}
	switch {
	case errors.Is(err, errMoved):
		return Overtaken, w.fail(ctx, c, Overtaken, err)
	case fault.ClassOf(err) == fault.Person:
		return Quarantined, w.fail(ctx, c, Quarantined, err)
	}
	return outcome, err
}

// take writes a document under a claim.
func (w *Worker) take(ctx context.Context, c claim, doc sps.Document) (Outcome, error) {
	v, err := c.book.weigh(doc)
	if err != nil {
		return Quarantined, err
	}
	switch v {
	case stale:
		return Stale, w.fail(ctx, c, Stale, fmt.Errorf("SPS answers with revision %d, written is %d", doc.Revision, c.book.Revision))
	case same, disputed:
		outcome := Unchanged
		if v == disputed {
			outcome = Disputed
		}
		return outcome, w.store.settle(ctx, c.state, plan{book: c.book, held: c.held.Changes}, w.clears(c))
	}
	p, err := w.store.decide(ctx, c.state, func(d decision) (plan, error) { return d.merge(doc) })
	if err != nil {
		return Unanswered, err
	}
	return p.outcome(Written), w.store.settle(ctx, c.state, p, w.clears(c))
}

// gone ends a tenant that SPS does not know, if two lists have shown it missing.
// If they have not, SPS is asked again for a while: a copy that lags may not
// know yet what the notice was about. Then the next list decides.
func (w *Worker) gone(ctx context.Context, c claim) (Outcome, error) {
	switch {
	case c.book.Ended, len(c.book.Absent) < proofs && c.work(w.store.moment()).Attempts >= patience:
		return Unproven, w.store.settle(ctx, c.state, plan{book: c.book, held: c.held.Changes}, w.clears(c))
	case len(c.book.Absent) < proofs:
		return Unproven, w.fail(ctx, c, Unproven, sps.ErrGone)
	}
	p, err := w.store.decide(ctx, c.state, decision.bury)
	if err != nil {
		return Unanswered, err
	}
	return p.outcome(Over), w.store.settle(ctx, c.state, p, w.clears(c))
}

// clears is what ends a fetch: no claim, and no dirty key if nobody asked again.
func (w *Worker) clears(c claim) txn {
	return txn{guards: w.store.mine(c), then: []clientv3.Op{clientv3.OpDelete(w.store.place.dirty(c.id)), clientv3.OpDelete(w.store.place.claim(c.id))}}
}

func (p plan) outcome(done Outcome) Outcome {
	if len(p.held) > 0 {
		return Holding
	}
	return done
}

// fail gives the claim back and notes why, for people and for the pause that
// other replicas make. Dirty that was asked for again meanwhile stays as it
// is. It returns the error.
func (w *Worker) fail(ctx context.Context, c claim, cause Outcome, why error) error {
	if err := w.step("failing"); err != nil {
		return err
	}
	s, key := w.store, w.store.place.claim(c.id)
	d := c.work(s.moment())
	d.Attempts, d.Cause, d.Reason = d.Attempts+1, string(cause), brief(why)
	_, err := s.commit(ctx, fmt.Sprintf("giving back tenant %q", c.id), txn{
		guards: s.mine(c),
		then:   []clientv3.Op{clientv3.OpPut(s.place.dirty(c.id), encode(d)), clientv3.OpDelete(key)},
		other: []clientv3.Op{clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(key), "=", c.fence)},
			[]clientv3.Op{clientv3.OpDelete(key)}, nil)},
	})
	return errors.Join(why, err)
}

// brief returns an error on one bounded line.
func brief(err error) string {
	line := strings.ToValidUTF8(strings.Join(strings.Fields(err.Error()), " "), "?")
	if len(line) > maxReason {
		line = strings.ToValidUTF8(line[:maxReason], "") + "..."
	}
	return line
}
