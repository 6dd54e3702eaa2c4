//go:build e2e

package e2e

import (
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// two are two rings of few tenants, for scenarios that are about one tenant.
func two() []ring {
	grant := func() map[string]string { return map[string]string{"web": "1", "mail": "1"} }
	return []ring{{Name: "canary", Tenants: []string{"1001"}, Versions: grant()}, {Name: "main", Versions: grant()}}
}

// pins puts one tenant to an older and one to a newer version than its ring.
func (r *rig) pins(t *testing.T) {
	s := r.site(t, "pins", two())
	for _, id := range []string{"1001", "1002", "1003"} {
		s.tenant(id, "web")
	}
	s.render("three tenants")
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002", "1003"), s.quiet(now))
	})
	s.watched()
	s.proven("web", "1")

	s.sluiced("authz", "put", "1002/web", "--version=2")
	s.render("1002 is pinned to a newer version")
	s.await("1002 runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1002"), s.runs(now, "web", "1", "1001", "1003"), s.quiet(now))
	})
	s.inBuckets(s.since("rendered: 1002 is pinned*"), "1002", "2")

	s.sluiced("authz", "put", "1001/web", "--version=1")
	s.render("1001 is pinned to what it runs")
	s.change("web 2", move("web", "2"))
	s.await("everybody but 1001 runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1002", "1003"), s.runs(now, "web", "1", "1001"), s.quiet(now))
	})
	events := s.since("pushed: web 2")
	s.ordered("the pinned tenant moved", events.Never(pods(s.namespace("1001"), "", "web-2")))
	s.ordered("the tenant ahead restarted", events.Never(pods(s.namespace("1002"), "web-*", "")))

	s.sluiced("authz", "put", "1001/web", "--version=")
	s.render("1001 follows its ring again")
	s.await("everybody runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1001", "1002", "1003"), s.quiet(now))
	})
}

// moves takes a tenant from one ring to another: at equal versions nothing of
// it changes, at different ones only what the difference asks.
func (r *rig) moves(t *testing.T) {
	s := r.site(t, "moves", two())
	for _, id := range []string{"1001", "1002", "1003"} {
		s.tenant(id, "mail", "web")
	}
	s.render("three tenants")
	s.start()
	s.await("everybody is up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002", "1003"), s.runs(now, "mail", "1", "1001", "1002", "1003"), s.quiet(now))
	})
	s.watched()
	s.proven("web", "1")

	s.change("1002 moves to canary", func(rings []ring) { rings[0].Tenants = []string{"1001", "1002"} })
	s.inRing("1002", "canary")
	events := s.since("pushed: 1002 moves to canary")
	for _, m := range []timeline.Match{
		pods(s.namespace("1002"), "", ""), {Namespace: s.namespace("1002"), Health: timeline.Deleting},
		{Kind: "Namespace", Name: s.namespace("1002"), Health: timeline.Deleting},
		{Kind: "Application", Name: s.name + "-1002*", Health: timeline.Deleting},
	} {
		s.ordered("a move at equal versions touched the tenant", events.Never(m))
	}

	s.change("web 2 in canary", func(rings []ring) { moveRing(&rings[0], "web", "2") })
	s.await("canary runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1001", "1002"), s.runs(now, "web", "1", "1003"), s.quiet(now))
	})
	s.change("1003 moves to canary", func(rings []ring) { rings[0].Tenants = []string{"1001", "1002", "1003"} })
	s.inRing("1003", "canary")
	s.await("1003 runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1003"), s.quiet(now))
	})
	events = s.since("pushed: 1003 moves to canary")
	s.ordered("mail restarted", events.Never(pods(s.namespace("1003"), "mail-*", "")))
	s.ordered("a claim went", events.Never(timeline.Match{Kind: "PersistentVolumeClaim", Namespace: s.namespace("1003"), Health: timeline.Deleting}))
	s.ordered("an Application went", events.Never(timeline.Match{Kind: "Application", Name: s.name + "-1003*", Health: timeline.Deleting}))
	s.inBuckets(events, "1003", "2")

	// The ring that is left without tenants stays, so that one can come back. He
	// is ahead of his ring there, and waits for it.
	s.change("1003 moves back", func(rings []ring) { rings[0].Tenants = []string{"1001", "1002"} })
	s.inRing("1003", "main")
	s.change("web 2 in main", func(rings []ring) { moveRing(&rings[1], "web", "2") })
	s.proven("web", "2")
	s.await("1003 still runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", "1003"), s.quiet(now))
	})
	s.ordered("a tenant ahead of his ring restarted", s.since("pushed: 1003 moves back").Never(pods(s.namespace("1003"), "web-*", "")))
}

// inRing waits until the tenant's Application belongs to a ring and the fleet is quiet.
func (s *site) inRing(tenant, ring string) {
	s.t.Helper()
	s.eventually("tenant "+tenant+" is in "+ring, func() string {
		app, err := s.client.Get(s.t.Context(), s.appRef("-"+tenant))
		if err != nil {
			return err.Error()
		}
		if got := app.Text("metadata", "labels", "gatorcloud.io/ring"); got != ring {
			return "it is in " + got
		}
		return all(s.quiet(s.log.Now()))
	})
}
