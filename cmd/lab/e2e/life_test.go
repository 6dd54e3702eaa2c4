//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// eventually asks until nothing is missing; for what the timeline does not show.
func (s *site) eventually(what string, missing func() string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeoutCause(s.t.Context(), patience, errors.New("patience ended"))
	defer cancel()
	for {
		text := missing()
		if text == "" {
			s.log.Mark(time.Now(), "%s", what)
			return
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("waiting for %s: %v; last missing: %s", what, context.Cause(ctx), text)
		case <-time.After(300 * time.Millisecond):
		}
	}
}

// ends takes one authorisation through its end: suspended, renewed with its
// data, suspended, retained, removed.
func (r *rig) ends(t *testing.T) {
	s := r.site(t, "ends", two())
	s.now = "2026-11-01"
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "mail", "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})
	claim := s.claim("1002")

	s.sluiced("authz", "put", "1002/web", "--end=2026-11-10")
	s.now = "2026-11-11"
	s.render("1002's web ended")
	s.await("web is suspended", func(now map[timeline.Object]timeline.State) string {
		return all(s.suspended(now, "1002"), s.quiet(now))
	})
	s.because("1002/web", "suspended")
	s.same("1002", claim)
	s.ordered("mail restarted", s.since("rendered: 1002's web ended").Never(pods(s.namespace("1002"), "mail-*", "")))

	s.sluiced("authz", "put", "1002/web", "--end=2027-11-10")
	s.render("1002's web is renewed")
	s.await("web is back", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1002"), s.present(now, "1002", "ConfigMap", "web-routes"), s.quiet(now))
	})
	s.same("1002", claim)

	s.sluiced("authz", "put", "1002/web", "--end=2026-11-10")
	s.now = "2026-11-13"
	s.render("1002's web is past its suspension")
	s.await("web is retained", func(now map[timeline.Object]timeline.State) string {
		for o := range now {
			if o.Namespace == s.namespace("1002") && o.Kind == "Deployment" && strings.HasPrefix(o.Name, "web-") {
				return o.String() + " is still there"
			}
		}
		return s.quiet(now)
	})
	s.same("1002", claim)
	s.because("1002/web", "retained")

	s.now = "2026-11-20"
	s.render("1002's web is past its grace")
	s.await("web is removed", func(now map[timeline.Object]timeline.State) string {
		if _, ok := now[timeline.Object{Kind: "Application", Namespace: "argocd", Name: s.name + "-1002-web"}]; ok {
			return "the Application of web"
		}
		return s.quiet(now)
	})
	s.goesInReverse()
}

// goesInReverse ends all of a tenant: its products go before what they share, the last first, then the namespace.
func (s *site) goesInReverse() {
	s.t.Helper()
	s.sluiced("authz", "put", "1001/mail", "--end=2026-11-10")
	s.sluiced("authz", "put", "1001/web", "--end=2026-11-10")
	s.now = "2026-11-11"
	s.render("all of 1001 ended")
	s.now = "2026-11-13"
	s.render("all of 1001 is retained")
	s.await("1001 is retained", func(now map[timeline.Object]timeline.State) string {
		for o := range now {
			if o.Namespace == s.namespace("1001") && (o.Kind == "Deployment" || o.Kind == "Pod") {
				return o.String() + " is still there"
			}
		}
		return s.quiet(now)
	})
	// The tenant may be pruned once Argo CD knows that it is released.
	s.now = "2026-11-20"
	s.render("1001 may go")
	s.await("1001 is gone", func(now map[timeline.Object]timeline.State) string {
		for o := range now {
			if o.Kind == "Application" && strings.HasPrefix(o.Name, s.name+"-1001") {
				return o.String() + " is still there"
			}
		}
		return s.quiet(now)
	})
	events := s.since("rendered: 1001 may go")
	gone := func(name string) timeline.Match {
		return timeline.Match{Kind: "Application", Name: s.name + name, Health: timeline.Gone}
	}
	for _, product := range []string{"-1001-web", "-1001-mail"} {
		s.ordered("the product goes before its tenant", events.InOrder(gone(product), gone("-1001")))
	}
}

// suspended says what a tenant still runs of web.
func (s *site) suspended(now map[timeline.Object]timeline.State, tenant string) string {
	n := s.namespace(tenant)
	if _, ok := now[timeline.Object{Kind: "ConfigMap", Namespace: n, Name: "web-routes"}]; ok {
		return "the routes are still there"
	}
	for o, state := range now {
		switch {
		case o.Namespace != n || !strings.HasPrefix(o.Name, "web-"):
		case o.Kind == "Pod":
			return o.String() + " is still there"
		case o.Kind == "Deployment" && state.Detail != "0/0":
			return fmt.Sprintf("%s is %+v", o, state)
		}
	}
	return ""
}

func (s *site) present(now map[timeline.Object]timeline.State, tenant, kind, name string) string {
	if _, ok := now[timeline.Object{Kind: kind, Namespace: s.namespace(tenant), Name: name}]; !ok {
		return kind + " " + name
	}
	return ""
}

// claim is the identity of the claim that holds the tenant's data.
func (s *site) claim(tenant string) string {
	s.t.Helper()
	o, err := s.client.Get(s.t.Context(), kube.Ref{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: s.namespace(tenant), Name: "web-store"})
	if err != nil {
		s.t.Fatal(err)
	}
	return o.Text("metadata", "uid")
}

func (s *site) same(tenant, claim string) {
	s.t.Helper()
	if got := s.claim(tenant); got != claim {
		s.t.Errorf("claim has uid %s, want the one from the start, %s", got, claim)
	}
}

// lastHolder takes what shares a component away: what a tenant's products share
// goes after its last holder; what the environment shares when no ring may run
// what needs it any more.
func (r *rig) lastHolder(t *testing.T) {
	s := r.site(t, "holders", two())
	s.now = "2026-11-01"
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "mail", "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.quiet(now))
	})

	s.sluiced("authz", "delete", "--yes", "1002/web")
	s.render("1002 gives web back")
	s.await("1002 has mail only", func(now map[timeline.Object]timeline.State) string {
		return all(s.without(now, s.namespace("1002"), "web-", "login-"), s.runs(now, "mail", "1", "1002"), s.quiet(now))
	})
	events := s.since("rendered: 1002 gives web back")
	gone := func(namespace, name string) timeline.Match {
		return timeline.Match{Kind: "Deployment", Namespace: namespace, Name: name, Health: timeline.Gone}
	}
	s.ordered("login goes after web", events.AllBefore(gone(s.namespace("1002"), "web-*"), gone(s.namespace("1002"), "login-*")))
	s.ordered("the other tenant's login went", events.Never(gone(s.namespace("1001"), "*")))
	s.ordered("the ledger went", events.Never(gone(s.shared(), "*")))

	s.sluiced("authz", "delete", "--yes", "1001/web")
	s.render("1001 gives web back, the last holder of the ledger")
	s.await("nobody has web", func(now map[timeline.Object]timeline.State) string {
		return all(s.without(now, s.namespace("1001"), "web-", "login-"), s.quiet(now))
	})
	s.ordered("the ledger went with its last holder", s.since("rendered: 1001 gives web back*").Never(gone(s.shared(), "*")))
	s.change("no ring offers web", func(rings []ring) {
		for i := range rings {
			rings[i].Versions = map[string]string{"mail": "1"}
		}
	})
	s.await("the ledger is gone", func(now map[timeline.Object]timeline.State) string {
		return all(s.without(now, s.shared(), "ledger-"), s.without(now, s.namespace("1001"), "web-", "login-"), s.quiet(now))
	})
	events = s.since("rendered: 1001 gives web back*")
	s.ordered("the ledger goes after web", events.AllBefore(gone(s.namespace("1001"), "web-*"), gone(s.shared(), "ledger-*")))
}

// without says which Deployment with one of the prefixes is still in a namespace.
func (s *site) without(now map[timeline.Object]timeline.State, namespace string, prefixes ...string) string {
	for o := range now {
		for _, p := range prefixes {
			if o.Kind == "Deployment" && o.Namespace == namespace && strings.HasPrefix(o.Name, p) {
				return o.String() + " is still there"
			}
		}
	}
	return ""
}
