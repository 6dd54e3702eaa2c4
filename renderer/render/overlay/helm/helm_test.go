package helm_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/overlay/charts"
	"github.com/gatorcloud/sluice/renderer/render/overlay/helm"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// web is a chart with most of what charts have.
func web() map[string]string {
	return map[string]string{
		"charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"7\"\ndependencies:\n- {name: cache, version: 0.1.0, condition: cache.enabled}\n" +
			"- {name: off, version: 0.1.0, condition: off.enabled}\n",
		"charts/web/values.yaml":            "replicas: 2\nimage: {name: web, tag: v1}\ncache: {enabled: true, size: 1}\noff: {enabled: false}\nlist: [1, 2]\nbig: 12345678\nglobal: {zone: a}\n",
		"charts/web/.helmignore":            "# nothing of these\n*.bak\n/templates/ignored.yaml\ndocs/\n",
		"charts/web/README.md":              "about",
		"charts/web/conf/a.conf":            "line 1\nline 2\n",
		"charts/web/crds/crd.yaml":          "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec: {group: example.com}\n",
		"charts/web/templates/_helpers.tpl": "{{- define \"web.name\" -}}{{ .Release.Name }}-{{ .Chart.Name }}{{- end }}\n",
		"charts/web/templates/NOTES.txt":    "installed {{ .Release.Name }}\n",
		"charts/web/templates/ignored.yaml": "{{ fail \"ignored\" }}\n",
		"charts/web/templates/old.yaml.bak": "{{ fail \"ignored\" }}\n",
		"charts/web/templates/.hidden.yaml": "{{ fail \"hidden\" }}\n",
		"charts/web/docs/x.yaml":            "{{",
		"charts/web/templates/all.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  namespace: {{ .Release.Namespace }}
  labels: {kube: {{ .Capabilities.KubeVersion.Version | quote }}, helm: {{ .Capabilities.HelmVersion.Version }}, chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
spec:
  replicas: {{ .Values.replicas }}
  big: {{ .Values.big }}
  install: {{ .Release.IsInstall }}
  {{- if .Capabilities.APIVersions.Has "example.com/v1" }}
  extra: true
  {{- end }}
  template:
    spec:
      containers:
      - name: web
        image: "{{ .Values.image.name }}:{{ .Values.image.tag | default "none" }}"
        args: {{ toYaml .Values.list | nindent 8 }}
---
apiVersion: v1
kind: Service
metadata: {name: {{ include "web.name" . }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: conf
data:
{{ (.Files.Glob "conf/*").AsConfig | indent 2 }}
  tpl: {{ tpl "{{ .Values.image.name }}" . }}
`,
		"charts/web/templates/empty.yaml":          "{{- if .Values.nothing }}\na: b\n{{- end }}\n",
		"charts/web/templates/tests/test.yaml":     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {helm.sh/hook: test}\n",
		"charts/web/templates/job.yaml":            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: before\n  annotations: {helm.sh/hook: \"pre-install\", helm.sh/hook-weight: \"-5\"}\n",
		"charts/web/charts/cache/Chart.yaml":       "apiVersion: v2\nname: cache\nversion: 0.1.0\n",
		"charts/web/charts/cache/values.yaml":      "size: 9\nname: c\n",
		"charts/web/charts/cache/templates/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Values.name }}}\nstringData: {size: \"{{ .Values.size }}\", zone: {{ .Values.global.zone }}}\n",
		"charts/web/charts/off/Chart.yaml":         "apiVersion: v2\nname: off\nversion: 0.1.0\n",
		"charts/web/charts/off/templates/s.yaml":   "apiVersion: v1\nkind: Secret\nmetadata: {name: off}\n",
	}
}

// with returns the chart and more files.
func with(more ...string) map[string]string {
	files := web()
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

// builds are kustomizations with charts, by the root that is built.
var builds = map[string]struct {
	root  string
	files map[string]string
}{
	"Plain":         {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n")},
	"NoRelease":     {".", with("kustomization.yaml", "helmCharts: [{name: web}]\n")},
	"Everything":    {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, namespace: ns, includeCRDs: true, kubeVersion: 1.29.3, apiVersions: [example.com/v1], skipTests: true}]\n")},
	"NoHooks":       {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, skipHooks: true}]\n")},
	"Namespace":     {".", with("kustomization.yaml", "namespace: ns\nhelmCharts: [{name: web, releaseName: r}]\n")},
	"Inline":        {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesInline: {replicas: 5, image: {tag: x}, list: [3], nothing: yes}}]\n")},
	"InlineMerge":   {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesMerge: merge, valuesInline: {replicas: 5, other: 1, image: {tag: x}}}]\n")},
	"InlineReplace": {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesMerge: replace, valuesInline: {replicas: 5}}]\n")},
	"ValuesFile":    {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}]\n", "v.yaml", "replicas: 3\ncache: {size: 4}\n", "w.yaml", "replicas: 4\nbig: 1e6\n")},
	"Home":          {".", move(web(), "charts/web/", "vendor/web-1.2.3/web/", "kustomization.yaml", "helmGlobals: {chartHome: vendor}\nhelmCharts: [{name: web, version: 1.2.3, repo: https://example.com, releaseName: r}]\n")},
	"Old":           {".", with("kustomization.yaml", "helmChartInflationGenerator: [{chartName: web, releaseName: r, valuesLocal: {replicas: 6}}]\n")},
	"Transformed":   {".", with("kustomization.yaml", "namePrefix: p-\ncommonLabels: {a: b}\nresources: [cm.yaml]\nconfigMapGenerator: [{name: g, literals: [a=b]}]\nhelmCharts: [{name: web, releaseName: r}]\npatches: [{target: {kind: Deployment}, patch: '[{op: add, path: /spec/patched, value: 1}]'}]\n", "cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n")},
	"Inherited":     {"top", move(web(), "charts/", "base/charts/", "base/kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "middle/kustomization.yaml", "resources: [../base]\n", "top/kustomization.yaml", "namespace: above\nresources: [../middle]\n")},
	"Component":     {"top", move(web(), "charts/", "part/charts/", "part/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nhelmCharts: [{name: web, releaseName: r}]\n", "top/kustomization.yaml", "namespace: above\ncomponents: [../part]\n")},
	"Twice":         {".", with("kustomization.yaml", "namespace: ns\nhelmCharts: [{name: web, releaseName: r, skipHooks: true, valuesInline: {cache: {name: c1}}}, {name: one, releaseName: s}]\n", "charts/one/Chart.yaml", "name: one\nversion: 1.0.0\n", "charts/one/values.yaml", "", "charts/one/templates/a.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: one}\n")},
	"NoObjects":     {".", with("kustomization.yaml", "resources: [cm.yaml]\nhelmCharts: [{name: one}]\n", "cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n", "charts/one/Chart.yaml", "name: one\nversion: 1.0.0\n", "charts/one/values.yaml", "", "charts/one/templates/_a.tpl", "x")},
	"Bad":           {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesInline: {image: 1}}]\n")},
	"Schema":        {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/values.schema.json", `{"type": "object", "properties": {"replicas": {"type": "string"}}}`)},
	"Missing":       {".", with("kustomization.yaml", "helmCharts: [{name: other, releaseName: r}]\n")},
	"Requires":      {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, kubeVersion: 1.20.0}]\n", "charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nkubeVersion: '>=1.25.0'\n")},
	"Dependency":    {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies: [{name: gone, version: 1.0.0}]\n")},
	"Library":       {".", with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/Chart.yaml", "apiVersion: v2\nname: web\ntype: library\nversion: 1.2.3\n")},
}

func move(files map[string]string, from, to string, more ...string) map[string]string {
	out := map[string]string{}
	for name, text := range files {
		out[strings.Replace(name, from, to, 1)] = text
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// TestLikeHelm compares with kustomize and the released helm, where helm is
// installed; in CI it is.
func TestLikeHelm(t *testing.T) {
	command, err := exec.LookPath("helm")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("helm is not installed")
		}
		t.Skip("helm is not installed")
	}
	e := overlay.New(overlay.Options{Charts: helm.Inflater{}})
	for name, b := range builds {
		t.Run(name, func(t *testing.T) {
			want, wantErr := onDisk(t, command, b.files, b.root)
			got, err := e.Build(t.Context(), overlaytest.Must(b.files), b.root)
			if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
				t.Errorf("Build = %v, kustomize %v\n%s", err, wantErr, cmp.Diff(string(want), string(got)))
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "") {
				t.Errorf("Build = %q with hint %q, want one line and a hint", err, fault.HintOf(err))
			}
		})
	}
}

// onDisk runs kustomize with helm enabled on a temporary directory.
func onDisk(t *testing.T, command string, files map[string]string, root string) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HELM_NAMESPACE", "")
	t.Setenv("KUBECONFIG", filepath.Join(dir, "none"))
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	options.PluginConfig.HelmConfig.Enabled = true
	options.PluginConfig.HelmConfig.Command = command
	m, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(dir, root))
	if err != nil {
		return nil, err
	}
	return m.AsYaml()
}

// TestLikeKustomizesTests builds the chart of kustomize's own tests; want is
// what they want, in the order of kustomize's command line.
func TestLikeKustomizesTests(t *testing.T) {
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kustomize/api").Output()
	if err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(strings.TrimSpace(string(module)), "krusty", "testdata", "helmcharts")
	files := map[string]string{}
	err = filepath.WalkDir(home, func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(home, name) // name is below home
		files["charts/"+filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const object = "apiVersion: APIVERSION\nkind: Deployment\nmetadata:\n  labels:\n    chart: test-1.0.0\n  name: my-deploy\n  namespace: NAMESPACE\n" +
		"spec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: test\n  template:\n    spec:\n      containers:\n      - image: IMAGE\n        imagePullPolicy: PULL\n"
	const hook = "---\napiVersion: APIVERSION\nkind: Pod\nmetadata:\n  annotations:\n    helm.sh/hook: test\n  name: test-chart\n"
	for name, c := range map[string]struct{ chart, want string }{
		"MultipleValuesFiles": {"additionalValuesFiles: [charts/valuesFiles/file1.yaml, charts/valuesFiles/file2.yaml]",
			strings.NewReplacer("APIVERSION", "apps/v1", "NAMESPACE", "file-2", "IMAGE", "test-image-file1:file1", "PULL", "Never").Replace(object + hook)},
		"ApiVersions": {"apiVersions: [foo/v1]",
			strings.NewReplacer("APIVERSION", "foo/v1", "NAMESPACE", "default", "IMAGE", "test-image:v1.0.0", "PULL", "Always").Replace(object + hook)},
		"SkipTests": {"skipTests: true",
			strings.NewReplacer("APIVERSION", "apps/v1", "NAMESPACE", "default", "IMAGE", "test-image:v1.0.0", "PULL", "Always").Replace(object)},
	} {
		files["kustomization.yaml"] = "helmCharts:\n- name: test-chart\n  releaseName: test-chart\n  " + c.chart + "\n"
		got, err := overlay.New(overlay.Options{Charts: helm.Inflater{}}).Build(t.Context(), overlaytest.Must(files), ".")
		if err != nil || string(got) != c.want {
			t.Errorf("%s: Build = %v\n%s", name, err, cmp.Diff(c.want, string(got)))
		}
	}
}

// TestRefused shows what helm would do and this package does not.
func TestRefused(t *testing.T) {
	template := func(text string) map[string]string {
		return with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/templates/x.yaml", text)
	}
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"Lookup":      {template(`{{ lookup "v1" "Secret" "" "" }}`), "lookup"},
		"Time":        {template(`{{ if .Values.x }}{{ now | date "2006" }}{{ end }}`), "now"},
		"Random":      {template(`{{ define "a" }}{{ randAlphaNum 5 }}{{ end }}`), "randAlphaNum"},
		"Certificate": {template(`{{ $c := genCA "a" 1 }}`), "genCA"},
		"DNS":         {template(`{{ getHostByName "example.com" }}`), "getHostByName"},
		"Environment": {template(`{{ env "HOME" }}`), "env"},
		"TplText":     {template(`a: {{ tpl "{{ uuidv4 }}" . }}`), "uuidv4"},
		"TplValue":    {with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r, valuesInline: {list: ['{{ now }}']}}]\n"), "now"},
		"TplFile":     {with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/conf/b.conf", "{{ randInt 1 2 }}"), "randInt"},
		"Subchart":    {with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/charts/off/templates/y.yaml", "{{ shuffle \"abc\" }}"), "shuffle"},
		"MapOrder":    {template("apiVersion: v1\nkind: A\nmetadata: {name: a}\nd: {{ keys (dict \"a\" 1 \"b\" 2 \"c\" 3 \"d\" 4 \"e\" 5 \"f\" 6 \"g\" 7 \"h\" 8 \"i\" 9 \"j\" 10) | toJson }}\n"), "differently"},
		"Packed":      {with("kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "charts/web/charts/x.tgz", "x"), "packed"},
		"Remote":      {with("kustomization.yaml", "helmCharts: [{name: web, repo: https://example.com, version: 9.9.9, releaseName: r}]\n"), "web-9.9.9"},
		"Flag":        {with("kustomization.yaml", "helmCharts: [{name: web, releaseName: --post-renderer=x}]\n"), "'-'"},
		"Climb":       {with("kustomization.yaml", "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: web}]\n"), "leaves the tree"},
		"ClimbName":   {with("kustomization.yaml", "helmCharts: [{name: ../web}]\n"), "bad chart name"},
		"ValuesURL":   {with("kustomization.yaml", "helmCharts: [{name: web, valuesFile: 'https://example.com/v.yaml'}]\n"), "remote"},
		"Template":    {with("kustomization.yaml", "helmCharts: [{name: web, nameTemplate: '{{ randAlpha 5 }}'}]\n"), "nameTemplate"},
		"TwoSpaces": {move(web(), "charts/", "base/charts/", "base/kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n", "a/kustomization.yaml", "namespace: a\nresources: [../base]\n",
			"b/kustomization.yaml", "namespace: b\nresources: [../base]\n", "kustomization.yaml", "resources: [a, b]\n"), "in the namespaces"},
		"Merge":   {with("kustomization.yaml", "configMapGenerator: [{name: conf, behavior: merge, literals: [a=b]}]\nhelmCharts: [{name: web, releaseName: r}]\n"), "behavior"},
		"Origins": {with("kustomization.yaml", "buildMetadata: [originAnnotations]\nhelmCharts: [{name: web, releaseName: r}]\n"), "buildMetadata"},
		"Huge":    {template("x: {{ repeat 5000000 \"y\" }}"), "bytes"},
	} {
		_, err := overlay.New(overlay.Options{Charts: helm.Inflater{}}).Build(t.Context(), overlaytest.Must(c.files), ".")
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "" {
			t.Errorf("%s: Build = %v with hint %q, want one line with %q", name, err, fault.HintOf(err), c.want)
		}
	}
}

func TestWithoutInflater(t *testing.T) {
	_, err := overlay.New(overlay.Options{}).Build(t.Context(), overlaytest.Must(builds["Plain"].files), ".")
	if fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), "helmCharts") {
		t.Errorf("Build = %v, want that charts are refused", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	d, err := tree.FromFiles(map[string][]byte{
		"Chart.yaml": []byte("name: a\nversion: 1.0.0\n"), "templates/a.yaml": []byte(strings.Repeat("{{ range until 1000 }}", 2) + strings.Repeat("{{ end }}", 2)),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (helm.Inflater{}).Inflate(ctx, charts.Chart{Files: d, Name: "a", Release: "r"}); err != nil && !errors.Is(err, why) {
		t.Errorf("Inflate = %v, want %v or the manifests", err, why)
	}
}
