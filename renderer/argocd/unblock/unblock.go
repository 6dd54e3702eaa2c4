// Package unblock ends operations of Argo CD that hang.
//
// An operation that waits for something which becomes neither Healthy nor
// Degraded blocks its Application for good: nothing newer is synced, not even
// the revert. This package terminates such operations, level by level from the
// fleet down, and waits until every Application has taken up its present
// source and handed it on. It changes nothing else: what an Application should
// run stands in Git. It never terminates an operation that runs what its
// Application asks for, but for that of the fleet when told to abort.
//
// Unblock does so once, for a person who waits. Tend is what a leader does all
// the time: there an operation that waits for something old ends by itself, and
// one that ended without a verdict, or by one that holds no longer, is begun again.
package unblock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// ErrChanged is in the error of a call whose Application changed meanwhile.
var ErrChanged = errors.New("the Application changed meanwhile")

// Cluster is the Argo CD whose operations are ended.
type Cluster interface {
	// Applications returns the Applications of an environment, or the fleets of
	// all environments when it is empty.
	Applications(ctx context.Context, environment string) ([]Application, error)
	// Refresh asks Argo CD to compare an Application with the branch as it is now.
	Refresh(ctx context.Context, a Application) error
	// Terminate asks for the end of an Application's operation. It fails with
	// ErrChanged when the Application changed since it was read.
	Terminate(ctx context.Context, a Application) error
}

// Application is what matters here of an Argo CD Application.
type Application struct {
	Name    string `json:"name"`
	Version string `json:"-"` // resource version, for the precondition
	// Level is the label gatorcloud.io/level.
	Level string `json:"level"`
	// Source is spec.source in canonical JSON, Syncing that of the operation
	// (empty without a result yet) and Compared that of the last comparison.
	Source   string `json:"-"`
	Syncing  string `json:"-"`
	Compared string `json:"-"`
	// Revision is the commit that the Application should be at, Operated the commit of the operation.
	Revision string `json:"revision"`
	Operated string `json:"operated"`
	// Synced is false when the last comparison found a difference; Refreshing
	// when a comparison was asked for and is not done.
	Synced, Refreshing bool `json:"-"`
	// Phase is the operation's, Message what it waits for.
	Phase   string `json:"phase"`
	Message string `json:"message"`
	// Erred tells an operation that ended without a verdict, at Finished, as the
	// Attempt of that number: 0 is the first.
	Erred bool `json:"-"`
	// Healed tells one that ended by a verdict which holds no longer: what became
	// Degraded in it is Healthy by now.
	Healed   bool      `json:"-"`
	Finished time.Time `json:"-"`
	Attempt  int       `json:"-"`
	// Started is when the operation began, Looked when Argo CD compared last.
	Started time.Time `json:"-"`
	Looked  time.Time `json:"-"`
	// Automated is false when Argo CD is not to sync by itself, because of its
	// policy, a deletion or an operation that was asked for.
	Automated bool `json:"-"`
	// Syncs is Automated also while an operation runs.
	Syncs bool `json:"-"`
	// Blind tells that the health of its resources is not in its status.
	Blind bool `json:"-"`
	// Options of a sync, and whether it removes what Git has not.
	Options []string `json:"-"`
	Prune   bool     `json:"-"`
}

const (
	phaseRunning     = "Running"
	phaseTerminating = "Terminating"
	levelFleet       = "fleet"
)

// running tells an operation that was not told to end.
func (a Application) running() bool { return a.Phase == phaseRunning }

// outdated tells an operation that works on something its Application no longer asks for.
func (a Application) outdated() bool {
	if !a.running() || a.Syncing == "" {
		return false
	}
	// The fleet's source is a branch: what it asks for is the branch's commit.
	return a.Syncing != a.Source || a.Level == levelFleet && a.Operated != a.Revision
}

// moving tells an Application of which something may still follow below: it
// has not taken up its present source, or has not handed it on.
func (a Application) moving() bool {
	if a.Refreshing || a.Phase == phaseTerminating || a.outdated() || a.Compared != a.Source {
		return true
	}
	if a.running() {
		// Whatever its operation waits for, it hands something on until each of its
		// children is as Git has it. A product has none, and takes as long as it likes.
		return a.parent() && !a.Synced
	}
	return !a.Synced && !a.tried()
}

// parent tells an Application whose objects are Applications.
func (a Application) parent() bool { return slices.Contains(parents, a.Level) }

// parents are the levels of those, from the fleet down.
var parents = []string{levelFleet, "ring", "tenant"}

// tried tells that the last operation was for what is asked for now: Argo CD does not start it again.
func (a Application) tried() bool { return a.Syncing == a.Source && a.Operated == a.Revision }

// Options say what to end. The zero value unblocks.
type Options struct {
	// Abort also ends the fleet's operation when it runs what Git says now:
	// the rings that have not moved stay where they are.
	Abort bool
	// Timeout bounds the whole; 5 minutes when zero.
	Timeout time.Duration
	// Interval is the pause between two looks; a second when zero.
	Interval time.Duration
	// Settle is how many looks in a row must find nothing in motion; 5 when zero.
	Settle int
	// Ended hears of each operation that is ended. May be nil.
	Ended func(Application)
	// Waiting hears the names of what is waited for, once it has been the same
	// in some looks. May be nil.
	Waiting func(moving []string)
}

// patience is how many looks find the same in motion before it is told.
const patience = 2

func (o Options) orDefaults() Options {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Minute
	}
	if o.Interval == 0 {
		o.Interval = time.Second
	}
	if o.Settle == 0 {
		o.Settle = 5
	}
	if o.Ended == nil {
		o.Ended = func(Application) {}
	}
	if o.Waiting == nil {
		o.Waiting = func([]string) {}
	}
	return o
}

// Unblock ends what hangs in an environment and returns when nothing of it is
// in motion any more. An environment without Applications is an error.
func Unblock(ctx context.Context, c Cluster, environment string, o Options) error {
	o = o.orDefaults()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	u := &unblocking{cluster: c, options: o, told: map[string]string{}, abort: o.Abort}
	var last []string
	same := 0 // looks at which nothing else was in motion
	for calm := 0; calm < o.Settle; {
		moving, err := u.look(ctx, environment)
		if err != nil {
			return fmt.Errorf("unblocking environment %q: %w", environment, err)
		}
		if calm++; len(moving) > 0 {
			calm = 0
		}
		if same++; !slices.Equal(moving, last) {
			last, same = moving, 0
		}
		if same == patience && len(moving) > 0 {
			o.Waiting(moving)
		}
		select {
		case <-ctx.Done():
			if len(moving) == 0 {
				return fmt.Errorf("unblocking environment %q: %w", environment, ctx.Err())
			}
			return fault.New(fault.Retry, "look at them with argocd app get; repeat the command when Argo CD has caught up",
				"unblocking environment %q: still in motion after %s: %s: %w", environment, o.Timeout, fault.List(moving), ctx.Err())
		case <-time.After(o.Interval):
		}
	}
	return nil
}

type unblocking struct {
	cluster Cluster
	options Options
	asked   bool              // the fleet was asked to look at its branch
	abort   bool              // the fleet's operation is still to be ended
	told    map[string]string // by Application, the version at which its operation was told to end
}

// unknown says that there is no such environment, and which may be meant.
func (u *unblocking) unknown(ctx context.Context, environment string) error {
	fleets, err := u.cluster.Applications(ctx, "")
	if err != nil {
		return err
	}
	var names []string
	for _, a := range fleets {
		names = append(names, a.Name)
	}
	return fault.Hintf(fault.DidYouMean(environment, names,
		"name an environment that Argo CD has; its fleet's Application has the name and the label gatorcloud.io/level: fleet"),
		"there is no Application of the fleet")
}

// look ends what can be ended now and returns the names of what is in motion.
func (u *unblocking) look(ctx context.Context, environment string) ([]string, error) {
	apps, err := u.cluster.Applications(ctx, environment)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(apps, func(a Application) bool { return a.Level == levelFleet && a.Name == environment }) {
		return nil, u.unknown(ctx, environment)
	}
	// Parents first: what they apply decides what is outdated below them.
	slices.SortFunc(apps, func(a, b Application) int {
		return strings.Compare(order(a)+a.Name, order(b)+b.Name)
	})
	if !u.asked {
		return u.ask(ctx, apps)
	}
	var moving []string
	for _, a := range apps {
		if err := u.end(ctx, a); err != nil {
			return nil, err
		}
		if a.moving() {
			moving = append(moving, a.Name)
		}
	}
	return moving, nil
}

// ask has Argo CD look at the branch for the fleet and its rings: the revert may
// be newer than its last look, and what a ring hands on may stand in the files
// of its members alone.
func (u *unblocking) ask(ctx context.Context, apps []Application) ([]string, error) {
	u.asked = true
	var asked []string
	for _, a := range apps {
		if a.Level != levelFleet && a.Level != "ring" {
			continue
		}
		if err := u.cluster.Refresh(ctx, a); err != nil {
			return nil, fmt.Errorf("refreshing %q: %w", a.Name, err)
		}
		asked = append(asked, a.Name)
	}
	return asked, nil
}

// order sorts levels from the fleet down.
func order(a Application) string {
	i := slices.Index(parents, a.Level)
	if i < 0 {
		return "z"
	}
	return string(rune('a' + i))
}

func (u *unblocking) end(ctx context.Context, a Application) error {
	abort := u.abort && a.Level == levelFleet
	if !a.outdated() && !(abort && a.running()) {
		u.abort = u.abort && !abort // there was nothing to abort
		return nil
	}
	switch err := u.cluster.Terminate(ctx, a); {
	case errors.Is(err, ErrChanged):
		return nil // the next look judges it anew
	case err != nil:
		return fmt.Errorf("ending the operation of %q: %w", a.Name, err)
	}
	u.abort = u.abort && !abort // one operation, not those that follow it
	if u.told[a.Name] != a.Operated+a.Syncing {
		u.told[a.Name] = a.Operated + a.Syncing
		u.options.Ended(a)
	}
	return nil
}
