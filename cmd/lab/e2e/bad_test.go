//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// badVersion bumps to a version that fails in the first ring: the others stay
// as they are through unrelated commits, and daily changes flow. The revert
// heals the first ring.
func (r *rig) badVersion(t *testing.T) {
	s := r.site(t, "bad", fleet(0))
	s.up("mail", "web")
	s.watched()
	s.proven("web", "1")
	s.change("web 3", move("web", "3"))
	s.await("the first ring fails", s.halted)
	s.because("1001/web", "deadline")
	s.because("1005/web", "deadline") // ring by ring back to the tenant that fails
	for i := range 5 {
		s.pull()
		s.writeFile("README.md", fmt.Sprintf("unrelated %d\n", i))
		s.merge(fmt.Sprintf("unrelated %d", i))
		time.Sleep(2 * time.Second)
	}
	s.onboard()
	s.scale()
	s.untouched(s.since("pushed: web 3"), "web-3")

	start := time.Now()
	s.change("back to web 1", move("web", "1"))
	s.awaitBack()
	t.Logf("from the pushed revert to healthy after the halt: %s", time.Since(start).Round(time.Second))
}

// halted says what is missing until the product of the first ring's tenants is Degraded.
func (s *site) halted(now map[timeline.Object]timeline.State) string {
	if ring := s.application(now, "-canary"); !strings.HasSuffix(ring.Version, "web=3") {
		return fmt.Sprintf("the first ring is %+v", ring)
	}
	for _, tenant := range members[0] {
		if app := s.application(now, "-"+tenant+"-web"); app.Version != "web=3" || app.Health != timeline.Degraded {
			return fmt.Sprintf("web of tenant %s is %+v", tenant, app)
		}
	}
	return ""
}

// untouched demands that no tenant of the later rings got pods of a version.
func (s *site) untouched(events timeline.Events, version string) {
	s.t.Helper()
	for _, ids := range members[1:] {
		for _, tenant := range ids {
			s.ordered("a later ring moved", events.Never(pods(s.namespace(tenant), "", version)))
		}
	}
}

func (s *site) appRef(suffix string) kube.Ref {
	return kube.Ref{APIVersion: "argoproj.io/v1alpha1", Kind: "Application", Namespace: lab.Namespace, Name: s.name + suffix}
}

// onboard takes a tenant into the last ring while the rollout is halted.
func (s *site) onboard() {
	s.t.Helper()
	start := time.Now()
	s.tenant("1007", "mail", "web")
	s.render("tenant 1007")
	s.await("tenant 1007 is onboarded", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1007"), s.runs(now, "mail", "1", "1007"))
	})
	s.t.Logf("from authorisation to healthy while the rollout is halted: %s", time.Since(start).Round(time.Second))
}

// scale changes the replicas of a tenant while the rollout is halted.
func (s *site) scale() {
	s.t.Helper()
	start := time.Now()
	s.sluiced("authz", "put", "1005/web", "--replicas=2")
	s.render("replicas of 1005")
	s.await("tenant 1005 has two replicas", func(now map[timeline.Object]timeline.State) string {
		front := now[timeline.Object{Kind: "Deployment", Namespace: s.namespace("1005"), Name: "web-front"}]
		if front.Detail != "2/2" || front.Health != timeline.Healthy {
			return fmt.Sprintf("web-front is %+v", front)
		}
		return ""
	})
	s.t.Logf("from changed replicas to healthy while the rollout is halted: %s", time.Since(start).Round(time.Second))
}

// awaitBack waits until everybody is at version 1 and nothing is in an old operation.
func (s *site) awaitBack() {
	s.t.Helper()
	s.await("everybody is back at web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
}

// reverts takes a bump back while it is under way: once with a version that
// would have become healthy, once with one that is never Ready nor Degraded.
// What hangs in the version that nobody asks for any more ends by itself, and
// sluice rollout ends it, too.
func (r *rig) reverts(t *testing.T) {
	s := r.site(t, "revert", fleet(60))
	s.tenants("web")
	s.render("all tenants")
	for i := range s.rings {
		s.rings[i].Soak = 0
	}
	s.change("no soak for the start", func([]ring) {})
	s.start()
	s.awaitBack()
	s.watched()
	s.proven("web", "1")
	for i := range s.rings {
		s.rings[i].Soak = 60
	}
	s.change("a soak of a minute", func([]ring) {})
	s.revert("web 2", "2", "")
	s.revert("web 4", "4", "")
	s.revert("web 4 again", "4", "unblock")
}

// revert bumps, waits until the first ring has pods of the version, takes the bump back and runs a command.
func (s *site) revert(what, version, command string) {
	s.t.Helper()
	s.change(what, move("web", version))
	s.await("the first ring has pods of "+what, func(map[timeline.Object]timeline.State) string {
		if _, ok := s.since("pushed: " + what).First(pods(s.namespace("1001"), "web-api-*", "web-"+version)); !ok {
			return "a pod"
		}
		return ""
	})
	start := time.Now()
	s.change("back from "+what, move("web", "1"))
	if command != "" {
		s.rollout(command)
	}
	s.awaitBack()
	s.t.Logf("%s: from the pushed revert to healthy: %s", what, time.Since(start).Round(time.Second))
	s.untouched(s.since("pushed: "+what), "web-"+version)
}

// rollout runs sluice rollout on the environment.
func (s *site) rollout(command string) {
	s.t.Helper()
	out, err := s.command(s.sluice, "rollout", command, "--env="+s.name, "--kubeconfig="+s.lab.KubeConfig())
	if err != nil {
		s.t.Fatal(err)
	}
	s.log.Mark(time.Now(), "rollout %s: %s", command, strings.Join(strings.Fields(out), " "))
}
