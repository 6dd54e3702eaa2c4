package install_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests are a file of a module of Argo CD.
type manifests struct{ line, file string }

// dir returns where the module is.
func (m manifests) dir() (string, error) {
	if m.line == "2.14" {
		return line2()
	}
	return line3()
}

// releases are the ways in which Argo CD is installed, on both lines.
var releases = map[string]manifests{
	"Install":     {"2.14", "manifests/install.yaml"},
	"HA":          {"2.14", "manifests/ha/install.yaml"},
	"Core":        {"2.14", "manifests/core-install.yaml"},
	"Namespace":   {"2.14", "manifests/namespace-install.yaml"},
	"3/Install":   {"3.5", "manifests/install.yaml"},
	"3/HA":        {"3.5", "manifests/ha/install.yaml"},
	"3/Core":      {"3.5", "manifests/core-install.yaml"},
	"3/Namespace": {"3.5", "manifests/namespace-install.yaml"},
}

// line2 returns the directory of the Argo CD 2.14 that go.mod pins in the module
// cache, so that the tests run on the manifests of that release.
var line2 = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-cd/v2").Output()
	return strings.TrimSpace(string(out)), err
})

// line3 returns that of the Argo CD 3 that the lab runs, fetching it if need be.
var line3 = sync.OnceValues(func() (string, error) {
	const lab, name = "../../cmd/lab/modules/argocd-3.5/go.mod", "github.com/argoproj/argo-cd/v3"
	gomod, err := os.ReadFile(lab)
	if err != nil {
		return "", err
	}
	version := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(name) + ` (v\S+)`).FindSubmatch(gomod)
	if version == nil {
		return "", fmt.Errorf("%s requires no %s", lab, name)
	}
	out, err := exec.Command("go", "mod", "download", "-json", name+"@"+string(version[1])).Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	var of struct{ Dir string }
	err = json.Unmarshal(out, &of)
	return of.Dir, err
})

// stock returns a release's manifests without the custom resource definitions,
// which are most of the bytes and none of the matter.
func stock(t *testing.T, release manifests) []byte {
	t.Helper()
	dir, err := release.dir()
	if err != nil && os.Getenv("CI") == "" {
		t.Skipf("Argo CD's module is not here: %v", err)
	}
	if err != nil {
		t.Fatalf("finding Argo CD's module: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, release.file))
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
func build(t *testing.T, release manifests, kustomization string) resmap.ResMap {
	t.Helper()
	asked := [3]string{release.line, release.file, kustomization}
	if builds[asked] == nil {
		builds[asked] = kustomize(t, release, kustomization)
	}
	return builds[asked]
}

var builds = map[[3]string]resmap.ResMap{}

func kustomize(t *testing.T, release manifests, kustomization string) resmap.ResMap {
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
		t.Fatalf("building over %s: %v", release.file, err)
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
