// Package timeline records what happened to the objects of a cluster, and
// when, so that a test can assert the order and a person can look at it.
//
// A Log holds events in the order in which they were seen. An event is a
// change of what matters about an object, its state, and not every write to
// it. The recorder (recorder.go) fills a Log from the watch API; the order
// helpers (order.go) ask it; it prints as text (text.go) and as a picture (svg.go).
package timeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/run/web/bars"
)

// Health is how an object does, in Argo CD's words.
type Health = bars.Health

// The states that matter for an order. Gone is the state after a deletion.
const (
	Healthy            = bars.Healthy
	Progressing        = bars.Progressing
	Degraded           = bars.Degraded
	Suspended          = bars.Suspended
	Missing     Health = "Missing"
	Unknown            = bars.Unknown
	Deleting           = bars.Deleting
	Gone        Health = "Gone"
)

// State is what matters about an object: how it does, and in a few words what it is.
type State struct {
	Health Health
	// Version is what it runs: the image's tags, the versions granted to an Application.
	Version string
	// Detail is for people: replicas, phases.
	Detail string
	// Wave is the sync wave of the object, "" without one.
	Wave string
}

// Object names what an event is about.
type Object struct {
	Kind, Namespace, Name string
}

// String is the form kind namespace/name.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Event is one change of an object's state.
type Event struct {
	At     time.Time
	Object Object
	State  State
	// Mark is set in events that a test wrote itself: "pushed the bump".
	Mark string
}

// String is one line without the time.
func (e Event) String() string {
	if e.Mark != "" {
		return "== " + e.Mark
	}
	text := fmt.Sprintf("%-60s %-12s", e.Object, e.State.Health)
	for _, part := range []string{e.State.Version, e.State.Detail} {
		if part != "" {
			text += " " + part
		}
	}
	return text
}

// Log is a growing list of events. It is safe for concurrent use.
type Log struct {
	mu     sync.Mutex
	events []Event
	last   map[Object]State
	// grown is closed and replaced at every event.
	grown chan struct{}
}

// New returns an empty log.
func New() *Log { return &Log{last: map[Object]State{}, grown: make(chan struct{})} }

// Add takes an event in, unless it does not change the object's state.
func (l *Log) Add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Mark == "" {
		last, known := l.last[e.Object]
		if last == e.State || !known && e.State.Health == Gone {
			return
		}
		l.last[e.Object] = e.State
	}
	l.events = append(l.events, e)
	close(l.grown)
	l.grown = make(chan struct{})
}

// Mark notes what the test itself did.
func (l *Log) Mark(at time.Time, format string, args ...any) {
	l.Add(Event{At: at, Mark: fmt.Sprintf(format, args...)})
}

// Events returns all events so far, in order.
func (l *Log) Events() Events {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// Now returns the last state of every object that is not gone.
func (l *Log) Now() map[Object]State {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := map[Object]State{}
	for o, s := range l.last {
		if s.Health != Gone {
			now[o] = s
		}
	}
	return now
}

// Wait returns when the condition on the whole log holds. It is asked once at
// first and then after every event.
func (l *Log) Wait(ctx context.Context, what string, holds func(l *Log) bool) error {
	for {
		l.mu.Lock()
		grown := l.grown
		l.mu.Unlock()
		if holds(l) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, context.Cause(ctx))
		case <-grown:
		}
	}
}
