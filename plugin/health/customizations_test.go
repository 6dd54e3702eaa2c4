package health_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin/health"
)

func TestCustomizations(t *testing.T) {
	const prefix = "resource.customizations."
	want := []string{
		prefix + "actions.argoproj.io_Application",
		prefix + "health.PersistentVolumeClaim",
		prefix + "health.apisix.apache.org_ApisixConsumer",
		prefix + "health.apisix.apache.org_ApisixRoute",
		prefix + "health.apisix.apache.org_ApisixTls",
		prefix + "health.apisix.apache.org_ApisixUpstream",
		prefix + "health.apps_DaemonSet",
		prefix + "health.apps_StatefulSet",
		prefix + "health.argoproj.io_Application",
		prefix + "health.batch_Job",
		prefix + "ignoreResourceUpdates.argoproj.io_Application",
	}
	got := customizations(t)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, customizations(t)); diff != "" {
		t.Errorf("a second call differs:\n%s", diff)
	}
	size := 0
	for _, value := range got {
		size += len(value)
	}
	// A ConfigMap holds 1 MiB, and kubectl apply keeps a copy in an annotation of at most 256 KiB.
	if size > 128<<10 {
		t.Errorf("%d bytes, want at most 128 KiB", size)
	}
}

// customizations returns the entries of argocd-cm.
func customizations(t *testing.T) map[string]string {
	t.Helper()
	entries, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// Argo CD decodes the actions back into the scripts, byte for byte.
func TestActionsSurviveYAML(t *testing.T) {
	all, err := overrides()
	if err != nil {
		t.Fatal(err)
	}
	override := all["argoproj.io/Application"]
	got, err := override.GetActions()
	if err != nil {
		t.Fatal(err)
	}
	scripts := map[string]string{"discovery": got.ActionDiscoveryLua}
	for _, d := range got.Definitions {
		scripts[d.Name] = d.ActionLua
	}
	want := map[string]string{"discovery": expanded(t, actionsDir+"discovery.lua")}
	for _, name := range []string{"approve", "pause", "refresh", "resume"} {
		want[name] = expanded(t, actionsDir+name+"/action.lua")
	}
	if diff := cmp.Diff(want, scripts); diff != "" {
		t.Errorf("scripts (-expanded +Argo CD):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/status", "/operation", "/metadata/annotations/argocd.argoproj.io~1refresh"}, override.IgnoreResourceUpdates.JSONPointers); diff != "" {
		t.Errorf("ignored updates (-want +got):\n%s", diff)
	}
}

// expanded returns the script that a source gives.
func expanded(t *testing.T, path string) string {
	t.Helper()
	text, err := health.Expand(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
