// Package prometheus asks the metrics that gate rollouts.
//
// A gate passes on one finite number within its bounds, and on nothing else:
// silence, no data, several values, a warning about a part that did not answer
// and an expired certificate are inconclusive, and the reason that the engine
// gives for standing still says which it was. A metric takes no version back.
package prometheus

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// atOnce is how many queries are under way at a time.
const atOnce = 4

// Sight is what shows Argo CD's side of rollouts.
type Sight interface {
	Observe(ctx context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error)
}

// Observer adds what the gates of rings show to what Argo CD shows.
type Observer struct {
	Sight
	Client *Client
}

// Observe asks the gates that have something to judge, each query once. A gate
// that cannot be asked is not Proven and says why; it is no error of the look.
func (o *Observer) Observe(ctx context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error) {
	seen, err := o.Sight.Observe(ctx, in, r)
	if err != nil {
		return seen, err
	}
	type ask struct{ server, text string }
	answers := map[ask]*answer{}
	asking := in.Asking(r)
	for _, gates := range asking {
		for _, g := range gates {
			answers[ask{g.Query.Server, g.Query.Text}] = &answer{}
		}
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for q, a := range answers {
		group.Go(func() error {
			a.value, a.err = o.Client.Value(ctx, q.server, q.text)
			return nil
		})
	}
	_ = group.Wait() // each answer has its own error
	seen.Metrics = map[ident.Ring]map[string]rollout.Metric{}
	for ring, gates := range asking {
		seen.Metrics[ring] = map[string]rollout.Metric{}
		for _, g := range gates {
			seen.Metrics[ring][g.Name] = answers[ask{g.Query.Server, g.Query.Text}].of(g)
		}
	}
	return seen, nil
}

// answer is what one query gave.
type answer struct {
	value float64
	err   error
}

func (a *answer) of(g rollout.Gate) rollout.Metric {
	if a.err != nil {
		return rollout.Metric{Says: a.err.Error()}
	}
	return g.Query.Judge(a.value)
}
