//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
	s.change("web 2", move("web", "2"))
	told := s.told("web")
	s.awaitEveryone("web", "2")
	told()
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
	s.awaitEveryone(product, version)
}

// awaitEveryone waits until everybody runs the version.
func (s *site) awaitEveryone(product, version string) {
	s.t.Helper()
	s.await("everybody runs "+product+" "+version, func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, product, version, everyone()...), s.quiet(now))
	})
}

// told lets `sluice rollout watch` tell of a rollout that is under way. What it
// returns waits for its end, which is success, and keeps what it told beside
// the pictures.
func (s *site) told(product string) func() {
	s.t.Helper()
	var out, bad strings.Builder
	cmd := exec.CommandContext(s.t.Context(), s.sluice, "rollout", "watch", product, "--env="+s.name, "--repo="+s.lab.RepositoryURL(s.name),
		"--branch=main", "--git-cache="+filepath.Join(s.t.TempDir(), "watch"), "--timeout=10m")
	cmd.Stdout, cmd.Stderr = &out, &bad
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		s.t.Helper()
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("sluice rollout watch: %v: %s%s", err, out.String(), bad.String())
		}
		s.t.Logf("sluice rollout watch %s:\n%s", product, out.String())
		if dir := os.Getenv("LAB_PICTURES"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "watch.txt"), []byte(out.String()), 0o600); err != nil {
				s.t.Error(err)
			}
		}
	}
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
