//go:build e2e

package e2e

import (
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// rollback takes a bump back with Argo CD's own command on the fleet: all rings
// go back at once, and the engine does not fight it.
func (r *rig) rollback(t *testing.T) {
	s := r.site(t, "rollback", fleet(0))
	s.tenants("web")
	s.render("all tenants")
	s.start()
	s.await("everybody runs web 1", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.quiet(now))
	})
	s.watched()
	s.proven("web", "1")
	before, tenant := s.lastDeployed(""), s.lastDeployed("-1003")
	s.bumpAndAwait("web", "2")
	argo := s.login()
	s.rollbackTenant(argo, tenant)

	// Argo CD refuses to roll back an Application that syncs by itself.
	argo("app", "set", s.name, "--sync-policy=none")
	s.log.Mark(time.Now(), "rolled back the fleet")
	argo("app", "rollback", s.name, before, "--timeout=600")
	s.await("everybody is back at web 1", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "web", "1", everyone()...)
	})
	events := s.since("rolled back the fleet")
	for _, tenant := range everyone() {
		s.inBuckets(events, tenant, "1")
	}
}

// rollbackTenant takes one tenant back and forth. What is above it is told to
// let go first, or it would take the tenant back at once.
func (s *site) rollbackTenant(argo func(...string), before string) {
	s.t.Helper()
	for _, level := range []string{"", "-early", "-1003"} {
		argo("app", "set", s.name+level, "--sync-policy=none")
	}
	s.log.Mark(time.Now(), "rolled back 1003")
	argo("app", "rollback", s.name+"-1003", before, "--timeout=600")
	s.await("1003 is back at web 1", func(now map[timeline.Object]timeline.State) string {
		return s.runs(now, "web", "1", "1003")
	})
	events := s.since("rolled back 1003")
	s.inBuckets(events, "1003", "1")
	for _, other := range everyone() {
		if other != "1003" {
			s.ordered("others moved", events.Never(pods(s.namespace(other), "web-*", "web-1")))
		}
	}
	argo("app", "set", s.name, "--sync-policy=automated", "--self-heal", "--auto-prune")
	s.await("1003 is at web 2 as its ring is", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "2", everyone()...), s.quiet(now))
	})
}

// lastDeployed is the id of the newest entry of an Application's history.
func (s *site) lastDeployed(suffix string) string {
	s.t.Helper()
	o, err := s.client.Get(s.t.Context(), s.appRef(suffix))
	if err != nil {
		s.t.Fatal(err)
	}
	history, _ := o.Field("status", "history").([]any)
	if len(history) == 0 {
		s.t.Fatalf("%s%s has no history", s.name, suffix)
	}
	last, _ := history[len(history)-1].(map[string]any)
	return fmt.Sprint(last["id"])
}

// login returns Argo CD's own command line.
func (s *site) login() func(args ...string) {
	s.t.Helper()
	access, err := s.lab.Access(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	home := s.t.TempDir()
	run := func(args ...string) {
		s.t.Helper()
		cmd := exec.CommandContext(s.t.Context(), access.CLI, args...)
		cmd.Env = []string{"HOME=" + home, "NO_PROXY=127.0.0.1"}
		if out, err := cmd.CombinedOutput(); err != nil {
			s.t.Fatalf("argocd %v: %v: %s", args, err, out)
		}
	}
	run("login", "--plaintext", s.lab.ArgoCDServer(), "--username", access.User, "--password", access.Password)
	return run
}
