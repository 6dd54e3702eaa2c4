package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/rollout"
)

// What is seen again is no change, whenever Argo CD looked; everything else is.
func TestSeeTellsChanges(t *testing.T) {
	later := func(a *Application) *Application { a.Reconciled = noon.Add(time.Minute); return a }
	worse := ill(InObject, "", deployment("exceeded quota"))
	above := &Application{Name: "pop-canary", Level: "ring", Ring: canary, Verdict: rollout.Proven}
	paused := &Application{Name: "pop-canary", Level: "ring", Ring: canary, Verdict: rollout.Proven, Paused: true}
	own := &Application{Name: "pop-1000001", Level: "tenant", Tenant: first, Verdict: rollout.Degraded}
	j := fleet(t)
	for i, step := range []struct {
		why  string
		a    *Application
		want bool
	}{
		{"it is the same", proven(first, canary, v202), false},
		{"Argo CD looked again", later(proven(first, canary, v202)), false},
		{"another version", proven(first, canary, v200), true},
		{"it fell ill", worse, true},
		{"as ill as before", later(ill(InObject, "", deployment("exceeded quota"))), false},
		{"for another reason", ill(InObject, "", deployment("no nodes available")), true},
		{"it is well", proven(first, canary, v200), true},
		{"a new one", above, true}, {"seen again", above, false}, {"paused", paused, true},
		{"his own", own, true}, {"his own again", own, false},
	} {
		if got := j.See(step.a); got != step.want {
			t.Errorf("step %d: See(%s) = %v, want %v: %s", i, step.a.Name, got, step.want, step.why)
		}
	}
}

// A list of all forgets who is not in it, once it is complete and not before.
func TestRelist(t *testing.T) {
	j := fleet(t)
	j.See(&Application{Name: "pop-1000002", Level: "tenant", Tenant: second, Verdict: rollout.Degraded, Obstacle: InObject})
	j.See(&Application{Name: "pop-1000002-base", Level: "base", Tenant: second, Verdict: rollout.Degraded, Obstacle: InObject})
	j.See(&Application{Name: "pop-main", Level: "ring", Ring: main, Paused: true})
	runs := func() (all []string) {
		for _, r := range j.Rows(Filter{}) {
			all = append(all, r.Tenant+"="+r.Running+" "+string(r.State))
		}
		slices.Sort(all)
		return all
	}
	paused := func() bool {
		o := j.Observation(&rollout.Input{Fleet: j.fleet, Census: rollout.NewCensus(nil)}, j.order)
		return o.Paused[main]
	}
	before := runs()
	j.Relist()
	j.See(proven(first, canary, v202))
	if got := runs(); !slices.Equal(got, before) || !paused() {
		t.Errorf("during a list %q, paused %v, want what was: %q", got, paused(), before)
	}
	j.Relist() // the first one broke off
	j.See(proven(first, canary, v202))
	if !j.Relisted() || !slices.Equal(runs(), []string{"1000001=202 ok", "1000002= waiting"}) || paused() || j.tenants[second].app != nil || j.tenants[second].base != nil {
		t.Errorf("after a list %q, paused %v, want nothing of who was not in it", runs(), paused())
	}
	j.Relist()
	j.See(proven(first, canary, v202))
	if j.Relisted() {
		t.Error("Relisted() = true for the same list, want no change")
	}
}

// Where Argo CD tells nothing newer the verdict is of when it did, and well is
// not sure any more.
func TestVerdictAsOf(t *testing.T) {
	j := fleet(t)
	j.Order(j.fleet, rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{toCanary: j.order.Lanes[toCanary], toMain: j.order.Lanes[toCanary]}})
	j.See(proven(second, main, v202))
	if r := j.Report(noon); r.State != OK || strings.Contains(r.Verdict, "as of") {
		t.Errorf("verdict %s: %s, want all to be well", r.State, r.Verdict)
	}
	j.Source(ArgoCD, time.Time{}, "connection reset")
	if r := j.Report(noon.Add(time.Hour)); r.State != Unknown || !strings.HasSuffix(r.Verdict, ", as of 2026-11-29 11:59:59 UTC: Argo CD tells nothing newer") {
		t.Errorf("verdict %s: %s, want it as of the last that was heard", r.State, r.Verdict)
	}
	if s := j.Sources(noon.Add(time.Hour))[2]; s.Name != ArgoCD || s.Missing != "connection reset" || s.AgeSeconds != 3601 {
		t.Errorf("Argo CD as a source = %+v, want its age and why", s)
	}
}
