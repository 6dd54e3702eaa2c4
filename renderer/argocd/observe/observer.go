package observe

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Cluster is the Applications of an Argo CD.
type Cluster interface {
	// Each hands the JSON of every Application that a label selector chooses to
	// see, one after another; see must not keep it. An error means that not all
	// were handed over.
	Each(ctx context.Context, selector string, see func(data []byte)) error
	// Refresh asks Argo CD to compare an Application. One that is gone is no error.
	Refresh(ctx context.Context, name string) error
}

// Observer looks at the product Applications of the lanes in motion. It
// remembers what it asked for: make one for each term of a leader, and call it
// from one goroutine.
type Observer struct {
	cluster Cluster
	place   manifest.Place
	notes   map[string]map[string]note // by selector and name
}

// New returns an observer of the Applications that the renderer gives a place;
// another place needs another observer.
func New(c Cluster, place manifest.Place) *Observer {
	return &Observer{cluster: c, place: place}
}

// Observe looks at what advance needs of rollouts as they are in the tree. The
// observation holds what was seen also with an error, which says what was not:
// that is silence in the observation.
func (o *Observer) Observe(ctx context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error) {
	t := &turn{Observer: o, in: in, rollouts: r, notes: map[string]map[string]note{}, obs: rollout.Observation{
		Seen: true, Slices: map[rollout.Key][]rollout.Slice{}, Stragglers: map[rollout.Key]map[ident.Tenant]rollout.Verdict{}, Asked: map[rollout.Key]map[ident.Tenant]ident.Version{},
		Shared: map[ident.Component]rollout.Part{}, Approved: map[rollout.Key]ident.Version{}, Paused: map[ident.Ring]bool{},
	}}
	moving := in.Moving(r)
	for i := range in.Fleet.Rings {
		var keys []rollout.Key
		for _, k := range moving {
			if k.Ring == in.Fleet.Rings[i].Name {
				keys = append(keys, k)
				t.failed(t.lane(ctx, i, k))
			}
		}
		if len(keys) > 0 {
			t.failed(t.words(ctx, i, keys))
		}
	}
	t.failed(t.parts(ctx))
	t.failed(t.ask(ctx))
	o.notes = t.notes
	return t.obs, t.err()
}

// turn is one observation under way.
type turn struct {
	*Observer
	in       *rollout.Input
	rollouts rollout.Rollouts
	obs      rollout.Observation
	notes    map[string]map[string]note
	asks     []ask
	soaks    []soak
	newest   time.Time // the latest that Argo CD's clock is known to have shown
	first    error
	faults   int
}

func (t *turn) failed(err error) {
	if err == nil {
		return
	}
	if t.faults++; t.first == nil {
		t.first = err
	}
}

func (t *turn) err() error {
	if t.faults < 2 {
		return t.first
	}
	return fmt.Errorf("%w, and %d more failed", t.first, t.faults-1)
}

// each reads the Applications with some labels, given in pairs.
func (t *turn) each(ctx context.Context, selector string, see func(*application)) error {
	return t.cluster.Each(ctx, selector, func(data []byte) {
		a, err := read(data)
		if err != nil {
			return // it is not seen
		}
		if at := a.Status.ReconciledAt.Time; at.After(t.newest) {
			t.newest = at
		}
		see(a)
	})
}

// selector chooses Applications of the environment by labels, given in pairs.
func (t *turn) selector(level string, labels ...string) string {
	s := []string{manifest.LabelEnvironment + "=" + t.place.Environment.String(), manifest.LabelLevel + "=" + level}
	for i := 0; i < len(labels); i += 2 {
		s = append(s, labels[i]+"="+labels[i+1])
	}
	return strings.Join(s, ",")
}
