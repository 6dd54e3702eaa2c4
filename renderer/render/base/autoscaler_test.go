package base

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// scaling are edits of a sound version whose web scales itself.
func scaling(t *testing.T, old, replacement string) map[string]string {
	t.Helper()
	edits := plain(t, nil)
	edits["product.yaml"] += "autoscale: {component: web, metric: cpu, target: 70}\n"
	edits[webFile] = strings.Replace(edits[webFile], "      - name: web\n", "      - name: web\n        resources: {requests: {cpu: 100m}}\n", 1)
	edits[replaceFile] = text(t, replaceFile)
	for name, text := range edits {
		edits[name] = strings.Replace(text, old, replacement, 1)
	}
	return edits
}

// An autoscaler is there for who may scale and as long as he may, and leaves
// everything else as it is.
func TestAutoscaler(t *testing.T) {
	b := build(t, scaling(t, "", ""))
	own := map[string]string{"replicas": "13", "maxReplicas": "20"}
	const name = "HorizontalPodAutoscaler/demo-web"
	got := state(t, b, manifest.AutoscaledDir, own)
	want := map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "demo-web"},
		"minReplicas":    int64(13), "maxReplicas": int64(20),
		"metrics": []any{map[string]any{"type": "Resource", "resource": map[string]any{
			"name": "cpu", "target": map[string]any{"type": "Utilization", "averageUtilization": int64(70)}}}},
	}
	if diff := cmp.Diff(want, at(got[name].fields, "spec")); diff != "" {
		t.Errorf("autoscaler (-want +got):\n%s", diff)
	}
	web := got["Deployment/demo-web"]
	if n := at(web.fields, "spec")["replicas"]; n != int64(13) {
		t.Errorf("replicas = %v, want the 13 of Git", n)
	}
	if mark := at(got[name].fields, "metadata", "annotations")[manifest.AnnotationAutoscaler]; mark != "sluice" {
		t.Errorf("annotation %s = %v, want sluice: its health asks for a target that runs", manifest.AnnotationAutoscaler, mark)
	}
	delete(at(got[name].fields, "metadata", "annotations"), manifest.AnnotationAutoscaler)
	for _, field := range []string{"labels", "annotations"} {
		if diff := cmp.Diff(at(web.fields, "metadata", field), at(got[name].fields, "metadata", field)); diff != "" {
			t.Errorf("marks of workload and autoscaler (-workload +autoscaler):\n%s", diff)
		}
	}
	active := state(t, b, manifest.ActiveDir, own)
	if _, has := active[name]; has || len(active) != len(got)-1 {
		t.Errorf("active has %d objects, want those of %d but the autoscaler", len(active), len(got))
	}
	own["replicas"] = "0"
	for _, s := range []string{manifest.SuspendedDir, manifest.RetainedDir} {
		if o, has := state(t, b, s, own)[name]; has {
			t.Errorf("%s has %v, want no autoscaler", s, o)
		}
	}
	left := &manifest.IgnoreDifference{Group: "apps", Kind: "Deployment", Name: "demo-web", JQPathExpressions: []string{"select(.spec.replicas > 0) | .spec.replicas"}}
	if diff := cmp.Diff(left, b.Autoscaled); diff != "" {
		t.Errorf("Autoscaled (-want +got):\n%s", diff)
	}
}

// The engine builds what scales itself to the bytes of kustomize, and quickly.
func TestAutoscaledIsFast(t *testing.T) {
	b := build(t, scaling(t, "", ""))
	parameters := ordinary(b.Version)
	parameters["maxReplicas"] = "20"
	dir, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(manifest.KustomizationSpec{Namespace: "tenant-1", Tenant: "1", State: manifest.AutoscaledDir})},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(parameters)},
		tree.Entry{Name: manifest.BaseDir, Dir: b.Dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := overlay.New(overlay.Options{}).Explain(t.Context(), dir, "."); err != nil {
		t.Errorf("Explain() = %v, want the overlay built from a stencil", err)
	}
}

// A version that says how it scales can be published; one that scales itself
// by an object of its own cannot.
func TestAutoscalerIsProven(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	if err := prove(t, scaling(t, "", "")); err != nil {
		t.Errorf("Prove() of a version that scales itself = %v", err)
	}
}

func TestAutoscalerRefusals(t *testing.T) {
	for name, tc := range map[string]refusalCase{
		"NoWorkload":  {"nothing of it is scaled", scaling(t, "component: web, metric", "component: store, metric"), []string{"autoscale", `"store"`, "0 workloads"}},
		"NoParameter": {"the least comes from the authorisation", scaling(t, "- select: {kind: Deployment, name: demo-web}\n    fieldPaths: [spec.replicas]", "- select: {kind: Deployment, name: demo-web}\n    fieldPaths: [spec.minReadySeconds]"), []string{`"web"`, "0 workloads"}},
		"NoRequest":   {"nobody knows its share", scaling(t, "        resources: {requests: {cpu: 100m}}\n", ""), []string{`Deployment "demo-web"`, `"web"`, "no cpu"}},
		"OtherMetric": {"it asks for cpu only", scaling(t, "metric: cpu", "metric: memory"), []string{"no memory"}},
	} {
		t.Run(name, func(t *testing.T) { checkRefusal(t, tc, false) })
	}
	for name, tc := range map[string]struct{ reason, old, new, want string }{
		"Component": {"there is none", "component: web, metric", "component: wep, metric", `component "wep"`},
		"Metric":    {"Kubernetes has no such resource metric", "metric: cpu", "metric: rps", `metric "rps"`},
		"Target":    {"a share", "target: 70", "target: 0", "target 0"},
		"TargetTop": {"more than it asks for", "target: 70", "target: 101", "target 101"},
		"Parameter": {"the name is taken", "    logLevel:", "    maxReplicas: {type: integer, default: 1}\n    logLevel:", `parameter "maxReplicas"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := catalog.LoadUnlocked(demo(t, scaling(t, tc.old, tc.new)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("LoadUnlocked() = %v, want %q: %s", err, tc.want, tc.reason)
			}
		})
	}
}
