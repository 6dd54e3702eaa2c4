package web

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
)

const (
	// idle is how long after the last request nobody looks any more.
	idle = time.Minute
	// share bounds the part of the time that is spent looking: one in share and one.
	share = 3
)

// Sight is what one look at everything found.
type Sight struct {
	Join *report.Join
	// Hold keeps Join as it is, and of a time, until it is released; nil where
	// nothing changes it between looks.
	Hold func(now time.Time) (release func())
	Moves
	// Behind tells what is behind an object that is not healthy; nil for nobody.
	Behind report.Cluster
	// Mark differs when anything else does that a page shows.
	Mark string
}

// View answers from the last look at everything, and from what changed since
// then. It looks again every so often, and only while somebody is there: who
// comes after a pause waits for the first look. A look that failed leaves what
// was, which says how old it is. It is safe for concurrent use.
type View struct {
	look   func(context.Context) (Sight, error)
	now    func() time.Time
	every  time.Duration
	wanted chan struct{}

	mu       sync.Mutex
	sight    Sight
	at       time.Time // of the sight
	asked    time.Time
	err      error // of the last look
	number   uint64
	next     chan struct{} // closed when another mark is seen
	finished chan struct{} // closed when a look ends
}

// NewView returns a view of what look finds. Run makes it look.
func NewView(look func(context.Context) (Sight, error), now func() time.Time, every time.Duration) *View {
	return &View{look: look, now: now, every: every, wanted: make(chan struct{}, 1), next: make(chan struct{}), finished: make(chan struct{})}
}

// Run looks until ctx ends.
func (v *View) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := v.now()
		if v.mu.Lock(); began.Sub(v.asked) > idle {
			v.mu.Unlock()
			select {
			case <-ctx.Done():
			case <-v.wanted:
			}
			continue
		}
		v.mu.Unlock()
		s, err := v.look(ctx)
		v.take(s, err)
		t := time.NewTimer(max(v.every, share*v.now().Sub(began)))
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-v.wanted: // somebody waits
		}
		t.Stop()
	}
}

// take keeps what a look found.
func (v *View) take(s Sight, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.said()
	if v.err = err; err == nil {
		v.sight, v.at = s, v.now()
	}
	if v.said() != before {
		v.beat()
	}
	close(v.finished)
	v.finished = make(chan struct{})
}

// Changed says that what the last look found has changed since.
func (v *View) Changed() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.beat()
}

// beat wakes those who wait for a change.
func (v *View) beat() {
	v.number++
	close(v.next)
	v.next = make(chan struct{})
}

// said differs when a page would.
func (v *View) said() string {
	if v.err != nil {
		return v.sight.Mark + " " + v.err.Error()
	}
	return v.sight.Mark
}

// read calls f with what was seen last, after a look if that is long ago.
func (v *View) read(ctx context.Context, f func(s Sight, now time.Time)) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	v.asked = now
	if now.Sub(v.at) > idle {
		select {
		case v.wanted <- struct{}{}:
		default: // it is looking
		}
		done := v.finished
		v.mu.Unlock()
		select {
		case <-done:
		case <-ctx.Done():
		}
		v.mu.Lock()
	}
	if v.sight.Join == nil {
		return errors.Join(v.err, ctx.Err())
	}
	now = v.now()
	if v.sight.Hold != nil {
		defer v.sight.Hold(now)()
	}
	f(v.sight, now)
	return nil
}

// Beat is part of Reports.
func (v *View) Beat() (uint64, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = v.now()
	return v.number, v.next
}

// Report is part of Reports.
func (v *View) Report(ctx context.Context) (r report.Report, err error) {
	err = v.read(ctx, func(s Sight, now time.Time) { r = s.Join.Report(now) })
	return r, err
}

// Rows is part of Reports.
func (v *View) Rows(ctx context.Context, q Query) (rows []report.Row, all int, err error) {
	f := report.Filter{Ring: q.Ring, State: report.State(q.State), Search: q.Text}
	if q.Product != "" {
		if f.Product, err = ident.Parse[ident.ProductKind](q.Product); err != nil {
			return nil, 0, nil //nolint:nilerr // nobody has a product of no name
		}
	}
	err = v.read(ctx, func(s Sight, _ time.Time) {
		for _, row := range s.Join.Rows(f) {
			if (q.Version == "" || row.Granted == q.Version) && (q.Code == "" || string(row.Code) == q.Code) {
				if all++; all > q.Skip && len(rows) < q.Limit {
					rows = append(rows, row)
				}
			}
		}
	})
	return rows, all, err
}

// Tenant is part of Reports.
func (v *View) Tenant(ctx context.Context, id ident.Tenant) (t report.Tenant, chains []report.Why, err error) {
	there := false
	var behind report.Cluster
	err = v.read(ctx, func(s Sight, now time.Time) {
		behind = s.Behind
		if t, there = s.Join.Tenant(id, now); !there {
			return
		}
		for _, p := range t.Products {
			if name, err := ident.Parse[ident.ProductKind](p.Name); err == nil {
				chains = append(chains, s.Join.Why(id, name, now))
			}
		}
	})
	for i := range chains {
		if behind != nil {
			chains[i].Deepen(ctx, behind, v.now())
		}
	}
	if err == nil && !there {
		err = ErrNobody
	}
	return t, chains, err
}

// Moves is part of Reports.
func (v *View) Moves(ctx context.Context, since time.Time) (m Moves, err error) {
	err = v.read(ctx, func(s Sight, _ time.Time) {
		m = s.Moves
		from := slices.IndexFunc(m.Past, func(one Move) bool { return !one.At.Before(since) })
		if from < 0 {
			from = len(m.Past)
		}
		m.Past = m.Past[from:]
	})
	return m, err
}

var _ Reports = (*View)(nil)
