//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// unforgiving is fleet whose rings take back what fails.
func unforgiving(products ...string) []ring {
	rings := selling(fleet(0), products...)
	for i := range rings {
		rings[i].OnFailure = "rollback"
	}
	return rings
}

// takenBack proves that a version which fails in the second ring is taken back
// by the engine: every tenant that moved goes back, and nothing else restarts.
// The next good version goes through all rings. Then it proves that a first
// ring which cannot heal keeps no ring behind it from going back.
func (r *rig) takenBack(t *testing.T) {
	s := r.site(t, "back", unforgiving("mail", "note"))
	s.up("mail", "note")
	s.led("mail", "note")
	s.refuse("mail-2", s.namespace("1003"))
	s.change("mail 2", move("mail", "2"))
	s.eventually("mail 2 was taken back", func() string {
		if r, err := s.rollouts(); err != nil || len(r.Failed) == 0 {
			return "it is not blocked"
		}
		return ""
	})
	s.await("everybody is back at mail 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "mail", "1", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: mail 2")
	for _, tenant := range append(slices.Clone(members[0]), "1004") { // who is back by now
		s.ordered("a tenant did not move", events.InOrder(healthy(s.namespace(tenant), "mail-relay", "mail-2")))
	}
	s.ordered("the tenant for whom it failed lost his pod",
		events.Never(timeline.Match{Kind: "Pod", Namespace: s.namespace("1003"), Version: "mail-1", Health: timeline.Deleting}))
	for _, tenant := range members[2] {
		s.ordered("a tenant that did not move restarted", events.Never(pods(s.namespace(tenant), "", "")))
	}
	s.ordered("another product was touched", events.Never(timeline.Match{Kind: "ConfigMap", Name: "note-text"}))

	s.bumpAndAwait("mail", "3")
	s.inRings(s.since("pushed: mail 3"), "mail", "3")
	s.proven("mail", "3")
	s.goesBackAlone()
}

// goesBackAlone takes mail back while the first ring's pods of the old version are refused.
func (s *site) goesBackAlone() {
	s.t.Helper()
	allow := s.refuse("mail-1", s.namespace("1001"), s.namespace("1002"))
	s.change("back to mail 1", move("mail", "1"))
	behind := slices.Concat(members[1:]...)
	s.await("the rings behind are back at mail 1", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "mail", "1", behind...)
	})
	events := s.since("pushed: back to mail 1")
	for _, tenant := range members[0] {
		s.ordered("the first ring healed", events.Never(healthy(s.namespace(tenant), "mail-relay", "mail-1")))
	}
	allow()
	s.await("the first ring is back, too", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "mail", "1", everyone()...), s.quiet(now))
	})
}
