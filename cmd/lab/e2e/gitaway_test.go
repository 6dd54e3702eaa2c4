//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// gitAway proves that a rollout neither fails nor goes back while nobody can
// read Git, and goes on when it is there again.
func (r *rig) gitAway(t *testing.T) {
	if os.Getenv("LAB_LONG") == "" {
		t.Skip("waits out Argo CD's patience with Git, some six minutes alone; LAB_LONG=1 runs it")
	}
	s := r.site(t, "away", unforgiving("mail"))
	s.up("mail")
	s.led("mail")
	s.change("mail 2", move("mail", "2"))
	s.await("canary runs mail 2", s.ran("mail", "2", members[0]...))
	if err := s.lab.Kill(lab.GitServer); err != nil {
		t.Fatal(err)
	}
	s.log.Mark(time.Now(), "Git is away")
	s.await("Argo CD misses it", func(now map[timeline.Object]timeline.State) string {
		if fleet := s.application(now, ""); !strings.HasPrefix(fleet.Detail, "Unknown") {
			return "the fleet is " + fleet.Detail
		}
		return ""
	})
	// It bears errors of Git for three minutes by itself, which are over now. This is
	// longer than the minute after which the engine takes back what is Degraded, and
	// than the minute after which the health check calls an error that.
	time.Sleep(75 * time.Second)
	if err := s.lab.Restart(t.Context(), lab.GitServer); err != nil {
		t.Fatal(err)
	}
	s.log.Mark(time.Now(), "Git is back")
	s.await("everybody runs mail 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "mail", "2", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: mail 2")
	s.inRings(events, "mail", "2")
	for _, tenant := range members[0] {
		s.ordered("a tenant went back", events.Never(timeline.Match{Kind: "Pod", Namespace: s.namespace(tenant), Version: "mail-1", Health: timeline.Progressing}))
	}
}
