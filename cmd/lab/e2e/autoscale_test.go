//go:build e2e

package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// autoscale takes a product that scales itself through load, suspension and
// renewal, with Kubernetes' own controller.
func (r *rig) autoscale(t *testing.T) {
	s := r.site(t, "flex", []ring{{Name: "main", Versions: map[string]string{"flex": "1"}}})
	load := s.serveMetrics("flex-server")
	load.use(50) // the target: 50 per cent of 100m
	s.now = "2026-11-01"
	s.sluiced("authz", "put", "1001", "--name=tenant-1001", "--code=c1001")
	s.sluiced("authz", "put", "1001/flex", "--replicas=2", "--max-replicas=5", "--start=2026-01-01", "--end=2026-12-31")
	s.render("a tenant who may scale")
	s.start()
	s.await("two run", s.flexes("2/2"))
	s.scaler(true)

	load.use(400)
	s.await("five run under load", s.flexes("5/5"))
	s.stays("Argo CD leaves five alone", "5/5", 3*resync)

	s.sluiced("authz", "put", "1001/flex", "--replicas=3")
	s.render("more were bought")
	s.eventually("the autoscaler has the new least", func() string {
		if o, err := s.client.Get(t.Context(), s.hpa()); err != nil || o.Field("spec", "minReplicas") != int64(3) {
			return fmt.Sprintf("minReplicas 3, it is %v (%v)", o.Field("spec", "minReplicas"), err)
		}
		return ""
	})
	s.stays("a sync leaves five alone", "5/5", resync)

	s.sluiced("authz", "put", "1001/flex", "--end=2026-11-10")
	s.now = "2026-11-11"
	s.render("the right ended")
	s.await("none run", s.flexes("0/0"))
	s.scaler(false)
	s.stays("nobody starts them under load", "0/0", resync)

	load.use(50)
	s.sluiced("authz", "put", "1001/flex", "--end=2027-11-10")
	s.render("the right is renewed")
	s.await("what was bought runs", s.flexes("3/3"))
	s.scaler(true)
}

// resync is how often Argo CD of the lab compares.
const resync = 15 * time.Second

// flexes says what is missing until so many of the tenant's replicas are ready,
// and Argo CD is content.
func (s *site) flexes(replicas string) func(now map[timeline.Object]timeline.State) string {
	return func(now map[timeline.Object]timeline.State) string {
		return all(s.flex(now, replicas), s.quiet(now))
	}
}

func (s *site) flex(now map[timeline.Object]timeline.State, replicas string) string {
	if state := now[timeline.Object{Kind: "Deployment", Namespace: s.namespace("1001"), Name: "flex-server"}]; state.Detail != replicas {
		return fmt.Sprintf("flex-server is %+v, want %s", state, replicas)
	}
	return ""
}

// stays watches that the number does not change for a while.
func (s *site) stays(what, replicas string, long time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		if missing := s.flex(s.log.Now(), replicas); missing != "" {
			s.t.Fatalf("%s: %s", what, missing)
		}
	}
	s.log.Mark(time.Now(), "%s", what)
}

// hpa is the tenant's autoscaler.
func (s *site) hpa() kube.Ref {
	return kube.Ref{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler", Namespace: s.namespace("1001"), Name: "flex-server"}
}

// scaler demands that the autoscaler is there, or is not.
func (s *site) scaler(there bool) {
	s.t.Helper()
	ref := s.hpa()
	o, err := s.client.Get(s.t.Context(), ref)
	switch {
	case err != nil && (there || !kube.IsNotFound(err)):
		s.t.Errorf("%s: %v", ref, err)
	case err == nil && !there:
		s.t.Errorf("%s is there and scales to %v, want none", ref, o.Field("status", "desiredReplicas"))
	}
}
