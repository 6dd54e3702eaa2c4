package health_test

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
)

// ago returns the API server's form of a time before now.
func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

// The cases that depend on the present time. Margins are tens of seconds, so
// that a slow machine does not decide them.
func TestApplicationTimes(t *testing.T) {
	failure := func(at string) []any {
		return []any{map[string]any{"type": "ComparisonError", "message": "rpc error", "lastTransitionTime": at}}
	}
	erred := func(phase, result, at string) app {
		a := ring().set(phase, "status", "operationState", "phase").set(at, "status", "operationState", "finishedAt").set("OutOfSync", "status", "sync", "status")
		return a.set([]any{map[string]any{"name": "front", "status": result}}, "status", "operationState", "syncResult", "resources")
	}
	for name, tc := range map[string]struct {
		reason string
		app    app
		want   string
	}{
		"Hiccup": {"a short error of the repo-server is no failure",
			ring().set("Unknown", "status", "sync", "status").set(failure(ago(2*time.Second)), "status", "conditions"), "Progressing"},
		"LastingError": {"an error that lasts is one",
			ring().set("Unknown", "status", "sync", "status").set(failure(ago(90*time.Second)), "status", "conditions"), "Degraded"},
		"ErrorJustNow":    {"an operation that Argo CD could not do may be started again", erred("Error", "", ago(2*time.Second)), "Progressing"},
		"ErrorLasts":      {"nobody started it again", erred("Error", "", ago(90*time.Second)), "Degraded"},
		"NotApplied":      {"nor is a cluster that took nothing a verdict", erred("Failed", "SyncFailed", ago(2*time.Second)), "Progressing"},
		"NotAppliedLasts": {"but one that goes on is", erred("Failed", "SyncFailed", ago(90*time.Second)), "Degraded"},
		"NotAppliedButSynced": {"a later comparison found nothing left to do",
			erred("Failed", "SyncFailed", ago(90*time.Second)).set("Synced", "status", "sync", "status").set(ago(80*time.Second), "status", "reconciledAt"), "Healthy"},
		"NotAppliedNotCompared": {"an earlier comparison says nothing",
			erred("Failed", "SyncFailed", ago(90*time.Second)).set("Synced", "status", "sync", "status").set(ago(100*time.Second), "status", "reconciledAt"), "Degraded"},
		"DegradedButSynced": {"what was applied and became Degraded is a verdict",
			erred("Failed", "Synced", ago(90*time.Second)).set("Synced", "status", "sync", "status").set(ago(80*time.Second), "status", "reconciledAt"), "Degraded"},
		"Failed": {"what was applied and became Degraded fails at once", erred("Failed", "Synced", ago(2*time.Second)), "Degraded"},
		"SoakSinceSync": {"the sync ended within the soak",
			ring().annotate("soak", "300").set(ago(60*time.Second), "status", "operationState", "finishedAt").set(ago(0), "status", "reconciledAt"), "Progressing"},
		"SoakSinceHealthy": {"the health changed within the soak",
			ring().annotate("soak", "300").set(ago(60*time.Second), "status", "health", "lastTransitionTime"), "Progressing"},
		"SoakOver": {"both were before the soak",
			ring().annotate("soak", "300").set(ago(400*time.Second), "status", "health", "lastTransitionTime"), "Healthy"},
		"SoakAsNumber": {"an annotation of the wrong type is read as well",
			ring().annotate("soak", int64(300)).set(ago(60*time.Second), "status", "health", "lastTransitionTime"), "Progressing"},
		"SoakNaN": {"what is no number is no soak, and nobody would see it",
			ring().annotate("soak", math.NaN()), "Degraded"},
		"SoakInfinite": {"nor is infinity", ring().annotate("soak", math.Inf(1)), "Degraded"},
		"Future": {"a clock that runs ahead soaks for longer, not for less",
			ring().annotate("soak", "300").set(ago(-time.Hour), "status", "health", "lastTransitionTime"), "Progressing"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluate(t, vm(t), tc.app); string(got.Status) != tc.want {
				t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// Each kind with a deadline waits before it and gives up after it.
func TestDeadlines(t *testing.T) {
	stuck := map[string]app{
		"StatefulSet":           {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": map[string]any{"replicas": int64(2)}},
		"DaemonSet":             {"apiVersion": "apps/v1", "kind": "DaemonSet"},
		"Job":                   {"apiVersion": "batch/v1", "kind": "Job"},
		"PersistentVolumeClaim": {"apiVersion": "v1", "kind": "PersistentVolumeClaim"},
		"ApisixRoute":           {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixRoute"},
		"ApisixUpstream":        {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixUpstream"},
		"ApisixConsumer":        {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixConsumer"},
		"ApisixTls":             {"apiVersion": "apisix.apache.org/v2", "kind": "ApisixTls"},
	}
	entry := func(field, at string) map[string]any {
		return map[string]any{"time": at, "fieldsV1": map[string]any{field: map[string]any{"f:x": map[string]any{}}}}
	}
	for name, tc := range map[string]struct {
		reason   string
		deadline any
		created  time.Duration
		fields   []any
		want     string
	}{
		"Young":         {"within the default", nil, 500 * time.Second, nil, "Progressing"},
		"Old":           {"past the default", nil, 700 * time.Second, nil, "Degraded"},
		"OwnDeadline":   {"the annotation counts", "60", 100 * time.Second, nil, "Degraded"},
		"LongDeadline":  {"also when it is longer", "3600", 700 * time.Second, nil, "Progressing"},
		"ChangedNow":    {"a change of the spec starts anew", nil, 24 * time.Hour, []any{entry("f:spec", ago(60*time.Second))}, "Progressing"},
		"ChangedBefore": {"a change that is past the deadline does not", nil, 24 * time.Hour, []any{entry("f:spec", ago(700*time.Second))}, "Degraded"},
		"OthersTouched": {"labels and annotations of others do not", nil, 24 * time.Hour, []any{entry("f:metadata", ago(1*time.Second))}, "Degraded"},
	} {
		for kind, object := range stuck {
			t.Run(name+"/"+kind, func(t *testing.T) {
				meta := map[string]any{"creationTimestamp": ago(tc.created), "managedFields": tc.fields}
				if tc.deadline != nil {
					meta["annotations"] = map[string]any{"gatorcloud.io/progress-deadline": tc.deadline}
				}
				obj := app{"apiVersion": object["apiVersion"], "kind": object["kind"], "spec": object["spec"], "metadata": meta}
				if got := evaluate(t, vm(t), obj); string(got.Status) != tc.want {
					t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
				}
			})
		}
	}
}

// The scripts make UTC times without Argo CD's os.date, whatever the zone of
// the controller is.
func TestStamp(t *testing.T) {
	clock, err := os.ReadFile("fragments/clock.lua")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 32503679999).Draw(t, "seconds"), 0).UTC()
		script := fmt.Sprintf("%s\nreturn {status = \"Healthy\", message = stamp(%d)}", clock, at.Unix())
		got, err := lua.VM{}.ExecuteHealthLua(&unstructured.Unstructured{Object: map[string]any{}}, script)
		if err != nil {
			t.Fatalf("running the clock: %v", err)
		}
		if want := at.Format(time.RFC3339); got.Message != want {
			t.Fatalf("stamp(%d) = %q, want %q", at.Unix(), got.Message, want)
		}
	})
}
