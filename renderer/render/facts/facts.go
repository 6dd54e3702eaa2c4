// Package facts decides what is true of every tenant at one moment: what etcd
// says, what Git still remembers, and what follows from the clock.
//
// It is pure: equal snapshots, memories and times give equal facts. It removes
// nothing at once. A tenant whose record vanished stays, released and at zero
// scale, as a tombstone until the environment's release time has passed; a
// record that cannot be read is replaced by what Git remembers of it.
package facts

import (
	"fmt"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Memory is what the last commit says of the tenants.
type Memory interface {
	// Tenants returns the ids of all rendered tenants, sorted.
	Tenants() ([]ident.Tenant, error)
	// Facts returns the facts that a tenant was rendered from; broken ones for a
	// file that is there and holds none, which is that tenant's fault alone.
	Facts(id ident.Tenant) (authz.Facts, error)
}

// Result is the facts of every tenant that is to be rendered.
type Result struct {
	Tenants []authz.Facts // sorted by id
	// Released are tenants that became tombstones now, Gone those that leave Git now.
	Released, Gone []ident.Tenant
	// Remembered are tenants of which a record was taken from Git.
	Remembered []ident.Tenant
	// Before is the number of tenants that Git held.
	Before int
}

// Life returns the lengths of an environment's states.
func Life(l environments.Life) authz.Life {
	const day = 24 * time.Hour
	return authz.Life{SuspendFor: time.Duration(*l.SuspendDays) * day, GraceFor: time.Duration(*l.GraceDays) * day}
}

// Clock is the moment of a render and how long states last.
type Clock struct {
	Now     time.Time
	Life    authz.Life
	Release time.Duration // how long a tombstone stays
}

// ClockOf returns the clock of a site at now.
func ClockOf(site *environments.Site, now time.Time) Clock {
	return Clock{now, Life(site.Life), time.Duration(*site.Life.ReleaseHours) * time.Hour}
}

// Merge returns the facts that follow from an etcd snapshot and the memory in
// Git. Tenants that the selector does not select count as not there.
func Merge(snap authz.Snapshot, memory Memory, selects func(map[string]string) bool, clock Clock) (Result, error) {
	known, err := memory.Tenants()
	if err != nil {
		return Result{}, fmt.Errorf("listing rendered tenants: %w", err)
	}
	m := merger{memory: memory, clock: clock, bad: map[ident.Tenant][]ident.Product{}}
	for _, q := range snap.Quarantined {
		if !q.Tenant.IsZero() {
			m.bad[q.Tenant] = append(m.bad[q.Tenant], q.Product)
		}
	}
	m.result.Before = len(known)
	if err := m.run(snap.Tenants, known, selects); err != nil {
		return Result{}, err
	}
	slices.SortFunc(m.result.Tenants, func(a, b authz.Facts) int { return a.Tenant.ID.Compare(b.Tenant.ID) })
	return m.result, nil
}

type merger struct {
	memory Memory
	clock  Clock
	bad    map[ident.Tenant][]ident.Product // zero product: the tenant's own record
	result Result
}

func (m *merger) run(tenants []authz.Tenant, known []ident.Tenant, selects func(map[string]string) bool) error {
	seen := make(map[ident.Tenant]bool, len(tenants))
	remembers := make(map[ident.Tenant]bool, len(known))
	for _, id := range known {
		remembers[id] = true
	}
	for _, t := range tenants {
		if !selects(t.Labels) {
			continue
		}
		f, err := m.present(t, remembers[t.ID])
		if err != nil {
			return err
		}
		if len(f.States) > 0 || f.Broken != nil {
			seen[t.ID] = true
			m.result.Tenants = append(m.result.Tenants, f)
		}
	}
	for _, id := range known {
		if seen[id] {
			continue
		}
		if err := m.absent(id); err != nil {
			return err
		}
	}
	return nil
}

// present returns the facts of a tenant that etcd knows: what is neither
// pending nor removed, and for unreadable records what Git remembers.
func (m *merger) present(t authz.Tenant, remembered bool) (authz.Facts, error) {
	all := t.Authorisations
	if products := m.bad[t.ID]; len(products) > 0 && remembered {
		before, err := m.memory.Facts(t.ID)
		if err != nil {
			return authz.Facts{}, fmt.Errorf("remembering tenant %q: %w", t.ID, err)
		}
		m.result.Remembered = append(m.result.Remembered, t.ID)
		if before.Broken != nil {
			return before, nil //nolint:nilerr // it is in the facts
		}
		all = slices.Clone(all)
		for _, a := range before.Tenant.Authorisations {
			if slices.Contains(products, a.Product) {
				all = append(all, a)
			}
		}
		slices.SortFunc(all, func(a, b authz.Authorisation) int { return a.Product.Compare(b.Product) })
	}
	return m.clock.facts(t, all), nil
}

// facts keeps the authorisations that are rendered at the clock's moment.
func (c Clock) facts(t authz.Tenant, all []authz.Authorisation) authz.Facts {
	f := authz.Facts{Tenant: t}
	f.Tenant.Authorisations = make([]authz.Authorisation, 0, len(all))
	f.States = make([]authz.State, 0, len(all))
	for _, a := range all {
		if s := a.State(c.Now, c.Life); s != authz.Pending && s != authz.Removed {
			f.Tenant.Authorisations = append(f.Tenant.Authorisations, a)
			f.States = append(f.States, s)
		}
	}
	return f
}

// absent decides about a tenant that Git holds and that has no readable right
// left in etcd.
func (m *merger) absent(id ident.Tenant) error {
	before, err := m.memory.Facts(id)
	if err != nil {
		return fmt.Errorf("remembering tenant %q: %w", id, err)
	}
	if len(m.bad[id]) > 0 || before.Broken != nil { // its records are there, or were, and cannot be read
		m.result.Tenants = append(m.result.Tenants, before)
		m.result.Remembered = append(m.result.Remembered, id)
		return nil //nolint:nilerr // it is in the facts
	}
	if m.clock.mayGo(before) {
		m.result.Gone = append(m.result.Gone, id)
		return nil
	}
	if before.ReleasedAt.IsZero() {
		before = tombstone(before, m.clock.Now)
		m.result.Released = append(m.result.Released, id)
	}
	m.result.Tenants = append(m.result.Tenants, before)
	return nil
}

// mayGo reports whether Argo CD was told long enough that the tenant may be pruned.
func (c Clock) mayGo(f authz.Facts) bool {
	if f.ReleasedAt.IsZero() {
		return f.Released()
	}
	return !c.Now.Before(f.ReleasedAt.Add(c.Release))
}

// tombstone returns f released at now, with nothing but data left.
func tombstone(f authz.Facts, now time.Time) authz.Facts {
	f.ReleasedAt = now.UTC().Truncate(time.Second)
	f.States = slices.Repeat([]authz.State{authz.Retained}, len(f.States))
	return f
}

// Recall returns the facts of all tenants that Git remembers: the input of a
// render without etcd. States are those that stand there; a now that is not
// zero decides them anew.
func Recall(memory Memory, now time.Time, life authz.Life) ([]authz.Facts, error) {
	ids, err := memory.Tenants()
	if err != nil {
		return nil, fmt.Errorf("listing rendered tenants: %w", err)
	}
	all := make([]authz.Facts, 0, len(ids))
	for _, id := range ids {
		f, err := memory.Facts(id)
		if err != nil {
			return nil, fmt.Errorf("remembering tenant %q: %w", id, err)
		}
		if !now.IsZero() && f.ReleasedAt.IsZero() && f.Broken == nil {
			f = Clock{Now: now, Life: life}.facts(f.Tenant, f.Tenant.Authorisations)
		}
		if len(f.States) > 0 || f.Broken != nil {
			all = append(all, f)
		}
	}
	return all, nil
}
