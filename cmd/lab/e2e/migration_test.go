//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// migration proves that a fleet of the first edition moves over in the middle
// of a rollout: its waiting operation ends, nobody moves, nothing is released
// before its soak, and the rollout goes on from where it was.
func (r *rig) migration(t *testing.T) {
	s := r.site(t, "migrate", selling(fleet(0), "note"))
	s.up("note")
	s.asFirstEdition("2")
	s.await("the fleet waits for the soak of the first ring", func(now map[timeline.Object]timeline.State) string {
		if state := s.application(now, ""); !strings.HasSuffix(state.Detail, "Running") {
			return "it is " + state.Detail
		}
		return s.runs(now, "note", "2", members[0]...)
	})
	if _, err := s.command(s.rig.sluice, "rollout", "adopt", "--env="+s.name, "--kubeconfig="+s.lab.KubeConfig(), "--yes",
		"--repo="+s.lab.RepositoryURL(s.name), "--branch=main", "--git-cache="+t.TempDir()); err != nil {
		t.Fatal(err)
	}
	s.log.Mark(time.Now(), "adopted")
	s.watched()
	later := slices.Concat(members[1:]...)
	s.await("the fleet rests", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "note", "1", later...), s.runs(now, "note", "2", members[0]...), s.quiet(now))
	})
	s.change("soaked enough", func(rings []ring) { rings[0].Soak = 0 })
	s.await("everybody runs note 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "note", "2", everyone()...), s.quiet(now))
	})
	s.inTurn(s.since("pushed: note 2*"), "note", "2", members...)
	for _, tenant := range members[0] {
		s.ordered("the first ring went back", s.since("adopted").Never(s.took(tenant, "note", "1")))
	}
	for _, tenant := range later {
		s.ordered("released early", s.since("adopted").InOrder(timeline.Match{Mark: "pushed: soaked enough"}, s.took(tenant, "note", "2")))
	}
}

// asFirstEdition wants a version of note in the tree that the first edition
// made: all rings are granted it in Git, and wait for each other as the waves
// of one operation of the fleet, the first for its soak.
func (s *site) asFirstEdition(version string) {
	s.t.Helper()
	s.pull()
	soaks("note", version)(s.rings)
	s.writeFleet()
	waves := map[string]string{}
	for i, ring := range s.rings {
		// It exits with 3 while others wait; what it wrote is what counts.
		out, err := s.command(s.rig.sluice, "rollout", "promote", "--env="+s.name, "--ring="+ring.Name, "--by=lab")
		file := filepath.Join("environments", s.name, "fleet", "rings", ring.Name+".yaml")
		data, unread := os.ReadFile(filepath.Join(s.work, file))
		if unread != nil || !strings.Contains(string(data), `note: "`+version+`"`) {
			s.t.Fatalf("%s is not granted note %s: %s, %v, %v", ring.Name, version, out, err, unread)
		}
		const wave = `argocd.argoproj.io/sync-wave: "100"`
		text := strings.Replace(wave, "100", fmt.Sprint(100+i), 1)
		if ring.Soak > 0 {
			text += fmt.Sprintf("\n    gatorcloud.io/soak: \"%d\"", ring.Soak)
		}
		waves[file] = strings.Replace(string(data), wave, text, 1)
	}
	for file, text := range waves { // not before: each promotion writes all of them
		s.writeFile(file, text)
	}
	if err := os.Remove(filepath.Join(s.work, "environments", s.name, rollout.File)); err != nil {
		s.t.Fatal(err)
	}
	s.commit("note " + version + " as the first edition has it")
}
