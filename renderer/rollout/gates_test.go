package rollout_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// What looks like a proof, a word or a pass, and is none.
func TestGatesStayShut(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		play   func(w *world)
		ring   string
		want   string
	}{
		"ProvesNothing": {"a budget alone proves nothing", func(w *world) {
			w.ring("canary").Tolerate = Tolerance{Tenants: 10}
			for n := range 4 {
				w.dark[id(n)] = true
			}
			w.run(5)
			w.expectWhy("canary", swg, Unproven)
		}, "early", "202"},
		"Refused": {"who refuses counts against the budget", func(w *world) {
			w.tenants[id(1)].holds[swg].refuses = map[ident.Version]bool{v("203"): true}
			w.run(5)
		}, "early", "202"},
		"RefusedBorne": {"which may bear it", func(w *world) {
			w.ring("canary").Tolerate = Tolerance{Tenants: 1}
			w.tenants[id(1)].holds[swg].refuses = map[ident.Version]bool{v("203"): true}
			w.run(5)
		}, "early", "203"},
		"OtherApproved": {"one version is approved, not the next", func(w *world) {
			w.ring("canary").Approval = true
			w.approve("canary", swg, "204")
			w.run(5)
			if got := w.rollouts.Lanes[Key{ring("canary"), swg}].Approved; !got.IsZero() {
				w.t.Errorf("%s is noted as approved while 203 waits", got)
			}
		}, "early", "202"},
		"WordWhileIll": {"no word heals", func(w *world) {
			w.ring("main").Steps = []int{50}
			w.until("main", swg, "203<12% 202")
			w.bad[ref{swg, v("203")}] = true
			w.tick()
			w.promoted[ring("main")] = true
			w.tick()
		}, "main", "203<12% 202"},
		"HealedButFailed": {"what was taken back passes no gate, not even where no way led back", func(w *world) {
			w.run(5)
			w.rollouts.Failed = []Failed{{Product: swg, Version: v("203"), Ring: ring("canary"), Reason: "x"}}
			for _, name := range []string{"canary", "early", "main"} {
				w.rollouts.Lanes[Key{ring(name), swg}] = Lane{At: []Segment{{End, v("203")}}}
			}
			w.run(3)
			if got := w.good("canary", swg); got != "[]" {
				w.t.Errorf("good in canary = %s, want none", got)
			}
		}, "canary", "203"},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			w.want(swg, "203")
			tc.play(w)
			if got := w.lane(tc.ring, swg); got != tc.want {
				t.Errorf("%s runs %q, want %q: %s", tc.ring, got, tc.want, tc.reason)
			}
		})
	}
}

// A ring where nobody runs the product passes after the rings before it.
func TestEmptyRingKeepsOrder(t *testing.T) {
	w := newWorld(t, "canary", "early", "main")
	w.publish(swg, "202")
	w.want(swg, "202")
	w.onboard("canary", 0, 3, swg)
	w.ring("canary").Approval = true
	w.run(4)
	if got := w.good("early", swg); got != "[]" {
		t.Errorf("good in the empty ring = %s before canary passed, want none", got)
	}
	w.expectWhy("early", swg, RingBefore)
	w.approve("canary", swg, "202")
	w.rest(4)
	if got := w.good("main", swg); got != "[202]" {
		t.Errorf("good in the last, empty ring = %s, want [202]", got)
	}
}

// A tenant takes one edge in a commit, also where its ring goes on at once.
func TestOneEdgeInACommit(t *testing.T) {
	w := stage(t)
	w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("203")}
	w.tenants[id(1)].holds[swg].active = false
	w.want(swg, "203")
	w.until("main", swg, "203")
	w.run(2)
	w.tenants[id(1)].holds[swg].active = true
	w.want(swg, "204")
	w.tick()
	if got := w.version(1, swg); got != "203" {
		t.Errorf("the resumed tenant runs %s after a turn, want 203", got)
	}
	w.until("main", swg, "204")
	w.rest(3)
}

// A shared part is raised on no silence, and proven by no look at another version.
func TestSharedPartIsProven(t *testing.T) {
	w := stage(t)
	w.catalog[swg][v("202")] = Edges{Needs: map[ident.Component]ident.Version{store: v("6")}}
	w.run(2)
	w.catalog[swg][v("203")] = Edges{Needs: map[ident.Component]ident.Version{store: v("7")}}
	w.away = true
	w.tenants[id(1)].holds[swg].pin = v("203")
	w.run(2)
	if got := w.rollouts.Shared[store].At; got != v("6") {
		t.Errorf("the part was raised to %s on silence", got)
	}
	w.away = false
	w.tick()
	in, obs := w.input(), Observation{Seen: true, Shared: map[ident.Component]Part{store: {Version: v("6"), Verdict: Proven}}}
	res := Advance(in, Settle(in, w.rollouts), obs, w.now)
	if got := res.Rollouts.Shared[store]; got != (Shared{At: v("7"), Good: v("6")}) {
		t.Errorf("the part is %+v after a look at 6, want granted 7, proven 6", got)
	}
	w.run(2)
	if got := w.version(1, swg); got != "203" {
		t.Errorf("the pinned tenant runs %s once its part is proven, want 203", got)
	}
}

// Going back reaches who was moved and has changed the ring since.
func TestBackReachesStragglers(t *testing.T) {
	w := stage(t)
	w.ring("canary").Rollback, w.ring("early").Soak = true, 0
	w.ring("canary").Approval = true
	w.want(swg, "203")
	w.run(3)
	w.tenants[id(1)].ring = ring("main")
	w.run(2)
	w.expectWhy("main", swg, Ahead, RingBefore)
	w.bad[ref{swg, v("203")}] = true
	w.run(4)
	w.expect("canary", swg, "202")
	if got := w.version(1, swg); got != "202" {
		t.Errorf("after the rollback the tenant in main runs %s, want 202", got)
	}

	w = stage(t)
	w.ring("main").Steps = []int{50}
	w.want(swg, "203")
	w.until("main", swg, "203<12% 202")
	for n := range 4 {
		w.tenants[id(n)].ring = ring("main")
	}
	w.ring("main").StepSoak = 0
	w.fleet.Freezes = []Freeze{{From: start, To: start.Add(time.Hour)}}
	w.run(2)
	w.want(swg, "202", "main") // there alone
	w.tick()
	for n := range 4 {
		if got := w.version(n, swg); got != "202" {
			t.Errorf("after main's revert tenant %d runs %s, want 202 with its ring", n, got)
		}
	}
}

// What a ring went back from stays ready until people want a later version: a
// tenant runs it until he hears of the way back.
func TestLeftStaysReady(t *testing.T) {
	w := stage(t)
	w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("202")}
	w.want(swg, "203")
	w.until("canary", swg, "203")
	ready := func() string { return fmt.Sprint(w.input().Ready(w.rollouts, 0, swg)) }
	w.want(swg, "202")
	w.run(3)
	w.expect("canary", swg, "202")
	if got := ready(); got != "[202 203]" {
		t.Errorf("back at 202, ready are %s, want 203 too", got)
	}
	if r, err := Decode(w.rollouts.Encode()); err != nil || fmt.Sprint(r.Lanes[Key{ring("canary"), swg}].Left) != "[203]" {
		t.Errorf("Decode(Encode()) = %+v, %v, want 203 left in canary", r.Lanes, err)
	}
	w.want(swg, "204")
	w.tick()
	if got := ready(); got != "[202 204]" {
		t.Errorf("on the way to 204, ready are %s, want no 203 any more", got)
	}
}

// Who comes new gets his pin if the shared parts are granted, proven or not:
// what his ring runs may be later than his data.
func TestNewcomersGetTheirPin(t *testing.T) {
	for need, want := range map[string]string{"5": "200", "6": "200", "7": "202"} {
		w := newWorld(t, "main")
		w.catalog[swg] = map[ident.Version]Edges{
			v("200"): {Needs: map[ident.Component]ident.Version{store: v(need)}},
			v("202"): {Needs: map[ident.Component]ident.Version{store: v("6")}},
		}
		w.want(swg, "202")
		w.away = true // nothing is ever proven
		w.onboard("main", 0, 3, swg)
		w.tick()
		w.onboard("main", 3, 4, swg)
		w.tenants[id(3)].holds[swg].pin = v("200")
		w.tick()
		if got := w.version(3, swg); got != want {
			t.Errorf("the part is granted at 6 and the pin needs %s: he runs %s, want %s", need, got, want)
		}
	}
}

// TestJudge passes finite numbers within their bounds and nothing else.
func TestJudge(t *testing.T) {
	low, high := 1.0, 2.0
	for name, tc := range map[string]struct {
		query Query
		value float64
		want  Verdict
		says  string
	}{
		"Within":   {Query{Min: &low, Max: &high}, 1.5, Proven, "1.5 is within its bounds"},
		"Edge":     {Query{Min: &low, Max: &high}, 2, Proven, "2 is within its bounds"},
		"Above":    {Query{Max: &high}, 2.5, Pending, "2.5 is above 2"},
		"Below":    {Query{Min: &low}, 0, Pending, "0 is below 1"},
		"NaN":      {Query{Max: &high}, math.NaN(), Unknown, "its value is NaN"},
		"Infinity": {Query{Min: &low}, math.Inf(1), Unknown, "its value is +Inf"},
	} {
		if got := tc.query.Judge(tc.value); got != (Metric{tc.want, tc.says}) {
			t.Errorf("%s: Judge(%v) = %+v, want %v, %q", name, tc.value, got, tc.want, tc.says)
		}
	}
}

// A lane's head is its newest version: a stop that is older takes the places of
// what is newer, where nobody is any more who would have to go back.
func TestHeadIsNewest(t *testing.T) {
	w := newWorld(t, "main")
	w.publish(swg, "200", "201", "203", "204")
	w.catalog[swg][v("203")] = Edges{UpgradesFrom: vs("202")} // as it is published by now
	w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("201", "203")}
	w.want(swg, "204")
	w.onboard("main", 0, 20, swg)
	key, at := Key{ring("main"), swg}, []Segment{{End / 2, v("203")}, {End, v("200")}}
	w.rollouts = Rollouts{Lanes: map[Key]Lane{key: {At: at, Good: vs("200")}}}
	w.ring("main").Steps = []int{25}
	for id, r := range w.tenants {
		if r.was, r.holds[swg].ran, r.holds[swg].live = r.ring, v("200"), v("200"); uint64(PlaceOf(id)) < End/2 {
			delete(w.tenants, id)
		}
	}
	w.tick()
	w.checkForm(w.rollouts)
	w.until("main", swg, "204")
}
