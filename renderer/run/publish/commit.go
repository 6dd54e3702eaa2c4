package publish

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Trailers of a rendering commit. The renderer reads its own back: see Mark.
const (
	TrailerEnvironment = "Sluice-Environment"
	TrailerRevision    = "Etcd-Revision"
	TrailerFrom        = "Etcd-Revision-From"
	TrailerCluster     = "Etcd-Cluster"
	TrailerFence       = "Sluice-Fence"
	TrailerTenants     = "Sluice-Tenants"
	TrailerOverlays    = "Sluice-Overlays"
	TrailerVersion     = "Sluice-Version"
)

// Commit is what the message of a rendering commit says.
type Commit struct {
	Environment ident.Environment
	// What says in a few words what was rendered.
	What string
	// Mark says which revisions of etcd the commit covers; its Revision is zero
	// when the facts came from Git.
	Mark Mark
	// Tenants is how many the environment has now; Overlays how many were
	// written, zero when only some tenants were rendered.
	Tenants, Overlays int
	// Released became tombstones, Removed left Git.
	Released, Removed []ident.Tenant
	// Moves are what the engine decided.
	Moves []rollout.Move
	// LeftOut is how many records were left out.
	LeftOut int
	// Version is the renderer's own.
	Version string
}

// Of returns what the commit of a whole render says; version is the renderer's own.
func Of(s pipeline.Summary, version string) Commit {
	return Commit{Environment: s.Environment, What: fmt.Sprintf("%d tenants, %d overlays", s.Tenants, s.Overlays),
		Mark: Mark{Cluster: s.Cluster, Revision: s.Revision}, Tenants: s.Tenants, Overlays: s.Overlays,
		Released: s.Released, Removed: s.Gone, LeftOut: len(s.Quarantined) + len(s.Faults), Version: version}
}

// quiet asks GitLab to start no pipeline: there would be one for each push of
// a renderer that pushes all day.
const quiet = "ci.skip=true"

// Message returns the message of the commit.
func (c Commit) Message() git.Message {
	m := git.Message{Subject: fmt.Sprintf("render %s: %s", c.Environment, c.What), Body: c.body(), PushOptions: []string{quiet}}
	m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerEnvironment, Value: c.Environment.String()})
	m.Trailers = append(m.Trailers, c.Mark.trailers()...)
	for _, move := range c.Moves {
		m.Trailers = append(m.Trailers, trailersOf(move)...)
	}
	m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerTenants, Value: strconv.Itoa(c.Tenants)})
	if c.Overlays > 0 {
		m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerOverlays, Value: strconv.Itoa(c.Overlays)})
	}
	m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerVersion, Value: cmp.Or(c.Version, "devel")})
	return m
}

func (c Commit) body() string {
	var lines []string
	add := func(word string, ids []ident.Tenant) {
		if len(ids) == 0 {
			return
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = id.String()
		}
		lines = append(lines, word+": "+fault.List(names))
	}
	for _, move := range c.Moves {
		lines = append(lines, Told(move))
	}
	add("Released", c.Released)
	add("Removed", c.Removed)
	if c.LeftOut > 0 {
		lines = append(lines, fmt.Sprintf("Left out: %d records; their tenants keep what they had", c.LeftOut))
	}
	return strings.Join(lines, "\n")
}
