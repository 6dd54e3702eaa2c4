package timeline

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Events is a list of events in order.
type Events []Event

// Match chooses events. Empty fields match everything.
type Match struct {
	// Kind is exact; Namespace, Name and Version are patterns as of path.Match.
	Kind, Namespace, Name, Version string
	// Health is exact; Not turns it around.
	Health Health
	Not    bool
	// Mark is a pattern for what a test wrote itself.
	Mark string
}

// String says what is matched.
func (m Match) String() string {
	if m.Mark != "" {
		return fmt.Sprintf("mark %q", m.Mark)
	}
	text := Object{m.Kind, m.Namespace, m.Name}.String()
	if m.Version != "" {
		text += " at " + m.Version
	}
	if m.Health != "" {
		text += map[bool]string{false: " ", true: " not "}[m.Not] + string(m.Health)
	}
	return text
}

// Of tells whether the event is chosen.
func (m Match) Of(e Event) bool {
	if m.Mark != "" || e.Mark != "" {
		return m.Mark != "" && e.Mark != "" && glob(m.Mark, e.Mark)
	}
	return (m.Kind == "" || m.Kind == e.Object.Kind) &&
		glob(m.Namespace, e.Object.Namespace) && glob(m.Name, e.Object.Name) && glob(m.Version, e.State.Version) &&
		(m.Health == "" || (m.Health == e.State.Health) != m.Not)
}

func glob(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	// A malformed pattern matches nothing, so an order that rests on it fails.
	ok, err := path.Match(pattern, text)
	return ok && err == nil
}

// ErrOrder is in every error about what happened in another order than asked.
var ErrOrder = errors.New("out of order")

// First returns the first event that m chooses.
func (es Events) First(m Match) (Event, bool) {
	i := slices.IndexFunc(es, m.Of)
	if i < 0 {
		return Event{}, false
	}
	return es[i], true
}

// Last returns the last event that m chooses.
func (es Events) Last(m Match) (Event, bool) {
	for _, e := range slices.Backward(es) {
		if m.Of(e) {
			return e, true
		}
	}
	return Event{}, false
}

// All returns the events that m chooses.
func (es Events) All(m Match) Events {
	var out Events
	for _, e := range es {
		if m.Of(e) {
			out = append(out, e)
		}
	}
	return out
}

// After returns the events behind the last one that m chooses, and all if there is none.
func (es Events) After(m Match) Events {
	for i, e := range slices.Backward(es) {
		if m.Of(e) {
			return es[i+1:]
		}
	}
	return es
}

// InOrder demands that every match has an event and that the first event of
// each comes after the first event of the one before it.
func (es Events) InOrder(matches ...Match) error {
	at := -1
	for i, m := range matches {
		found := slices.IndexFunc(es, m.Of)
		if found < 0 {
			return fmt.Errorf("%w: no event of %s", ErrOrder, m)
		}
		if found <= at {
			return fmt.Errorf("%w: %s came before %s", ErrOrder, m, matches[i-1])
		}
		at = found
	}
	return nil
}

// AllBefore demands that both matches have events, and that every object that
// first chooses had its event before any event that second chooses.
func (es Events) AllBefore(first, second Match) error {
	start := slices.IndexFunc(es, second.Of)
	if start < 0 {
		return fmt.Errorf("%w: no event of %s", ErrOrder, second)
	}
	done := map[Object]bool{}
	for _, e := range es[:start] {
		if first.Of(e) {
			done[e.Object] = true
		}
	}
	for _, e := range es[start:] {
		if first.Of(e) && !done[e.Object] {
			return fmt.Errorf("%w: %s came after %s", ErrOrder, e.Object, es[start].Object)
		}
	}
	if len(done) == 0 {
		return fmt.Errorf("%w: no event of %s", ErrOrder, first)
	}
	return nil
}

// Spaced demands that the first event of second comes at least d after the first event of first.
func (es Events) Spaced(first, second Match, d time.Duration) error {
	if err := es.InOrder(first, second); err != nil {
		return err
	}
	a, _ := es.First(first)
	b, _ := es.First(second)
	if gap := b.At.Sub(a.At); gap < d {
		return fmt.Errorf("%w: %s came %s after %s, want %s at least", ErrOrder, second, gap.Round(time.Millisecond), first, d)
	}
	return nil
}

// Never demands that m chooses nothing.
func (es Events) Never(m Match) error {
	if e, found := es.First(m); found {
		return fmt.Errorf("%w: there is an event of %s: %s", ErrOrder, m, e)
	}
	return nil
}
