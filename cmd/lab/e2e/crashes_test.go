//go:build e2e

package e2e

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/control"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// crashes kills what takes part in a bump, one after the other while it runs:
// the end is the same and no order is broken.
func (r *rig) crashes(t *testing.T) {
	s := r.site(t, "crash", fleet(0))
	s.tenants("web")
	s.render("all tenants")
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
	s.change("web 2", move("web", "2"))
	for _, name := range []string{
		argocd.ControllerName, argocd.RepoServerName, argocd.PluginName("sluice"), argocd.RedisName, lab.GitServer, control.TenantEtcdName, "etcd",
	} {
		s.moving()
		if err := s.lab.Kill(name); err != nil {
			t.Fatal(err)
		}
		s.log.Mark(time.Now(), "killed %s", name)
		if err := s.lab.Restart(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	s.await("everybody runs web 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", everyone()...), s.quiet(now))
	})
	events := s.since("pushed: web 2")
	s.inRings(events, "web", "2")
	for _, tenant := range everyone() {
		s.inBuckets(events, tenant, "2")
	}
	// What was killed still takes orders: one more render reaches the cluster.
	s.sluiced("authz", "put", "1006/web", "--replicas=2")
	s.render("replicas of 1006")
	s.await("1006 has two replicas", func(now map[timeline.Object]timeline.State) string {
		if front := now[timeline.Object{Kind: "Deployment", Namespace: s.namespace("1006"), Name: "web-front"}]; front.Detail != "2/2" {
			return front.Detail
		}
		return ""
	})
}

// moving waits for the next event of the bump, so that each kill meets it at work.
func (s *site) moving() {
	s.t.Helper()
	before := len(s.log.Events())
	s.await("the bump moves", func(map[timeline.Object]timeline.State) string {
		if len(s.log.Events()) == before {
			return "an event"
		}
		return ""
	})
}
