package observe_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// What was just granted is asked for, again if that got lost, and believed when
// Argo CD has looked since.
func TestAfterAGrant(t *testing.T) {
	s := newScene(t, 1)
	app := s.apps["pop-1000000-swg"]
	step := func(what string, proven, asked int) {
		t.Helper()
		if got := s.observe(); got.Proven != proven || got.Degraded != 0 || len(s.asked) != asked {
			t.Errorf("%s: observed %+v with %d asked for, want %d proven and %d", what, got, len(s.asked), proven, asked)
		}
	}
	set(app, "environments/pop/tenants/00/00/1000000/swg/202", "spec", "source", "path")
	set(app, stamp(ten.Add(-time.Hour)), "status", "reconciledAt")
	step("the parent has not handed it down", 0, 0)
	s.now = ten.Add(-time.Minute)
	s.product(0, swg, main, "203")
	s.now = ten
	s.look(app)
	step("Healthy, but nobody knows since when", 0, 1)
	step("Argo CD has not looked", 0, 1)
	set(app, stamp(ten.Add(time.Hour)), "status", "reconciledAt")
	step("the request stands: the look began before it", 0, 1)
	s.look(app)
	step("the request is gone, but no stamp is later", 0, 2)
	set(app, stamp(ten.Add(-time.Hour)), "status", "reconciledAt")
	step("the stamp of another cluster, or of a backup", 0, 2)
	set(app, "yesterday", "status", "reconciledAt")
	step("no stamp", 0, 2)
	s.now = ten.Add(time.Second)
	s.look(app)
	step("looked at", 1, 2)

	set(app, "Unknown", "status", "health", "status")
	step("it flaps", 0, 2)
	set(app, "Healthy", "status", "health", "status")
	step("and comes back", 1, 2)

	s.lane(func(l *rollout.Lane) { l.At[0].Version = version("202") })
	step("gone back; the Application is not", 0, 2)
	s.lane(func(l *rollout.Lane) { l.At[0].Version = version("203") })
	step("granted again: the old look is none", 0, 3)
	s.tick(time.Second)
	step("looked at again", 1, 3)

	s.Observer = observe.New(s.argo, place)
	step("a new leader remembers nothing", 0, 4)
	s.tick(time.Second)
	step("and is told", 1, 4)
	s.proven(ten)
	s.Observer = observe.New(s.argo, place)
	step("what was noted as proven was looked at", 1, 4)
	delete(s.apps, "pop-1000000-swg")
	step("deleted", 0, 4)
}

// A version that fails is believed no earlier than one that does not.
func TestDegradedAfterAGrant(t *testing.T) {
	s := newScene(t, 1)
	set(s.apps["pop-1000000-swg"], "Degraded", "status", "health", "status")
	if got := s.observe(); got.Degraded != 0 || got.Sick != 1 {
		t.Errorf("observed %+v before Argo CD has looked, want no verdict", got)
	}
	s.tick(time.Second)
	if got := s.observe(); got.Degraded != 1 {
		t.Errorf("observed %+v after it, want it Degraded", got)
	}
}

// Beyond the frontier nothing was granted, so that nobody is asked for.
func TestNobodyAsksForTheTail(t *testing.T) {
	s := newScene(t, 4)
	s.lane(func(l *rollout.Lane) { l.At = []rollout.Segment{{To: 1, Version: version("204")}, l.At[0]} })
	if got := s.observe(); got.Proven != 4 || len(s.asked) != 0 {
		t.Errorf("observed %+v with %q asked for, want the old version proven as it is", got, s.asked)
	}
}

// One observation asks for a bounded number, Argo CD's own looks serve as
// well, and who cannot be asked for keeps nobody else from it.
func TestAsksAreBounded(t *testing.T) {
	s := newScene(t, 120)
	s.observe()
	if len(s.asked) != 50 {
		t.Fatalf("one observation asked for %d, want 50", len(s.asked))
	}
	s.tick(time.Second)
	if got := s.observe(); got.Proven != 50 || len(s.asked) != 100 {
		t.Errorf("the second saw %d proven with %d asked for, want 50 and 100", got.Proven, len(s.asked))
	}
	s.now = s.now.Add(time.Minute)
	s.resync()
	if got := s.observe(); got.Proven != 120 || len(s.asked) != 100 {
		t.Errorf("after a resync it saw %d proven with %d asked for, want all and nobody more", got.Proven, len(s.asked))
	}

	s = newScene(t, 120)
	for i := range 60 { // 1000000-1000059
		s.broken[fmt.Sprintf("pop-10000%02d-swg", i)] = true
	}
	for range 4 {
		if _, err := s.Observe(t.Context(), s.in, s.r); err == nil {
			t.Error("Observe() without an error, want that some could not be asked for")
		}
		s.tick(time.Second)
	}
	slices.Sort(s.asked)
	if n := len(slices.Compact(s.asked)); n != 60 {
		t.Errorf("%d were asked for, want the 60 that can be", n)
	}
	clear(s.broken)
	s.observe()
	s.tick(time.Second)
	s.observe()
	s.tick(time.Second)
	if got := s.observe(); got.Proven != 120 {
		t.Errorf("when all can be asked for, %d are proven, want 120", got.Proven)
	}
}

// An API server that is away is not asked fifty times.
func TestAsksEnd(t *testing.T) {
	s := newScene(t, 20)
	tries := 0
	o := observe.New(counting{s.argo, &tries}, place)
	if _, err := o.Observe(t.Context(), s.in, s.r); err == nil || tries != 3 {
		t.Errorf("Observe() = %v after %d refreshes, want an error after 3", err, tries)
	}
}

// At the end of a soak Argo CD looks at all again, and meanwhile at one, so
// that its time is known.
func TestSoakEnds(t *testing.T) {
	s := newScene(t, 60)
	s.in.Fleet.Rings[0].Soak = 10 * time.Minute
	s.proven(ten)
	s.observe()
	if len(s.asked) != 1 {
		t.Fatalf("%d asked for while it soaks, want one", len(s.asked))
	}
	s.observe()
	if len(s.asked) != 1 {
		t.Fatalf("%d asked for while one is on its way, want one", len(s.asked))
	}
	s.tick(9 * time.Minute)
	s.observe()
	if len(s.asked) != 2 || s.asked[0] == s.asked[1] {
		t.Fatalf("%q asked for, want another one: the soak has not ended", s.asked)
	}
	s.tick(time.Minute) // to the second
	s.observe()
	if got := s.asked[2:]; len(got) != 50 || slices.Contains(got, s.asked[1]) || got[49] != s.asked[0] && slices.Contains(got, s.asked[0]) {
		t.Errorf("%d asked for at the end, want 50 of those with an older look: %q", len(got), got)
	}
	s.observe() // the rest, and nobody twice
	s.tick(time.Second)
	o, err := s.Observe(t.Context(), s.in, s.r)
	if n := len(s.asked); err != nil || n != 2+59 {
		t.Errorf("%d asked for in all, want each of the others once, %v", n, err)
	}
	if res := rollout.Advance(s.in, s.r, o, ten); !slices.Contains(res.Rollouts.Lanes[key].Good, version("203")) {
		t.Errorf("Advance() = %+v, want 203 to have passed its soak", res.Reasons)
	}
	s.observe()
	if n := len(s.asked); n != 61 {
		t.Errorf("%d asked for after the end, want nobody more", n)
	}
}

// Whoever is Degraded or silent when a soak ends is not asked for, and a stamp
// from the future ends no soak but its own.
func TestSoakOfSome(t *testing.T) {
	s := newScene(t, 3)
	s.in.Fleet.Rings[0].Soak = 10 * time.Minute
	s.proven(ten)
	set(s.apps["pop-1000000-swg"], "2999-01-01T00:00:00Z", "status", "reconciledAt")
	set(s.apps["pop-1000001-swg"], "Degraded", "status", "health", "status")
	o, err := s.Observe(t.Context(), s.in, s.r)
	if err != nil || !slices.Equal(s.asked, []string{"pop-1000002-swg"}) {
		t.Errorf("asked for %q, %v, want the proven one that is older", s.asked, err)
	}
	if res := rollout.Advance(s.in, s.r, o, ten); slices.Contains(res.Rollouts.Lanes[key].Good, version("203")) {
		t.Error("203 passed on a stamp from the future")
	}
}

// The whole way of a version through two rings, with what the real engine
// grants and an Argo CD that follows it.
func TestRollout(t *testing.T) {
	s := newScene(t, 0)
	rings := []ident.Ring{canary, main}
	s.in.Fleet.Rings = []rollout.Ring{{Name: canary, Versions: map[ident.Product]ident.Version{swg: version("203")}, Approval: true},
		{Name: main, Versions: map[ident.Product]ident.Version{swg: version("203")}, Steps: []int{50}, StepSoak: 2 * time.Minute, Parallel: 8}}
	s.in.Catalog[swg][version("203")] = rollout.Edges{Needs: map[ident.Component]ident.Version{license: version("2")}}
	var all []rollout.Tenant
	for i := range 40 {
		all = append(all, rollout.Tenant{ID: tenant(i), Ring: min(i/4, 1), Was: rings[min(i/4, 1)], Place: rollout.PlaceOf(tenant(i)),
			Products: map[ident.Product]rollout.Holding{swg: {Active: true, Ran: version("202")}}})
		s.product(i, swg, rings[min(i/4, 1)], "202")
	}
	s.in.Census = rollout.NewCensus(all)
	s.r = rollout.Adopt(s.in)
	s.slice(canary, "pop-canary")
	var last rollout.Result
	before := map[ident.Tenant]ident.Version{}
	for i := range rings {
		maps.Copy(before, s.in.Granted(s.r, i, swg))
	}
	turns := 0
	for ; turns < 400; turns++ {
		o, err := s.Observe(t.Context(), s.in, s.r)
		if err != nil {
			t.Fatal(err)
		}
		o.Ill = last.Ill
		last = rollout.Advance(s.in, rollout.Settle(s.in, s.r), o, s.now)
		s.r = last.Rollouts
		s.in.Census.Refresh(s.in.Fleet, s.r)
		for i, ring := range rings {
			for id, v := range s.in.Granted(s.r, i, swg) {
				if before[id] == v {
					continue
				}
				before[id] = v
				var n int
				_, _ = fmt.Sscan(id.String(), &n)
				s.product(n-1000000, swg, ring, v.String())
			}
		}
		for c, part := range s.r.Shared {
			if !part.At.IsZero() && s.apps["pop-shared-"+c.String()] == nil {
				s.part(c, part.At.String())
			}
		}
		if slices.ContainsFunc(last.Reasons, func(r rollout.Reason) bool { return r.Code == rollout.Approval }) {
			set(s.apps["pop-canary"], "dsa=31,swg=203", "metadata", "annotations", "gatorcloud.io/approved")
		}
		if len(s.in.Moving(s.r)) == 0 {
			break
		}
		s.tick(5 * time.Second)
	}
	for _, k := range slices.SortedFunc(maps.Keys(s.r.Lanes), func(a, b rollout.Key) int { return a.Ring.Compare(b.Ring) }) {
		if l := s.r.Lanes[k]; len(l.At) != 1 || l.At[0].Version != version("203") || !slices.Contains(l.Good, version("203")) {
			t.Errorf("after %d turns %v is %+v for %+v, want 203 everywhere and good", turns, k, l, last.Reasons)
		}
	}
	if n := len(s.lists); len(s.asked) < 40 || turns > 120 {
		t.Errorf("%d turns with %d lists and %d refreshes, want every tenant looked at, in good time", turns, n, len(s.asked))
	}
}
