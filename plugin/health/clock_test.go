package health_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
)

// noon is when the objects of these tests are judged.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// ago returns the API server's form of a time some seconds before noon.
func ago(seconds int) string {
	return noon.Add(-time.Duration(seconds) * time.Second).Format(time.RFC3339)
}

// The cases that depend on the present time, to the second.
func TestApplicationTimes(t *testing.T) {
	failure := func(kind string, seconds int) app {
		condition := map[string]any{"type": kind, "message": "rpc error", "lastTransitionTime": ago(seconds)}
		return ring().set("Unknown", "status", "sync", "status").set([]any{condition}, "status", "conditions")
	}
	erred := func(phase, result string, seconds int) app {
		a := ring().set(phase, "status", "operationState", "phase").set(ago(seconds), "status", "operationState", "finishedAt").set("OutOfSync", "status", "sync", "status")
		return a.set([]any{map[string]any{"name": "front", "status": result}}, "status", "operationState", "syncResult", "resources")
	}
	compared := func(a app, seconds int) app {
		return a.set("Synced", "status", "sync", "status").set(ago(seconds), "status", "reconciledAt")
	}
	synced := func(seconds int) app {
		return compared(ring(), 0).set(ago(seconds), "status", "operationState", "finishedAt")
	}
	healthy := func(seconds int) app {
		return ring().set(ago(seconds), "status", "health", "lastTransitionTime")
	}
	for name, tc := range map[string]struct {
		reason string
		app    app
		want   string
	}{
		"Hiccup":              {"a short error of the repo-server is no failure", failure("ComparisonError", 60), "Progressing"},
		"ErrorLasts":          {"an error that lasts is one", failure("ComparisonError", 61), "Degraded"},
		"InvalidSpecLasts":    {"so is a spec that cannot be compared", failure("InvalidSpecError", 61), "Degraded"},
		"UnknownErrorLasts":   {"so is an error without a name", failure("UnknownError", 61), "Degraded"},
		"ErrorJustNow":        {"an operation that Argo CD could not do may be started again", erred("Error", "", 60), "Progressing"},
		"NobodyStarted":       {"nobody started it again", erred("Error", "", 61), "Degraded"},
		"NotApplied":          {"nor is a cluster that took nothing a verdict", erred("Failed", "SyncFailed", 60), "Progressing"},
		"NotAppliedLasts":     {"but one that goes on is", erred("Failed", "SyncFailed", 61), "Degraded"},
		"NotAppliedButSynced": {"a later comparison found nothing left to do", compared(erred("Failed", "SyncFailed", 90), 90), "Healthy"},
		"NotAppliedNotCompared": {"an earlier comparison says nothing",
			compared(erred("Failed", "SyncFailed", 90), 91), "Degraded"},
		"DegradedButSynced": {"what was applied and became Degraded is a verdict", compared(erred("Failed", "Synced", 90), 80), "Degraded"},
		"Failed":            {"what was applied and became Degraded fails at once", erred("Failed", "Synced", 0), "Degraded"},
		"SoakSinceSync":     {"the sync ended within the soak", synced(299).annotate("soak", "300"), "Progressing"},
		"SoakSinceHealthy":  {"the health changed within the soak", healthy(299).annotate("soak", "300"), "Progressing"},
		"SoakOverSync":      {"a soak lasts as long as it says since the sync", synced(300).annotate("soak", "300"), "Healthy"},
		"SoakOverHealthy":   {"and since the health changed", healthy(300).annotate("soak", "300"), "Healthy"},
		"SoakAsNumber":      {"an annotation of the wrong type is read as well", healthy(299).annotate("soak", int64(300)), "Progressing"},
		"SoakNaN":           {"what is no number is no soak, and nobody would see it", ring().annotate("soak", math.NaN()), "Degraded"},
		"SoakInfinite":      {"nor is infinity", ring().annotate("soak", math.Inf(1)), "Degraded"},
		"Future":            {"a clock that runs ahead soaks for longer, not for less", healthy(-3600).annotate("soak", "300"), "Progressing"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluateAt(t, vm(t), tc.app, noon); string(got.Status) != tc.want {
				t.Errorf("health = %+v, want %s: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// The scripts make UTC times without Argo CD's os.date, whatever the zone of
// the controller is.
func TestStamp(t *testing.T) {
	clock := read(t, "fragments/clock.lua")
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

// Not only at noon: the scripts read the clock of Argo CD's machine.
func TestClockRuns(t *testing.T) {
	for seconds, want := range map[time.Duration]string{500: "Progressing", 700: "Degraded"} {
		created := time.Now().Add(-seconds * time.Second).UTC().Format(time.RFC3339)
		job := app{"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"creationTimestamp": created}}
		if got := evaluate(t, vm(t), job); string(got.Status) != want {
			t.Errorf("health = %+v, want %s of a Job that is %d s old", got, want, seconds)
		}
	}
}
