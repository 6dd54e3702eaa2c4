package observe

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

type object = map[string]any

// product is the healthy Application of a product, as Argo CD writes it.
func product() object {
	source := func() object {
		return object{"repoURL": "https://git.example/f.git", "targetRevision": "main", "path": "environments/pop/tenants/01/00/1000001/swg/202",
			"plugin": object{"name": "sluice", "parameters": []any{object{"name": "versions", "map": object{"swg": "202"}}}}}
	}
	to := object{"server": "https://kubernetes.default.svc", "namespace": "pop-1000001"}
	return object{
		"metadata": object{"name": "pop-1000001-swg", "labels": object{"gatorcloud.io/level": "product", "gatorcloud.io/tenant": "1000001",
			"gatorcloud.io/product": "swg", "gatorcloud.io/ring": "canary"}},
		"spec": object{"project": "pop-tenants", "source": source(), "destination": to},
		"status": object{
			"sync":         object{"status": "Synced", "revision": "bb22", "comparedTo": object{"source": source(), "destination": to}},
			"health":       object{"status": "Healthy", "lastTransitionTime": "2026-11-29T09:00:30Z"},
			"reconciledAt": "2026-11-29T09:00:31Z",
			"operationState": object{"phase": "Succeeded", "startedAt": "2026-11-29T09:00:00Z", "finishedAt": "2026-11-29T09:00:10Z",
				"syncResult": object{"revision": "bb22", "source": source()}},
			"history": []any{object{"deployedAt": "2026-11-29T09:00:10Z", "source": source()}},
			"resources": []any{object{"group": "apps", "kind": "Deployment", "namespace": "pop-1000001", "name": "swg-engine", "syncWave": 1,
				"status": "Synced", "health": object{"status": "Healthy"}}},
		},
	}
}

// set sets a field at a path.
func set(o object, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		o = o[name].(object)
	}
	o[path[len(path)-1]] = value
}

func earlier(o object, path ...string) {
	set(o, object{"repoURL": "https://git.example/f.git", "targetRevision": "main", "path": "environments/pop/tenants/01/00/1000001/swg/200",
		"plugin": object{"name": "sluice", "parameters": []any{object{"name": "versions", "map": object{"swg": "200"}}}}}, path...)
}

func workload(health, says string, wave int) object {
	return object{"group": "apps", "kind": "Deployment", "namespace": "pop-1000001", "name": "swg-" + health, "syncWave": wave, "health": object{"status": health, "message": says}}
}

func condition(kind, message string) []any {
	return []any{object{"type": kind, "message": message, "lastTransitionTime": "2026-11-29T10:00:00Z"}}
}

const (
	refusal = `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = plugin sidecar failed. error generating manifests in cmp: rpc error: code = FailedPrecondition desc = directory "environments/pop/tenants/01/00/1000001/swg/202": base was edited after it was rendered`
	away    = `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing"`
)

func TestShown(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 11, 29, hour, 0, 0, 0, time.UTC) }
	cases := map[string]struct {
		why     string
		change  func(o object)
		code    report.Code
		verdict rollout.Verdict
		says    string
		since   time.Time
		object  string // the first
	}{
		"Healthy": {"nothing is in its way", func(object) {}, "", rollout.Proven, "", time.Date(2026, 11, 29, 9, 0, 30, 0, time.UTC), ""},
		"Refusal": {"the plugin's own words are the last", func(o object) { set(o, condition("ComparisonError", refusal), "status", "conditions") },
			report.Refusal, rollout.Unknown, `directory "environments/pop/tenants/01/00/1000001/swg/202": base was edited after it was rendered`, at(10), ""},
		"Away": {"who is not reached refuses nothing", func(o object) { set(o, condition("ComparisonError", away), "status", "conditions") },
			report.Comparison, rollout.Unknown, `"transport: Error while dialing"`, at(10), ""},
		"Hanging": {"it works on what is not asked for", func(o object) {
			earlier(o, "status", "operationState", "syncResult", "source")
			set(o, "Running", "status", "operationState", "phase")
			set(o, "waiting for healthy state of apps/Deployment/swg-engine", "status", "operationState", "message")
		}, report.Hanging, rollout.Pending, "waiting for healthy state of apps/Deployment/swg-engine", at(9), ""},
		"Syncing": {"the first bucket that is not healthy comes first", func(o object) {
			set(o, "Running", "status", "operationState", "phase")
			set(o, []any{workload("Progressing", "later", 3), workload("Degraded", "now", 2), workload("Healthy", "", 1)}, "status", "resources")
		}, report.Syncing, rollout.Pending, "", at(9), "swg-Degraded"},
		"Stale": {"it was not compared with what it asks for", func(o object) { earlier(o, "status", "sync", "comparedTo", "source") },
			report.Syncing, rollout.Pending, "Argo CD has not compared it with its present source yet", time.Date(2026, 11, 29, 9, 0, 30, 0, time.UTC), ""},
		"SyncFailed": {"the object that was refused comes first", func(o object) {
			set(o, "Failed", "status", "operationState", "phase")
			set(o, "one or more objects failed to apply", "status", "operationState", "message")
			set(o, []any{object{"kind": "Service", "namespace": "pop-1000001", "name": "swg", "status": "SyncFailed", "message": "spec.ports: Required value"}}, "status", "operationState", "syncResult", "resources")
			set(o, "OutOfSync", "status", "sync", "status")
		}, report.SyncFailed, rollout.Unknown, "one or more objects failed to apply", time.Date(2026, 11, 29, 9, 0, 10, 0, time.UTC), "swg"},
		"Differs": {"somebody changed the cluster", func(o object) { set(o, "OutOfSync", "status", "sync", "status") },
			report.Differs, rollout.Pending, "", time.Date(2026, 11, 29, 9, 0, 30, 0, time.UTC), ""},
		"Degraded": {"a workload is", func(o object) {
			set(o, "Degraded", "status", "health", "status")
			set(o, []any{workload("Degraded", "exceeded its progress deadline", 1)}, "status", "resources")
		}, report.InObject, rollout.Degraded, "Degraded", time.Date(2026, 11, 29, 9, 0, 30, 0, time.UTC), "swg-Degraded"},
		"Deleted": {"it is going", func(o object) { set(o, "2026-11-29T11:00:00Z", "metadata", "deletionTimestamp") },
			report.Syncing, rollout.Pending, "it is being deleted", time.Date(2026, 11, 29, 9, 0, 30, 0, time.UTC), ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			o := product()
			c.change(o)
			a, ok := Shown(encoded(t, o), ident.Must[ident.EnvironmentKind]("pop"))
			if !ok {
				t.Fatal("it is not ours")
			}
			if a.Obstacle != c.code || a.Verdict != c.verdict || a.Says != c.says || !a.Since.Equal(c.since) {
				t.Errorf("Shown = %q %d %q %s, want %q %d %q %s: %s", a.Obstacle, a.Verdict, a.Says, a.Since, c.code, c.verdict, c.says, c.since, c.why)
			}
			if first := append(a.Objects, report.Object{})[0]; first.Name != c.object {
				t.Errorf("the first object is %+v, want %q", first, c.object)
			}
			if a.Asked.String() != "202" || a.Running.String() != "202" || a.Tenant.String() != "1000001" || a.Ring.String() != "canary" {
				t.Errorf("it is of %+v", a)
			}
		})
	}
}

// An Application whose name is not that of its labels is nobody's.
func TestShownIsOursByName(t *testing.T) {
	for name, change := range map[string]func(o object){
		"Name":  func(o object) { set(o, "pop-1000002-swg", "metadata", "name") },
		"Label": func(o object) { set(o, "1000002", "metadata", "labels", "gatorcloud.io/tenant") },
		"Level": func(o object) { set(o, "tenant", "metadata", "labels", "gatorcloud.io/level") },
		"None":  func(o object) { set(o, object{}, "metadata", "labels") },
	} {
		o := product()
		change(o)
		if a, ok := Shown(encoded(t, o), ident.Must[ident.EnvironmentKind]("pop")); ok {
			t.Errorf("%s: Shown = %+v, want nothing", name, a)
		}
	}
	if _, ok := Shown([]byte("[]"), ident.Must[ident.EnvironmentKind]("pop")); ok {
		t.Error("what is no Application is shown")
	}
}

// Whatever is not proven has an obstacle, on all of the health check's own test data.
func TestShownNamesAnObstacle(t *testing.T) {
	var all struct{ Tests []struct{ InputPath string } }
	load(t, checkDir+"health_test.yaml", &all)
	met := map[report.Code]bool{}
	for _, tc := range all.Tests {
		var o object
		load(t, checkDir+tc.InputPath, &o)
		a, ok := Shown(encoded(t, o), ident.Must[ident.EnvironmentKind]("pop-sha1"))
		if ok && (a.Obstacle == "") != (a.Verdict == rollout.Proven) {
			t.Errorf("%s: verdict %d, obstacle %q", tc.InputPath, a.Verdict, a.Obstacle)
		}
		if ok {
			met[a.Obstacle] = true
		}
	}
	for _, c := range []report.Code{"", report.Comparison, report.SyncFailed, report.Syncing, report.Differs, report.InObject, report.Hanging} {
		if !met[c] {
			t.Errorf("no test data has obstacle %q", c)
		}
	}
}

func encoded(t *testing.T, o object) []byte {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// An approval is kept as the versions that it names.
func TestShownKeepsApprovals(t *testing.T) {
	o := product()
	set(o, object{annotationApproved: "dsa=31,swg=202", annotationPaused: "true"}, "metadata", "annotations")
	a, _ := Shown(encoded(t, o), ident.Must[ident.EnvironmentKind]("pop"))
	if !a.Paused || !slices.Equal(a.Approved, []string{"dsa=31", "swg=202"}) {
		t.Errorf("paused %t, approved %q", a.Paused, a.Approved)
	}
}
