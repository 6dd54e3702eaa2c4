//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// TestFigures measures what the order across rings costs. The machine bounds
// the figures too, so they are logged and not asserted.
//
//	LAB_FIGURES=1 go test -tags e2e -v -run TestFigures/slice-to-next-s ./cmd/lab/e2e
func TestFigures(t *testing.T) {
	if os.Getenv("LAB_FIGURES") == "" {
		t.Skip("takes minutes of two quiet cores; LAB_FIGURES=1 runs it")
	}
	// Comparisons without a cause would blur what the causes cost.
	r := upWith(t, argocd.Settings{WaveDelay: time.Second, Resync: 30 * time.Minute})
	t.Run("slice-to-next-s", r.sliceToNext)
	t.Run("rollback-to-healthy-vs-sync", r.rollbackVsSync)
	t.Run("tree-vs-plain", r.treeVsPlain)
}

// sliceToNext is how long it takes from the evidence of a slice, the last of
// its Applications Synced and Healthy at the version, to the first changed pod
// of the next slice.
func (r *rig) sliceToNext(t *testing.T) {
	s := r.site(t, "slices", selling([]ring{{Name: "main"}}, "mail"))
	s.beside["batch"] = 4
	s.writeFleet()
	s.commit("batches of four")
	tenants := s.many(24, "mail")
	s.rise(tenants, "mail")
	s.led("mail")
	cut := s.sliced()
	s.change("mail 2", move("mail", "2"))
	s.await("everybody runs mail 2", s.ran("mail", "2", tenants...))
	events := s.since("pushed: mail 2")
	var spans []span
	for _, one := range cut {
		spans = append(spans, s.moved(events, one))
	}
	slices.SortFunc(spans, func(a, b span) int { return a.pod.Compare(b.pod) })
	var gaps []time.Duration
	for i := range len(spans) - 1 {
		gaps = append(gaps, spans[i+1].pod.Sub(spans[i].evidence))
	}
	slices.Sort(gaps)
	t.Logf("slice-to-next-s %.1f (median of %d; %.1f at most)", gaps[len(gaps)/2].Seconds(), len(gaps), gaps[len(gaps)-1].Seconds())
}

// span is how a slice moved: its first changed pod, and the evidence of all its tenants.
type span struct{ pod, evidence time.Time }

func (s *site) moved(events timeline.Events, of slice) span {
	s.t.Helper()
	var all span
	for _, tenant := range of.tenants {
		pod, _ := events.First(pods(s.namespace(tenant), "mail-*", "mail-2"))
		deployed, _ := events.First(healthy(s.namespace(tenant), "mail-relay", "mail-2"))
		proof := slices.IndexFunc(events, func(e timeline.Event) bool {
			return e.At.After(deployed.At) && s.took(tenant, "mail", "2").Of(e) && resting(e.State)
		})
		if pod.At.IsZero() || deployed.At.IsZero() || proof < 0 {
			s.t.Fatalf("tenant %s of %s did not move", tenant, of.name)
		}
		if all.pod.IsZero() || pod.At.Before(all.pod) {
			all.pod = pod.At
		}
		all.evidence = slices.MaxFunc([]time.Time{all.evidence, events[proof].At}, time.Time.Compare)
	}
	return all
}

// rollbackVsSync compares a rollback of 20 tenants, from its push to all of them
// healthy, with how long Argo CD takes to sync the same Applications to the
// same version where nothing but their own sources change.
func (r *rig) rollbackVsSync(t *testing.T) {
	rings := selling([]ring{{Name: "canary"}, {Name: "main"}}, "mail")
	for i := range 10 {
		rings[0].Tenants = append(rings[0].Tenants, fmt.Sprint(2000+i))
	}
	s := r.site(t, "undo", rings)
	tenants := s.many(20, "mail")
	s.rise(tenants, "mail")
	s.led("mail")
	s.change("mail 2", move("mail", "2"))
	s.await("everybody runs mail 2", s.ran("mail", "2", tenants...))
	s.proven("mail", "2")
	start := time.Now()
	s.change("back to mail 1", move("mail", "1"))
	s.await("everybody is back at mail 1", s.ran("mail", "1", tenants...))
	rollback := time.Since(start)

	s.change("mail 2 again", move("mail", "2"))
	s.await("everybody runs mail 2 again", s.ran("mail", "2", tenants...))
	s.proven("mail", "2") // the way back to mail 1 stands in Git
	s.letGo(tenants)
	start = time.Now()
	for _, id := range tenants {
		s.point(id, "mail", "1")
	}
	s.await("everybody was synced to mail 1", s.ran("mail", "1", tenants...))
	sync := time.Since(start)
	t.Logf("rollback-to-healthy-vs-sync %.2f (%s against %s)", rollback.Seconds()/sync.Seconds(), rollback.Round(100*time.Millisecond), sync.Round(100*time.Millisecond))
}

// letGo keeps what is above products from syncing: all of it, since what is above
// of what was told puts back what it was told.
func (s *site) letGo(tenants []string) {
	s.t.Helper()
	above := []string{"", "-canary", "-main"}
	for _, id := range tenants {
		above = append(above, "-"+id)
	}
	s.eventually("nothing above products syncs", func() (syncs string) {
		for _, suffix := range above {
			app, err := s.client.Get(s.t.Context(), s.appRef(suffix))
			if err == nil && app.Field("spec", "syncPolicy") != nil {
				syncs = suffix + " syncs by itself"
				err = s.client.Merge(s.t.Context(), s.appRef(suffix), `{"spec":{"syncPolicy":null}}`)
			} else if err == nil && (app.Field("operation") != nil || app.Text("status", "operationState", "phase") == "Running") {
				syncs = suffix + " is being synced"
			}
			if err != nil {
				s.t.Fatal(err)
			}
		}
		return syncs
	})
}

// point points a tenant's product at an overlay that stands in Git.
func (s *site) point(tenant, product, version string) {
	s.t.Helper()
	path := fmt.Sprintf("environments/%s/tenants/%s/%s/%s/%s/%s", s.name, tenant[2:], tenant[:2], tenant, product, version)
	patch := fmt.Sprintf(`{"spec":{"source":{"path":%q,"plugin":{"parameters":[{"name":"versions","map":{%q:%q}}]}}}}`, path, product, version)
	if err := s.client.Merge(s.t.Context(), s.appRef("-"+tenant+"-"+product), patch); err != nil {
		s.t.Fatal(err)
	}
}
