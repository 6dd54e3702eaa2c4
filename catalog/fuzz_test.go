package catalog

import (
	"path"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// FuzzProduct reads hostile product.yaml files: whatever they hold, they are
// refused with one line a fault, or give a version that keeps its promises.
func FuzzProduct(f *testing.F) {
	const head = "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: p\nversion: \"1\"\n"
	f.Add(head + "components: [{name: a}, {name: b, dependsOn: [a], priority: 3}]\n")
	f.Add(head + "components: [{name: a, source: helm, values: {x: {y: [1]}}}, {name: s, sharing: tenant, version: \"1\"}]\nroutes: components/b\n")
	f.Add(head + "components: [{name: a}]\nparameters: {properties: {x: {type: integer, default: 1, minimum: 0}}, if: {required: [x]}}\n")
	f.Add(head + "components: [{name: a}]\nparameters: {$defs: {d: {$ref: '#/$defs/d'}}, allOf: [{$ref: '#/$defs/d'}]}\n")
	f.Add(head + "components: &x [{name: a}]\nimages: [{name: i, newTag: \"1\"}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		files, err := tree.FromFiles(map[string][]byte{
			"product.yaml":                    []byte(text),
			"components/a/kustomization.yaml": []byte("resources: []\n"),
			"components/b/kustomization.yaml": []byte("resources: []\n"),
			"components/a/Chart.yaml":         []byte("name: a\n"),
		})
		if err != nil {
			t.Fatal(err)
		}
		v, faults := decode(Ref{Name: "p", Version: "1"}, files)
		for _, f := range faults {
			if strings.Contains(f.Error(), "\n") {
				t.Errorf("fault of %q has several lines: %q", text, f)
			}
		}
		if len(faults) == 0 {
			checkVersion(t, v)
		}
	})
}

func checkVersion(t *testing.T, v *Version) {
	t.Helper()
	at := map[string]int{}
	for i, b := range v.Buckets() {
		for _, c := range b {
			at[c.Name.String()] = i
		}
	}
	if len(at) != len(v.own()) || len(at) == 0 {
		t.Errorf("%d components are in buckets, want %d and more than none", len(at), len(v.own()))
	}
	for _, c := range v.own() {
		for _, d := range c.DependsOn {
			if i, own := at[d.String()]; own && i >= at[c.Name.String()] {
				t.Errorf("%s is not after %s", c.Name, d)
			}
		}
	}
	got, err := v.Fill(nil)
	if err == nil && len(got) != len(v.ParameterNames()) {
		t.Errorf("Fill(nil) = %v, want a value for each of %v", got, v.ParameterNames())
	}
}

// FuzzKustomization reads hostile kustomizations: none may pass that names
// something which is not in the version.
func FuzzKustomization(f *testing.F) {
	f.Add("resources: [all.yaml, ../b]\n")
	f.Add("resources: ['https://example.com']\n")
	f.Add("configMapGenerator: [{name: a, files: [x=all.yaml], envs: [../../e]}]\n")
	f.Add("patches: [{path: /etc/passwd}, {patch: 'x'}]\nreplacements: [{path: r.yaml}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		files, err := tree.FromFiles(map[string][]byte{
			"product.yaml":                    []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: p\nversion: \"1\"\ncomponents: [{name: a}]\n"),
			"components/a/kustomization.yaml": []byte(text),
			"components/a/all.yaml":           []byte("a: 1\n"),
			"components/b/kustomization.yaml": []byte("resources: []\n"),
		})
		if err != nil {
			t.Fatal(err)
		}
		_, faults := decode(Ref{Name: "p", Version: "1"}, files)
		if len(faults) > 0 {
			return
		}
		var doc struct {
			Resources  []string         `json:"resources"`
			Components []string         `json:"components"`
			Patches    []map[string]any `json:"patches"`
		}
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			return
		}
		refs := append(doc.Resources, doc.Components...)
		for _, p := range doc.Patches {
			if at, ok := p["path"].(string); ok {
				refs = append(refs, at)
			}
		}
		for _, ref := range refs {
			if _, ok := files.Lookup(path.Join("components/a", ref)); !ok || strings.HasPrefix(ref, "/") {
				t.Errorf("%q passes in %q and is not in the version", ref, text)
			}
		}
	})
}
