//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// forever is a soak that no scenario waits for.
const forever = 3600

// soaks returns a change that wants a version in all rings, and lets it soak in the first.
func soaks(product, version string) func([]ring) {
	return func(rings []ring) {
		rings[0].Soak = forever
		move(product, version)(rings)
	}
}

// took chooses an Application of a tenant's product once it is asked to run a version.
func (s *site) took(tenant, product, version string) timeline.Match {
	return timeline.Match{Kind: "Application", Name: s.name + "-" + tenant + "-" + product, Version: product + "=" + version}
}

// inTurn demands that nobody in a ring takes a version before all of the ring
// ahead did: the order of a product without pods.
func (s *site) inTurn(events timeline.Events, product, version string, rings ...[]string) {
	s.t.Helper()
	for i := range len(rings) - 1 {
		for _, ahead := range rings[i] {
			for _, behind := range rings[i+1] {
				s.ordered("tenant "+ahead+" before "+behind, events.AllBefore(s.took(ahead, product, version), s.took(behind, product, version)))
			}
		}
	}
}

// ran returns what is missing until tenants run a version of a product.
func (s *site) ran(product, version string, tenants ...string) func(map[timeline.Object]timeline.State) string {
	return func(now map[timeline.Object]timeline.State) string { return s.runs(now, product, version, tenants...) }
}

// hotfix proves that an expedited version overtakes one that soaks: it waits for
// no soak, and the version that it overtook reaches no later ring.
func (r *rig) hotfix(t *testing.T) {
	s := r.site(t, "hotfix", selling(fleet(0), "note"))
	s.up("note")
	s.led("note")
	s.change("note 2", soaks("note", "2"))
	s.await("the first ring soaks note 2", s.ran("note", "2", members[0]...))
	s.change("note 3", move("note", "3"))
	s.await("the first ring soaks note 3", s.ran("note", "3", members[0]...))
	if _, err := s.command(s.rig.sluice, "rollout", "expedite", "note=3", "--env="+s.name, "--reason=CVE-2026-1",
		"--repo="+s.lab.RepositoryURL(s.name), "--branch=main", "--git-cache="+t.TempDir()); err != nil {
		t.Fatal(err)
	}
	s.await("everybody runs note 3", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "note", "3", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: note 2")
	s.inTurn(events, "note", "3", members...)
	for _, tenant := range slices.Concat(members[1:]...) {
		s.ordered("the overtaken version reached a later ring", events.Never(s.took(tenant, "note", "2")))
	}
}

// inserted proves that a ring may be put between others while a version soaks
// ahead of it: nobody moves by that, and the version takes the new way after.
func (r *rig) inserted(t *testing.T) {
	s := r.site(t, "insert", selling(fleet(0), "note"))
	s.up("note")
	s.led("note")
	s.change("note 2", soaks("note", "2"))
	s.await("the first ring soaks note 2", s.ran("note", "2", members[0]...))
	s.rings = slices.Insert(s.rings, 1, ring{Name: "middle", Tenants: []string{"1003"}, Versions: map[string]string{"note": "2"}})
	s.rings[2].Tenants = []string{"1004"}
	s.change("a ring between", func([]ring) {})
	s.inRing("1003", "middle")
	events := s.since("pushed: a ring between")
	for _, tenant := range slices.Concat(members[1:]...) {
		s.ordered("somebody moved by the new ring", events.Never(s.took(tenant, "note", "2")))
	}
	s.change("soaked enough", func(rings []ring) { rings[0].Soak = 0 })
	s.await("everybody runs note 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "note", "2", everyone()...), s.quiet(now))
	})
	s.inTurn(s.since("pushed: note 2"), "note", "2", members[0], []string{"1003"}, []string{"1004"}, members[2])
}
