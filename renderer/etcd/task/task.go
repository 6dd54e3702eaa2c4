// Package task does scheduled work once among replicas, over etcd.
//
// Invariants:
//   - A fire time follows from the schedule and from nothing else, so replicas
//     whose clocks differ name it alike.
//   - A claim is <prefix>/<task>/<fire time in UTC>, made in one transaction
//     that fails when there is a claim of that time or of a later one, or while
//     the task runs anywhere. So each fire time is claimed at most once, in
//     order, and a task never runs twice at once. Claims do not end with a
//     lease; the newest stay, and old ones are cleared away.
//   - While it runs, <prefix>/<task>/running is held by a lease. Whoever loses
//     the lease has its context ended, and what it writes under the claim's
//     Guard fails from then on.
//
// A run that was killed is not begun again: its fire time has had its claim.
// So tasks are sweeps, of which the next makes up for the last. A fire time
// that nobody claimed is made up for where CatchUp says so.
//
// A replica whose clock is ahead claims early and one that is behind comes too
// late; the package does not judge clocks, and says in the claim who had it when.
package task

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// DefaultPrefix is where claims are.
const DefaultPrefix = "/sluice/tasks"

// CatchUp says what becomes of fire times that nobody claimed in time, since no
// replica was there, etcd was away or the task was still running.
type CatchUp string

const (
	// None lets them pass.
	None CatchUp = "none"
	// Last makes up for the newest of them, once the task has been claimed before.
	Last CatchUp = "last"
)

// Task is work with a schedule. All fields but CatchUp are required.
type Task struct {
	// Name is a DNS label.
	Name     string
	Schedule Schedule
	// CatchUp is None when empty.
	CatchUp CatchUp
	// Do does the work; its context ends with the lease. What it writes to etcd
	// it guards with the claim.
	Do func(ctx context.Context, c Claim) error
}

// Options configure a Runner. Client and ID are required.
type Options struct {
	Client *clientv3.Client
	// Prefix is where claims are; DefaultPrefix when empty.
	Prefix string
	// ID names this process to people.
	ID string
	// TTL is how long a process that is gone keeps its task from being claimed
	// again; 15 s when zero.
	TTL time.Duration
	// Late is how long after its fire time a task counts as missed; 1 min when zero.
	Late time.Duration
	// Now and Sleep are the clock; the system's when nil.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Logger hears about claims and failures; nil is silent.
	Logger *slog.Logger
	// Hear is told how each run of this process ended. May be nil.
	Hear func(c Claim, err error)
}

// Runner takes part in claiming tasks.
type Runner struct{ o Options }

// New returns a runner.
func New(o Options) *Runner {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.TTL <= 0 {
		o.TTL = 15 * time.Second
	}
	if o.Late <= 0 {
		o.Late = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = backoff.Sleep
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(Claim, error) {}
	}
	return &Runner{o}
}

// Run claims and does the tasks when they are due, until ctx ends. Its error
// says that a task cannot be run as it is.
func (r *Runner) Run(ctx context.Context, tasks ...Task) error {
	names := map[string]bool{}
	for _, t := range tasks {
		switch {
		case !ident.IsDNSLabel(t.Name) || names[t.Name]:
			return fault.Hintf("use letters a-z, digits and hyphens, each name once", "task %s: its name is not usable", fault.Clip(t.Name))
		case t.Schedule.spec == nil || t.Do == nil:
			return fmt.Errorf("task %q: has no schedule or no work", t.Name)
		}
		names[t.Name] = true
	}
	var all sync.WaitGroup
	for _, t := range tasks {
		all.Go(func() { r.follow(ctx, t) })
	}
	all.Wait()
	return nil
}

// nap bounds a sleep: a clock that is set while we sleep is seen soon.
const nap = time.Minute

// follow does one task until ctx ends.
func (r *Runner) follow(ctx context.Context, t Task) {
	var settled time.Time // the newest fire time that needs nothing more of us
	pauses := backoff.New(time.Second, nap/2)
	for ctx.Err() == nil {
		now := r.o.Now()
		due := t.Schedule.Last(now)
		if due.After(settled) {
			if err := r.attempt(ctx, t, due, now.Sub(due) > r.o.Late); err != nil {
				level := slog.LevelWarn
				if errors.Is(err, errBusy) {
					level = slog.LevelDebug
				}
				r.o.Logger.Log(ctx, level, "claiming a task", "task", t.Name, "due", due, "error", err)
				_ = r.o.Sleep(ctx, pauses.Next()) // the loop asks ctx
				continue
			}
			settled = due
			pauses.Reset()
			continue // the task may have taken long
		}
		_ = r.o.Sleep(ctx, min(nap, t.Schedule.Next(now).Sub(now)))
	}
}

// attempt claims a fire time and does the work. It returns an error when the
// fire time should be tried again.
func (r *Runner) attempt(ctx context.Context, t Task, due time.Time, late bool) error {
	if late && t.CatchUp != Last {
		return nil
	}
	newest, err := r.newest(ctx, t.Name)
	switch {
	case err != nil:
		return err
	case newest == running:
		return errBusy
	case newest >= stamp(due), late && newest == "":
		return nil
	}
	c, err := r.claim(ctx, t.Name, due)
	switch {
	case errors.Is(err, errTaken):
		return nil
	case err != nil:
		return err
	}
	r.o.Logger.Info("claimed a task", "task", t.Name, "due", due, "id", r.o.ID, "fence", c.Fence)
	err = r.do(ctx, t, c)
	if err != nil {
		r.o.Logger.Warn("a task failed", "task", t.Name, "due", due, "error", err)
	}
	r.o.Hear(c.Claim, err)
	return nil
}
