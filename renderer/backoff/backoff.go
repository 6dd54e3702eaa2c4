// Package backoff says how long to wait before something is tried again: twice
// as long after each failure in a row, up to a bound, and at random around
// that, so that replicas which failed together do not try again in step.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pauses are the first and the longest pause.
type Pauses struct{ First, Most time.Duration }

// After returns the pause after n failures in a row, which count from one,
// before chance.
func (p Pauses) After(n int) time.Duration {
	pause := p.First
	for ; n > 1 && pause < p.Most; n-- {
		pause *= 2
	}
	return min(pause, p.Most)
}

// Backoff counts failures. It is not safe for concurrent use.
type Backoff struct {
	Pauses
	failures int
}

// New returns a Backoff that has seen no failure.
func New(first, most time.Duration) *Backoff { return &Backoff{Pauses: Pauses{first, most}} }

// Next notes a failure and returns the pause after it.
func (b *Backoff) Next() time.Duration {
	b.failures++
	return Jitter(b.After(b.failures))
}

// Reset notes a success.
func (b *Backoff) Reset() { b.failures = 0 }

// Jitter returns a random time between half of d and one and a half of it.
func Jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return d/2 + rand.N(d)
}

// Sleep waits, or ends with ctx and returns its cause.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
