package cmpserver

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// limiter lets a number of requests work and a number wait.
type limiter struct {
	slots   chan struct{}
	waiting atomic.Int64
	queue   int64
}

func newLimiter(concurrency, queue int) *limiter {
	return &limiter{slots: make(chan struct{}, concurrency), queue: int64(queue)}
}

// errBusy is the class of refusals for want of room.
type errBusy struct{ error }

// Unwrap returns the error with its hint.
func (e errBusy) Unwrap() error { return e.error }

// acquire waits for a slot. It fails at once when too many wait already, and
// when ctx ends first.
func (l *limiter) acquire(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	default:
	}
	if n := l.waiting.Add(1); n > l.queue {
		l.waiting.Add(-1)
		return errBusy{fault.New(fault.Retry, "Argo CD tries again; if it stays, give the plugin more CPU or more replicas of the repo-server",
			"plugin is busy: %d requests are worked on and %d wait", cap(l.slots), l.queue)}
	}
	defer l.waiting.Add(-1)
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for a turn: %w", ctx.Err())
	}
}

func (l *limiter) release() { <-l.slots }
