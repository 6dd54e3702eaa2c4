package replica

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

// lens observes where environment.yaml has the Applications now: another place
// needs another observer.
type lens struct {
	make  func(manifest.Place) loop.Observer
	place manifest.Place
	loop.Observer
	core *loop.Core // set before anything looks
}

// lens returns what observes for the leader, nil for nothing.
func (e *environment) lens(place manifest.Place) *lens {
	if e.c.Observer == nil {
		return nil
	}
	o := e.c.Observer(place)
	if o == nil {
		return nil
	}
	return &lens{make: e.c.Observer, place: place, Observer: o}
}

// Observe is part of loop.Observer.
func (l *lens) Observe(ctx context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error) {
	if place := render.PlaceOf(l.core.Site().Site); place != l.place {
		l.place, l.Observer = place, l.make(place)
	}
	return l.Observer.Observe(ctx, in, r)
}
