//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// overlap proves that products do not wait for each other. mail moves first and
// is held before the last ring; note comes after it, passes all rings with its
// soaks and overtakes it there. Meanwhile a tenant is onboarded, the last ring
// is cut into smaller batches, and memo raises a part of the environment.
func (r *rig) overlap(t *testing.T) {
	s := r.site(t, "overlap", selling(fleet(soak), "mail", "memo", "note"))
	s.up("mail", "memo", "note")
	s.led("mail", "memo", "note")
	s.beside["holds"] = []any{hold("main", "mail", "1")}
	s.change("mail 2", move("mail", "2"))
	s.await("canary runs mail 2", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "mail", "2", members[0]...)
	})
	s.bumpAndAwait("note", "2")
	s.await("early runs mail 2", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "mail", "2", members[1]...)
	})

	s.tenant("1007", "mail", "note")
	s.await("1007 is onboarded", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "mail", "1", "1007"), s.runs(now, "note", "2", "1007"))
	})
	s.beside["batch"] = 2
	s.change("batches of two", func([]ring) {})
	s.eventually("the last ring has several slices", func() string {
		s.pull()
		found, err := filepath.Glob(filepath.Join(s.work, "environments", s.name, "rings", "main-*"))
		if err != nil || len(found) < 2 {
			return fmt.Sprint(found, err)
		}
		return ""
	})
	s.bumpAndAwait("memo", "2")
	events := s.since("pushed: mail 2")
	s.ordered("the held ring moved", events.Never(pods(s.namespace("1005"), "mail-*", "mail-2")))
	s.ordered("the part before memo", events.AllBefore(healthy(s.shared(), "ledger-*", "ledger-2"), s.took("1001", "memo", "2")))
	for _, tenant := range members[0] { // pods of mail 1 may still be on their way out
		s.ordered("mail restarted for another product's sake", s.since("pushed: note 2").Never(pods(s.namespace(tenant), "mail-*", "mail-2")))
	}

	delete(s.beside, "holds")
	s.change("mail 2 for all", func([]ring) {})
	s.await("everybody runs mail 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "mail", "2", append(everyone(), "1007")...), s.quiet(now))
	})
	s.inRings(s.since("pushed: mail 2"), "mail", "2")
	s.soaked(s.since("pushed: mail 2"), "mail", "2", soak*time.Second)
	s.inTurn(s.since("pushed: note 2"), "note", "2", members...)
}
