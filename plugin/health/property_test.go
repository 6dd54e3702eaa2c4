package health_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// keys are the names that the scripts read, so that random objects have a
// chance to reach every check.
var keys = []string{
	"metadata", "annotations", "labels", "deletionTimestamp", "creationTimestamp", "generation", "managedFields",
	"fieldsV1", "f:spec", "f:status", "f:metadata", "f:annotations", "time", "spec", "source", "sources", "destination",
	"plugin", "parameters", "name", "map", "namespace", "server", "replicas", "updateStrategy", "rollingUpdate",
	"partition", "type", "suspend", "activeDeadlineSeconds", "volumeName", "status", "sync", "comparedTo", "health",
	"lastTransitionTime", "operationState", "syncResult", "phase", "message", "retryCount", "finishedAt", "reconciledAt",
	"conditions", "history", "resources", "kind", "group", "observedGeneration", "availableReplicas", "readyReplicas",
	"updatedReplicas", "desiredNumberScheduled", "numberAvailable", "operation", "reason",
	"gatorcloud.io/soak", "gatorcloud.io/tolerate-unhealthy", "gatorcloud.io/approval", "gatorcloud.io/approved",
	"gatorcloud.io/paused", "gatorcloud.io/progress-deadline", "gatorcloud.io/level",
	"volume.kubernetes.io/storage-provisioner",
}

// words are values that mean something to the scripts, and some that must not.
var words = []string{
	"", "Synced", "Succeeded", "Failed", "Error", "Running", "Terminating", "Healthy", "Degraded", "Unknown", "Missing",
	"Suspended", "Application", "argoproj.io", "ComparisonError", "versions", "required", "true", "false", "True", "False",
	"Bound", "Pending", "Lost", "Complete", "Accepted", "OnDelete", "ring", "202", "swg=202", "1", "-1", "1e309", ".nan", "NaN", "0x",
	"0x10", "inf", "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2020-01-01T00:00:00+08:00", "not a time", "\x00\xff%s%n",
}

// anything generates JSON-shaped values up to a depth.
func anything(depth int) *rapid.Generator[any] {
	leaf := rapid.OneOf(
		rapid.SampledFrom(words).AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny(),
		rapid.Int64().AsAny(), rapid.Float64().AsAny(), rapid.SampledFrom([]any{nil, math.NaN(), math.Inf(1), math.Inf(-1), json.Number("5")}),
	)
	if depth == 0 {
		return leaf
	}
	below := rapid.Deferred(func() *rapid.Generator[any] { return anything(depth - 1) })
	key := rapid.OneOf(rapid.SampledFrom(keys), rapid.String())
	return rapid.OneOf(leaf, rapid.MapOfN(key, below, 0, 6).AsAny(), rapid.SliceOfN(below, 0, 4).AsAny())
}

// shaped generates Applications: a good one in which some fields are replaced
// by anything, at any place that the scripts look at.
func shaped() *rapid.Generator[app] {
	places := [][]string{
		{"metadata"}, {"metadata", "annotations"}, {"metadata", "labels"}, {"metadata", "deletionTimestamp"},
		{"metadata", "annotations", "gatorcloud.io/soak"}, {"metadata", "annotations", "gatorcloud.io/tolerate-unhealthy"},
		{"metadata", "annotations", "gatorcloud.io/approval"}, {"metadata", "annotations", "gatorcloud.io/approved"},
		{"metadata", "annotations", "gatorcloud.io/paused"},
		{"spec"}, {"spec", "source"}, {"spec", "sources"}, {"spec", "destination"}, {"spec", "source", "path"}, {"spec", "source", "plugin"},
		{"spec", "source", "plugin", "parameters"}, {"spec", "destination", "server"}, {"operation"}, {"status"},
		{"status", "sync"}, {"status", "sync", "status"}, {"status", "sync", "comparedTo"}, {"status", "sync", "comparedTo", "source"},
		{"status", "sync", "comparedTo", "sources"}, {"status", "sync", "comparedTo", "destination"},
		{"status", "health"}, {"status", "health", "status"}, {"status", "health", "lastTransitionTime"},
		{"status", "reconciledAt"}, {"status", "conditions"}, {"status", "history"}, {"status", "resources"},
		{"status", "operationState"}, {"status", "operationState", "phase"}, {"status", "operationState", "message"},
		{"status", "operationState", "retryCount"}, {"status", "operationState", "finishedAt"},
		{"status", "operationState", "syncResult"}, {"status", "operationState", "syncResult", "source"},
	}
	return rapid.Custom(func(t *rapid.T) app {
		a := ring()
		for _, path := range rapid.SliceOfN(rapid.SampledFrom(places), 0, 4).Draw(t, "places") {
			if v := anything(4).Draw(t, "value"); v != nil {
				a.set(v, path...)
			} else {
				a.set(nil, path...)
			}
		}
		return a
	})
}

// answers are what a script may say; Unknown and Missing are not among them,
// because Argo CD leaves such an Application out of its parent's health.
var answers = []string{"Healthy", "Progressing", "Degraded", "Suspended"}

// The check of Applications answers whatever it is given, and never Healthy
// while Argo CD compared something else than the present spec.
func TestApplicationAlwaysAnswers(t *testing.T) {
	machine := vm(t)
	healthy := 0
	rapid.Check(t, func(t *rapid.T) {
		a := shaped().Draw(t, "application")
		got := string(evaluate(t, machine, a).Status)
		if !slices.Contains(answers, got) {
			t.Fatalf("health = %s, want one of %v", got, answers)
		}
		discover(t, a)
		if got == "Healthy" {
			healthy++
			if diff := compared(a); diff != "" {
				t.Fatalf("Healthy, but compared with another spec (-compared +spec):\n%s", diff)
			}
		}
	})
	if healthy == 0 {
		t.Error("no object was Healthy: the generator never reaches the last checks")
	}
}

// compared returns how the compared source and destination differ from the
// spec. It is written apart from the script: empty fields of a source count as
// absent, of the cluster's two names only those that the spec gives count, and
// null is nothing, because Lua has no other.
func compared(a app) string {
	spec, _ := seen(a["spec"]).(map[string]any)
	status, _ := a["status"].(map[string]any)
	sync, _ := status["sync"].(map[string]any)
	known, _ := seen(sync["comparedTo"]).(map[string]any)
	opts := cmp.Options{cmpopts.EquateNaNs(), cmpopts.EquateEmpty()}
	if diff := cmp.Diff(fields(known["source"]), fields(spec["source"]), opts); diff != "" {
		return diff
	}
	if diff := cmp.Diff(list(known["sources"]), list(spec["sources"]), opts); diff != "" {
		return diff
	}
	was, is := fields(known["destination"]), fields(spec["destination"])
	for _, key := range []string{"namespace", "name", "server"} {
		old, _ := was[key].(string)
		want, _ := is[key].(string)
		if old != want && (want != "" || key == "namespace") {
			return cmp.Diff(was, is)
		}
	}
	return ""
}

// seen returns v without the nulls in it.
func seen(v any) any {
	switch x := v.(type) {
	case map[string]any:
		rest := map[string]any{}
		for key, value := range x {
			if value != nil {
				rest[key] = seen(value)
			}
		}
		return rest
	case []any:
		rest := []any{}
		for _, value := range x {
			if value != nil {
				rest = append(rest, seen(value))
			}
		}
		return rest
	}
	return v
}

// fields returns the fields of a struct that are not empty.
func fields(v any) map[string]any {
	set := map[string]any{}
	m, _ := v.(map[string]any)
	for key, value := range m {
		switch x := value.(type) {
		case string:
			if x != "" {
				set[key] = x
			}
		case bool:
			if x {
				set[key] = x
			}
		case map[string]any:
			if len(x) > 0 {
				set[key] = x
			}
		case []any:
			if len(x) > 0 {
				set[key] = x
			}
		default:
			set[key] = x
		}
	}
	return set
}

// list returns a list, and an empty one for anything else.
func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// Every other check answers as well, whatever it is given.
func TestKindsAlwaysAnswer(t *testing.T) {
	machine := vm(t)
	kinds := [][2]string{
		{"apps/v1", "StatefulSet"}, {"apps/v1", "DaemonSet"}, {"batch/v1", "Job"}, {"v1", "PersistentVolumeClaim"},
		{"apisix.apache.org/v2", "ApisixRoute"}, {"apisix.apache.org/v2", "ApisixUpstream"},
		{"apisix.apache.org/v2", "ApisixConsumer"}, {"apisix.apache.org/v2", "ApisixTls"},
	}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		obj := map[string]any{"apiVersion": kind[0], "kind": kind[1]}
		for _, key := range []string{"metadata", "spec", "status"} {
			obj[key] = rapid.OneOf(rapid.MapOf(rapid.SampledFrom(keys), anything(3)).AsAny(), anything(2)).Draw(t, key)
		}
		if got := string(evaluate(t, machine, obj).Status); !slices.Contains(answers, got) {
			t.Fatalf("health of %s = %s, want one of %v", kind[1], got, answers)
		}
	})
}

// A source nested deeper than Lua's call stack is compared, not an error.
func TestDeepSource(t *testing.T) {
	deep := func() any {
		v := any("end")
		for range 5000 {
			v = map[string]any{"values": v}
		}
		return v
	}
	a := ring().set(deep(), "spec", "source", "helm")
	if got := evaluate(t, vm(t), a); got.Status != "Progressing" {
		t.Errorf("health = %+v, want Progressing: only the spec has the deep value", got)
	}
	a.set(deep(), "status", "sync", "comparedTo", "source", "helm")
	if got := evaluate(t, vm(t), a); got.Status != "Healthy" {
		t.Errorf("health = %+v, want Healthy: both have the deep value", got)
	}
}

// The check of the largest ring that is planned for stays far below Argo CD's limit of 1 s.
func TestLargeRing(t *testing.T) {
	resources := make([]any, 2000)
	for i := range resources {
		resources[i] = map[string]any{"group": "argoproj.io", "kind": "Application", "name": "x", "health": map[string]any{"status": "Degraded"}}
	}
	a := ring().set(resources, "status", "resources").set("Degraded", "status", "health", "status")
	if got := evaluate(t, vm(t), a); got.Status != "Degraded" {
		t.Errorf("health = %+v, want Degraded", got)
	}
}
