// Package soak makes Argo CD look at a ring when its soak has ended.
//
// A soak is a gate in time: the health check of a ring's Application answers
// Progressing until the ring was Healthy for so long. Argo CD asks that check
// when something about the Application changes and, else, at its periodic
// resync (timeout.reconciliation, 3 minutes and a jitter unless set), so the
// next ring begins up to that much late. A refresh at the right moment makes
// it begin at once. It is a speed-up and nothing depends on it: whether the
// soak has ended is decided by the health check alone, so a refresh that is
// early, repeated or lost can open no gate.
//
// A Watcher keeps no state about rings: one is refreshed when its soak has
// ended after Argo CD looked at it last. So a new leader goes on where the
// last one stopped, and nothing is asked for twice. It reads which rings soak
// from the commits of the renderer, reads those Applications and no others,
// and touches nothing in an environment without soaks.
package soak

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Ring is what matters of a ring's Application.
type Ring struct {
	// Soak is how long the ring must be Healthy; zero for none.
	Soak time.Duration
	// Since is when the ring's last operation ended or its health changed,
	// whichever was later; zero when neither is known.
	Since time.Time
	// Looked is when Argo CD looked at it last; zero for never.
	Looked time.Time
	// Refreshing says that a look was asked for and is not done.
	Refreshing bool
}

// ErrAbsent is in the error of a ring whose Application is not there.
var ErrAbsent = errors.New("the Application is not there")

// Rings are the Applications of rings in Argo CD.
type Rings interface {
	// Ring reads an Application. It fails with ErrAbsent if there is none.
	Ring(ctx context.Context, name string) (Ring, error)
	// Refresh asks Argo CD to look at an Application.
	Refresh(ctx context.Context, name string) error
}

// grain is added to a soak: the health check compares whole seconds, and a
// soak has ended when more than its seconds have passed.
const grain = time.Second

// ends returns when the soak has ended for the health check; false if the
// ring has none or nothing is known to wait for.
func (r Ring) ends() (time.Time, bool) {
	if r.Soak <= 0 || r.Since.IsZero() {
		return time.Time{}, false
	}
	return r.Since.Add(r.Soak + grain), true
}

// Due returns how long to wait before a refresh, which is now when it is not
// positive; false when there is nothing to ask for.
func (r Ring) Due(now time.Time) (time.Duration, bool) {
	end, soaks := r.ends()
	if !soaks || !r.Looked.Before(end) || r.Refreshing {
		return 0, false
	}
	return end.Sub(now), true
}

// Options configure a Watcher. Rings, Clock and Environment are required.
type Options struct {
	Rings       Rings
	Clock       interface{ Now() time.Time }
	Environment ident.Environment
	// Every is the pause between two looks at the rings; 15 s when zero.
	Every time.Duration
	// Logger hears about failures; nil is silent.
	Logger *slog.Logger
	// Hear is told of every refresh, and of every look that failed. May be nil.
	Hear func(err error)
}

// longest bounds the pause after failures.
const longest = 5 * time.Minute

// Watcher refreshes the rings of one environment. Make one with New for each
// term, call Follow from anywhere and Run once.
type Watcher struct {
	o Options

	mu    sync.Mutex
	files fs.FS // of the newest commit; nil when names holds what is in it
	wake  chan struct{}

	names    []string // of Applications that soak; owned by Run
	failures int      // looks that failed in a row
}

// New returns a watcher.
func New(o Options) *Watcher {
	if o.Every <= 0 {
		o.Every = 15 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(error) {}
	}
	return &Watcher{o: o, wake: make(chan struct{}, 1)}
}

// Follow tells the files of the branch as they are now. It never waits.
func (w *Watcher) Follow(files fs.FS) {
	w.mu.Lock()
	w.files = files
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run refreshes rings until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.wake:
		}
		timer.Stop()
		if pause, more := w.look(ctx); more {
			timer.Reset(pause)
		}
	}
}

// look refreshes what is due and returns the pause before the next look;
// false when no ring soaks, so that only a commit can change anything. What
// fails for one ring does not keep the others from it.
func (w *Watcher) look(ctx context.Context) (time.Duration, bool) {
	err := w.follow()
	soonest, absent := longest, 0
	for _, name := range w.names {
		due, e := w.ring(ctx, name)
		switch {
		case errors.Is(e, ErrAbsent) && absent < len(w.names)-1: // a later ring, before its turn
			absent++
		case e != nil && err == nil:
			err = e
		}
		if due > 0 {
			soonest = min(soonest, due)
		}
	}
	if err == nil || ctx.Err() != nil {
		w.failures = 0
		return min(soonest, w.o.Every), len(w.names) > 0
	}
	w.failures++
	pause := backoff.Pauses{First: w.o.Every, Most: longest}.After(w.failures)
	w.o.Hear(err)
	w.o.Logger.Warn("refreshing rings", "error", err, "hint", fault.HintOf(err), "again", pause)
	return min(soonest, pause), true
}

// ring refreshes one ring if that is due, or returns how long that will take;
// zero when nothing is known to come.
func (w *Watcher) ring(ctx context.Context, name string) (time.Duration, error) {
	r, err := w.o.Rings.Ring(ctx, name)
	if err != nil {
		return 0, err
	}
	due, ok := r.Due(w.o.Clock.Now())
	if !ok || due > 0 {
		return due, nil
	}
	if err := w.o.Rings.Refresh(ctx, name); err != nil {
		return 0, err
	}
	w.o.Hear(nil)
	w.o.Logger.Info("a soak has ended; refreshed its ring", "application", name, "soak", r.Soak, "since", r.Since)
	return 0, nil
}

// follow reads the names of the Applications that soak, if there is a newer commit.
func (w *Watcher) follow() error {
	w.mu.Lock()
	files := w.files
	w.files = nil
	w.mu.Unlock()
	if files == nil {
		return nil
	}
	names, err := soaking(files, w.o.Environment)
	if err == nil {
		w.names = names
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.files == nil { // nothing newer meanwhile
		w.files = files
	}
	return err
}
