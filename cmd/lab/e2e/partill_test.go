//go:build e2e

package e2e

import (
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// partIll proves that a part which the environment shares and which is Degraded
// holds up nothing that it does not concern: another product goes through all
// rings meanwhile, and back. What needs the part is granted to nobody until it
// is well.
func (r *rig) partIll(t *testing.T) {
	s := r.site(t, "illpart", selling(two(), "mail", "memo"))
	holders := []string{"1001", "1002"}
	s.sell(holders, []string{"mail", "memo"})
	s.rise(holders, "mail", "memo")
	s.led("mail", "memo")

	allow := s.refuse("ledger-2", s.shared())
	s.change("memo 2", move("memo", "2"))
	s.await("the part that memo 2 needs is Degraded", func(now map[timeline.Object]timeline.State) string {
		if app := s.application(now, "-shared-ledger"); app.Health != timeline.Degraded {
			return "it is " + string(app.Health)
		}
		return ""
	})
	for _, version := range []string{"2", "1"} {
		s.change("mail "+version, move("mail", version))
		s.await("mail is at "+version, func(now map[timeline.Object]timeline.State) string {
			return s.runs(now, "mail", version, holders...)
		})
	}
	s.ordered("the part healed", s.since("pushed: memo 2").Never(healthy(s.shared(), "ledger-server", "")))
	granted := timeline.Match{Kind: "Application", Name: s.name + "-*-memo", Version: "memo=2"}
	s.ordered("memo 2 was granted without its part", s.since("pushed: memo 2").Never(granted))
	allow()
	s.await("memo 2 runs", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "memo", "2", holders...), s.quiet(now))
	})
	s.ordered("its part before memo 2", s.since("pushed: memo 2").AllBefore(healthy(s.shared(), "ledger-*", "ledger-2"), granted))
}
