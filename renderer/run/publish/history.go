package publish

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Moved is a move of a rollout as the trailers of its commit tell it. It is
// for people: who can push can write what he likes.
type Moved struct {
	Rollout string // swg=203
	Did     string
	Ring    string // empty: of every ring
	To      string // per cent
	Tenants string // how many stragglers
	Reason  string
}

// MovesOf returns what a commit tells of the rollouts of an environment.
func MovesOf(h git.Head, env ident.Environment) []Moved {
	if name, _ := h.Trailer(TrailerEnvironment); name != env.String() {
		return nil
	}
	var all []Moved
	for _, t := range h.Trailers() {
		if strings.EqualFold(t.Key, TrailerRollout) {
			all = append(all, Moved{Rollout: t.Value})
			continue
		}
		if len(all) > 0 {
			all[len(all)-1].tell(t)
		}
	}
	return all
}

func (m *Moved) tell(t git.Trailer) {
	for key, field := range map[string]*string{TrailerDid: &m.Did, TrailerRing: &m.Ring, TrailerTo: &m.To, TrailerMoved: &m.Tenants, TrailerReason: &m.Reason} {
		if strings.EqualFold(t.Key, key) {
			*field = t.Value
		}
	}
}
