package cmpserver

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Whoever waited in vain is forgotten, and as many may wait again.
func TestLimiterForgetsWhoWaited(t *testing.T) {
	l := newLimiter(1, 1)
	if err := l.acquire(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if err := l.acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("acquire(full) = %v, want DeadlineExceeded", err)
		}
		cancel()
	}
	l.release()
	if err := l.acquire(t.Context()); err != nil {
		t.Errorf("acquire(free) = %v, want nil", err)
	}
}
