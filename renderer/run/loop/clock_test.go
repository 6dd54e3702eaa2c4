package loop

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// set is a clock that a test sets.
type set struct {
	wall   time.Time
	passed time.Duration
}

func (s *set) Now() time.Time        { return s.wall }
func (s *set) Passed() time.Duration { return s.passed }

func (s *set) pass(d time.Duration) { s.wall, s.passed = s.wall.Add(d), s.passed+d }

func TestTrustedIgnoresJumps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		reason string
		jump   time.Duration
		follow bool
	}{
		"YearAhead":    {"a year ahead would end every right", 365 * 24 * time.Hour, false},
		"YearBack":     {"a year back would un-start every right", -365 * 24 * time.Hour, false},
		"JustOver":     {"one second over the bound", time.Minute + time.Second, false},
		"SmallStep":    {"NTP steps by seconds", 5 * time.Second, true},
		"SmallBack":    {"and back, which time waits for", -5 * time.Second, true},
		"WithinBounds": {"the bound itself is believed", time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := &set{wall: start}
			trusted := NewTrusted(c, time.Minute)
			c.pass(time.Hour)
			before := trusted.Now()
			c.wall = c.wall.Add(tc.jump)
			c.pass(10 * time.Second)
			got, off := trusted.Now(), trusted.Jump()
			want := before.Add(10 * time.Second)
			if tc.follow {
				want = want.Add(tc.jump)
			}
			if !got.Equal(want) || (off == 0) != tc.follow {
				t.Errorf("Now() = %v, jump %v, want %v: %s", got, off, want, tc.reason)
			}
			c.wall = c.wall.Add(-tc.jump)
			if off := trusted.Jump(); off != 0 {
				t.Errorf("Jump() = %v after the clock was set right, want none", off)
			}
		})
	}
}

// A clock that goes wrong slowly never jumps: it is followed however far it
// goes, and set right slowly it is followed back.
func TestTrustedFollowsDrift(t *testing.T) {
	t.Parallel()
	c := &set{wall: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	trusted := NewTrusted(c, time.Minute)
	for _, drift := range []time.Duration{30 * time.Second, -30 * time.Second} {
		for range 10 {
			c.pass(time.Hour)
			c.wall = c.wall.Add(drift)
			if got := trusted.Now(); !got.Equal(c.wall) || trusted.Jump() != 0 {
				t.Fatalf("Now() = %v, jump %v, want %v: the clock only drifts by %v an hour", got, trusted.Jump(), c.wall, drift)
			}
		}
	}
}

func TestTrustedNeverGoesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		c := &set{wall: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
		trusted := NewTrusted(c, time.Minute)
		last, passed := trusted.Now(), c.passed
		for range rapid.IntRange(1, 50).Draw(rt, "steps") {
			c.pass(time.Duration(rapid.IntRange(0, 300).Draw(rt, "seconds")) * time.Second)
			if rapid.Bool().Draw(rt, "jumps") {
				c.wall = c.wall.Add(time.Duration(rapid.IntRange(-1e6, 1e6).Draw(rt, "jump")) * time.Second)
			}
			now := trusted.Now()
			if now.Before(last) || now.Sub(last) > c.passed-passed+time.Minute {
				rt.Fatalf("Now() went from %v to %v while %v passed", last, now, c.passed-passed)
			}
			last, passed = now, c.passed
		}
	})
}
