//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// TestSoakEnds shows what a refresh at the end of a soak is for: on an Argo CD
// that compares without a cause every half hour only, a rollout stands still
// after the first ring's soak until the watching renderer is there.
func TestSoakEnds(t *testing.T) {
	r := upWith(t, argocd.Settings{WaveDelay: time.Second, Resync: 30 * time.Minute})
	s := r.site(t, "soaks", fleet(0))
	s.tenants("web")
	s.render("all tenants")
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
	const long = 20
	s.change("web 2", func(rings []ring) {
		move("web", "2")(rings)
		for i := range rings {
			rings[i].Soak = long
		}
	})
	s.await("the first ring runs web 2", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "web", "2", members[0]...)
	})
	time.Sleep(2 * long * time.Second)
	events := s.since("pushed: web 2")
	if _, moved := events.First(pods(s.namespace(members[1][0]), "web-*", "web-2")); moved {
		t.Error("the second ring moved by itself: this shows nothing about the refresh")
	}
	s.watched()
	s.await("everybody runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", everyone()...), s.quiet(now))
	})
	events = s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	s.soaked(events, "web", "2", long*time.Second)
}
