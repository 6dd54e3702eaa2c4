//go:build e2e

package e2e

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

const soak = 8

// bump moves all rings by one commit: each ring's pods change only after the
// ring ahead ran the new version healthily for its soak.
func (r *rig) bump(t *testing.T) {
	s := r.site(t, "bump", fleet(soak))
	s.up()
	s.bumpAndAwait("web", "2")
	events := s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	s.soaked(events, "web", "2", soak*time.Second)
	s.ordered("the last ring was granted web 2 after the first ran it", s.granted(events, "main", "2"))
	for _, tenant := range everyone() {
		s.inBuckets(events, tenant, "2")
	}
	s.ordered("mail restarted", events.Never(pods(s.name+"-1*", "mail-*", "")))
	s.staleHealth()
}

// bumpAndAwait moves all rings and waits until everybody runs the version.
func (s *site) bumpAndAwait(product, version string) {
	s.t.Helper()
	s.change(product+" "+version, move(product, version))
	s.await("everybody runs "+product+" "+version, func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, product, version, everyone()...), s.quiet(now))
	})
}

// plainHealth is the health check that Argo CD's own documentation gives for Applications in waves.
const plainHealth = `
hs = {status = "Progressing", message = ""}
if obj.status ~= nil and obj.status.health ~= nil then
  hs.status = obj.status.health.status
  if obj.status.health.message ~= nil then hs.message = obj.status.health.message end
end
return hs
`

// staleHealth documents why sluice brings a health check of its own: with the
// usual one a ring moves on the stale health of the ring ahead.
func (s *site) staleHealth() {
	s.t.Helper()
	usual := maps.Clone(s.settings)
	usual[applicationHealth] = plainHealth
	if err := s.lab.Configure(s.t.Context(), usual); err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := s.lab.Configure(s.t.Context(), s.settings); err != nil {
			s.t.Error(err)
		}
		time.Sleep(5 * time.Second)
	}()
	// Argo CD takes settings up within a second; nothing tells when.
	time.Sleep(5 * time.Second)
	s.log.Mark(time.Now(), "usual health check")
	s.bumpAndAwait("web", "1")
	events := s.since("usual health check")
	if err := s.granted(events, "main", "1"); !errors.Is(err, timeline.ErrOrder) {
		s.t.Errorf("with the usual health check: %v, want the last ring too early", err)
	}
}

// granted demands that a ring is granted a version of web only when a tenant of the first ring runs it.
func (s *site) granted(events timeline.Events, ring, version string) error {
	return events.AllBefore(healthy(s.namespace("1001"), "web-*", "web-"+version),
		timeline.Match{Kind: "Application", Name: s.name + "-" + ring, Version: "*web=" + version})
}
