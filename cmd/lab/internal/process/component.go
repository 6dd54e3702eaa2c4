// Package process runs the components of a lab: programs that outlive the
// command that started them and that are found again by a record on disk.
//
// Invariants. Every component leads a session of its own, so that all it
// starts, in whatever process group, can be found and ended with it. A record
// names the process by its id and its start time, so a process id that the
// kernel has given to something else is never signalled. A component is
// signalled by these records only, never by name.
//
// It reads /proc and therefore runs on Linux only.
package process

import (
	"context"
	"time"
)

// Component is one program of a lab and how to tell that it serves.
type Component struct {
	// Name is unique in a lab; the log and the record are named after it.
	Name string
	// Path and Args are the command, Env its whole environment, Dir its working directory.
	Path string
	Args []string
	Env  []string
	Dir  string
	// PostStart is a command that runs right after the start, with Env and in
	// Dir, as a container's hook does; its failure ends the component.
	PostStart []string
	// Ready returns nil once the component serves.
	Ready func(ctx context.Context) error
	// Within bounds the wait for Ready; zero means a minute.
	Within time.Duration
}

// Patience is how long to wait for the component to become ready.
func (c Component) Patience() time.Duration {
	if c.Within > 0 {
		return c.Within
	}
	return time.Minute
}
