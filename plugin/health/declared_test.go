package health_test

import (
	"maps"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/lua"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/plugin/health"
)

const resting = "no\\\"'\n\\1\xc3\xa9"

// declared returns Argo CD's Lua machine with the checks of two kinds that a
// catalog declares, one of them also known to Argo CD.
func declared(t *testing.T) lua.VM {
	t.Helper()
	machine := lua.VM{ResourceOverrides: map[string]v1alpha1.ResourceOverride{}}
	for kind, d := range map[string]health.Declared{
		"kafka.strimzi.io/Kafka": {Group: "kafka.strimzi.io", Kind: "Kafka", Condition: "Ready"},
		"db.example.com/Cluster": {Group: "db.example.com", Kind: "Cluster", Condition: "Available", Rest: []string{"spec", "end", "instances"}, RestValue: 0},
		"db.example.com/Mode":    {Group: "db.example.com", Kind: "Mode", Condition: "Available", Rest: []string{"spec", "mode"}, RestValue: resting},
	} {
		at, script, err := d.Customization()
		if err != nil {
			t.Fatal(err)
		}
		if want := "resource.customizations.health." + d.Group + "_" + d.Kind; at != want {
			t.Errorf("Customization() is for %q, want %q", at, want)
		}
		machine.ResourceOverrides[kind] = v1alpha1.ResourceOverride{HealthLua: script}
	}
	return machine
}

// waits returns an object that was made a while ago and reports a condition.
func waits(apiVersion, kind string, ago time.Duration, status string) app {
	then := time.Now().Add(-ago).UTC().Format(time.RFC3339)
	return app{
		"apiVersion": apiVersion, "kind": kind,
		"metadata": map[string]any{"name": "x", "generation": 2.0, "creationTimestamp": then},
		"spec":     map[string]any{"end": map[string]any{"instances": 3.0}, "mode": "on"},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "Ready", "status": status, "observedGeneration": 2.0, "lastTransitionTime": then},
			map[string]any{"type": "Available", "status": status, "observedGeneration": 2.0, "lastTransitionTime": then},
		}},
	}
}

// A kind that a catalog declares is ready, comes to its deadline, or rests.
func TestDeclared(t *testing.T) {
	machine := declared(t)
	kafka := func(ago time.Duration, status string) app { return waits("kafka.strimzi.io/v1", "Kafka", ago, status) }
	cluster := func(ago time.Duration, status string) app { return waits("db.example.com/v1", "Cluster", ago, status) }
	mode := waits("db.example.com/v1", "Mode", time.Hour, "False")
	for name, tc := range map[string]struct {
		reason string
		obj    app
		want   string
	}{
		"Ready":       {"its controller says so", kafka(time.Hour, "True"), "Healthy"},
		"NotYet":      {"it has ten minutes", kafka(time.Minute, "False"), "Progressing"},
		"Hangs":       {"they are over", kafka(time.Hour, "False"), "Degraded"},
		"Unknown":     {"that is not ready", kafka(time.Hour, "Unknown"), "Degraded"},
		"Longer":      {"an object says that it takes longer", kafka(time.Hour, "False").annotate("progress-deadline", "7200"), "Progressing"},
		"Nobody":      {"nothing is reported yet", kafka(time.Minute, "True").set(nil, "status"), "Progressing"},
		"NobodyEver":  {"no controller is there", kafka(time.Hour, "True").set(nil, "status"), "Degraded"},
		"Earlier":     {"another generation was ready", kafka(time.Minute, "True").set(3.0, "metadata", "generation"), "Progressing"},
		"Other":       {"another condition is not asked", cluster(time.Minute, "True").set([]any{map[string]any{"type": "Ready", "status": "True"}}, "status", "conditions"), "Progressing"},
		"Rests":       {"its right has ended", cluster(time.Hour, "False").set(0.0, "spec", "end", "instances"), "Healthy"},
		"Runs":        {"it does not rest", cluster(time.Hour, "False"), "Degraded"},
		"RestsByText": {"any text is compared as it is", maps.Clone(mode).set(map[string]any{"mode": resting}, "spec"), "Healthy"},
		"RunsByText":  {"another text", mode, "Degraded"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := evaluate(t, machine, tc.obj); string(got.Status) != tc.want {
				t.Errorf("%s: %+v, want %s", tc.reason, got, tc.want)
			}
		})
	}
}

// It answers whatever it is given, and ends.
func TestDeclaredIsNotUpset(t *testing.T) {
	machine := declared(t)
	words := []string{"metadata", "spec", "status", "conditions", "type", "Ready", "Available", "end", "instances", "True", "lastTransitionTime", "generation", "observedGeneration", "managedFields", "annotations"}
	rapid.Check(t, func(t *rapid.T) {
		obj := waits("db.example.com/v1", "Cluster", time.Hour, "False")
		for range rapid.IntRange(0, 4).Draw(t, "places") {
			place := rapid.SampledFrom(places(map[string]any(obj))).Draw(t, "place")
			obj = replace(map[string]any(obj), place, anything(words, 4).Draw(t, "value")).(map[string]any)
		}
		obj["apiVersion"], obj["kind"] = "db.example.com/v1", "Cluster"
		switch got := evaluate(t, machine, obj); got.Status {
		case "Healthy", "Progressing", "Degraded":
		default:
			t.Fatalf("%+v for %v", got, obj)
		}
	})
}
