package health_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/lua"
	engine "github.com/argoproj/gitops-engine/pkg/health"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// healthTests is the form of Argo CD's health_test.yaml.
type healthTests struct {
	Tests []struct {
		InputPath    string              `json:"inputPath"`
		HealthStatus engine.HealthStatus `json:"healthStatus"`
	} `json:"tests"`
}

// actionTests is the form of Argo CD's action_test.yaml.
type actionTests struct {
	DiscoveryTests []struct {
		InputPath string                    `json:"inputPath"`
		Result    []v1alpha1.ResourceAction `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action             string `json:"action"`
		InputPath          string `json:"inputPath"`
		ExpectedOutputPath string `json:"expectedOutputPath"`
	} `json:"actionTests"`
}

func TestHealth(t *testing.T) {
	for _, kind := range checked(t) {
		dir := testsOf(t, kind)
		var tests healthTests
		decode(t, dir+"health_test.yaml", &tests)
		unused := testdata(t, dir)
		for _, tc := range tests.Tests {
			unused = slices.DeleteFunc(unused, func(s string) bool { return s == dir+tc.InputPath })
			t.Run(kind+"/"+tc.InputPath, func(t *testing.T) {
				obj := load(t, dir+tc.InputPath)
				if dir != kind+"/" {
					obj["kind"] = path.Base(kind)
				}
				if got, want := obj["kind"], path.Base(kind); got != want {
					t.Fatalf("kind = %v, want %s", got, want)
				}
				got := evaluate(t, vm(t), obj)
				if diff := cmp.Diff(tc.HealthStatus, got); diff != "" {
					t.Errorf("health (-want +got):\n%s", diff)
				}
			})
		}
		if len(unused) > 0 || len(tests.Tests) < 2 {
			t.Errorf("%shealth_test.yaml: %d tests, testdata without a test: %v", dir, len(tests.Tests), unused)
		}
	}
}

// checked returns the kinds that have a check of ours: "group/Kind", or "Kind" of the core.
func checked(t *testing.T) []string {
	t.Helper()
	var all []string
	for kind, override := range vm(t).ResourceOverrides {
		if override.HealthLua != "" {
			all = append(all, kind)
		}
	}
	slices.Sort(all)
	return all
}

// testsOf returns the folder of a kind's tests: its own, or that of its group
// when one source is for several kinds; they share the objects too.
func testsOf(t *testing.T, kind string) string {
	t.Helper()
	if _, err := os.Stat(kind); err == nil {
		return kind + "/"
	}
	return path.Dir(kind) + "/"
}

// testdata returns the paths of the objects beside a script.
func testdata(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(dir + "testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

const actionsDir = "argoproj.io/Application/actions/"

func TestActionDiscovery(t *testing.T) {
	var tests actionTests
	decode(t, actionsDir+"action_test.yaml", &tests)
	for _, tc := range tests.DiscoveryTests {
		t.Run(tc.InputPath, func(t *testing.T) {
			got := discover(t, load(t, actionsDir+tc.InputPath))
			byName := func(a, b v1alpha1.ResourceAction) int { return strings.Compare(a.Name, b.Name) }
			slices.SortFunc(tc.Result, byName)
			slices.SortFunc(got, byName)
			if diff := cmp.Diff(tc.Result, got); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

// discover returns the actions that Argo CD offers on obj.
func discover(t fataler, obj map[string]any) []v1alpha1.ResourceAction {
	all, err := overrides()
	if err != nil {
		t.Fatalf("reading argocd-cm: %v", err)
	}
	machine := lua.VM{ResourceOverrides: all}
	u := &unstructured.Unstructured{Object: obj}
	scripts, err := machine.GetResourceActionDiscovery(u)
	if err != nil {
		t.Fatalf("GetResourceActionDiscovery: %v", err)
	}
	got, err := machine.ExecuteResourceActionDiscovery(u, scripts)
	if err != nil {
		t.Fatalf("ExecuteResourceActionDiscovery: %v", err)
	}
	return got
}

// act returns what an action makes of obj.
func act(t *testing.T, name string, obj map[string]any) (map[string]any, error) {
	t.Helper()
	u := &unstructured.Unstructured{Object: obj}
	action, err := vm(t).GetResourceAction(u, name)
	if err != nil {
		t.Fatalf("GetResourceAction(%q): %v", name, err)
	}
	impacted, err := vm(t).ExecuteResourceAction(u, action.ActionLua)
	if err != nil {
		return nil, err
	}
	if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
		return nil, fmt.Errorf("impacted %v, want one patch", impacted)
	}
	return impacted[0].UnstructuredObj.Object, nil
}

func TestActions(t *testing.T) {
	var tests actionTests
	decode(t, actionsDir+"action_test.yaml", &tests)
	for _, tc := range tests.ActionTests {
		t.Run(tc.Action+"/"+tc.InputPath, func(t *testing.T) {
			got, err := act(t, tc.Action, load(t, actionsDir+tc.InputPath))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(load(t, actionsDir+tc.ExpectedOutputPath), got); diff != "" {
				t.Errorf("object (-want +got):\n%s", diff)
			}
		})
	}
}

// Argo CD runs an action that discovery disabled when it is asked by name.
func TestApproveRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		change func(app)
		want   string
	}{
		"NothingAwaited": {"the ring needs no approval", func(a app) { a.annotate("approval", nil) }, "waits for no approval"},
		"NoVersions":     {"an approval of nothing would hold for ever", func(a app) { a.grant(nil) }, "grants no versions"},
	} {
		t.Run(name, func(t *testing.T) {
			a := ring()
			a.annotate("approval", "required")
			tc.change(a)
			if _, err := act(t, "approve", a); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("approve = %v, want an error that contains %q: %s", err, tc.want, tc.reason)
			}
		})
	}
}
