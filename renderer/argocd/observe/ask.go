package observe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/rollout"
)

const (
	// most is how many refreshes one observation asks for.
	most = 50
	// enough is how many that fail, with none that does not, are enough.
	enough = 3
)

// ask is an Application that Argo CD shall look at for its grant.
type ask struct {
	selector, name string
	reconciled     time.Time
	tries          int
	turn           int // in its list
}

// ripe is a proven Application that soaks.
type ripe struct {
	name       string
	reconciled time.Time
	refreshing bool
}

// soak is a lane that is proven and waits.
type soak struct {
	proven []ripe
	ends   []time.Time
}

// soak notes which ends a lane may wait for.
func (t *turn) soak(l *lane, g *rollout.Ring) {
	if l.Since.IsZero() || len(l.proven) == 0 {
		return
	}
	s := soak{proven: l.proven}
	add := func(d time.Duration) {
		if d > 0 {
			s.ends = append(s.ends, l.Since.Add(d))
		}
	}
	add(g.Soak)
	add(g.StepSoak)
	for _, gate := range g.Gates {
		add(gate.For)
	}
	if len(s.ends) > 0 {
		t.soaks = append(t.soaks, s)
	}
}

// due returns whom Argo CD shall look at, the oldest look first: all that it
// looked at before an end which its clock has passed; and while there is an end
// that it has not passed as far as is known, one, whose stamp will tell.
func (s soak) due(newest time.Time) []string {
	slices.SortFunc(s.proven, func(a, b ripe) int { return cmp.Or(a.reconciled.Compare(b.reconciled), cmp.Compare(a.name, b.name)) })
	var passed time.Time
	waits, asked := false, false
	for _, end := range s.ends {
		switch {
		case end.After(newest):
			waits = true
		case end.After(passed):
			passed = end
		}
	}
	var names []string
	for _, r := range s.proven {
		asked = asked || r.refreshing
		if !r.refreshing && r.reconciled.Before(passed) {
			names = append(names, r.name)
		}
	}
	if waits && !asked && len(names) == 0 {
		names = append(names, s.proven[0].name)
	}
	return names
}

// ask asks for refreshes: for grants first, of each list in turn and those that
// were tried before last, then for soaks.
func (t *turn) ask(ctx context.Context) error {
	slices.SortStableFunc(t.asks, func(a, b ask) int { return cmp.Or(cmp.Compare(a.tries, b.tries), cmp.Compare(a.turn, b.turn)) })
	var first error
	failed, done := 0, 0
	refresh := func(name string) bool {
		err := t.cluster.Refresh(ctx, name)
		if err == nil {
			done++
			return true
		}
		if failed++; first == nil {
			first = fmt.Errorf("refreshing Application %q: %w", name, err)
		}
		return false
	}
	full := func() bool { return failed+done >= most || failed >= enough && done == 0 || ctx.Err() != nil }
	for _, a := range t.asks {
		if full() {
			return first
		}
		n := t.notes[a.selector][a.name]
		n.tries++
		if refresh(a.name) {
			n.stamp = a.reconciled
		}
		t.notes[a.selector][a.name] = n
	}
	for _, s := range t.soaks {
		for _, name := range s.due(t.newest) {
			if full() {
				return first
			}
			refresh(name)
		}
	}
	return first
}
