package base

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	customizations "github.com/argoproj/argo-cd/v2/resource_customizations"
	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func merge(all ...map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range all {
		maps.Copy(out, m)
	}
	return out
}

const unusual = `---
apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: {name: demo-clones}
spec: {replicas: 3, template: {spec: {containers: [{name: c, image: registry.example.com/demo}]}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: demo-canary}
spec: {replicas: 3, progressDeadlineSeconds: 60, template: {spec: {containers: [{name: c, image: registry.example.com/demo}]}}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: demo-scaled, annotations: {autoscaling.keda.sh/paused-replicas: "3"}}
spec: {scaleTargetRef: {kind: CloneSet, name: demo-other}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {name: demo-jobs}
spec: {jobTargetRef: {template: {spec: {containers: [{name: c, image: registry.example.com/demo}]}}}}
---
apiVersion: example.com/v1
kind: Engine
metadata: {name: demo-engine}
spec: {size: 3, powered: true, mode: fast, pods: {spec: {containers: [{name: c, image: registry.example.com/demo}]}}}
---
apiVersion: example.com/v1
kind: Cluster
metadata: {name: demo-cluster}
`

// Whatever runs pods or scales them rests when a right has ended, and runs
// pinned images while it has not; custom kinds as the version says.
func TestUnusualWorkloads(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	for name, tc := range map[string]struct {
		reason, suspend string
		field           string
		active, rests   any
	}{
		"Number": {"a number", "{field: spec.size, value: 0}", "size", int64(3), int64(0)},
		"Truth":  {"a truth value", "{field: spec.powered, value: false}", "powered", true, false},
		"Text":   {"a text, which looks like another thing", `{field: spec.mode, value: "no"}`, "mode", "fast", "no"},
		"Absent": {"a field that an active one has not", "{field: spec.stopped, value: true}", "stopped", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, map[string]string{
				claimFile: text(t, claimFile) + unusual,
				"product.yaml": text(t, "product.yaml") + "kinds:\n- {group: example.com, kind: Cluster}\n" +
					"- {group: example.com, kind: Engine, template: spec.pods, suspend: " + tc.suspend + "}\n",
			})
			active, suspended := state(t, b, "active", nil), state(t, b, "suspended", nil)
			field := func(objects map[string]object, name string, path ...string) any {
				return at(objects[name].fields, path[:len(path)-1]...)[path[len(path)-1]]
			}
			const at, paused = "autoscaling.keda.sh/paused-replicas", "autoscaling.keda.sh/paused"
			got := []any{
				field(suspended, "CloneSet/demo-clones", "spec", "replicas"), field(suspended, "Rollout/demo-canary", "spec", "replicas"),
				field(suspended, "ScaledObject/demo-scaled", "metadata", "annotations", at), field(suspended, "ScaledJob/demo-jobs", "metadata", "annotations", paused),
				field(suspended, "Engine/demo-engine", "spec", tc.field),
				field(active, "ScaledObject/demo-scaled", "metadata", "annotations", at), field(active, "ScaledJob/demo-jobs", "metadata", "annotations", paused),
			}
			if got := field(active, "Engine/demo-engine", "spec", tc.field); got != tc.active {
				t.Errorf("active %s = %v, want %v", tc.field, got, tc.active)
			}
			if diff := cmp.Diff([]any{int64(0), int64(0), "0", "true", tc.rests, "3", nil}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if suspended["Cluster/demo-cluster"].name == "" {
				t.Error("what runs nothing is gone while suspended")
			}
			for what, path := range map[string][]string{
				"CloneSet/demo-clones": {"spec", "template", "spec"}, "Rollout/demo-canary": {"spec", "template", "spec"},
				"ScaledJob/demo-jobs": {"spec", "jobTargetRef", "template", "spec"}, "Engine/demo-engine": {"spec", "pods", "spec"},
			} {
				list, _ := field(active, what, append(path, "containers")...).([]any)
				if len(list) != 1 || list[0].(map[string]any)["image"] != "registry.example.com/demo:7.1" {
					t.Errorf("%s runs %v, want its image pinned", what, list)
				}
			}
		})
	}
}

// What serves a whole environment is never suspended, so that nobody asks how
// its kinds stop; their images are pinned all the same.
func TestUnknownKindsOfTheEnvironment(t *testing.T) {
	const engine = "apiVersion: example.com/v1\nkind: Engine\nmetadata: {name: x}\n"
	for name, tc := range map[string]struct{ spec, want string }{
		"RunsNothing": {"", ""},
		"RunsPods":    {"spec: {pods: {containers: [{name: c, image: a}]}}\n", "runs pods"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Build(t.Context(), versions(t, fstest.MapFS{
				"shared/engine/1/component.yaml":                  {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: SharedComponent\nname: engine\nversion: \"1\"\nsharing: environment\ncomponents: [{name: x}]\n")},
				"shared/engine/1/components/x/kustomization.yaml": {Data: []byte("resources: [x.yaml]\n")},
				"shared/engine/1/components/x/x.yaml":             {Data: []byte(engine + tc.spec)},
			})[0])
			if err != nil {
				t.Fatal(err)
			}
			err = b.Prove(t.Context())
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("Build = %v, want %q", err, tc.want)
			}
		})
	}
}

// Each kind that Argo CD has a check for has a check with a deadline of ours, or
// no version may hold it: this version of Argo CD's, and the newest that was read.
func TestNoKindIsEndless(t *testing.T) {
	ours, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range append(stockKinds(t), newestKinds(t)...) {
		group, name := path.Split(kind)
		group = strings.TrimSuffix(group, "/")
		_, checked := ours["resource.customizations.health."+group+"_"+name]
		sound := slices.Contains(soundKinds(), group) || slices.Contains(soundKinds(), kind) || !manifest.CustomGroup(group) && !endless(group)
		if refused := endless(strings.TrimPrefix(group, "_")) && !slices.Contains(soundKinds(), kind); !checked && !refused && kind != "policy/PodDisruptionBudget" {
			t.Errorf("%s has a check in Argo CD and no deadline: check it in plugin/health, or add its group to endlessGroups", kind)
		}
		if sound && !checked && kind != "policy/PodDisruptionBudget" {
			t.Errorf("%s is sound, and nothing ends the wait for it", kind)
		}
	}
}

// stockKinds returns the kinds of the Argo CD that the tests are built with.
func stockKinds(t *testing.T) []string {
	t.Helper()
	files, err := fs.Glob(customizations.Embedded, "*/*/health.lua")
	if err != nil || len(files) < 100 {
		t.Fatalf("Glob = %d files, %v, want Argo CD's checks", len(files), err)
	}
	for i, file := range files {
		files[i] = path.Dir(file)
	}
	return files
}

// newestKinds returns those of a newer one.
func newestKinds(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/argocd-3.txt")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Fields(string(data[strings.Index(string(data), "\n"):])), func(s string) bool { return s == "" })
}
