package install_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// releases are the ways in which Argo CD 2.14 is installed, as files of its module.
var releases = map[string]string{
	"Install":   "manifests/install.yaml",
	"HA":        "manifests/ha/install.yaml",
	"Core":      "manifests/core-install.yaml",
	"Namespace": "manifests/namespace-install.yaml",
}

// module returns the directory of the pinned Argo CD in the module cache, so
// that the tests run on the manifests of the release that go.mod names.
var module = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v2").Output()
	return strings.TrimSpace(string(out)), err
})

// stock returns a release's manifests without the custom resource definitions,
// which are most of the bytes and none of the matter.
func stock(t *testing.T, release string) []byte {
	t.Helper()
	dir, err := module()
	if err != nil {
		t.Fatalf("finding Argo CD's module: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, release))
	if err != nil {
		t.Fatal(err)
	}
	var kept [][]byte
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		if !bytes.Contains(document, []byte("\nkind: CustomResourceDefinition")) {
			kept = append(kept, document)
		}
	}
	return bytes.Join(kept, []byte("\n---\n"))
}

// build returns what `kubectl kustomize` makes of an admin's kustomization
// beside a checkout and a release's manifests. Tests that ask for the same share
// it, and only read it.
func build(t *testing.T, release, kustomization string) resmap.ResMap {
	t.Helper()
	asked := [2]string{release, kustomization}
	if builds[asked] == nil {
		builds[asked] = kustomize(t, release, kustomization)
	}
	return builds[asked]
}

var builds = map[[2]string]resmap.ResMap{}

func kustomize(t *testing.T, release, kustomization string) resmap.ResMap {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	write := func(path string, data []byte) {
		if err := disk.WriteFile(path, data); err != nil {
			t.Fatal(err)
		}
	}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		write("/admin/sluice/plugin/install/"+path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	write("/admin/install.yaml", stock(t, release))
	write("/admin/kustomization.yaml", []byte(kustomization))
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/admin")
	if err != nil {
		t.Fatalf("building over %s: %v", release, err)
	}
	return built
}

// with returns a kustomization of Argo CD and some components of this folder.
func with(components ...string) string {
	k := map[string]any{"namespace": "argocd", "resources": []string{"install.yaml"}}
	for i, c := range components {
		components[i] = "sluice/plugin/install" + c
	}
	k["components"] = components
	data, _ := yaml.Marshal(k) // maps of strings
	return string(data)
}

// find decodes strictly the object of a kind and name into a type of Kubernetes.
func find[T any](t *testing.T, built resmap.ResMap, kind, name string) T {
	t.Helper()
	var object T
	for _, r := range built.Resources() {
		if r.GetKind() == kind && r.GetName() == name {
			data, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.UnmarshalStrict(data, &object); err != nil {
				t.Fatalf("%s %q: %v", kind, name, err)
			}
			return object
		}
	}
	t.Fatalf("no %s %q", kind, name)
	return object
}
