package health_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// answers are what a script may say; Unknown and Missing are not among them,
// because Argo CD leaves such an Application out of its parent's health.
var answers = []string{"Healthy", "Progressing", "Degraded", "Suspended"}

// Every check answers whatever it is given, and one of a few words.
func TestChecksAlwaysAnswer(t *testing.T) {
	short.Skip(t, "asks each check thousands of times")
	machine := vm(t)
	for _, kind := range checked(t) {
		t.Run(kind, func(t *testing.T) {
			objects, healthy := bent(t, kind), 0
			rapid.Check(t, func(t *rapid.T) {
				got := string(evaluate(t, machine, objects.Draw(t, "object")).Status)
				if !slices.Contains(answers, got) {
					t.Fatalf("health = %s, want one of %v", got, answers)
				}
				if got == "Healthy" {
					healthy++
				}
			})
			if healthy == 0 && !testing.Short() { // few draws may miss it
				t.Error("no object was Healthy: the generator never reaches the last lines")
			}
		})
	}
}

// An Application is never Healthy while Argo CD compared something else than the
// present spec, and always has its actions.
func TestHealthyIsCompared(t *testing.T) {
	machine, applications := vm(t), bent(t, "argoproj.io/Application")
	rapid.Check(t, func(t *rapid.T) {
		a := applications.Draw(t, "application")
		discover(t, a)
		if evaluate(t, machine, a).Status == "Healthy" {
			if diff := compared(a); diff != "" {
				t.Fatalf("Healthy, but compared with another spec (-compared +spec):\n%s", diff)
			}
		}
	})
}

// compared returns how the compared source and destination differ from the
// spec. It is written apart from the script: empty fields of a source count as
// absent, of the cluster's two names only those that the spec gives count, if it
// gives one, and null is nothing, because Lua has no other.
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
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	nowhere := text(is, "name") == "" && text(is, "server") == ""
	for _, key := range []string{"namespace", "name", "server"} {
		if want := text(is, key); text(was, key) != want && (want != "" || key == "namespace" || nowhere) {
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
