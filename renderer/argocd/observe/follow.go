package observe

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/report"
)

// Watcher tells of the Applications of an Argo CD as they change.
type Watcher interface {
	// Watch hands over every Application that a label selector chooses, and then
	// each that changes or goes, until ctx ends.
	Watch(ctx context.Context, selector string, h Hearer)
}

// Hearer hears a watch, from one goroutine. It keeps nothing of the JSON that it
// is handed.
type Hearer interface {
	// Begin says that all Applications come now: those that do not are gone.
	Begin()
	// See hands over an Application as it is now.
	See(data []byte)
	// Lose hands over an Application as it was last, and is gone.
	Lose(data []byte)
	// Live says without an error that all that there is was handed over, and with
	// one that nothing is heard from now on, until it is said again.
	Live(err error)
}

// Follower hears what Applications show, as a Hearer does.
type Follower interface {
	Begin()
	See(a *report.Application)
	Lose(a *report.Application)
	Live(err error)
}

// Follow hands on what the Applications of an environment show, until ctx ends.
func Follow(ctx context.Context, w Watcher, env ident.Environment, f Follower) {
	w.Watch(ctx, manifest.LabelEnvironment+"="+env.String(), follower{f, env})
}

// follower reads what it hears.
type follower struct {
	Follower
	env ident.Environment
}

// See is part of Hearer.
func (f follower) See(data []byte) {
	if a, ok := Shown(data, f.env); ok {
		f.Follower.See(a)
	}
}

// Lose is part of Hearer.
func (f follower) Lose(data []byte) {
	if a, ok := Shown(data, f.env); ok {
		f.Follower.Lose(a)
	}
}
