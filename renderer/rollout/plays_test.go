package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// stage is the fleet of the plays: three rings that run swg 202 and dsa 30,
// proven everywhere.
func stage(t *testing.T) *world {
	w := newWorld(t, "canary", "early", "main")
	w.publish(swg, "200", "202", "203", "204")
	w.publish(dsa, "30", "31")
	w.want(swg, "202")
	w.want(dsa, "30")
	w.onboard("canary", 0, 4, swg, dsa)
	w.onboard("early", 4, 24, swg, dsa)
	w.onboard("main", 24, 84, swg, dsa)
	w.run(3)
	if len(w.reasons) > 0 {
		t.Fatalf("the stage does not rest: %+v", w.reasons)
	}
	return w
}

func (w *world) expect(name string, p ident.Product, lane string) {
	w.t.Helper()
	if got := w.lane(name, p); got != lane {
		w.t.Errorf("%s runs %s %q, want %q", name, p, got, lane)
	}
}

func (w *world) expectWhy(name string, p ident.Product, want ...Code) {
	w.t.Helper()
	if got := w.why(name, p); !slices.Equal(got, want) {
		w.t.Errorf("%s stands for %v, want %v", name, got, want)
	}
}

// until runs until a lane is as wanted, at most 200 turns.
func (w *world) until(name string, p ident.Product, lane string) {
	w.t.Helper()
	for range 200 {
		if w.lane(name, p) == lane {
			return
		}
		w.tick()
	}
	w.t.Fatalf("%s never ran %s %q but %q: %+v", name, p, lane, w.lane(name, p), w.reasons)
}

// rest runs until nothing stands any more but what is named.
func (w *world) rest(n int) {
	w.t.Helper()
	w.run(n)
	if len(w.reasons) > 0 {
		w.t.Errorf("does not rest after %d turns: %+v", n, w.reasons)
	}
}

func (w *world) did(what What) (all []Move) {
	for _, m := range w.moves {
		if m.What == what {
			all = append(all, m)
		}
	}
	return all
}

func (w *world) approve(name string, p ident.Product, version string) {
	w.approved[Key{ring(name), p}] = v(version)
}

func TestPlays(t *testing.T) {
	for name, play := range map[string]func(*testing.T, *world){
		"a_BumpOverThreeRings":           playBump,
		"b_SecondProductInTheMiddle":     playSecondProduct,
		"c_OnboardedMidRollout":          playOnboarded,
		"d_TenantMovesThereAndBack":      playMoves,
		"e_HotfixOvertakes":              playOvertakes,
		"f_FailsHaltsRollsBackThenFixed": playFails,
		"f_HaltOnly":                     playHalts,
		"g_HopsThroughAStop":             playHops,
		"h_RingInserted":                 playInserted,
		"i_SharedPart":                   playShared,
		"j_LeaderDiesObserverAway":       playLeader,
		"k_Migration":                    playMigration,
		"l_RevertedHalfWay":              playReverted,
		"m_PinAddedAndLifted":            playPin,
		"n_Unpublished":                  playUnpublished,
		"o_FileLostOrReverted":           playLost,
	} {
		t.Run(name, func(t *testing.T) { play(t, stage(t)) })
	}
}

func playBump(t *testing.T, w *world) {
	w.ring("canary").Soak = 2 * time.Minute
	w.ring("early").Approval = true
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{10, 50}, StepSoak: time.Minute, Parallel: 2}
	w.want(swg, "203")
	w.tick()
	w.expect("canary", swg, "203")
	w.run(4)
	w.expectWhy("canary", swg, Soak)
	w.expectWhy("early", swg, RingBefore)
	w.until("early", swg, "203")
	w.run(4)
	w.expectWhy("early", swg, Approval)
	w.approve("early", swg, "203")
	w.tick()
	w.expect("main", swg, "203<6% 202")
	w.until("main", swg, "203<12% 202")
	w.tick()
	w.expectWhy("main", swg, Soak)
	w.until("main", swg, "203<18% 202")
	w.tick()
	w.expect("main", swg, "203<31% 202")
	w.until("main", swg, "203")
	w.rest(2)
	if got, want := w.good("main", swg), "[202 203]"; got != want {
		t.Errorf("good in main = %s, want %s", got, want)
	}
	w.expect("main", dsa, "30")
}

func playSecondProduct(t *testing.T, w *world) {
	w.ring("early").Soak = 10 * time.Minute
	w.want(swg, "203")
	w.until("early", swg, "203")
	w.run(3)
	w.want(dsa, "31")
	before := len(w.moves)
	w.tick()
	w.expect("canary", dsa, "31")
	w.tick()
	w.expect("early", dsa, "31")
	for _, m := range w.moves[before:] {
		if m.Product != dsa {
			t.Errorf("a bump of dsa moved %+v", m)
		}
	}
	w.expectWhy("early", swg, Soak)
	w.until("main", dsa, "31")
	w.rest(25)
}

func playOnboarded(t *testing.T, w *world) {
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{50}, StepSoak: 5 * time.Minute, Parallel: 16, Rollback: true}
	w.want(swg, "203")
	w.until("main", swg, "203<50% 202")
	w.tick()
	w.onboard("main", 200, 230, swg)
	for n := 200; n < 230; n++ {
		w.tenants[id(n)].holds[swg].sick = true
	}
	w.run(5)
	for n := 200; n < 230; n++ {
		want := "202"
		if PlaceOf(id(n)) < 1<<31 {
			want = "203"
		}
		if got := w.version(n, swg); got != want {
			t.Errorf("new tenant %d at place %#x runs %s, want that of its place, %s", n, PlaceOf(id(n)), got, want)
		}
	}
	w.expectWhy("main", swg, Soak)
	if w.rollouts.Lanes[Key{ring("main"), swg}].Since.IsZero() {
		t.Error("tenants that were born ill began the soak again")
	}
	w.until("main", swg, "203")
	if back := w.did(Back); len(back) > 0 {
		t.Errorf("tenants that were born ill took %v back", back)
	}
}

func playMoves(t *testing.T, w *world) {
	w.ring("canary").Soak = 5 * time.Minute
	w.want(swg, "203")
	w.run(2)
	w.tenants[id(30)].ring = ring("canary")
	w.tick()
	if got := w.version(30, swg); got != "202" {
		t.Errorf("after the move to canary it runs %s, want its own 202", got)
	}
	w.until("early", swg, "203") // canary passed: 203 is good there
	w.run(2)
	if got := w.version(30, swg); got != "203" {
		t.Errorf("in canary it runs %s, want 203 once that is good there", got)
	}
	w.ring("early").Soak = time.Hour
	w.tenants[id(4)].ring = ring("main") // from early, at 203, while main is at 202
	w.run(2)
	w.expect("main", swg, "203") // early had passed before its soak was raised
}

func playOvertakes(t *testing.T, w *world) {
	w.ring("early").Soak = time.Hour
	w.want(swg, "203")
	w.until("early", swg, "203")
	w.run(3)
	w.expectWhy("early", swg, Soak)
	w.fleet.Expedite = []Expedite{{Product: swg, Version: v("204"), Until: w.now.Add(time.Hour)}}
	w.want(swg, "204")
	w.until("main", swg, "204")
	w.rest(3)
	for _, m := range w.did(Granted) {
		if m.Ring == ring("main") && m.Version == v("203") {
			t.Errorf("the overtaken version reached main: %+v", m)
		}
	}
	if got, want := w.good("early", swg), "[202 204]"; got != want {
		t.Errorf("good in early = %s, want %s: 203 never passed there", got, want)
	}
	w.want(swg, "203", "early") // going back from 204 means 202 there, then on to 203
	w.tick()
	w.expect("early", swg, "203")
	if n := w.did(Granted); n[len(n)-1].Version != v("203") {
		t.Errorf("early went back to 203 without a grant: %+v", n[len(n)-1])
	}
}

func playFails(t *testing.T, w *world) {
	w.ring("early").Rollback = true
	w.want(swg, "203")
	w.until("early", swg, "203")
	for n := 4; n < 24; n++ {
		w.tenants[id(n)].holds[swg].sick = n == 4 // one was ill before, which is nobody's fault
	}
	w.bad[ref{swg, v("203")}] = true
	w.tick()
	w.expectWhy("early", swg, Ill)
	w.expect("early", swg, "203")
	w.run(2)
	w.expect("early", swg, "202")
	w.expect("canary", swg, "202")
	for n := range 84 {
		if got := w.version(n, swg); got != "202" {
			t.Errorf("tenant %d runs %s after the rollback, want 202", n, got)
		}
	}
	w.run(10)
	w.expectWhy("canary", swg, TakenBack)
	if n := len(w.did(Back)); n != 1 {
		t.Errorf("went back %d times, want once", n)
	}
	w.tenants[id(4)].holds[swg].sick = false
	w.want(swg, "204")
	w.until("main", swg, "204")
	w.rest(3)
	if n := len(w.rollouts.Failed); n != 0 {
		t.Errorf("%d versions are still remembered as failed, want none: all are past it", n)
	}
}

func playHalts(t *testing.T, w *world) {
	w.want(swg, "203")
	w.until("early", swg, "203")
	w.bad[ref{swg, v("203")}] = true
	w.run(20)
	w.expect("early", swg, "203")
	w.expect("main", swg, "202")
	w.expectWhy("early", swg, Ill)
	w.expectWhy("main", swg, RingBefore)
	w.want(swg, "204") // a fix need not wait for what it mends
	w.until("main", swg, "204")
	w.rest(3)
}

func playHops(t *testing.T, w *world) {
	w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("203"), DowngradesTo: vs("203")}
	w.ring("early").Soak = 2 * time.Minute
	w.tenants[id(5)].holds[swg].active = false
	w.tenants[id(6)].holds[swg].pin = v("202")
	w.want(swg, "204")
	w.until("early", swg, "203")
	w.run(2)
	w.expectWhy("early", swg, Suspended, Soak, HopBefore)
	w.until("main", swg, "204")
	w.run(3)
	if a, b := w.version(5, swg), w.version(6, swg); a != "202" || b != "202" {
		t.Errorf("the suspended and the pinned tenant run %s and %s, want 202", a, b)
	}
	w.expectWhy("early", swg, Suspended)
	w.tenants[id(5)].holds[swg].active = true
	w.tenants[id(6)].holds[swg].pin = v("")
	w.tick()
	if a := w.version(5, swg); a != "203" {
		t.Errorf("the resumed tenant runs %s, want the stop, 203", a)
	}
	w.tick()
	if b := w.version(6, swg); b != "203" {
		t.Errorf("the unpinned tenant runs %s, want the stop, 203", b)
	}
	w.rest(4)
	if a, b := w.version(5, swg), w.version(6, swg); a != "204" || b != "204" {
		t.Errorf("the resumed and the unpinned tenant run %s and %s in the end, want 204", a, b)
	}
}

func playInserted(t *testing.T, w *world) {
	w.ring("early").Soak = 3 * time.Minute
	w.want(swg, "203")
	w.until("early", swg, "203")
	g := *w.ring("main")
	g.Name = ring("beta")
	w.fleet.Rings = slices.Insert(w.fleet.Rings, 1, g)
	for n := 24; n < 44; n++ {
		w.tenants[id(n)].ring = ring("beta")
	}
	w.tick()
	w.expect("beta", swg, "203") // canary passed 203, and an edge leads there
	if got, want := w.good("beta", swg), "[202]"; got != want {
		t.Errorf("good in the new ring = %s, want %s, as where its tenants were", got, want)
	}
	w.expect("main", swg, "202")
	w.until("main", swg, "203")
	w.rest(3)
}

func playShared(t *testing.T, w *world) {
	w.catalog[swg][v("202")] = Edges{Needs: map[ident.Component]ident.Version{store: v("6")}}
	w.catalog[swg][v("203")] = Edges{Needs: map[ident.Component]ident.Version{store: v("7")}}
	w.ring("early").Rollback = true
	w.run(2)
	w.want(swg, "203")
	w.partBad[store] = true
	w.run(5)
	w.expect("canary", swg, "202")
	w.expectWhy("canary", swg, SharedPart)
	if got := w.rollouts.Shared[store]; got != (Shared{At: v("7"), Good: v("6")}) {
		t.Errorf("the shared part is %+v, want granted 7, proven 6", got)
	}
	w.partBad[store] = false
	w.until("early", swg, "203")
	w.partBad[store], w.bad[ref{swg, v("203")}] = true, true // for another reason
	w.run(5)
	w.expect("early", swg, "202")
	w.expect("canary", swg, "202")
	if got := w.rollouts.Shared[store].At; got != v("7") {
		t.Errorf("the shared part went to %s, want 7: only people lower it", got)
	}
}

func playLeader(t *testing.T, w *world) {
	*w.ring("main") = Ring{Name: ring("main"), Versions: w.ring("main").Versions, Steps: []int{50}, Rollback: true}
	w.want(swg, "203")
	w.until("main", swg, "203<12% 202")
	in := w.input()
	obs := w.observe(in).Observation
	r := Settle(in, w.rollouts)
	once, again := Advance(in, r, obs, w.now), Advance(in, r, obs, w.now.Add(time.Hour))
	if string(once.Rollouts.Encode()) != string(again.Rollouts.Encode()) {
		t.Errorf("the next leader decides otherwise:\n%s\n%s", once.Rollouts.Encode(), again.Rollouts.Encode())
	}
	w.tick() // the commit whose answer was lost
	head := w.lane("main", swg)
	after := Advance(w.input(), Settle(w.input(), w.rollouts), obs, w.now) // the old look upon the new head
	if got := after.Rollouts.Lanes[Key{ring("main"), swg}].At[0].To * 100 / End; head != "203<18% 202" || got != 18 {
		t.Errorf("an old look moved %s to %d%%", head, got)
	}
	w.away, w.bad[ref{swg, v("203")}] = true, true
	w.run(120)
	w.expect("main", swg, head)
	w.expectWhy("main", swg, NoObserver)
	w.away = false
	w.bad[ref{swg, v("203")}] = false
	w.until("main", swg, "203")
	w.rest(3)
}

func playMigration(t *testing.T, w *world) {
	w.ring("early").Soak = 3 * time.Minute
	w.want(swg, "203")
	w.until("early", swg, "203") // of the first round: canary is done, early soaks, main waits
	before := map[int]string{}
	for n := range 84 {
		before[n] = w.version(n, swg)
	}
	w.commit(Adopt(w.input()))
	for n := range 84 {
		if got := w.version(n, swg); got != before[n] {
			t.Errorf("adopting moved tenant %d from %s to %s", n, before[n], got)
		}
	}
	if got, want := w.good("canary", swg), "[202 203]"; got != want {
		t.Errorf("good in canary = %s, want %s: a later ring runs it", got, want)
	}
	if got, want := w.good("early", swg), "[202]"; got != want {
		t.Errorf("good in early = %s, want %s: 203 did not pass", got, want)
	}
	w.run(3)
	w.expect("main", swg, "202")
	w.expectWhy("early", swg, Soak)
	w.until("main", swg, "203")
	w.rest(3)
}

func playReverted(t *testing.T, w *world) {
	w.ring("main").Steps = []int{50}
	w.want(swg, "203")
	w.until("main", swg, "203<18% 202")
	w.away = true // going back needs nobody
	w.want(swg, "202")
	delete(w.catalog[swg], v("203"))
	w.commit(Settle(w.input(), w.rollouts))
	for n := range 84 {
		if got := w.version(n, swg); got != "202" {
			t.Errorf("tenant %d runs %s after the revert, want 202", n, got)
		}
	}
	w.away = false
	w.rest(2)
	w.publish(swg, "203")
	w.want(swg, "203") // and again
	w.until("main", swg, "203")
}

func playPin(t *testing.T, w *world) {
	w.catalog[swg][v("200")] = Edges{}
	w.catalog[swg][v("202")] = Edges{DowngradesTo: vs()}
	h := w.tenants[id(30)].holds[swg]
	h.pin = v("200")
	w.tick()
	if got := w.version(30, swg); got != "202" {
		t.Errorf("a pin without an edge moved the tenant to %s", got)
	}
	w.expectWhy("main", swg, NoEdge)
	w.fleet.Blocked = []Blocked{{Product: swg, Version: v("203")}}
	h.pin = v("203")
	w.tick()
	if got := w.version(30, swg); got != "202" {
		t.Errorf("a pin to a blocked version moved the tenant to %s", got)
	}
	w.expectWhy("main", swg, Blocking)
	w.fleet.Blocked, h.refuses = nil, map[ident.Version]bool{v("203"): true}
	w.tick()
	if got := w.version(30, swg); got != "202" {
		t.Errorf("a pin that refuses its parameters moved the tenant to %s", got)
	}
	w.expectWhy("main", swg, Refused)
	h.refuses = nil
	w.tick()
	if got := w.version(30, swg); got != "203" {
		t.Errorf("the pinned tenant runs %s, want its pin, 203, at once", got)
	}
	h.pin = v("")
	w.run(3)
	if got := w.version(30, swg); got != "203" {
		t.Errorf("without its pin it runs %s, want what it ran, 203", got)
	}
	w.expectWhy("main", swg, Ahead)
	w.want(swg, "204")
	w.until("main", swg, "204")
	w.rest(4)
	if got := w.version(30, swg); got != "204" {
		t.Errorf("it runs %s, want 204 with its ring", got)
	}
}

func playUnpublished(t *testing.T, w *world) {
	w.ring("main").Steps = []int{50}
	w.want(swg, "203")
	w.until("main", swg, "203<12% 202")
	edges := w.catalog[swg][v("203")]
	delete(w.catalog[swg], v("203"))
	w.run(5)
	w.expect("main", swg, "203<12% 202")
	w.expectWhy("main", swg, Unpublished)
	w.catalog[swg][v("203")] = edges
	w.until("main", swg, "203")
	w.rest(3)
}

func playLost(t *testing.T, w *world) {
	w.ring("main").Steps = []int{50}
	old := w.rollouts
	w.want(swg, "203")
	w.until("main", swg, "203<37% 202")
	before := map[int]string{}
	for n := range 84 {
		before[n] = w.version(n, swg)
	}
	unmoved := func(when string) {
		t.Helper()
		for n := range 84 {
			if got := w.version(n, swg); got != before[n] {
				t.Errorf("%s moved tenant %d from %s to %s", when, n, before[n], got)
			}
		}
	}
	file := w.rollouts.Encode()
	for name, data := range map[string][]byte{
		"Lost": nil, "Conflicted": []byte("<<<<<<< HEAD\n" + string(file)), "Edited": []byte(strings.Replace(string(file), `"202"`, `"203"`, 1)),
	} {
		if _, err := Decode(data); err == nil {
			t.Errorf("Decode of a file that is %s = nil error", name)
		}
	}
	w.commit(Settle(w.input(), old)) // reverted, its seal fits
	unmoved("an older rollouts.yaml")
	w.commit(Adopt(w.input()))
	unmoved("adopting")
	w.until("main", swg, "203")
	w.rest(4)
}
