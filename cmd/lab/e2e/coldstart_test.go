//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// everyone are all tenants of the fleet.
func everyone() []string { return slices.Concat(members...) }

// up brings an environment with all tenants to version 1 of the products.
func (s *site) up(products ...string) {
	s.t.Helper()
	s.tenants(products...)
	s.rise(everyone(), products...)
}

// rise brings tenants that etcd knows to version 1 of the products.
func (s *site) rise(tenants []string, products ...string) {
	s.t.Helper()
	s.render("all tenants")
	s.start()
	s.await("everything is up", func(now map[timeline.Object]timeline.State) string {
		missing := s.quiet(now)
		for _, p := range products {
			missing = all(s.runs(now, p, "1", tenants...), missing)
		}
		return missing
	})
}

// led lets a renderer watch, until version 1 of the products is behind every ring.
func (s *site) led(products ...string) {
	s.t.Helper()
	s.watched()
	for _, p := range products {
		s.proven(p, "1")
	}
}

// coldStart brings up an environment from nothing: shared parts before
// tenants, and in each tenant shared before products, buckets in order and
// routes last. Where nobody ran a product a ring waits for no other.
func (r *rig) coldStart(t *testing.T) {
	s := r.site(t, "cold", fleet(0))
	s.up("mail", "web")
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
