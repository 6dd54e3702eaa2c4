package observe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yuin/gopher-lua"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

const checkDir = "../../../plugin/health/argoproj.io/Application/"

// noon is when the check's test data is judged; all its stamps are weeks old.
var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// class is what an answer of the check is to a rollout: Unknown stands for all
// that is inconclusive.
func class(status, message string) rollout.Verdict {
	other := func(begin string) bool { return strings.HasPrefix(message, begin) }
	switch {
	case status == "Healthy":
		return rollout.Proven
	case status == "Degraded" && !slices.ContainsFunc([]string{"sync failed: ", "sync is being retried: ", "ComparisonError: ", "InvalidSpecError: ", "UnknownError: ",
		"SyncError: ", "no successful sync yet", "out of sync again", "suspended since ", "health is unknown", "annotation gatorcloud.io/"}, other):
		return rollout.Degraded
	}
	return rollout.Unknown
}

func coarse(v rollout.Verdict) rollout.Verdict {
	if v == rollout.Pending {
		return rollout.Unknown
	}
	return v
}

func load(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err == nil {
		err = yaml.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func decoded(t interface{ Fatal(args ...any) }, object any) *application {
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	a, err := read(data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The verdict is that of the check, on all of the check's own test data.
func TestVerdictIsTheHealthChecks(t *testing.T) {
	var all struct {
		Tests []struct {
			InputPath    string
			HealthStatus struct{ Status, Message string }
		}
	}
	load(t, checkDir+"health_test.yaml", &all)
	met := map[rollout.Verdict]int{}
	for _, tc := range all.Tests {
		var object map[string]any
		load(t, checkDir+tc.InputPath, &object)
		got, want := coarse(decoded(t, object).verdict(noon)), class(tc.HealthStatus.Status, tc.HealthStatus.Message)
		if met[want]++; got != want {
			t.Errorf("%s: verdict = %d, want %d: the check says %s %q", tc.InputPath, got, want, tc.HealthStatus.Status, tc.HealthStatus.Message)
		}
	}
	if len(all.Tests) < 60 || met[rollout.Proven] < 5 || met[rollout.Degraded] < 5 {
		t.Errorf("the check has %d tests, by class %v, want those that it had", len(all.Tests), met)
	}
}

// check is the health check itself, as Argo CD runs it, at noon.
func check(t testing.TB) func(object any) (status, message string) {
	t.Helper()
	all, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	t.Cleanup(l.Close)
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		l.Push(l.NewFunction(open))
		l.Push(lua.LString(name))
		l.Call(1, 0)
	}
	l.PreloadModule("os", func(l *lua.LState) int {
		l.Push(l.SetFuncs(l.NewTable(), map[string]lua.LGFunction{"time": func(l *lua.LState) int { l.Push(lua.LNumber(noon.Unix())); return 1 }}))
		return 1
	})
	script, err := l.LoadString(all["resource.customizations.health.argoproj.io_Application"])
	if err != nil {
		t.Fatal(err)
	}
	return func(object any) (string, string) {
		l.SetGlobal("obj", table(l, object))
		if err := l.CallByParam(lua.P{Fn: script, NRet: 1, Protect: true}); err != nil {
			t.Fatal(err)
		}
		answer := l.Get(-1)
		l.Pop(1)
		return lua.LVAsString(l.GetField(answer, "status")), lua.LVAsString(l.GetField(answer, "message"))
	}
}

// table returns a value as Argo CD hands it to Lua.
func table(l *lua.LState, v any) lua.LValue {
	switch x := v.(type) {
	case bool:
		return lua.LBool(x)
	case float64:
		return lua.LNumber(x)
	case string:
		return lua.LString(x)
	case []any:
		out := l.NewTable()
		for _, item := range x {
			out.Append(table(l, item))
		}
		return out
	case map[string]any:
		out := l.NewTable()
		for key, item := range x {
			out.RawSetString(key, table(l, item))
		}
		return out
	}
	return lua.LNil
}

// The two agree also on what no test data shows: Applications in which a few
// places hold something else.
func TestVerdictOfBentApplications(t *testing.T) {
	judge := check(t)
	files, err := filepath.Glob(checkDir + "testdata/*.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("the check has test data %v, %v", files, err)
	}
	var objects []map[string]any
	for _, f := range files {
		var object map[string]any
		load(t, f, &object)
		objects = append(objects, object)
	}
	met := map[rollout.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		for range 30 {
			object := rapid.SampledFrom(objects).Draw(t, "object")
			for range rapid.IntRange(1, 3).Draw(t, "places") {
				if b, ok := bend(t, object).(map[string]any); ok {
					object = b
				}
			}
			a := decoded(t, object)
			status, message := judge(object)
			got, want := coarse(a.verdict(noon)), class(status, message)
			met[got]++
			switch {
			case got == want, got == rollout.Unknown && (a.uncomparable() || oddlyAnnotated(object)):
			case got == rollout.Degraded && status == "Degraded" && strings.HasPrefix(message, "sync failed"):
			default:
				data, _ := yaml.Marshal(object)
				t.Fatalf("verdict = %d, want %d: the check says %s %q of\n%s", got, want, status, message, data)
			}
		}
	})
	if !testing.Short() && (met[rollout.Proven] == 0 || met[rollout.Degraded] == 0) {
		t.Errorf("met %v, want every verdict", met)
	}
}

// The two read the same where a list is empty, and to the second of a soak.
func TestVerdictAtTheEdge(t *testing.T) {
	judge := check(t)
	for name, tc := range map[string]struct {
		file   string
		change func(object map[string]any)
		want   rollout.Verdict
	}{
		"EmptyListAndObject": {"healthy", func(o map[string]any) {
			at(o, "spec", "source", "plugin")["parameters"] = []any{}
			at(o, "status", "sync", "comparedTo", "source", "plugin")["parameters"] = map[string]any{}
		}, rollout.Proven},
		"EmptyAndAbsent": {"healthy", func(o map[string]any) {
			at(o, "spec", "source", "plugin")["parameters"] = []any{}
			delete(at(o, "status", "sync", "comparedTo", "source", "plugin"), "parameters")
		}, rollout.Pending},
		"ListForSource": {"healthy", func(o map[string]any) {
			at(o, "spec")["source"] = []any{"x"}
			delete(at(o, "status", "sync", "comparedTo"), "source")
		}, rollout.Pending},
		"SoakEnds": {"soak-over", func(o map[string]any) {
			at(o, "status", "health")["lastTransitionTime"] = noon.Add(-time.Hour).Format(time.RFC3339)
		}, rollout.Proven},
		"SoakLasts": {"soak-over", func(o map[string]any) {
			at(o, "status", "health")["lastTransitionTime"] = noon.Add(-time.Hour + time.Second).Format(time.RFC3339)
		}, rollout.Pending},
	} {
		var object map[string]any
		load(t, checkDir+"testdata/"+tc.file+".yaml", &object)
		tc.change(object)
		status, message := judge(object)
		if got := decoded(t, object).verdict(noon); got != tc.want || coarse(got) != class(status, message) {
			t.Errorf("%s: verdict = %d, want %d; the check says %s %q", name, got, tc.want, status, message)
		}
	}
}

func at(object map[string]any, path ...string) map[string]any {
	for _, key := range path {
		object = object[key].(map[string]any)
	}
	return object
}

// oddlyAnnotated tells annotations that are no text, which Kubernetes refuses
// and the check reads as numbers.
func oddlyAnnotated(object map[string]any) bool {
	metadata, _ := object["metadata"].(map[string]any)
	notes, _ := metadata["annotations"].(map[string]any)
	for _, v := range notes {
		if _, ok := v.(string); !ok {
			return true
		}
	}
	return false
}

var bent = []any{
	nil, "", "x", "Healthy", "Degraded", "Progressing", "Missing", "Unknown", "Suspended", "Synced", "OutOfSync", "Succeeded", "Failed", "Error", "Running", "SyncFailed",
	"2026-11-02T09:00:05Z", "2026-11-02T09:00:31Z", "2026-11-29T11:59:30Z", "2026-11-02T09:00:05.5Z", "ComparisonError", "required", "true", "false",
	float64(1), true, map[string]any{}, []any{}, []any{"x"}, map[string]any{"x": "y"},
}

// bend replaces or removes one value somewhere below v.
func bend(t *rapid.T, v any) any {
	if rapid.IntRange(0, 5).Draw(t, "here") == 0 {
		return rapid.SampledFrom(bent).Draw(t, "value")
	}
	switch x := v.(type) {
	case map[string]any:
		if len(x) == 0 {
			return v
		}
		out, keys := map[string]any{}, []string{}
		for key, item := range x {
			out[key] = item
			keys = append(keys, key)
		}
		slices.Sort(keys)
		key := rapid.SampledFrom(keys).Draw(t, "key")
		if out[key] = bend(t, x[key]); out[key] == nil {
			delete(out, key)
		}
		return out
	case []any:
		if len(x) == 0 {
			return v
		}
		out, i := slices.Clone(x), rapid.IntRange(0, len(x)-1).Draw(t, "index")
		if out[i] = bend(t, x[i]); out[i] == nil {
			return slices.Delete(out, i, i+1)
		}
		return out
	}
	return rapid.SampledFrom(bent).Draw(t, "value")
}
