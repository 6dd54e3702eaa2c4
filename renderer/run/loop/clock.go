package loop

import (
	"sync"
	"time"
)

// Clock tells the time of a wall clock that people and NTP may set, and the
// time that has passed, which nobody can.
type Clock interface {
	// Now returns the wall clock's time.
	Now() time.Time
	// Passed returns how long the clock exists; it never jumps.
	Passed() time.Duration
}

// Trusted is a clock that does not follow jumps of the wall clock. While wall
// clock and passed time differ by more than a bound from what they did, the
// time goes on as it would have without the jump, so nothing starts, ends or
// is removed because of it; Jump tells. It follows drift within the bound, and
// the wall clock again as soon as that is back. It is safe for concurrent use.
type Trusted struct {
	clock Clock
	bound time.Duration

	mu     sync.Mutex
	anchor time.Time     // the trusted time ...
	at     time.Duration // ... when that much had passed
	last   time.Time     // the time that was told last
	jump   time.Duration
}

// NewTrusted returns a trusted clock that believes the wall clock now; jumps
// of more than bound are not followed.
func NewTrusted(c Clock, bound time.Duration) *Trusted {
	return &Trusted{clock: c, bound: bound, anchor: c.Now().Round(0), at: c.Passed()}
}

// Now returns the trusted time.
func (t *Trusted) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	wall, passed := t.clock.Now().Round(0), t.clock.Passed()
	expected := t.anchor.Add(passed - t.at)
	if off := wall.Sub(expected); off > t.bound || off < -t.bound {
		t.jump = off
		return t.tell(expected)
	}
	t.jump = 0
	t.anchor, t.at = wall, passed
	return t.tell(wall)
}

// tell returns at, or the time that was told last: corrections within the
// bound are followed, but no caller sees time go back.
func (t *Trusted) tell(at time.Time) time.Time {
	if at.After(t.last) {
		t.last = at
	}
	return t.last
}

// Jump returns by how much the wall clock is off the trusted time since it
// jumped; zero while it is believed.
func (t *Trusted) Jump() time.Duration {
	t.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.jump
}

// system is the machine's clock.
type system struct{ start time.Time }

// System returns the machine's clock.
func System() Clock { return system{time.Now()} }

// Now returns the wall clock's time.
func (system) Now() time.Time { return time.Now() }

// Passed returns the monotonic time since System was called.
func (s system) Passed() time.Duration { return time.Since(s.start) }
