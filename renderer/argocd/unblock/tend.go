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

// busy is how long the fleet's operation may go on after a newer commit came.
// Commits come all day, and an operation that none of them concerns should end
// by itself: ended by each of them it would never come to its last wave.
const busy = time.Minute

// Tender keeps the operations of an Argo CD going.
type Tender interface {
	// Unsettled returns the Applications of an environment that differ from Git
	// or are not Healthy, as many as one look reads, beginning after a name, and
	// after which name the next look begins.
	Unsettled(ctx context.Context, environment, after string) (apps []Application, next string, err error)
	// Start starts the automated operation of an Application, as the attempt of
	// that number. It fails with ErrChanged when the Application changed since
	// it was read.
	Start(ctx context.Context, a Application, attempt int) error
	// Terminate asks for the end of an Application's operation. It fails with
	// ErrChanged when the Application changed since it was read.
	Terminate(ctx context.Context, a Application) error
}

// Tended is what a look did.
type Tended struct {
	Started, Ended []Application
	// Next is where the next look begins.
	Next string
}

// Tend looks once at an environment and keeps its operations going.
//
// It starts those again that ended without a verdict: Argo CD met an error of
// its own, or the cluster took something not. Argo CD's own retries would keep
// everything newer waiting, a revert included. Those in which something became
// Degraded it starts again once that is Healthy, since Argo CD would not, and
// whatever waits for the rest would wait for ever. What is Degraded is left to
// people, and so is what a person began.
//
// It ends those that work on what their Application no longer asks for, once
// Argo CD has compared it with what it asks for now. What syncs by hand is left
// to hands. Tend refreshes nothing and waits for nothing: Unblock does.
func Tend(ctx context.Context, t Tender, environment, after string, now time.Time) (Tended, error) {
	apps, next, err := t.Unsettled(ctx, environment, after)
	if err != nil {
		return Tended{}, fmt.Errorf("looking at operations of environment %q: %w", environment, err)
	}
	done := Tended{Next: next}
	for _, a := range apps {
		switch {
		case a.due(now):
			if err = t.Start(ctx, a, a.Attempt+1); err == nil {
				done.Started = append(done.Started, a)
			}
		case a.hangs():
			if err = t.Terminate(ctx, a); err == nil {
				done.Ended = append(done.Ended, a)
			}
		}
		if err != nil && !errors.Is(err, ErrChanged) {
			return done, fmt.Errorf("tending the operation of %q: %w", a.Name, err)
		}
	}
	return done, nil
}

// due tells an operation that is to be started again now. One that did not run
// with the present source needs no help: Argo CD starts the next by itself. An
// error after which nothing differs is none; a verdict stands until the next
// success, also where nothing is left to apply.
func (a Application) due(now time.Time) bool {
	return (a.Erred && !a.Synced || a.Healed) && a.Automated && a.Syncing == a.Source && a.Compared == a.Source &&
		a.Attempt < Attempts && !now.Before(a.Finished.Add(pause<<a.Attempt))
}

// hangs tells an operation that is to be ended without anybody's asking. That
// Argo CD compared with the present source is evidence newer than its change.
// Of the fleet it is a newer commit, by Argo CD's own stamps.
func (a Application) hangs() bool {
	if !a.Syncs || !a.outdated() || a.Compared != a.Source {
		return false
	}
	return a.Syncing != a.Source || !a.Started.IsZero() && a.Looked.Sub(a.Started) >= busy
}
