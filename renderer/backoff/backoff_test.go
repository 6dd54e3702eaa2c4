package backoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
)

func TestPausesDouble(t *testing.T) {
	p := backoff.Pauses{First: 100 * time.Millisecond, Most: time.Second}
	for n, want := range map[int]time.Duration{0: 100, 1: 100, 2: 200, 3: 400, 4: 800, 5: 1000, 1 << 40: 1000} {
		if got := p.After(n); got != want*time.Millisecond {
			t.Errorf("After(%d) = %v, want %v", n, got, want*time.Millisecond)
		}
	}
	if got := (backoff.Pauses{First: time.Minute, Most: time.Second}).After(1); got != time.Second {
		t.Errorf("After(1) of a first pause over the most = %v, want the most", got)
	}
}

func TestBackoffFollowsFailures(t *testing.T) {
	b := backoff.New(100*time.Millisecond, time.Second)
	within := func(want time.Duration) {
		t.Helper()
		if got := b.Next(); got < want/2 || got >= want*3/2 {
			t.Errorf("Next() = %v, want around %v", got, want)
		}
	}
	within(100 * time.Millisecond)
	within(200 * time.Millisecond)
	within(400 * time.Millisecond)
	b.Reset()
	within(100 * time.Millisecond)
}

func TestJitterSpreads(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[backoff.Jitter(time.Second)] = true
	}
	if len(seen) < 50 {
		t.Errorf("Jitter() gives %d different times of 100", len(seen))
	}
	if got := backoff.Jitter(0); got != 0 {
		t.Errorf("Jitter(0) = %v, want 0", got)
	}
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := backoff.Sleep(t.Context(), time.Hour); err != nil || time.Since(began) != time.Hour {
			t.Errorf("Sleep() = %v after %v, want an hour", err, time.Since(began))
		}
		why := errors.New("why")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := backoff.Sleep(ctx, time.Hour); !errors.Is(err, why) {
			t.Errorf("Sleep() = %v, want the cause", err)
		}
	})
}
