//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// everyone are all tenants of the fleet.
func everyone() []string { return slices.Concat(members...) }

// up brings an environment with all tenants to version 1.
func (s *site) up() {
	s.t.Helper()
	s.tenants("mail", "web")
	s.render("all tenants")
	s.start()
	s.await("everything is up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", everyone()...), s.runs(now, "mail", "1", everyone()...), s.quiet(now))
	})
}

// coldStart brings up an environment from nothing: shared parts before
// tenants, and in each tenant shared before products, buckets in order and
// routes last. Where nobody ran a product a ring waits for no other.
func (r *rig) coldStart(t *testing.T) {
	s := r.site(t, "cold", fleet(0))
	s.up()
	events := s.log.Events()
	s.ordered("environment-shared before tenants", events.AllBefore(healthy(s.shared(), "ledger-*", ""), pods(s.name+"-1*", "", "")))
	s.ordered("ledger's data before its server", events.AllBefore(healthy(s.shared(), "ledger-data", ""), pods(s.shared(), "ledger-server-*", "")))
	for _, tenant := range everyone() {
		n := s.namespace(tenant)
		s.ordered("login's data before its server", events.AllBefore(healthy(n, "login-data", ""), pods(n, "login-server-*", "")))
		s.ordered("tenant-shared before the first product", events.AllBefore(healthy(n, "login-*", ""), pods(n, "mail-*", "")))
		s.ordered("tenant-shared before the second product", events.AllBefore(healthy(n, "login-*", ""), pods(n, "web-*", "")))
		s.inBuckets(events, tenant, "1")
		s.ordered("routes last", events.AllBefore(healthy(n, "web-*", "web-1"), timeline.Match{Kind: "ConfigMap", Namespace: n, Name: "web-routes"}))
	}
}
