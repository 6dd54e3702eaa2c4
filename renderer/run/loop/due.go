package loop

import (
	"container/heap"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/facts"
)

// due knows when time alone changes a tenant. Entries of the heap that are not
// the tenant's present moment are stale and skipped.
type due struct {
	moment map[ident.Tenant]int64 // unix seconds, rounded up
	queue  queue
}

type entry struct {
	at int64
	id ident.Tenant
}

func newDue() *due { return &due{moment: map[ident.Tenant]int64{}} }

// set notes when the tenant changes next; the zero time is never.
func (d *due) set(id ident.Tenant, at time.Time) {
	if at.IsZero() {
		delete(d.moment, id)
		return
	}
	seconds := at.Unix()
	if at.Nanosecond() > 0 {
		seconds++
	}
	if d.moment[id] == seconds {
		return
	}
	d.moment[id] = seconds
	heap.Push(&d.queue, entry{seconds, id})
	if len(d.queue) > 64+4*len(d.moment) {
		d.rebuild()
	}
}

// rebuild drops stale entries.
func (d *due) rebuild() {
	d.queue = d.queue[:0]
	for id, at := range d.moment {
		d.queue = append(d.queue, entry{at, id})
	}
	heap.Init(&d.queue)
}

// next returns the first moment; zero for none.
func (d *due) next() time.Time {
	for len(d.queue) > 0 {
		if e := d.queue[0]; d.moment[e.id] == e.at {
			return time.Unix(e.at, 0)
		}
		heap.Pop(&d.queue)
	}
	return time.Time{}
}

// pop moves the tenants whose moment has come into ids.
func (d *due) pop(now time.Time, ids map[ident.Tenant]struct{}) {
	for at := d.next(); !at.IsZero() && !at.After(now); at = d.next() {
		e := heap.Pop(&d.queue).(entry)
		delete(d.moment, e.id)
		ids[e.id] = struct{}{}
	}
}

// earliest returns the first of two moments that is not zero.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// nextChange returns when the authorisations change their state next.
func nextChange(all []authz.Authorisation, c facts.Clock) (at time.Time) {
	for _, a := range all {
		at = earliest(at, a.NextChange(c.Now, c.Life))
	}
	return at
}

// nextOf returns when the facts in Git change next: a remembered right ends,
// or a tombstone goes.
func nextOf(f authz.Facts, c facts.Clock) time.Time {
	if !f.ReleasedAt.IsZero() {
		return f.ReleasedAt.Add(c.Release)
	}
	return nextChange(f.Tenant.Authorisations, c)
}

// queue is a heap by time.
type queue []entry

// Len is part of heap.Interface.
func (q queue) Len() int { return len(q) }

// Less is part of heap.Interface.
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }

// Swap is part of heap.Interface.
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is part of heap.Interface.
func (q *queue) Push(x any) { *q = append(*q, x.(entry)) }

// Pop is part of heap.Interface.
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
