package replica

import (
	"context"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Pauses between two looks for operations that need help. The shorter one and
// the last pause of unblock.Tend together are less than the patience of the
// health check of Applications.
const (
	tendPause        = 10 * time.Second
	tendPauseLongest = 5 * time.Minute
)

// tend keeps Argo CD's operations going until ctx ends: it starts those again
// that ended without a verdict or by one that holds no longer, and ends those
// that nobody asks for any more.
func (e *environment) tend(ctx context.Context, t unblock.Tender) {
	name, after := e.name.String(), ""
	for {
		done, err := unblock.Tend(ctx, t, name, after, e.c.Clock.Now())
		after = done.Next
		for _, a := range done.Started {
			e.log.Info("started an operation again that ended without a verdict, or by one that holds no longer", "application", a.Name, "attempt", a.Attempt+1, "message", a.Message)
		}
		for _, a := range done.Ended {
			e.log.Info("ended an operation that worked on what is no longer asked for", "application", a.Name, "message", a.Message)
		}
		e.c.Metrics.Restarts.WithLabelValues(name, "sent").Add(float64(len(done.Started)))
		e.c.Metrics.Ends.WithLabelValues(name).Add(float64(len(done.Ended)))
		pause := tendPause
		if err != nil && ctx.Err() == nil {
			e.c.Metrics.Restarts.WithLabelValues(name, "failed").Inc()
			pause = tendPauseLongest
			if fault.ClassOf(err) == fault.Retry {
				pause = tendPause
			}
			e.log.Warn("looking for operations that need help", "error", err, "hint", fault.HintOf(err), "again", pause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
