package rollout_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// What is Degraded is judged against what was before the grant and what the
// ring bears, over a minute, and never twice.
func TestFailureIsJudged(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		play   func(w *world)
		back   bool
	}{
		"AllIll": {"the version fails", func(w *world) { w.bad[ref{swg, v("203")}] = true; w.run(4) }, true},
		"OneIll": {"one more than the ring bears", func(w *world) { w.tenants[id(7)].holds[swg].sick = true; w.run(4) }, true},
		"OneBorne": {"the ring bears one", func(w *world) {
			w.ring("early").Tolerate = Tolerance{Tenants: 1}
			w.tenants[id(7)].holds[swg].sick = true
			w.run(4)
		}, false},
		"PercentBorne": {"5 % of 20 is one", func(w *world) {
			w.ring("early").Tolerate = Tolerance{Percent: 5}
			w.tenants[id(7)].holds[swg].sick = true
			w.run(4)
		}, false},
		"PercentDown": {"4 % of 20 is none", func(w *world) {
			w.ring("early").Tolerate = Tolerance{Percent: 4}
			w.tenants[id(7)].holds[swg].sick = true
			w.run(4)
		}, true},
		"Brief": {"less than a minute", func(w *world) {
			w.bad[ref{swg, v("203")}] = true
			w.run(2)
			w.bad[ref{swg, v("203")}] = false
			w.run(1)
			w.bad[ref{swg, v("203")}] = true
			w.run(2)
		}, false},
		"NewLeader": {"the minute begins again with a leader", func(w *world) {
			w.bad[ref{swg, v("203")}] = true
			for range 4 {
				w.tick()
				w.ill = nil
			}
		}, false},
		"ClockBack": {"and with a clock that goes back", func(w *world) {
			w.bad[ref{swg, v("203")}] = true
			w.run(2)
			w.now = w.now.Add(-time.Hour)
			w.run(2)
		}, false},
		"ClockBackOnly": {"a minute, not an hour and a minute", func(w *world) {
			w.bad[ref{swg, v("203")}] = true
			w.run(2)
			w.now = w.now.Add(-time.Hour)
			w.run(4)
		}, true},
		"Unknown": {"errors are no verdict", func(w *world) {
			for n := 4; n < 24; n++ {
				w.dark[id(n)] = true
			}
			w.run(20)
		}, false},
		"Silence": {"nor is silence", func(w *world) {
			w.bad[ref{swg, v("203")}] = true
			w.lost[Key{ring("early"), swg}] = true
			w.run(20)
		}, false},
		"Halts": {"halt is the default", func(w *world) {
			w.ring("early").Rollback = false
			w.bad[ref{swg, v("203")}] = true
			w.run(20)
		}, false},
		"NoWayBack": {"203 leads nowhere back", func(w *world) {
			w.catalog[swg][v("203")] = Edges{DowngradesTo: vs()}
			w.bad[ref{swg, v("203")}] = true
			w.run(20)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			w.ring("early").Rollback, w.ring("early").Soak = true, time.Hour
			w.want(swg, "203")
			w.until("early", swg, "203")
			w.tick()
			tc.play(w)
			if got := w.lane("early", swg) == "202"; got != tc.back {
				t.Errorf("went back: %v, want %v: %s: %+v", got, tc.back, tc.reason, w.reasons)
			}
		})
	}
}

// A tenant that was ill before its grant proves nothing against the version,
// but victims of a version that did not pass do not excuse the next one.
func TestSickBefore(t *testing.T) {
	w := stage(t)
	w.ring("early").Rollback = true
	w.tenants[id(7)].holds[swg].sick = true
	w.tick()
	w.want(swg, "203")
	w.until("main", swg, "203")
	if back := w.did(Back); len(back) > 0 {
		t.Errorf("a tenant that was ill before took %v back", back)
	}

	w = stage(t)
	w.want(swg, "203")
	w.until("early", swg, "203")
	w.bad[ref{swg, v("203")}], w.bad[ref{swg, v("204")}] = true, true
	w.tick()
	w.tenants[id(1)].holds[swg].sick = false
	w.run(5)
	w.bad[ref{swg, v("204")}] = false
	w.want(swg, "204", "canary")
	w.until("canary", swg, "204")
	w.run(3)
	w.bad[ref{swg, v("204")}] = true
	w.want(swg, "204")
	w.until("early", swg, "204")
	w.tenants[id(8)].holds[swg].sick = true
	w.run(5)
	if got := w.rollouts.Lanes[Key{ring("early"), swg}]; got.Sick != 0 || len(got.Good) != 1 {
		t.Errorf("early counts %d sick, good %v; the victims of 203 shall excuse nothing of 204", got.Sick, got.Good)
	}
	w.expectWhy("early", swg, Ill)
}

// Where tenants that were not moved are as ill as those that were, it is not
// the version.
func TestIllAnyway(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		ill    int // of main's unmoved tenants
		back   bool
	}{
		"VersionOnly": {"only those that moved are ill", 0, true},
		"ChronicFew":  {"a few were always ill", 3, true},
		"Everybody":   {"the cluster is ill", 100, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{10}, Rollback: true}
			w.want(swg, "203")
			w.until("main", swg, "203<12% 202")
			w.bad[ref{swg, v("203")}] = true
			for n := 24; n < 84 && tc.ill > 0; n++ {
				if uint64(PlaceOf(id(n))) >= End/8 {
					w.tenants[id(n)].holds[swg].sick = true
					tc.ill--
				}
			}
			w.run(5)
			if got := w.lane("main", swg) == "202"; got != tc.back {
				t.Errorf("went back: %v, want %v: %s", got, tc.back, tc.reason)
			}
		})
	}
}

// A version that passed everywhere is not taken back for what comes later, and
// a passed gate stays passed.
func TestPassedStaysPassed(t *testing.T) {
	w := stage(t)
	for i := range w.fleet.Rings {
		w.fleet.Rings[i].Rollback = true
	}
	w.want(swg, "203")
	w.until("main", swg, "203")
	w.run(3)
	w.bad[ref{swg, v("203")}] = true
	w.ring("canary").Approval, w.ring("early").Soak = true, time.Hour
	w.run(10)
	if len(w.reasons) > 0 {
		t.Errorf("a fleet that is done gives reasons: %+v", w.reasons)
	}
	w.fleet.Holds = []Hold{{Ring: ring("canary"), Product: swg, Version: v("203")}}
	w.want(swg, "204") // no ring is at rest now, and none moves
	w.run(10)
	for _, name := range []string{"canary", "early", "main"} {
		w.expect(name, swg, "203")
		if got, want := w.good(name, swg), "[202 203]"; got != want {
			t.Errorf("good in %s = %s, want %s", name, got, want)
		}
	}
	w.expectWhy("canary", swg, Held)
}

// A budget bears tenants that are not proven, but no look from before a grant.
func TestLateLook(t *testing.T) {
	w := stage(t)
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{50}, Tolerate: Tolerance{Tenants: 60}}
	w.want(swg, "203")
	w.until("main", swg, "203<12% 202")
	w.tick()
	w.stale = true
	lane := w.lane("main", swg)
	w.run(5)
	w.expect("main", swg, lane)
	w.expectWhy("main", swg, Unproven)
}

// Only Degraded beyond the budget begins a soak again.
func TestSoakGoesOn(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		do     func(w *world)
		resets bool
	}{
		"Flap":     {"Unknown is no verdict", func(w *world) { w.flapping[id(1)] = true; w.run(3); clear(w.flapping) }, false},
		"Away":     {"silence is no verdict", func(w *world) { w.away = true; w.run(3); w.away = false }, false},
		"Onboard":  {"a new tenant proves nothing", func(w *world) { w.onboard("canary", 200, 203, swg); w.run(3) }, false},
		"Bump":     {"another product does not concern it", func(w *world) { w.want(dsa, "31"); w.run(3) }, false},
		"Degraded": {"the version fails", func(w *world) { w.bad[ref{swg, v("203")}] = true; w.run(4); clear(w.bad) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			w.ring("canary").Soak = 10 * time.Minute
			w.want(swg, "203")
			w.run(4)
			key := Key{ring("canary"), swg}
			since := w.rollouts.Lanes[key].Since
			if since.IsZero() {
				t.Fatal("no soak began")
			}
			tc.do(w)
			w.run(2)
			if got := !w.rollouts.Lanes[key].Since.Equal(since); got != tc.resets {
				t.Errorf("the soak began again: %v, want %v: %s", got, tc.resets, tc.reason)
			}
		})
	}
}

// A soak ends by Argo CD's clock, whatever ours says, and on fresh evidence only.
func TestSoakIsArgoTime(t *testing.T) {
	w := stage(t)
	w.ring("canary").Soak = 10 * time.Minute
	w.want(swg, "203")
	w.run(3)
	w.now = w.now.Add(24 * time.Hour)
	w.run(3)
	w.expectWhy("canary", swg, Soak)
	w.dark[id(1)] = true // its last status grows old
	w.run(30)
	w.expectWhy("canary", swg, Unproven)
	w.dark, w.pace = map[ident.Tenant]bool{}, 0
	w.tick()
	w.expectWhy("canary", swg, Soak)
	w.tick()
	w.expect("early", swg, "203")
}

// The first slice of a step goes alone, also where slices before it are empty.
func TestPace(t *testing.T) {
	w := stage(t)
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{50}, Parallel: 3}
	for n := 24; n < 84; n++ { // the first three sixteenths are suspended
		if PlaceOf(id(n))>>28 < 3 {
			w.tenants[id(n)].holds[swg].active = false
		}
	}
	w.want(swg, "203")
	var got []string
	for range 12 {
		if w.tick(); len(got) == 0 || got[len(got)-1] != w.lane("main", swg) {
			got = append(got, w.lane("main", swg))
		}
	}
	if s, want := fmt.Sprint(got), "[202 203<25% 202 203<43% 202 203<50% 202 203<56% 202 203<75% 202 203<93% 202 203]"; s != want {
		t.Errorf("main went %s, want %s", s, want)
	}
}
