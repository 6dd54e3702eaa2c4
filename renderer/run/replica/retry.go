package replica

import (
	"context"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Pauses between two looks for operations that ended without a verdict. The
// shorter one and the last pause of unblock.Retry together are less than the
// patience of the health check of Applications.
const (
	retryPause        = 10 * time.Second
	retryPauseLongest = 5 * time.Minute
)

// retry starts operations of Argo CD again that ended without a verdict, until ctx ends.
func (e *environment) retry(ctx context.Context) {
	counter := func(result string, n int) {
		e.c.Metrics.Restarts.WithLabelValues(e.name.String(), result).Add(float64(n))
	}
	for {
		started, err := unblock.Retry(ctx, e.c.Starter, e.name.String(), e.c.Clock.Now())
		for _, a := range started {
			e.log.Info("started an operation again that ended without a verdict", "application", a.Name, "attempt", a.Attempt+1, "message", a.Message)
		}
		counter("sent", len(started))
		pause := retryPause
		if err != nil && ctx.Err() == nil {
			counter("failed", 1)
			pause = retryPauseLongest
			if fault.ClassOf(err) == fault.Retry {
				pause = retryPause
			}
			e.log.Warn("looking for operations to start again", "error", err, "hint", fault.HintOf(err), "again", pause)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
