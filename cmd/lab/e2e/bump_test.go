//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

const soak = 8

// bump moves all rings by one commit: each ring's pods change only after the
// ring ahead ran the new version healthily for its soak.
func (r *rig) bump(t *testing.T) {
	s := r.site(t, "bump", fleet(soak))
	s.up("mail", "web")
	s.watched()
	s.proven("web", "1")
	s.bumpAndAwait("web", "2")
	events := s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	s.soaked(events, "web", "2", soak*time.Second)
	s.ordered("the last ring was granted web 2 after the first ran it", s.granted(events, "main", "2"))
	for _, tenant := range everyone() {
		s.inBuckets(events, tenant, "2")
	}
	s.ordered("mail restarted", events.Never(pods(s.name+"-1*", "mail-*", "")))
}

// bumpAndAwait moves all rings and waits until everybody runs the version.
func (s *site) bumpAndAwait(product, version string) {
	s.t.Helper()
	s.change(product+" "+version, move(product, version))
	s.await("everybody runs "+product+" "+version, func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, product, version, everyone()...), s.quiet(now))
	})
}

// proven waits until every ring has a version of a product behind it: it may
// be left for another one then.
func (s *site) proven(product, version string) {
	s.t.Helper()
	s.eventually("every ring proved "+product+" "+version, func() string {
		r, err := s.rollouts()
		if err != nil {
			return err.Error()
		}
		for k, lane := range r.Lanes {
			if k.Product.String() == product && !slices.ContainsFunc(lane.Good, func(v ident.Version) bool { return v.String() == version }) {
				return fmt.Sprintf("ring %s has %v behind it", k.Ring, lane.Good)
			}
		}
		return ""
	})
}

// rollouts reads what the engine wrote last.
func (s *site) rollouts() (rollout.Rollouts, error) {
	s.t.Helper()
	s.pull()
	data, err := os.ReadFile(filepath.Join(s.work, "environments", s.name, rollout.File))
	if err != nil {
		return rollout.Rollouts{}, err
	}
	return rollout.Decode(data)
}

// granted demands that a ring is granted a version of web only when a tenant of the first ring runs it.
func (s *site) granted(events timeline.Events, ring, version string) error {
	return events.AllBefore(healthy(s.namespace("1001"), "web-*", "web-"+version),
		timeline.Match{Kind: "Application", Name: s.name + "-" + ring, Version: "*web=" + version})
}
