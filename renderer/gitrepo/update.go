package gitrepo

import (
	"context"
	"time"
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

// Update fetches, lets f fill a transaction on the head, commits and
// publishes. When the race is lost it does all of it again on the new head.
func Update(ctx context.Context, r *Repo, f func(context.Context, *Tx, Head) (Message, error), o RetryOptions) (Result, error) {
	return Result{}, errSkeleton
}
