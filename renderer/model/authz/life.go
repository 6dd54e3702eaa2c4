package authz

import "time"

// Life is how long an ended authorisation stays suspended and then retained.
type Life struct {
	SuspendFor time.Duration
	GraceFor   time.Duration
}

// DefaultLife is how long where an environment does not say otherwise.
func DefaultLife() Life {
	const day = 24 * time.Hour
	return Life{SuspendFor: 14 * day, GraceFor: 30 * day}
}

// State returns where the authorisation stands at now. Each state begins at
// its instant: at StartTime it is active, at EndTime suspended.
func (a Authorisation) State(now time.Time, life Life) State {
	switch {
	case now.Before(a.StartTime):
		return Pending
	case a.EndTime.IsZero() || now.Before(a.EndTime):
		return Active
	case now.Before(a.EndTime.Add(life.SuspendFor)):
		return Suspended
	case now.Before(a.EndTime.Add(life.SuspendFor).Add(life.GraceFor)):
		return Retained
	default:
		return Removed
	}
}

// NextChange returns the first instant after now at which State answers
// something else, and the zero time if it never will.
func (a Authorisation) NextChange(now time.Time, life Life) time.Time {
	for _, t := range a.boundaries(life) {
		if t.After(now) {
			return t
		}
	}
	return time.Time{}
}

// boundaries are the instants at which the state changes, in order; where some
// coincide, those between are skipped.
func (a Authorisation) boundaries(life Life) []time.Time {
	if a.EndTime.IsZero() {
		return []time.Time{a.StartTime}
	}
	suspended := a.EndTime.Add(life.SuspendFor)
	return []time.Time{a.StartTime, a.EndTime, suspended, suspended.Add(life.GraceFor)}
}
