package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// proofs is how many whole lists have to miss a tenant before it may be gone.
	proofs = 2
	// fullAge is how old a list may become on the word of its ETag alone.
	fullAge = 24 * time.Hour
	// appliedAtOnce is how many documents of a list are written at once.
	appliedAtOnce = 16
)

// Pulled is what a reading of the list did.
type Pulled struct {
	// NotModified says that SPS had nothing new, and nothing was written.
	NotModified bool
	Tenants     int
	// Outcomes counts the tenants of the list by what became of them.
	Outcomes map[Outcome]int
	// Missing counts those that are known and were not in it.
	Missing int
}

// known is what the bookkeeping said of a tenant when the list began to come.
type known struct {
	Book
	mod int64
	// there says that the list names the tenant.
	there bool
}

// pull is one reading of the list.
type pull struct {
	*Worker
	also  []clientv3.Cmp
	known map[ident.Tenant]*known
	done  Pulled
}

// Pull reads the list of all tenants once and writes what is new. Any number
// of replicas may do so at the same time. An error says that the list was not
// read whole or not all of it written: then nobody is missing for it, and the
// next reading begins from nothing. Under other conditions than also nobody is
// noted as missing, and no list as read.
func (w *Worker) Pull(ctx context.Context, also ...clientv3.Cmp) (Pulled, error) {
	p := &pull{Worker: w, also: also, done: Pulled{Outcomes: map[Outcome]int{}}}
	last, mod, err := w.store.full(ctx)
	if err != nil {
		return p.done, err
	}
	etag := last.ETag
	if w.store.moment().Sub(last.Completed) > fullAge {
		etag = ""
	}
	list, err := w.source.Walk(ctx, etag, func(page []sps.Entry) error { return p.page(ctx, page) })
	switch {
	case errors.Is(err, sps.ErrUnchanged):
		p.done.NotModified = true
		return p.done, nil
	case err != nil:
		return p.done, err
	case list.ID == last.Snapshot:
		return p.done, fault.New(fault.Retry, "", "reading the list of SPS: snapshot %s is the last one again", fault.Clip(list.ID))
	case list.Nameless > 0:
		return p.done, fault.Hintf("mend them at SPS", "reading the list of SPS: %d of %d tenants have no id that can be read", list.Nameless, list.Total)
	}
	if err := w.step("listed"); err != nil {
		return p.done, err
	}
	if err := p.miss(ctx, list.ID); err != nil {
		return p.done, err
	}
	if err := w.step("missed"); err != nil {
		return p.done, err
	}
	if p.done.Outcomes[Stale] > 0 || p.done.Missing > 0 {
		list.ETag = "" // part of it came from a copy that lags, or who was missing has to be looked for again
	}
	return p.done, p.keep(ctx, Full{Snapshot: list.ID, ETag: list.ETag, Completed: w.store.moment()}, mod)
}

// full reads which list was read last.
func (s *Store) full(ctx context.Context) (Full, int64, error) {
	var f Full
	resp, err := s.get(ctx, s.place.full())
	if err != nil || len(resp.Kvs) == 0 {
		return f, 0, err
	}
	if err := decode(s.place.full(), resp.Kvs[0].Value, &f); err != nil {
		f = Full{} // read the list whole
	}
	return f, resp.Kvs[0].ModRevision, nil
}

// keep notes a list that was read whole, unless another replica noted one.
func (p *pull) keep(ctx context.Context, f Full, mod int64) error {
	s := p.store
	_, err := s.commit(ctx, "noting the list of SPS", txn{guards: append(slices.Clone(p.also), unchanged(s.place.full(), mod)),
		then: []clientv3.Op{clientv3.OpPut(s.place.full(), encode(f))}})
	return err
}

// remember reads all bookkeeping. What cannot be read is not known here, and
// whoever fetches the tenant says so.
func (p *pull) remember(ctx context.Context) error {
	s := p.store
	_, err := s.etcd.Scan(ctx, s.place.below("tenants"), func() { p.known = map[ident.Tenant]*known{} }, func(key string, value []byte, mod int64) {
		k := &known{mod: mod}
		if id, ok := s.place.tenant("tenants", key); ok && decode(key, value, &k.Book) == nil {
			p.known[id] = k
		}
	})
	return err
}

// page writes what is new on one page. The bookkeeping is read with the first
// one, so that a list with nothing new costs no more than the question.
func (p *pull) page(ctx context.Context, page []sps.Entry) error {
	if p.known == nil {
		if err := p.remember(ctx); err != nil {
			return err
		}
	}
	if err := p.step("page"); err != nil {
		return err
	}
	outcomes := make([]Outcome, len(page))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(appliedAtOnce)
	for i, e := range page {
		k := p.known[e.ID]
		if k != nil {
			k.there = true
		}
		if k != nil && e.Revision > 0 && e.Revision == k.Revision && !k.Ended && len(k.Absent) == 0 {
			outcomes[i] = Unchanged
			continue
		}
		group.Go(func() (err error) {
			outcomes[i], err = p.entry(ctx, e, k)
			return err
		})
	}
	err := group.Wait()
	for _, o := range outcomes {
		if o != "" {
			p.done.Tenants++
			p.done.Outcomes[o]++
		}
	}
	return err
}

// entry writes one document of the list, or makes its tenant dirty where
// somebody else is at work on it or the document alone does not decide.
func (p *pull) entry(ctx context.Context, e sps.Entry, k *known) (Outcome, error) {
	if k == nil {
		k = &known{}
	}
	doc := e.Document()
	switch {
	case doc.ID.IsZero():
		return Quarantined, nil
	case doc.Err == nil && doc.Revision > 0 && doc.Revision < k.Revision:
		return Stale, nil
	case doc.Err == nil && doc.Revision == 0 && k.Revision == 0 && k.Digest == doc.Digest && !k.Ended && len(k.Absent) == 0:
		return Unchanged, nil
	case doc.Err == nil && doc.Revision > 0:
		outcome, err := p.store.apply(ctx, doc, false)
		if !errors.Is(err, errMoved) && fault.ClassOf(err) != fault.Person {
			return outcome, err
		}
	}
	return Requested, p.store.Request(ctx, doc.ID)
}

// miss notes who was not in a whole list. Who was not in two is fetched: SPS
// has to say itself that the tenant is gone.
func (p *pull) miss(ctx context.Context, list string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(appliedAtOnce)
	for id, k := range p.known {
		if k.there || k.Ended || len(k.Absent) >= proofs || slices.Contains(k.Absent, list) {
			continue
		}
		p.done.Missing++
		book := k.Book
		book.Absent = append(slices.Clone(book.Absent), list)
		t := txn{guards: append(slices.Clone(p.also), unchanged(p.store.place.book(id), k.mod)), then: []clientv3.Op{clientv3.OpPut(p.store.place.book(id), encode(book))}}
		if len(book.Absent) == proofs {
			t.then = append(t.then, p.store.soil(id))
		}
		group.Go(func() error {
			_, err := p.store.commit(ctx, fmt.Sprintf("noting that tenant %q is missing", id), t) // who was fetched meanwhile is not
			return err
		})
	}
	return group.Wait()
}
