package pipeline

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Trailers of a rendering commit.
const (
	TrailerEnvironment = "Sluice-Environment"
	TrailerRevision    = "Etcd-Revision"
	TrailerVersion     = "Sluice-Version"
	TrailerTenants     = "Sluice-Tenants"
	TrailerOverlays    = "Sluice-Overlays"
)

// Message returns the message of the commit that a render made; version is
// the renderer's own.
func (s Summary) Message(version string) git.Message {
	m := git.Message{
		Subject: fmt.Sprintf("render %s: %d tenants, %d overlays", s.Environment, s.Tenants, s.Overlays),
		Body:    s.body(),
	}
	m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerEnvironment, Value: s.Environment.String()})
	if s.Revision > 0 {
		m.Trailers = append(m.Trailers, git.Trailer{Key: TrailerRevision, Value: strconv.FormatInt(s.Revision, 10)})
	}
	m.Trailers = append(m.Trailers,
		git.Trailer{Key: TrailerTenants, Value: strconv.Itoa(s.Tenants)},
		git.Trailer{Key: TrailerOverlays, Value: strconv.Itoa(s.Overlays)},
		git.Trailer{Key: TrailerVersion, Value: version})
	return m
}

func (s Summary) body() string {
	var lines []string
	add := func(word string, ids []ident.Tenant) {
		if len(ids) == 0 {
			return
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = id.String()
		}
		lines = append(lines, fmt.Sprintf("%s: %s", word, fault.List(names)))
	}
	add("Released", s.Released)
	add("Removed", s.Gone)
	if n := len(s.Quarantined) + len(s.Faults); n > 0 {
		lines = append(lines, fmt.Sprintf("Left out: %d records; their tenants keep what they had", n))
	}
	return strings.Join(lines, "\n")
}
