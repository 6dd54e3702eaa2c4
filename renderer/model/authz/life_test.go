package authz

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const day = 24 * time.Hour

func TestState(t *testing.T) {
	life := Life{SuspendFor: 14 * day, GraceFor: 30 * day}
	ends := Authorisation{StartTime: utc(2024, 6, 18), EndTime: utc(2028, 12, 31)}
	for name, tc := range map[string]struct {
		reason string
		a      Authorisation
		life   Life
		now    time.Time
		want   State
	}{
		"BeforeStart":  {"not yet", ends, life, utc(2024, 6, 18).Add(-1), Pending},
		"AtStart":      {"the start is inside", ends, life, utc(2024, 6, 18), Active},
		"BeforeEnd":    {"still inside", ends, life, utc(2028, 12, 31).Add(-1), Active},
		"AtEnd":        {"the end is outside", ends, life, utc(2028, 12, 31), Suspended},
		"LastOfSuspen": {"14 days of suspension", ends, life, utc(2029, 1, 14).Add(-1), Suspended},
		"AfterSuspend": {"then only data", ends, life, utc(2029, 1, 14), Retained},
		"LastOfGrace":  {"30 days of grace", ends, life, utc(2029, 2, 13).Add(-1), Retained},
		"AfterGrace":   {"then nothing", ends, life, utc(2029, 2, 13), Removed},
		"OtherZone":    {"an instant, not a date", ends, life, utc(2024, 6, 18).In(time.FixedZone("", 8*3600)), Active},
		"NoEnd":        {"a right that never ends", Authorisation{StartTime: utc(2024, 6, 18)}, life, utc(9999, 1, 1), Active},
		"NoEndPending": {"a right that never ends may begin later", Authorisation{StartTime: utc(2024, 6, 18)}, life, utc(2024, 1, 1), Pending},
		"NoSuspension": {"zero days are skipped", ends, Life{GraceFor: day}, utc(2028, 12, 31), Retained},
		"NoGrace":      {"zero days are skipped", ends, Life{SuspendFor: day}, utc(2029, 1, 1), Removed},
		"NoLife":       {"zero days are skipped", ends, Life{}, utc(2028, 12, 31), Removed},
		"EmptyRight":   {"a right that ends as it begins is never active", Authorisation{StartTime: utc(2024, 6, 18), EndTime: utc(2024, 6, 18)}, life, utc(2024, 6, 18), Suspended},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.a.State(tc.now, tc.life); got != tc.want {
				t.Errorf("%s: State(%v) = %q, want %q", tc.reason, tc.now, got, tc.want)
			}
		})
	}
}

// Walking from change to change visits the states in the order of a life, and
// between two changes the state never differs.
func TestNextChangeWalksThroughLife(t *testing.T) {
	order := []State{Pending, Active, Suspended, Retained, Removed}
	rapid.Check(t, func(t *rapid.T) {
		days := func(name string, min, max int) time.Duration {
			return time.Duration(rapid.IntRange(min, max).Draw(t, name)) * day
		}
		a := Authorisation{StartTime: utc(2024, 1, 1).Add(days("start", 0, 50))}
		if rapid.Bool().Draw(t, "ends") {
			a.EndTime = a.StartTime.Add(days("length", 0, 50))
		}
		life := Life{SuspendFor: days("suspend", 0, 3), GraceFor: days("grace", 0, 3)}
		now := utc(2024, 1, 1).Add(days("now", -10, 120))
		for {
			state := a.State(now, life)
			next := a.NextChange(now, life)
			if next.IsZero() {
				if far := a.State(utc(2200, 1, 1), life); far != state {
					t.Fatalf("NextChange(%v) is zero in state %q, but %q comes", now, state, far)
				}
				return
			}
			if !next.After(now) {
				t.Fatalf("NextChange(%v) = %v, want later", now, next)
			}
			if before := a.State(next.Add(-1), life); before != state {
				t.Fatalf("state changed from %q to %q before NextChange", state, before)
			}
			after := a.State(next, life)
			if slices.Index(order, after) <= slices.Index(order, state) {
				t.Fatalf("state %q follows %q", after, state)
			}
			now = next
		}
	})
}
