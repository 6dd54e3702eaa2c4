package unblock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Attempts is how often in a row an operation is started again, and pause how
// long after its end for the first time; the pause doubles. The longest is
// shorter than the patience of the health check of Applications, so that an
// Application that will be started again is not Degraded meanwhile.
const (
	Attempts = 3
	pause    = 10 * time.Second
)

// Starter starts operations again.
type Starter interface {
	// Unsynced returns the Applications of an environment that differ from Git.
	Unsynced(ctx context.Context, environment string) ([]Application, error)
	// Start starts the automated operation of an Application, as the attempt of
	// that number. It fails with ErrChanged when the Application changed since
	// it was read.
	Start(ctx context.Context, a Application, attempt int) error
}

// Retry starts again the operations of an environment that ended without a
// verdict: Argo CD met an error of its own, or the cluster took something not.
// Argo CD's own retries would keep everything newer waiting, a revert included.
// What became Degraded is left to people. It looks once and returns what it started.
func Retry(ctx context.Context, s Starter, environment string, now time.Time) ([]Application, error) {
	apps, err := s.Unsynced(ctx, environment)
	if err != nil {
		return nil, fmt.Errorf("looking for ended operations of environment %q: %w", environment, err)
	}
	var started []Application
	for _, a := range apps {
		if !a.due(now) {
			continue
		}
		switch err := s.Start(ctx, a, a.Attempt+1); {
		case errors.Is(err, ErrChanged):
		case err != nil:
			return started, fmt.Errorf("starting the operation of %q again: %w", a.Name, err)
		default:
			started = append(started, a)
		}
	}
	return started, nil
}

// due tells an operation that is to be started again now. One that did not run
// with the present source needs no help: Argo CD starts the next by itself.
func (a Application) due(now time.Time) bool {
	return a.Erred && a.Automated && !a.Synced && a.Syncing == a.Source && a.Compared == a.Source &&
		a.Attempt < Attempts && !now.Before(a.Finished.Add(pause<<a.Attempt))
}
