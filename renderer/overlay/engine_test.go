package overlay

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/tree"
)

func mustTree(t testing.TB, files map[string]string) *tree.Dir {
	t.Helper()
	m := make(map[string][]byte, len(files))
	for p, s := range files {
		m[p] = []byte(s)
	}
	d, err := tree.FromFiles(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBuild(t *testing.T) {
	d := mustTree(t, map[string]string{
		"a/kustomization.yaml": "namePrefix: x-\nresources: [../b, cm.yaml]\n",
		"a/cm.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		"b/kustomization.yaml": "resources: [cm.yaml]\n",
		"b/cm.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
	})
	got, err := New(Options{}).Build(t.Context(), d, "a")
	want := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-b\n"
	if err != nil || string(got) != want {
		t.Errorf("Build(a) = %q, %v, want %q", got, err, want)
	}
}
