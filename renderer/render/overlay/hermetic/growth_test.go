package hermetic

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// TestGrowthIsAnUpperBound builds what kustomize's own tests build: no output
// is larger than what was counted beforehand, indentation and keys of the
// block style aside, and no build is refused for its size.
func TestGrowthIsAnUpperBound(t *testing.T) {
	short.Skip(t, "builds what kustomize's own tests build")
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := overlaytest.Corpus(strings.TrimSpace(string(dir)))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	const style = 3
	compared := 0
	for _, c := range cases {
		files := map[string][]byte{}
		for name, s := range c.Files {
			files[name] = []byte(s)
		}
		d, err := tree.FromFiles(files)
		if err != nil {
			continue // a file and a directory of one name
		}
		l, err := newChecker(d, Limits{}).kustomization(c.Root, false)
		if err != nil {
			if strings.Contains(err.Error(), "more than") {
				t.Errorf("%s: %v", c.Name, err)
			}
			continue
		}
		out, err := stock.Build(t.Context(), d, c.Root)
		if err != nil {
			continue
		}
		compared++
		if len(out) > style*l.grown {
			t.Errorf("%s: %d bytes were built, %d were counted", c.Name, len(out), l.grown)
		}
	}
	if compared < 200 {
		t.Errorf("only %d builds were compared", compared)
	}
}

// kustomize takes the square of a mapping's keys in time, and cannot be stopped:
// what would take a minute is refused, and large honest settings are not.
func TestManyKeys(t *testing.T) {
	written := func(n int, form string) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, form, i)
		}
		return all.String()
	}
	const patched = "resources: [cm.yaml]\npatches: [{path: patch.yaml, target: {kind: ConfigMap}}]"
	const add = "- op: add\n  path: /data\n  value:\n"
	objects := strings.Repeat("---\n"+configMap, 10)
	for name, tc := range map[string]struct {
		reason string
		files  []string
		pass   bool
	}{
		"Settings":  {"as many as a large product has", []string{"resources: [cm.yaml]", "cm.yaml", configMap + "data:\n" + written(2000, "  k%d: v\n")}, true},
		"Object":    {"one object", []string{"resources: [cm.yaml]", "cm.yaml", configMap + "data:\n" + written(40_000, "  k%d: v\n")}, false},
		"Patch":     {"each object looks the keys up", []string{patched, "cm.yaml", objects, "patch.yaml", add + written(10_000, "    k%d: v\n")}, false},
		"Alias":     {"the keys stand elsewhere in the patch", []string{patched, "cm.yaml", objects, "patch.yaml", "- op: add\n  path: /data\n  value: &a\n" + written(5000, "    k%d: v\n") + "- op: add\n  path: /binaryData\n  value: *a\n"}, false},
		"FewObject": {"the same keys on few objects", []string{patched, "cm.yaml", configMap, "patch.yaml", add + written(10_000, "    k%d: v\n")}, true},
		"File":      {"a line is a key", []string{"configMapGenerator: [{name: x, envs: [x.env]}]", "x.env", written(40_000, "k%d=v\n")}, false},
		"Plugin":    {"the same by a plugin", []string{"generators: [g.yaml]", "g.yaml", "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nenvs: [x.env]\n", "x.env", written(40_000, "k%d=v\n")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			err := Build(overlaytest.Must(k(tc.files[0], tc.files[1:]...)), ".", Limits{})
			if tc.pass != (err == nil) || err != nil && !strings.Contains(err.Error(), "keys") {
				t.Errorf("%s: Build() = %v, want to pass: %t", tc.reason, err, tc.pass)
			}
		})
	}
}
