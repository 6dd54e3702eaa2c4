package rollout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
	. "github.com/gatorcloud/sluice/renderer/rollout"
)

// stuck is a way to a reason, and the act that lifts it.
type stuck struct {
	ring    string // canary when empty
	because func(w *world)
	lift    func(w *world)
	ends    string // what the ring runs in the end; 203 when empty
}

func slow(w *world) { w.ring("canary").Soak = 10 * time.Minute }

var reasons = map[Code]stuck{
	Unoffered: {
		because: func(w *world) { w.onboard("canary", 300, 301, product("seg")); w.want(product("seg"), "") },
		lift:    func(w *world) { w.publish(product("seg"), "1"); w.want(product("seg"), "1") },
	},
	Unpublished: {
		because: func(w *world) { delete(w.catalog[swg], v("203")) },
		lift:    func(w *world) { w.publish(swg, "203") },
	},
	Blocking: {
		because: func(w *world) { w.fleet.Blocked = []Blocked{{Product: swg, Version: v("203")}} },
		lift:    func(w *world) { w.fleet.Blocked = nil },
	},
	TakenBack: {
		because: func(w *world) { w.ring("canary").Rollback, w.bad[ref{swg, v("203")}] = true, true },
		lift: func(w *world) {
			w.bad[ref{swg, v("203")}] = false
			w.rollouts.Failed = []Failed{w.rollouts.Failed[0]}
			w.rollouts.Failed[0].Lifted = true
		},
	},
	NoWayBack: {
		because: func(w *world) {
			w.catalog[swg][v("202")] = Edges{DowngradesTo: vs()}
			w.want(swg, "200")
		},
		lift: func(w *world) { w.want(swg, "203") },
	},
	NoEdge: {
		because: func(w *world) { w.catalog[swg][v("203")] = Edges{UpgradesFrom: vs("201")} },
		lift: func(w *world) {
			w.catalog[swg][v("2025")] = Edges{}
			w.publish(swg, "202.5")
			w.catalog[swg][v("203")] = Edges{UpgradesFrom: vs("202.5")}
		},
	},
	NoObserver: {
		because: func(w *world) { w.away = true },
		lift:    func(w *world) { w.away = false },
	},
	Paused: {
		because: func(w *world) { w.paused[ring("canary")] = true },
		lift:    func(w *world) { clear(w.paused) },
	},
	Held: {
		because: func(w *world) {
			w.fleet.Holds = []Hold{{Ring: ring("canary"), Product: swg, Version: v("202"), Until: w.now.Add(30 * time.Minute)}}
		},
		lift: func(w *world) { w.now = w.now.Add(time.Hour) },
	},
	RingBefore: {
		ring:    "main",
		because: func(w *world) { w.want(swg, "202", "canary", "early") },
		lift:    func(w *world) { w.want(swg, "203") },
	},
	HopBefore: {
		because: func(w *world) {
			slow(w)
			w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("203")}
			w.want(swg, "204")
			w.run(2)
		},
		lift: func(w *world) { w.run(25) },
		ends: "204",
	},
	Ill: {
		because: func(w *world) { w.bad[ref{swg, v("203")}] = true },
		lift:    func(w *world) { w.bad[ref{swg, v("203")}] = false },
	},
	Unproven: {
		because: func(w *world) { w.dark[id(1)] = true },
		lift:    func(w *world) { clear(w.dark) },
	},
	Refused: {
		because: func(w *world) { w.tenants[id(1)].holds[swg].refuses = map[ident.Version]bool{v("203"): true} },
		lift:    func(w *world) { w.tenants[id(1)].holds[swg].refuses = nil },
	},
	Soak: {
		because: slow,
		lift:    func(w *world) { w.run(25) },
	},
	Measured: {
		because: func(w *world) { w.ring("canary").Gates = []Gate{{Name: "errors"}} },
		lift:    func(w *world) { w.metric["errors"] = Proven },
	},
	Approval: {
		because: func(w *world) { w.ring("canary").Approval = true },
		lift:    func(w *world) { w.approve("canary", swg, "203") },
	},
	Frozen: {
		because: func(w *world) { w.fleet.Freezes = []Freeze{{From: start, To: start.Add(time.Hour)}} },
		lift: func(w *world) {
			w.fleet.Expedite = []Expedite{{Product: swg, Version: v("203"), Until: start.Add(time.Hour)}}
		},
	},
	Hours: {
		because: func(w *world) { w.now = w.now.Add(-24 * time.Hour); w.ring("canary").Opens = []Window{monday(w)} },
		lift:    func(w *world) { w.now = w.now.Add(24 * time.Hour) },
	},
	SharedPart: {
		because: func(w *world) {
			w.catalog[swg][v("203")] = Edges{Needs: map[ident.Component]ident.Version{store: v("7")}}
			w.partBad[store] = true
		},
		lift: func(w *world) { clear(w.partBad) },
	},
	Suspended: {
		because: func(w *world) { w.tenants[id(1)].holds[swg].active = false },
		lift:    func(w *world) { w.tenants[id(1)].holds[swg].active = true },
	},
	Ahead: {
		ring:    "main",
		because: func(w *world) { slow(w); w.run(3); w.tenants[id(1)].ring = ring("main") },
		lift:    func(w *world) { w.run(25) },
	},
}

func monday(w *world) Window {
	x, err := ParseWindow("Mon 00:00-24:00")
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

// Every reason is met, names an act, and ends when the act is done.
func TestReasonsAreLifted(t *testing.T) {
	short.Skip(t, "plays whole rollouts")
	for _, code := range Codes() {
		t.Run(string(code), func(t *testing.T) {
			tc, ok := reasons[code]
			if !ok {
				t.Fatalf("no way to reason %q is known", code)
			}
			if tc.ring == "" {
				tc.ring = "canary"
			}
			if tc.ends == "" {
				tc.ends = "203"
			}
			w := stage(t)
			w.want(swg, "203")
			tc.because(w)
			w.run(5)
			if i := slices.IndexFunc(w.reasons, func(r Reason) bool { return r.Code == code && r.Ring == ring(tc.ring) }); i < 0 {
				t.Fatalf("reasons are %+v, want one %q in %s", w.reasons, code, tc.ring)
			}
			tc.lift(w)
			w.until("main", swg, tc.ends)
			w.rest(5)
			for n := range 84 {
				if got := w.version(n, swg); got != tc.ends {
					t.Errorf("tenant %d runs %s after the act, want %s", n, got, tc.ends)
				}
			}
		})
	}
}

// A person's word stands for order, proof and soak, and for nothing else.
func TestPromote(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  string
		because func(w *world)
		want    string
	}{
		"NoObserver":  {"the fleet has none", func(w *world) { w.away = true }, "203"},
		"RingBefore":  {"order is what the word is for", func(w *world) {}, "203"},
		"Step":        {"one word, one step", func(w *world) { w.ring("main").Steps = []int{50} }, "203<50% 202"},
		"Unpublished": {"there is nothing to promote", func(w *world) { delete(w.catalog[swg], v("203")) }, "202"},
		"Blocked":     {"people refused it", func(w *world) { w.fleet.Blocked = []Blocked{{Product: swg, Version: v("203")}} }, "202"},
		"Paused":      {"somebody else said stop", func(w *world) { w.paused[ring("main")] = true }, "202"},
		"Held":        {"people hold it", func(w *world) { w.fleet.Holds = []Hold{{Ring: ring("main"), Product: swg, Version: v("202")}} }, "202"},
		"Frozen":      {"a freeze is for everybody", func(w *world) { w.fleet.Freezes = []Freeze{{From: start, To: start.Add(time.Hour)}} }, "202"},
		"NoEdge":      {"no word makes an edge", func(w *world) { w.catalog[swg][v("203")] = Edges{UpgradesFrom: vs("201")} }, "202"},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			w.want(swg, "202")
			w.want(swg, "203", "main")
			tc.because(w)
			w.promoted[ring("main")] = true
			w.tick()
			if got := w.lane("main", swg); got != tc.want {
				t.Errorf("main promoted runs %q, want %q: %s", got, tc.want, tc.reason)
			}
			if got := w.lane("early", swg); got != "202" {
				t.Errorf("early runs %q, want 202: the word was for main", got)
			}
		})
	}
}

// A fleet without an observer goes ring by ring on words, and goes back by itself.
func TestPromoteOnly(t *testing.T) {
	w := stage(t)
	w.away = true
	w.want(swg, "203")
	for _, name := range []string{"canary", "early", "main"} {
		w.run(3)
		w.expect(name, swg, "202")
		w.promoted[ring(name)] = true
		w.tick()
		w.expect(name, swg, "203")
	}
	w.want(swg, "202")
	w.tick()
	w.expect("main", swg, "202")
	w.expect("canary", swg, "202")
}

func TestExpedite(t *testing.T) {
	hotfix := func(w *world) {
		w.fleet.Expedite = []Expedite{{Product: swg, Version: v("203"), Until: w.now.Add(time.Hour)}}
	}
	for name, tc := range map[string]struct {
		reason  string
		because func(w *world)
		passes  bool
	}{
		"Soak":     {"a hotfix does not soak", func(w *world) { w.ring("canary").Soak = time.Hour }, true},
		"Approval": {"nor is it approved", func(w *world) { w.ring("canary").Approval = true }, true},
		"Frozen":   {"nor does it wait for the year's end", func(w *world) { w.fleet.Freezes = []Freeze{{From: start, To: start.Add(time.Hour)}} }, true},
		"Hours":    {"nor for the morning", func(w *world) { w.now = w.now.Add(-24 * time.Hour); w.ring("early").Opens = []Window{monday(w)} }, true},
		"Health":   {"but it must be Healthy", func(w *world) { w.dark[id(1)] = true }, false},
		"Paused":   {"nor while people hold its ring", func(w *world) { w.paused[ring("canary")] = true }, false},
		"Metric":   {"and its metrics pass", func(w *world) { w.ring("canary").Gates = []Gate{{Name: "errors"}} }, false},
		"MetricNow": {"for as long as they ask", func(w *world) {
			w.metric["errors"] = Proven
			w.ring("canary").Gates = []Gate{{Name: "errors", For: time.Hour}}
		}, false},
		"Late": {"and its time ends", func(w *world) { w.ring("canary").Soak = time.Hour; w.fleet.Expedite[0].Until = w.now }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			hotfix(w)
			w.want(swg, "203")
			tc.because(w)
			w.run(8)
			if got := w.lane("early", swg) == "203"; got != tc.passes {
				t.Errorf("the hotfix passed: %v, want %v: %s", got, tc.passes, tc.reason)
			}
		})
	}
}

// A paused ring moves nobody forward and lets no later ring follow; it soaks,
// and it goes back.
func TestPause(t *testing.T) {
	w := stage(t)
	w.ring("main").Steps, w.ring("main").Rollback = []int{50}, true
	w.want(swg, "203")
	w.paused[ring("canary")] = true
	w.run(5)
	w.expect("canary", swg, "202")
	w.expectWhy("canary", swg, Paused)

	clear(w.paused)
	w.ring("canary").Soak = 2 * time.Minute
	w.tick()
	w.paused[ring("canary")] = true
	w.run(20)
	w.expect("canary", swg, "203")
	w.expect("early", swg, "202")
	clear(w.paused)
	w.tick()
	if got := w.good("canary", swg); got != "[202 203]" {
		t.Errorf("canary resumed has %s good, want 203 to have passed: it soaked meanwhile", got)
	}

	w.until("main", swg, "203<12% 202")
	w.paused[ring("main")], w.paused[ring("early")] = true, true
	w.bad[ref{swg, v("203")}] = true
	w.run(5)
	for _, name := range []string{"canary", "early", "main"} {
		w.expect(name, swg, "202")
	}
}

// Metrics are asked at the ends of steps and rings, of the product they are for.
func TestMetricGates(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		gate   Gate
		metric Verdict
		want   string
	}{
		"StepEnd":      {"a step's end asks", Gate{Name: "errors"}, Degraded, "203<12% 202"},
		"NoAnswer":     {"no answer is no pass", Gate{Name: "errors"}, Unknown, "203<12% 202"},
		"OtherProduct": {"it is no gate of swg", Gate{Name: "errors", Product: dsa}, Degraded, "203"},
		"Passes":       {"it passes", Gate{Name: "errors", Product: swg}, Proven, "203"},
	} {
		t.Run(name, func(t *testing.T) {
			w := stage(t)
			w.ring("main").Steps, w.ring("main").Gates = []int{10}, []Gate{tc.gate}
			w.metric["errors"] = tc.metric
			w.want(swg, "203")
			w.run(30)
			w.expect("main", swg, tc.want)
		})
	}
}

// Who watches need not watch what is at rest.
func TestMoving(t *testing.T) {
	w := stage(t)
	if got := w.input().Moving(w.rollouts); len(got) > 0 {
		t.Errorf("Moving() at rest = %v, want none", got)
	}
	w.want(swg, "203", "canary")
	w.tenants[id(30)].ring = ring("early")
	w.tenants[id(30)].holds[dsa].pin = v("31")
	w.tick()
	w.tenants[id(30)].holds[dsa].pin = v("")
	w.tick()
	if got, want := w.input().Moving(w.rollouts), []Key{{ring("early"), dsa}}; !slices.Equal(got, want) {
		t.Errorf("Moving() = %v, want %v: canary passed, and a straggler is ahead in early", got, want)
	}
}

// Nor need he watch a lane where all who are behind are suspended.
func TestMovingWithoutTheSuspended(t *testing.T) {
	w := stage(t)
	h := w.tenants[id(30)].holds[swg]
	h.active = false
	w.want(swg, "203")
	w.until("main", swg, "203")
	w.run(5)
	if got := w.input().Moving(w.rollouts); len(got) > 0 || h.ran != v("202") {
		t.Errorf("Moving() = %v with a suspended tenant at %q, want none and 202", got, h.ran)
	}
	h.active = true
	if got, want := w.input().Moving(w.rollouts), []Key{{w.tenants[id(30)].ring, swg}}; !slices.Equal(got, want) {
		t.Errorf("Moving() = %v when he is active again, want %v", got, want)
	}
	w.until("main", swg, "203")
	w.run(5)
	if h.ran != v("203") {
		t.Errorf("he runs %q, want 203", h.ran)
	}
}

// A tenant whose way back is no longer published stays where it is.
func TestNoWayBackToWhatIsGone(t *testing.T) {
	w := stage(t)
	w.ring("canary").Rollback, w.ring("canary").Soak = true, time.Hour
	w.tenants[id(40)].holds[swg].pin = v("200") // so that 200 is not forgotten
	w.want(swg, "203")
	w.run(3)
	w.tenants[id(1)].ring = ring("main")
	w.tick()
	delete(w.catalog[swg], v("202"))
	w.bad[ref{swg, v("203")}] = true
	w.run(5)
	w.expect("canary", swg, "203")
	w.rollouts.Lanes[Key{ring("canary"), swg}] = Lane{At: []Segment{{End, v("203")}}, Good: vs("200", "202")}
	w.run(5)
	w.expect("canary", swg, "200")
	if got := w.version(1, swg); got != "203" {
		t.Errorf("the tenant that moved to main runs %s, want 203: 202 is gone", got)
	}
}

// Argo CD looks at each tenant at a time of its own. Where nothing soaks, one
// look at each is enough: nobody waits until all were looked at once more.
func TestWithoutASoakOneLookIsEnough(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		soak   time.Duration
		want   bool
	}{
		"NoSoak": {"all are proven", 0, true},
		"Soak":   {"the oldest look is no second old", time.Second, false},
	} {
		w := stage(t)
		w.ring("canary").Soak = tc.soak
		w.want(swg, "203")
		w.tick()
		in, key := w.input(), Key{ring("canary"), swg}
		o := w.observe(in).Observation
		o.Slices[key][0].Oldest = o.Slices[key][0].Newest.Add(-2 * time.Minute)
		res := Advance(in, Settle(in, w.rollouts), o, w.now)
		if got := slices.Contains(res.Rollouts.Lanes[key].Good, v("203")); got != tc.want {
			t.Errorf("%s: 203 passed: %v, want %v: %s", name, got, tc.want, tc.reason)
		}
	}
}

// A way round what is blocked is taken.
func TestHopsAvoidWhatIsBlocked(t *testing.T) {
	w := stage(t)
	w.publish(swg, "202.5")
	w.catalog[swg][v("204")] = Edges{UpgradesFrom: vs("202.5", "203")}
	w.fleet.Blocked = []Blocked{{Product: swg, Version: v("203")}}
	w.want(swg, "204")
	w.until("main", swg, "204")
	for _, m := range w.did(Granted) {
		if m.Version == v("203") {
			t.Errorf("a blocked stop was granted: %+v", m)
		}
	}
}

// A ring that shall run a product but may not yet is a ring before all the same.
func TestRingBeforeWithoutALane(t *testing.T) {
	w := newWorld(t, "canary", "early", "main")
	w.publish(swg, "202", "203")
	w.want(swg, "204", "canary") // not published
	w.want(swg, "202", "main")   // and early shall not run it at all
	w.onboard("main", 0, 10, swg)
	w.run(3)
	w.want(swg, "203", "main")
	w.run(3)
	w.expect("main", swg, "202")
	w.expectWhy("main", swg, RingBefore)
	w.want(swg, "", "canary")
	w.until("main", swg, "203")
}
