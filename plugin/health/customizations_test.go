package health_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/plugin/health"
)

// Every source is handed out: one in a folder that nobody reads is no check.
// The whole of what is handed out stands in the settings of the installation.
func TestCustomizations(t *testing.T) {
	got := customizations(t)
	for _, file := range scriptFiles(t) {
		dir, name := filepath.Split(file)
		if name == "declared.lua" { // of kinds that a catalog declares
			continue
		}
		what, kind := "health.", filepath.Clean(dir)
		if name != "health.lua" {
			what, kind = "actions.", strings.Split(dir, "/actions/")[0]
		}
		key := "resource.customizations." + what + strings.ReplaceAll(kind, "/", "_")
		isOf := func(k string) bool { return k == key || strings.HasPrefix(k, key+"_") }
		if !slices.ContainsFunc(slices.Collect(maps.Keys(got)), isOf) {
			t.Errorf("%s: no entry %s", file, key)
		}
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
	text, err := health.Script(os.DirFS("."), path, "Application")
	if err != nil {
		t.Fatal(err)
	}
	return text
}
