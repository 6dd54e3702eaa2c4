package observe_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// broke makes the last sync fail, with what became of one of its objects.
func broke(app fields, health string, objects ...any) {
	set(app, "Failed", "status", "operationState", "phase")
	set(app, objects, "status", "operationState", "syncResult", "resources")
	set(app, "OutOfSync", "status", "sync", "status")
	set(app, health, "status", "health", "status")
}

// One Application of two is as each case has it; the other proves the version.
func TestEvidence(t *testing.T) {
	source := func(path ...string) []string { return append([]string{"spec", "source"}, path...) }
	compared := func(path ...string) []string { return append([]string{"status", "sync", "comparedTo"}, path...) }
	for name, tc := range map[string]struct {
		reason                 string
		change                 func(app fields)
		proven, degraded, sick int
	}{
		"Healthy":  {"all of it in one status", func(fields) {}, 1, 0, 0},
		"Degraded": {"workloads, after a sync with the version", func(a fields) { set(a, "Degraded", "status", "health", "status") }, 0, 1, 1},
		"BucketDegraded": {"an object of an early bucket, for which the sync waited", func(a fields) {
			broke(a, "Degraded", fields{"kind": "Deployment", "status": "Synced", "hookPhase": "Failed"})
		}, 0, 1, 1},
		"BucketHealed": {"it failed then; now it may become Healthy", func(a fields) {
			broke(a, "Progressing", fields{"kind": "Deployment", "status": "Synced", "hookPhase": "Failed"})
		}, 0, 0, 1},
		"NotApplied": {"Kubernetes refused an object; what is Degraded is the old one", func(a fields) {
			broke(a, "Degraded", fields{"kind": "Deployment", "status": "Synced", "hookPhase": "Failed"}, fields{"kind": "Service", "status": "SyncFailed", "hookPhase": "Failed"})
		}, 0, 0, 1},
		"Hook": {"a hook is no workload", func(a fields) {
			broke(a, "Degraded", fields{"kind": "Job", "status": "Synced", "hookType": "PreSync", "hookPhase": "Failed"})
		}, 0, 0, 1},
		"FailedForNothing": {"nobody knows why", func(a fields) { broke(a, "Degraded", fields{"status": "Synced", "hookPhase": "Succeeded"}) }, 0, 0, 1},
		"BucketNotLooked": {"the health is from before the sync ended", func(a fields) {
			broke(a, "Degraded", fields{"kind": "Deployment", "status": "Synced", "hookPhase": "Failed"})
			set(a, stamp(ten.Add(time.Second)), "status", "operationState", "finishedAt")
		}, 0, 0, 1},
		"DegradedBefore": {"the old version's workloads", func(a fields) {
			set(a, "Degraded", "status", "health", "status")
			set(a, "/old", "status", "operationState", "syncResult", "source", "path")
			set(a, nil, "status", "history")
		}, 0, 0, 1},
		"NeverSynced": {"Synced by accident", func(a fields) {
			set(a, "/old", "status", "operationState", "syncResult", "source", "path")
			set(a, nil, "status", "history")
		}, 0, 0, 0},
		"NotLooked": {"the status is from before the sync's end", func(a fields) { set(a, stamp(ten.Add(time.Second)), "status", "operationState", "finishedAt") }, 0, 0, 0},

		"OtherVersion": {"it runs what it ran", func(a fields) { set(a, "environments/pop/tenants/00/00/1000000/swg/202", source("path")...) }, 0, 0, 0},
		"OtherParameter": {"the plugin would refuse", func(a fields) {
			set(a, []any{fields{"name": "versions", "map": fields{"swg": "202"}}}, source("plugin", "parameters")...)
		}, 0, 0, 0},
		"MoreParameters": {"somebody added one", func(a fields) {
			set(a, append(get(a, source("plugin", "parameters")...).([]any), fields{"name": "x"}), source("plugin", "parameters")...)
		}, 0, 0, 0},
		"OtherRepo":   {"a fork", func(a fields) { set(a, "https://git.example/fork.git", source("repoURL")...) }, 0, 0, 0},
		"OtherBranch": {"a feature branch", func(a fields) { set(a, "feature", source("targetRevision")...) }, 0, 0, 0},
		"OtherPlugin": {"another renderer", func(a fields) { set(a, "kustomize", source("plugin", "name")...) }, 0, 0, 0},
		"MoreSource":  {"a chart beside", func(a fields) { set(a, "x", source("chart")...) }, 0, 0, 0},
		"Sources": {"which win over the source", func(a fields) {
			for _, path := range [][]string{{"spec"}, compared(), {"status", "operationState", "syncResult"}} {
				set(a, []any{fields{"path": "x"}}, append(path, "sources")...)
			}
		}, 0, 0, 0},
		"OtherProject": {"not ours", func(a fields) { set(a, "default", "spec", "project") }, 0, 0, 0},
		"OtherCluster": {"it runs elsewhere", func(a fields) { set(a, "elsewhere", "spec", "destination", "name") }, 0, 0, 0},
		"NotCompared": {"to the grant yet", func(a fields) {
			set(a, "environments/pop/tenants/00/00/1000000/swg/202", compared("source", "path")...)
		}, 0, 0, 0},
		"ComparedThere": {"with another cluster", func(a fields) { set(a, "elsewhere", compared("destination", "name")...) }, 0, 0, 0},
		"OutOfSync":     {"not all is applied", func(a fields) { set(a, "OutOfSync", "status", "sync", "status") }, 0, 0, 0},
		"Deleted":       {"it goes", func(a fields) { set(a, stamp(ten), "metadata", "deletionTimestamp") }, 0, 0, 0},
		"Requested":     {"a sync is about to start", func(a fields) { set(a, fields{"sync": fields{}}, "operation") }, 0, 0, 0},
		"Running":       {"a sync runs", func(a fields) { set(a, "Running", "status", "operationState", "phase") }, 0, 0, 0},
		"NoStatus":      {"new", func(a fields) { set(a, nil, "status") }, 0, 0, 0},
		"OddStatus":     {"no object", func(a fields) { set(a, "Healthy", "status") }, 0, 0, 0},
		"OddSpec":       {"no object", func(a fields) { set(a, []any{"x"}, "spec") }, 0, 0, 0},

		"HealthUnknown": {"says nothing, not even of sickness", func(a fields) { set(a, "Unknown", "status", "health", "status") }, 0, 0, 0},
		"Missing":       {"inconclusive", func(a fields) { set(a, "Missing", "status", "health", "status") }, 0, 0, 1},
		"Suspended":     {"somebody stopped it", func(a fields) { set(a, "Suspended", "status", "health", "status") }, 0, 0, 1},
		"Progressing":   {"may become either", func(a fields) { set(a, "Progressing", "status", "health", "status") }, 0, 0, 1},
		"ComparisonError": {"the health is of an earlier comparison", func(a fields) {
			set(a, "Degraded", "status", "health", "status")
			set(a, []any{fields{"type": "ComparisonError"}}, "status", "conditions")
		}, 0, 0, 1},
		"OperationError": {"Argo CD met an error of its own", func(a fields) {
			set(a, "Error", "status", "operationState", "phase")
			set(a, "OutOfSync", "status", "sync", "status")
			set(a, "Degraded", "status", "health", "status")
		}, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 2)
			s.proven(ten)
			tc.change(s.apps["pop-1000000-swg"])
			got := s.observe()
			if want := (rollout.Slice{Version: version("203"), Looked: 2, Proven: tc.proven + 1, Degraded: tc.degraded, Sick: tc.sick}); got != want {
				t.Errorf("observed %+v, want %+v: %s", got, want, tc.reason)
			}
		})
	}
}

// An Application is known by its name, and who has none is seen as nothing.
func TestWhoIsSeen(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		change func(s *scene)
		proven int
	}{
		"Gone":      {"it was deleted", func(s *scene) { delete(s.apps, "pop-1000000-swg") }, 1},
		"OtherRing": {"it is of another list", func(s *scene) { set(s.apps["pop-1000000-swg"], "early", "metadata", "labels", "gatorcloud.io/ring") }, 1},
		"NoTenant":  {"nobody says whose it is", func(s *scene) { set(s.apps["pop-1000000-swg"], nil, "metadata", "labels", "gatorcloud.io/tenant") }, 1},
		"AnotherOfHis": {"somebody copied it, Healthy, beside ours that is not", func(s *scene) {
			twin := s.product(0, swg, main, "203")
			delete(s.apps, "pop-1000000-swg")
			set(twin, "zzz", "metadata", "name")
			s.apps["zzz"] = twin
			set(s.product(0, swg, main, "203"), "Degraded", "status", "health", "status")
		}, 1},
		"Borrowed": {"the Application of one tenant with the label of another", func(s *scene) {
			delete(s.apps, "pop-1000000-swg")
			set(s.apps["pop-1000001-swg"], "1000000", "metadata", "labels", "gatorcloud.io/tenant")
		}, 0},
		"Stranger":  {"he holds no swg", func(s *scene) { s.product(7, swg, main, "203") }, 2},
		"OddLabels": {"one is a number, which none of ours is", func(s *scene) { set(s.apps["pop-1000000-swg"], 5, "metadata", "labels", "x") }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 2)
			s.proven(ten)
			tc.change(s)
			if got := s.observe(); got.Looked != 2 || got.Proven != tc.proven {
				t.Errorf("observed %+v, want %d of 2 proven: %s", got, tc.proven, tc.reason)
			}
		})
	}
}

// Who was created after his version began to run in the lane says nothing
// about the grant; who was moved does, whatever his age.
func TestFresh(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  string
		before  string // what tenant 0 ran before 203
		created time.Duration
		change  func(new fields)
		excused int
	}{
		"Later":      {"he came after the first who was moved", "202", time.Minute, func(fields) {}, 1},
		"Earlier":    {"the grant was given to him", "202", -time.Minute, func(fields) {}, 0},
		"SameSecond": {"nobody can tell", "202", 0, func(fields) {}, 0},
		"MovedTo": {"he came later and ran 202 first", "202", time.Minute, func(a fields) {
			set(a, append([]any{fields{"source": fields{"path": "old"}}}, get(a, "status", "history").([]any)...), "status", "history")
		}, 0},
		"NobodyMoved":  {"nobody knows when the grant was", "", time.Minute, func(fields) {}, 0},
		"OtherVersion": {"he is not at the grant", "202", time.Minute, func(a fields) { set(a, "x", "spec", "source", "path") }, 0},
		"NoAge":        {"an unknown age is old", "202", time.Minute, func(a fields) { set(a, nil, "metadata", "creationTimestamp") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 2)
			s.proven(ten)
			delete(s.apps, "pop-1000000-swg")
			if tc.before != "" {
				s.product(0, swg, main, tc.before)
			}
			s.product(0, swg, main, "203")
			app := s.apps["pop-1000001-swg"]
			set(app, stamp(ten.Add(tc.created)), "metadata", "creationTimestamp")
			set(app, "Degraded", "status", "health", "status")
			tc.change(app)
			if got := s.observe(); got.Proven != 1 || got.Excused != tc.excused || got.Looked != 2 {
				t.Errorf("observed %+v, want one proven and %d excused: %s", got, tc.excused, tc.reason)
			}
		})
	}
}

// A failed list is silence about its lane, whatever it handed over, and about
// no other.
func TestAFailedListIsSilence(t *testing.T) {
	s := newScene(t, 3)
	s.observe() // asks
	s.tick(time.Second)
	s.broken["product=swg"], s.after = true, 2
	o, err := s.Observe(t.Context(), s.in, s.r)
	if _, seen := o.Slices[key]; seen || err == nil || !o.Seen {
		t.Errorf("Observe() = %+v, %v, want no word of the lane", o, err)
	}
	res := rollout.Advance(s.in, s.r, o, ten)
	if i := slices.IndexFunc(res.Reasons, func(r rollout.Reason) bool { return r.Code == rollout.Unproven }); i < 0 || len(res.Moves) > 0 {
		t.Errorf("Advance() moved %+v for %+v, want it to wait for a proof", res.Moves, res.Reasons)
	}
	clear(s.broken)
	if got := s.observe(); got.Proven != 3 || len(s.asked) != 3 {
		t.Errorf("then observed %+v with %q asked for, want all proven: what was asked for is remembered", got, s.asked)
	}
}

// Stragglers are judged at what they keep, and lanes at rest are not asked for.
func TestStragglers(t *testing.T) {
	s := newScene(t, 3)
	s.proven(ten)
	s.product(0, swg, main, "202")
	s.product(1, swg, main, "202")
	s.lane(func(l *rollout.Lane) {
		l.Stragglers = map[ident.Tenant]ident.Version{tenant(0): version("202"), tenant(1): version("200")}
	})
	s.r.Lanes[rollout.Key{Ring: main, Product: dsa}] = rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: version("31")}}, Good: []ident.Version{version("31")}}
	s.in.Fleet.Rings[0].Versions[dsa] = version("31")
	o, err := s.Observe(t.Context(), s.in, s.r)
	if got := o.Stragglers[key]; err != nil || got[tenant(0)] != rollout.Pending {
		t.Errorf("stragglers are %v, %v, want a look at the one that may just have been moved", got, err)
	}
	s.tick(time.Second)
	o, err = s.Observe(t.Context(), s.in, s.r)
	if got := o.Stragglers[key]; err != nil || got[tenant(0)] != rollout.Proven || got[tenant(1)] == rollout.Proven || len(got) != 2 {
		t.Errorf("stragglers are %v, %v, want the one that runs what he keeps proven", got, err)
	}
	if got := sum(o.Slices[key]); got.Looked != 1 || got.Proven != 1 {
		t.Errorf("the rest is %+v, want one, proven", got)
	}
	want := "gatorcloud.io/environment=pop,gatorcloud.io/level=product,gatorcloud.io/product=swg,gatorcloud.io/ring=main"
	if n := slices.Index(s.lists, want); n < 0 || slices.ContainsFunc(s.lists, func(l string) bool {
		return l != want && l != "gatorcloud.io/environment=pop,gatorcloud.io/level=ring,gatorcloud.io/ring=main"
	}) {
		t.Errorf("lists are %q, want the lane in motion and its ring", s.lists)
	}
}
