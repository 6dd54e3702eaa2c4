// Package query answers other services what a tenant may use, from a copy in
// memory that a watch keeps warm.
//
// Invariants:
//   - No request reads etcd. Until the copy is complete every answer is 503;
//     when etcd is away the last copy answers and says how old it is.
//   - An answer is of one point of etcd, whole, and so are the pages of a list
//     together. A point that is no longer held is 410, never another point.
//   - Equal facts have equal ETags in every replica; what a state is follows
//     from the times and the clock, so the ETag changes with the state.
//   - A source that is missing is named: a version is what the status record
//     says is accepted, and nothing when there is none. A record that cannot
//     be read is an error, never "not bought".
//   - Whoever follows costs a place in a shared journal. One that is too slow
//     is told so and ended.
//
// openapi.yaml is the contract; the tests hold each answer to it. Who may call,
// and how often, is decided before (see caller).
package query

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// MirrorOptions configure a Mirror. The zero value works.
type MirrorOptions struct {
	// Prefix is where the authorisations are; authz.DefaultPrefix when empty.
	Prefix string
	// StatusPrefix is where the status records are; beside them when empty.
	StatusPrefix string
	// Journal is how many changes are remembered for those who follow; 65,536 when zero.
	Journal int
	// Now is the clock; the system's when nil.
	Now func() time.Time
	// Logger hears about readings; nil is silent.
	Logger *slog.Logger
	// Hear is told of every reading of the authorisations. May be nil.
	Hear func(watch.Reading)
}

// Mirror is the copy that answers. It is safe for concurrent use.
type Mirror struct {
	o            MirrorOptions
	info, status *watch.Mirror
	view         atomic.Pointer[view] // nil until it is complete
	ready        time.Time            // when only status records were missing
	journal      *journal
	kept         keeper
	progress     time.Duration // see watch.Options
}

// NewMirror returns an empty copy.
func NewMirror(o MirrorOptions) *Mirror {
	if o.Prefix == "" {
		o.Prefix = authz.DefaultPrefix
	}
	if o.StatusPrefix == "" {
		o.StatusPrefix = status.Beside(o.Prefix)
	}
	if o.Journal <= 0 {
		o.Journal = 1 << 16
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Mirror{o: o, journal: newJournal(o.Journal),
		info:   watch.NewLeanMirror(o.Prefix, watch.Form{Parse: authz.ParseKey, Format: authz.FormatKey}, o.Now),
		status: watch.NewLeanMirror(o.StatusPrefix, watch.Form{Parse: status.ParseKey, Format: status.FormatKey}, o.Now)}
}

const (
	// gather is how long changes are gathered before there is a new view.
	gather = 20 * time.Millisecond
	// patience is how long the first view waits for status records. They may
	// not be ours to read, and then it is better to say so than to say nothing.
	patience = 10 * time.Second
)

// Run keeps the copy true until ctx ends.
func (m *Mirror) Run(ctx context.Context, store *etcd.Store) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() {
		watch.New(store, m.info, watch.Options{Logger: m.o.Logger, Hear: m.o.Hear, Progress: m.progress}).Run(ctx)
	})
	all.Go(func() { watch.New(store, m.status, watch.Options{Logger: m.o.Logger, Progress: m.progress}).Run(ctx) })
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-m.info.Changed():
		case <-m.status.Changed():
		}
		m.refresh()
		_ = backoff.Sleep(ctx, gather) // the loop asks ctx
	}
}

// Complete reports whether the copy can answer.
func (m *Mirror) Complete() bool { return m.view.Load() != nil }

// Age returns how long ago etcd last confirmed the copy.
func (m *Mirror) Age() time.Duration { return max(0, m.o.Now().Sub(m.info.Heard())) }

// due reports whether there is to be a view after the one of now. A point has
// one view: changes that come without a later revision, such as those of status
// records, wait for it, which the watch brings within seconds. Only the first
// reading of status records does not wait, for nothing may happen after it.
func (m *Mirror) due(old *view) bool {
	cluster, revision, loaded := m.info.State()
	_, _, told := m.status.State()
	switch {
	case !loaded:
		return false
	case old != nil:
		return old.point != point{cluster, revision} || told && !old.told
	case m.ready.IsZero():
		m.ready = m.o.Now()
	}
	return told || m.o.Now().Sub(m.ready) >= patience
}

// refresh makes a view of what changed.
func (m *Mirror) refresh() {
	old := m.view.Load()
	if !m.due(old) {
		return
	}
	if old == nil {
		old = &view{}
	}
	changed := map[ident.Tenant]*entry{}
	edit := func(id ident.Tenant, how func(entry) entry) {
		e, ok := changed[id]
		if !ok {
			e = &entry{id: id}
			if i, found := old.search(id); found {
				e = old.entries[i]
			}
		}
		next := how(*e)
		changed[id] = &next
	}
	w, _ := m.info.Take(nil)
	for id, records := range group(w, m.o.Prefix, authz.ParseKey) {
		edit(id, func(e entry) entry {
			if w.Replaced {
				e = entry{id: e.id, told: e.told}
			}
			return e.withRecords(records)
		})
	}
	s, read := m.status.Take(nil)
	for id, records := range group(s, m.o.StatusPrefix, status.ParseKey) {
		edit(id, func(e entry) entry {
			if s.Replaced {
				e.told = nil
			}
			return e.withStatus(records)
		})
	}
	next := old.with(point{w.Cluster, w.Revision}, changed)
	next.told = read
	told := make([]change, 0, len(changed))
	for id, e := range changed {
		was := &entry{}
		if i, found := old.search(id); found {
			was = old.entries[i]
		}
		told = append(told, change{tenant: id, products: products(was, e)})
	}
	// Whoever hears of a change finds it.
	m.view.Store(next)
	m.journal.add(next.point, told)
}

// group returns the records of each tenant of a window.
func group(w watch.Window, prefix string, parse func(prefix, key string) (authz.Key, error)) map[ident.Tenant][]record {
	all := make(map[ident.Tenant][]record, len(w.Tenants))
	for _, id := range w.Tenants {
		all[id] = nil
	}
	for _, r := range w.Records {
		if k, err := parse(prefix, r.Key); err == nil { // another names no tenant, and costs itself
			all[k.Tenant] = append(all[k.Tenant], record{k.Product, r.Value, r.Revision})
		}
	}
	return all
}
