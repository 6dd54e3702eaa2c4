//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// TestSoakEnds shows that soaks end on time on an Argo CD that compares without
// a cause every half hour only: the engine asks for the looks that it needs.
func TestSoakEnds(t *testing.T) {
	r := upWith(t, argocd.Settings{WaveDelay: time.Second, Resync: 30 * time.Minute})
	s := r.site(t, "soaks", fleet(0))
	s.tenants("web")
	s.render("all tenants")
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
	s.watched()
	s.proven("web", "1")
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
	s.because("1005/web", "soak")
	s.await("everybody runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	s.soaked(events, "web", "2", long*time.Second)
}
