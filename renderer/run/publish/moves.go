package publish

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Trailers of a move of a rollout, in this order; the next move begins with the
// next TrailerRollout.
const (
	TrailerRollout = "Rollout" // swg=203, or the shared part policy-store=7
	TrailerDid     = "Did"     // a rollout.What
	TrailerRing    = "Ring"
	TrailerTo      = "To"    // per cent of the ring's places
	TrailerMoved   = "Moved" // how many stragglers
	TrailerReason  = "Reason"
)

// trailersOf returns a move as the trailers of its commit.
func trailersOf(m rollout.Move) []git.Trailer {
	all := []git.Trailer{{Key: TrailerRollout, Value: subject(m)}, {Key: TrailerDid, Value: string(m.What)}}
	add := func(key, value string) {
		if value != "" {
			all = append(all, git.Trailer{Key: key, Value: value})
		}
	}
	add(TrailerRing, m.Ring.String())
	if m.To > 0 {
		add(TrailerTo, Percent(m.To))
	}
	if len(m.Tenants) > 0 {
		add(TrailerMoved, strconv.Itoa(len(m.Tenants)))
	}
	add(TrailerReason, strings.Join(strings.Fields(m.Reason), " "))
	return all
}

// subject is what a move is of.
func subject(m rollout.Move) string {
	if !m.Component.IsZero() {
		return m.Component.String() + "=" + m.Version.String()
	}
	return m.Product.String() + "=" + m.Version.String()
}

// Percent is the share of a ring's places below one.
func Percent(to uint64) string {
	return strconv.FormatFloat(100*float64(to)/float64(rollout.End), 'f', -1, 64) + "%"
}

// Told says a move in one line.
func Told(m rollout.Move) string {
	what := subject(m)
	switch m.What {
	case rollout.Granted:
		if m.To == rollout.End {
			return fmt.Sprintf("%s is granted to ring %s", what, m.Ring)
		}
		return fmt.Sprintf("%s is granted to %s of ring %s", what, Percent(m.To), m.Ring)
	case rollout.Noted:
		return fmt.Sprintf("%s is proven on what ring %s was granted", what, m.Ring)
	case rollout.Passed:
		return fmt.Sprintf("%s passed ring %s", what, m.Ring)
	case rollout.Agreed:
		return fmt.Sprintf("%s is approved in ring %s", what, m.Ring)
	case rollout.Back:
		return fmt.Sprintf("%s is taken back: %s", what, m.Reason)
	case rollout.Raised:
		return fmt.Sprintf("shared part %s is granted", what)
	case rollout.Served:
		return fmt.Sprintf("shared part %s is proven", what)
	case rollout.Followed:
		return fmt.Sprintf("%s is granted to stragglers of ring %s: %s", what, m.Ring, names(m.Tenants))
	case rollout.Joined:
		return fmt.Sprintf("%s is taken from ring %s again by %s", what, m.Ring, names(m.Tenants))
	case rollout.Hurried:
		return fmt.Sprintf("%s may pass soaks, approvals, hours and freezes: %s", what, m.Reason)
	case rollout.Lifted:
		if m.Reason == "" {
			return what + " may be granted again"
		}
		return fmt.Sprintf("%s may be granted again: %s", what, m.Reason)
	}
	return what
}

func names(tenants []ident.Tenant) string {
	all := make([]string, 0, len(tenants))
	for _, t := range tenants {
		all = append(all, t.String())
	}
	return fault.List(all)
}
