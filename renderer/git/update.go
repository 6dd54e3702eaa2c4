package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
)

// RetryOptions bounds the answer to lost races. The zero value tries 8 times
// with pauses that double from 50 ms to 5 s and are drawn at random.
type RetryOptions struct {
	Attempts int
	// First and Most bound the pause before the second and every further attempt.
	First, Most time.Duration
	// Random returns a number in [0,1); nil is math/rand.
	Random func() float64
	// Sleep waits or ends with ctx; nil is a timer.
	Sleep func(ctx context.Context, d time.Duration) error
}

func (o RetryOptions) filled() RetryOptions {
	o.Attempts = cmp.Or(o.Attempts, 8)
	o.First = cmp.Or(o.First, 50*time.Millisecond)
	o.Most = cmp.Or(o.Most, 5*time.Second)
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Sleep == nil {
		o.Sleep = backoff.Sleep
	}
	return o
}

// pause returns how long to wait after an attempt, which counts from 1: a
// random part, at least half, of a bound that doubles. Writers that collided
// once do not collide again in step.
func (o RetryOptions) pause(attempt int) time.Duration {
	most := backoff.Pauses{First: o.First, Most: o.Most}.After(attempt)
	return most/2 + time.Duration(o.Random()*float64(most/2))
}

// Update fetches, lets f fill a transaction on the head, commits and
// publishes. When the race is lost, or the mirror turns out damaged, it does
// all of it again on the new head. Any other error ends it.
func Update(ctx context.Context, r *Repo, f func(context.Context, *Tx, Head) (Message, error), o RetryOptions) (Result, error) {
	o = o.filled()
	for attempt := 1; ; attempt++ {
		res, err := updateOnce(ctx, r, f)
		if err == nil || !errors.Is(err, ErrMoved) && !errors.Is(err, errDamagedMirror) {
			return res, err
		}
		if attempt >= o.Attempts {
			return Result{}, fmt.Errorf("giving up after %d attempts: %w", attempt, err)
		}
		r.opts.Logger.Info("trying again", "repository", r.Branch(), "attempt", attempt, "error", err)
		if err := o.Sleep(ctx, o.pause(attempt)); err != nil {
			return Result{}, fmt.Errorf("waiting to publish again: %w", err)
		}
	}
}

func updateOnce(ctx context.Context, r *Repo, f func(context.Context, *Tx, Head) (Message, error)) (Result, error) {
	head, err := r.Head(ctx)
	if err != nil {
		return Result{}, err
	}
	tx := r.Begin(head)
	defer tx.Discard()
	m, err := f(ctx, tx, head)
	if err != nil {
		return Result{}, err
	}
	res, err := tx.Commit(ctx, m)
	if err != nil {
		return Result{}, err
	}
	if err := r.Publish(ctx, head, res); err != nil {
		return Result{}, err
	}
	return res, nil
}
