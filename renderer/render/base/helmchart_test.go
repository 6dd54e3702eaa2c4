package base

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// vendoredChart is a chart below dir that shows what it was given.
func vendoredChart(dir, name string) map[string]string {
	return map[string]string{
		dir + name + "/Chart.yaml":  "apiVersion: v2\nname: " + name + "\nversion: 1.0.0\n",
		dir + name + "/values.yaml": "# kept\na: 1\nb: {c: 2, d: 3}\nlist: [{name: x, value: 1}]\nempty:\nnothing: null\nbig: 1000000\nkube: false\n",
		dir + name + "/templates/all.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-web, namespace: {{ .Release.Namespace }}}
data:
  values: {{ .Values | toJson | quote }}
  host: web.{{ .Release.Namespace }}.svc
  api: {{ .Capabilities.APIVersions.Has "example.com/v1" | quote }}
  kube: "{{ if .Values.kube }}{{ .Capabilities.KubeVersion.Version }}{{ end }}"
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}-web, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web:1, envFrom: [{configMapRef: {name: {{ .Release.Name }}-web}}]}]}
`,
		dir + name + "/templates/hooks.yaml": `apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
---
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-before, annotations: {helm.sh/hook: pre-install}}
`,
	}
}

// What helmCharts make is what the released kustomize makes of them with the
// released helm, once it is told the namespace.
func TestHelmChartsLikeKustomize(t *testing.T) {
	kustomize, helm := overlaytest.Released(t, "kustomize"), overlaytest.Released(t, "helm")
	const one, values = "helmCharts: [{name: web, releaseName: r", "a: null\nb: {c: null, e: 5}\nlist: [{name: y}]\nempty: 1\nmore: {x: ~, z:}\n"
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n"
	const scalars = "{a: yes, b: {c: 014, d: 0o14, e: 1_000, f: 0x1F}, list: [2001-01-01, 1e3, .5, ~], big: 12345678901234567890, text: '1e3', on1: off, at: 12:30, minus: -0, word: 'yes', long: \"a\\n b\\u2028\"}"
	for name, c := range map[string]struct {
		reason string
		files  map[string]string
	}{
		"Defaults":      {"a chart by itself", map[string]string{"kustomization.yaml": one + "}]\n"}},
		"ValuesFile":    {"in place of the chart's own", map[string]string{"kustomization.yaml": one + ", valuesFile: ./v.yaml}]\n", "v.yaml": values}},
		"Additional":    {"each above the one before", map[string]string{"kustomization.yaml": one + ", additionalValuesFiles: [v.yaml, sub/w.yaml]}]\n", "v.yaml": values, "sub/w.yaml": "b: {e: 6}\na: 7\n"}},
		"Override":      {"inline values are above", map[string]string{"kustomization.yaml": one + ", valuesInline: {a: 5, b: {c: null, e: yes}, list: [{name: x, value: 2}], none: null, big: 12345678}}]\n"}},
		"Merge":         {"inline values are below", map[string]string{"kustomization.yaml": one + ", valuesFile: v.yaml, valuesInline: {a: 5, b: {c: 1, e: 1, f: '1'}, more: {x: 1, z: 1}}, valuesMerge: merge}]\n", "v.yaml": values}},
		"Replace":       {"inline values alone", map[string]string{"kustomization.yaml": one + ", valuesInline: {a: 5, b: null}, valuesMerge: replace, valuesFile: not-there.yaml, additionalValuesFiles: [v.yaml]}]\n", "v.yaml": values, "not-there.yaml": ""}},
		"Scalars":       {"helm reads the file", map[string]string{"kustomization.yaml": one + ", valuesFile: v.yaml}]\n", "v.yaml": scalars}},
		"ScalarsMerged": {"kustomize reads the file", map[string]string{"kustomization.yaml": one + ", valuesFile: v.yaml, valuesInline: {c: 1}}]\n", "v.yaml": scalars}},
		"ScalarsInline": {"kustomize reads itself", map[string]string{"kustomization.yaml": one + ", valuesInline: " + scalars + "}]\n"}},
		"ScalarsAlone":  {"kustomize writes the file", map[string]string{"kustomization.yaml": one + ", valuesMerge: replace, valuesInline: " + scalars + "}]\n"}},
		"SkipTests":     {"tests are left out", map[string]string{"kustomization.yaml": one + ", skipTests: true}]\n"}},
		"SkipHooks":     {"hooks are left out", map[string]string{"kustomization.yaml": one + ", skipHooks: true}]\n"}},
		"Cluster":       {"capabilities", map[string]string{"kustomization.yaml": one + ", apiVersions: [example.com/v1], kubeVersion: v1.33.2, valuesInline: {kube: true}}]\n"}},
		"Changed": {"patches, replacements, images and labels reach the objects", map[string]string{"kustomization.yaml": one + "}]\nnamePrefix: p-\nimages: [{name: registry.example.com/web, newTag: '2'}]\n" +
			"labels: [{pairs: {x: y}, includeSelectors: true}]\npatches: [{target: {kind: Deployment}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]\n" +
			"replacements: [{source: {kind: ConfigMap, name: r-web, fieldPath: data.host}, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.host], options: {create: true}}]}]\n"}},
		"Two":    {"two charts, elsewhere", map[string]string{"kustomization.yaml": "helmGlobals: {chartHome: vendor/x}\nhelmCharts: [{name: web, releaseName: r}, {name: other, releaseName: s, skipHooks: true}]\n"}},
		"Nested": {"a chart inside a directory of resources", map[string]string{"kustomization.yaml": "resources: [nested]\nnameSuffix: -s\n", "nested/kustomization.yaml": one + "}]\nnamePrefix: n-\n"}},
		"Order": {"after generators, before components", map[string]string{"kustomization.yaml": one + "}]\nresources: [own.yaml]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\ncomponents: [late]\n", "own.yaml": configMap,
			"late/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [last.yaml]\npatches: [{target: {name: r-web}, patch: '[{op: add, path: /metadata/annotations, value: {late: \"1\"}}]'}]\n",
			"late/last.yaml":          strings.Replace(configMap, "own", "last", 1)}},
		"InComponent": {"a component may have charts", map[string]string{"kustomization.yaml": "resources: [own.yaml]\ncomponents: [late]\n", "own.yaml": configMap,
			"late/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + one + "}]\n"}},
		"Sorted": {"in the order that is asked for", map[string]string{"kustomization.yaml": one + "}]\nresources: [own.yaml]\nsortOptions: {order: legacy}\n", "own.yaml": configMap}},
		"Twice":  {"an object has one source", map[string]string{"kustomization.yaml": one + "}]\nresources: [own.yaml]\n", "own.yaml": strings.Replace(configMap, "own", "r-web, namespace: "+namespaceMark, 1)}},
		"Merged": {"a generator comes before the chart", map[string]string{"kustomization.yaml": one + "}]\nconfigMapGenerator: [{name: r-web, namespace: " + namespaceMark + ", behavior: merge, literals: [a=b]}]\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			const dir = "components/extra"
			edits := map[string]string{}
			for _, more := range []map[string]string{c.files, vendoredChart("charts/", "web"), vendoredChart("nested/charts/", "web"), vendoredChart("late/charts/", "web"), vendoredChart("vendor/x/", "web"), vendoredChart("vendor/x/", "other")} {
				for name, text := range more {
					edits[dir+"/"+name] = text
				}
			}
			b := &builder{version: versions(t, demo(t, edits))[0], engine: overlay.New(overlay.Options{})}
			b.inflate(t.Context())
			if len(b.faults) > 0 {
				t.Fatalf("%s: inflate: %v", c.reason, b.faults)
			}
			got, err := b.engine.Build(t.Context(), b.files, dir)
			want, wantErr := releasedBuild(t, kustomize, helm, edits, dir)
			if (err == nil) != (wantErr == nil) || string(got) != want {
				t.Errorf("%s: Build = %v, kustomize %v\n%s", c.reason, err, wantErr, cmp.Diff(want, string(got)))
			}
		})
	}
}

// releasedBuild runs kustomize, which starts helm, on files on disk.
func releasedBuild(t *testing.T, kustomize, helm string, files map[string]string, dir string) (string, error) {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		at := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.ReplaceAll(text, "releaseName:", "namespace: "+namespaceMark+", releaseName:")
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), kustomize, "build", "--enable-helm", "--helm-command", helm, filepath.Join(root, filepath.FromSlash(dir)))
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(root, "none"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if err != nil {
		t.Logf("kustomize: %s", errs.String())
	}
	return out.String(), err
}

// inKustomization returns the demo product whose chart is in a kustomization.
func inKustomization(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	product := strings.Replace(few(text(t, "product.yaml")), "  source: helm\n  data: delete\n  values: {size: 1000000, args: [a, b]}\n", "  data: delete\n", 1)
	edits := map[string]string{"product.yaml": product,
		"components/cache/kustomization.yaml": "helmCharts: [{name: cache, releaseName: cache, valuesInline: {size: 1000000, args: [a, b]}}]\n"}
	for _, name := range []string{chartFile, cacheFile, "components/cache/values.yaml", "components/cache/templates/_helpers.tpl", "components/cache/templates/NOTES.txt"} {
		edits[name], edits[strings.Replace(name, "cache/", "cache/charts/cache/", 1)] = "", text(t, name)
	}
	maps.Copy(edits, more)
	return edits
}

// A chart makes the same base from a kustomization as from source helm, and
// the tenant's namespace is in it.
func TestHelmChartsLikeSourceHelm(t *testing.T) {
	const extra = "components/cache/charts/cache/templates/extra.yaml"
	asHelm := build(t, plain(t, map[string]string{extraFile: namespaced, "product.yaml": few(text(t, "product.yaml"))})).Dir.Files()
	got := build(t, plain(t, inKustomization(t, map[string]string{extra: namespaced}))).Dir.Files()
	if diff := cmp.Diff(string(asHelm["workloads/cache.yaml"]), string(got["workloads/cache.yaml"])); diff != "" {
		t.Errorf("workloads differ from those of source helm:\n%s", diff)
	}
	sorted := func(replacements []byte) []string { // kustomize sorts the objects
		list := strings.Split("\n"+strings.TrimSpace(string(replacements)), "\n- source:")
		slices.Sort(list)
		return list
	}
	if diff := cmp.Diff(sorted(asHelm["replacements.yaml"]), sorted(got["replacements.yaml"])); diff != "" {
		t.Errorf("replacements differ from those of source helm:\n%s", diff)
	}
	c, err := catalog.LoadUnlocked(demo(t, plain(t, inKustomization(t, nil))))
	if err != nil {
		t.Fatal(err)
	}
	if err := Publishable(t.Context(), c, nil); err != nil {
		t.Errorf("Publishable = %v", err)
	}
}

func TestHelmChartsRefused(t *testing.T) {
	const chart, extra = "components/cache/charts/cache/", "components/cache/charts/cache/templates/extra.yaml"
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-extra}\ndata: "
	kustomization := func(more string) map[string]string {
		return map[string]string{"components/cache/kustomization.yaml": "helmCharts: [{name: cache, releaseName: cache}]\n" + more,
			extra: configMap + "{host: web.{{ .Release.Namespace }}.svc, other: x}\n"}
	}
	for name, tc := range map[string]refusalCase{
		"CRD":     {"helm template leaves them out", map[string]string{chart + "crds/x.yaml": "kind: X\n"}, []string{"crds/x.yaml"}},
		"Lookup":  {"the cluster is no input", map[string]string{extra: configMap + "{a: '{{ lookup \"v1\" \"Secret\" \"\" \"\" }}'}\n"}, []string{`"lookup"`}},
		"Hook":    {"hooks are not run", map[string]string{extra: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install}}\n"}, []string{"hooks are not run"}},
		"Nothing": {"a chart makes something", map[string]string{cacheInside: "{{/* nothing */}}\n"}, []string{"no object"}},
		"Cut":     {"the chart cuts the namespace", map[string]string{extra: configMap + "{a: {{ .Release.Namespace | trunc 5 }}}\n"}, []string{".Release.Namespace"}},
		"CutLater": {"a replacement cuts it", kustomization("replacements: [{source: {kind: ConfigMap, name: demo-extra, fieldPath: data.host, options: {delimiter: o, index: 0}}," +
			" targets: [{select: {kind: ConfigMap, name: demo-extra}, fieldPaths: [data.other]}]}]\n"), []string{"the kustomization makes something else"}},
		"Values": {"values are bounded", map[string]string{"components/cache/kustomization.yaml": "helmCharts: [{name: cache, releaseName: cache, valuesFile: v.yaml}]\n", "components/cache/v.yaml": "a: &a 1\nb: *a\n"}, []string{"anchors"}},
		"Kinds":  {"a map is no text", map[string]string{"components/cache/kustomization.yaml": "helmCharts: [{name: cache, releaseName: cache, valuesInline: {port: {a: 1}}}]\n"}, []string{"merging valuesInline"}},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, refusalCase{tc.reason, inKustomization(t, tc.edits), tc.want}, false)
		})
	}
}

const cacheInside = "components/cache/charts/cache/templates/cache.yaml"
