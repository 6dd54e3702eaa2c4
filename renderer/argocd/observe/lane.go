package observe

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// lane looks at one product in one ring.
func (t *turn) lane(ctx context.Context, ring int, key rollout.Key) error {
	l := &lane{turn: t, key: key, Lane: t.rollouts.Lanes[key], grants: t.in.Granted(t.rollouts, ring, key.Product), seen: map[ident.Tenant]sight{},
		selector: t.selector("product", manifest.LabelProduct, key.Product.String(), manifest.LabelRing, key.Ring.String())}
	if err := t.each(ctx, l.selector, l.see); err != nil {
		t.notes[l.selector] = t.Observer.notes[l.selector]
		return fmt.Errorf("looking at product %q in ring %q: %w", key.Product, key.Ring, err)
	}
	l.head = l.At[0].Version
	l.stands = !l.Since.IsZero() || slices.Contains(l.Good, l.head)
	l.starts = l.began()
	t.notes[l.selector] = make(map[string]note, len(l.seen))
	t.obs.Slices[key] = t.in.Tally(t.rollouts, ring, key.Product, l.status)
	t.obs.Stragglers[key] = make(map[ident.Tenant]rollout.Verdict, len(l.Stragglers))
	for _, id := range slices.SortedFunc(maps.Keys(l.Stragglers), ident.Tenant.Compare) {
		t.obs.Stragglers[key][id] = l.status(id).Verdict
	}
	t.soak(l, &t.in.Fleet.Rings[ring])
	return nil
}

// lane is a lane with what is seen of it.
type lane struct {
	*turn
	rollout.Lane
	key      rollout.Key
	selector string
	head     ident.Version
	stands   bool // the head was proven on all that is granted
	grants   map[ident.Tenant]ident.Version
	seen     map[ident.Tenant]sight
	starts   map[ident.Version]time.Time
	proven   []ripe
}

// see keeps what an Application shows, if it is that of a tenant of the lane.
// Its name says so; a label may stand on any.
func (l *lane) see(a *application) {
	id, err := ident.Parse[ident.TenantKind](a.Metadata.Labels[manifest.LabelTenant])
	version, ok := l.grants[id]
	if err != nil || !ok || a.Metadata.Name != l.name(id) {
		return
	}
	l.seen[id] = l.sight(a, grant{l.place.TenantsProject(), manifest.OverlayPath(id, l.key.Product, version), l.key.Product.String(), version})
}

func (l *lane) name(id ident.Tenant) string {
	return manifest.AppProduct(l.place.Environment, id, l.key.Product)
}

// began returns by version when it was first known to run in the lane, after
// another. Whoever was created later was not moved by its grant. Without
// anybody who was, nobody is known to have come later.
func (l *lane) began() map[ident.Version]time.Time {
	all := map[ident.Version]time.Time{}
	for id, s := range l.seen {
		if at, known := all[l.grants[id]]; !s.began.IsZero() && (!known || s.began.Before(at)) {
			all[l.grants[id]] = s.began
		}
	}
	return all
}

// status is what is seen of a tenant's product; nothing when that is nothing.
func (l *lane) status(id ident.Tenant) rollout.Status {
	s, ok := l.seen[id]
	if !ok {
		return rollout.Status{}
	}
	version := l.grants[id]
	_, straggles := l.Stragglers[id]
	settled := !straggles && (l.stands || version != l.head)
	x := rollout.Status{Sick: s.sick, Verdict: l.believe(l.selector, l.name(id), version, s, settled), Reconciled: s.reconciled}
	if !s.granted {
		return x
	}
	x.Version = version
	if start := l.starts[version]; !start.IsZero() {
		x.Fresh = !s.moved && s.created.After(start)
	}
	if x.Verdict == rollout.Proven && version == l.head {
		l.proven = append(l.proven, ripe{l.name(id), s.reconciled, s.refreshing})
	}
	return x
}
