package base

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

const (
	claimFile   = "components/store/claim.yaml"
	setFile     = "components/store/set.yaml"
	webFile     = "components/web/web.yaml"
	jobFile     = "components/init/job.yaml"
	agentFile   = "components/agent/agent.yaml"
	routeFile   = "routes/route.yaml"
	chartFile   = "components/cache/Chart.yaml"
	cacheFile   = "components/cache/templates/cache.yaml"
	extraFile   = "components/cache/templates/extra.yaml"
	replaceFile = "replacements.yaml"
)

// text returns a file of the demo product.
func text(t *testing.T, name string) string {
	t.Helper()
	f, ok := demo(t, nil)["products/demo/7/"+name]
	if !ok {
		t.Fatalf("the demo has no file %q", name)
	}
	return string(f.Data)
}

// edited returns a file of the demo product with one text for another.
func edited(t *testing.T, name, old, replacement string) map[string]string {
	t.Helper()
	before := text(t, name)
	if !strings.Contains(before, old) {
		t.Fatalf("%s has no %q", name, old)
	}
	return map[string]string{name: strings.Replace(before, old, replacement, 1)}
}

// added returns the demo product's store with one more object.
func added(t *testing.T, manifest string) map[string]string {
	t.Helper()
	return map[string]string{claimFile: text(t, claimFile) + "---\n" + manifest}
}

// refusalCase is an edited demo product, and what some fault of it says.
type refusalCase struct {
	reason string
	edits  map[string]string
	want   []string
}

// checkRefusal builds the product, and proves it if it was built and is asked
// for; it must be refused as tc says.
func checkRefusal(t *testing.T, tc refusalCase, proven bool) {
	t.Helper()
	c, err := catalog.LoadUnlocked(demo(t, tc.edits))
	if err != nil {
		t.Fatalf("LoadUnlocked: %v", err)
	}
	b, err := Build(t.Context(), c.All()[0])
	if err == nil && proven {
		var faults []error // as Prove tells them, without its many overlays
		for _, f := range append(b.lasting(), b.authority()...) {
			faults = append(faults, fmt.Errorf("proving %s: %w", b.Version.Ref, f))
		}
		err = errors.Join(faults...)
	}
	if err == nil {
		t.Fatalf("%s: Build = %s, want an error", tc.reason, b.Digest)
	}
	matched := false
	for _, f := range catalog.Faults(err) {
		said := f.Error() + " / " + fault.HintOf(f)
		matched = matched || !slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(said, w) })
		if strings.Contains(f.Error(), "\n") || !strings.Contains(f.Error(), "products/demo/7") || fault.HintOf(f) == "" {
			t.Errorf("fault = %q (hint %q), want one line that names the version and a hint", f, fault.HintOf(f))
		}
	}
	if !matched {
		t.Errorf("%s: Build = %v, want a fault that names %q", tc.reason, err, tc.want)
	}
}

// Every refusal of a base names the place, the object and the value, and
// says what to do.
func TestBuildRefuses(t *testing.T) {
	edit := func(name, old, replacement string) map[string]string { return edited(t, name, old, replacement) }
	object := func(manifest string) map[string]string { return added(t, manifest) }
	meta := func(kind, metadata string) map[string]string {
		return object("apiVersion: v1\nkind: " + kind + "\nmetadata: " + metadata + "\n")
	}
	replace := func(parameter, kind, name, field string) map[string]string {
		return map[string]string{replaceFile: text(t, replaceFile) + "- source: {kind: ConfigMap, name: parameters, fieldPath: data." + parameter +
			"}\n  targets:\n  - select: {kind: " + kind + ", name: " + name + "}\n    fieldPaths: [\"" + field + "\"]\n"}
	}
	template := func(body string) map[string]string {
		return map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-extra}\ndata: {a: '" + body + "'}\n"}
	}
	for name, tc := range map[string]refusalCase{
		"NoDeadline":      {"what never fails blocks its Application for good", edit(webFile, "  progressDeadlineSeconds: 300\n", ""), []string{`component "web"`, `Deployment "demo-web"`, "progressDeadlineSeconds"}},
		"ChartNoDeadline": {"charts too", edit(cacheFile, "  progressDeadlineSeconds: 120\n", ""), []string{`component "cache"`, "progressDeadlineSeconds"}},
		"Unpinned":        {"an image is one release", edit(webFile, "registry.example.com/demo", "registry.example.com/other"), []string{`"registry.example.com/other"`, "not pinned"}},
		"VolumeImage":     {"a volume can be an image", edit(webFile, "      containers:\n", "      volumes: [{name: x, image: {reference: 'registry.example.com/other:latest'}}]\n      containers:\n"), []string{`"registry.example.com/other:latest"`, "not pinned"}},
		"Latest":          {"latest is any release", edit(agentFile, "registry.example.com/demo", "registry.example.com:5000/other:latest"), []string{"registry.example.com:5000/other:latest"}},
		"NoDigest":        {"what follows @ is no digest", edit(agentFile, "registry.example.com/demo", "registry.example.com/other@latest"), []string{`"registry.example.com/other@latest" is not pinned`}},
		"ShortDigest":     {"a digest has 64 digits", edit(agentFile, "registry.example.com/demo", "registry.example.com/other:1@sha256:abc"), []string{`"registry.example.com/other:1@sha256:abc" is not pinned`}},
		"PortNoTag":       {"a port is no tag", edit(agentFile, "registry.example.com/demo", "registry.example.com:5000/other"), []string{"registry.example.com:5000/other"}},
		"NoImage":         {"a container has an image", edit(webFile, "        image: registry.example.com/demo\n", ""), []string{"demo-web", "not pinned"}},
		"UnusedImage":     {"a misspelt image pins nothing", edit("product.yaml", "images:\n", "images:\n- {name: registry.example.com/ghost, newTag: \"1\"}\n"), []string{`"registry.example.com/ghost"`}},
		"Namespace":       {"the overlay sets it", meta("ConfigMap", "{name: x, namespace: kube-system}"), []string{`ConfigMap "x"`, "metadata.namespace"}},
		"MakesNamespace":  {"namespaces are sluice's", meta("Namespace", "{name: x}"), []string{`Namespace "x"`}},
		"ClusterRole":     {"a tenant's product stays in its namespace", object("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"), []string{`ClusterRole "x"`, "environment-shared"}},
		"CRD":             {"definitions serve everybody", object("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x.y.z}\n"), []string{"CustomResourceDefinition"}},
		"ClusterIssuer":   {"a custom kind tells by its name", object("apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: x}\n"), []string{"ClusterIssuer"}},
		"Application":     {"Argo CD is not the product's to drive", object("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\n"), []string{`Application "x"`, "Argo CD"}},
		"Parameters":      {"the name is taken", meta("ConfigMap", "{name: parameters}"), []string{`ConfigMap "parameters"`}},
		"Pod":             {"a bare pod cannot be suspended", meta("Pod", "{name: x}"), []string{`Pod "x"`}},
		"Mark":            {"marks are sluice's", meta("ConfigMap", "{name: x, labels: {gatorcloud.io/product: y}}"), []string{"gatorcloud.io/product"}},
		"Wave":            {"waves follow from the graph", meta("ConfigMap", "{name: x, annotations: {argocd.argoproj.io/sync-wave: '9'}}"), []string{"argocd.argoproj.io/sync-wave"}},
		"ArgoHook":        {"hooks run outside of the order", meta("ConfigMap", "{name: x, annotations: {argocd.argoproj.io/hook: PreSync}}"), []string{"argocd.argoproj.io/hook"}},
		"PodMark":         {"pods are marked by sluice", edit(webFile, "labels: {app: demo-web}", "labels: {app: demo-web, gatorcloud.io/version: x}"), []string{"gatorcloud.io/version", "pods"}},
		"Selector":        {"the API server would refuse it", edit(webFile, "metadata: {labels: {app: demo-web}}", "metadata: {labels: {app: other}}"), []string{`"app"`, "selector"}},
		"JobName":         {"a Job cannot change, so it has a name a version", edit(jobFile, "demo-init-7", "demo-init"), []string{`Job "demo-init"`, "-7"}},
		"JobTTL":          {"Argo CD would run it for ever", edit(jobFile, "backoffLimit: 3", "ttlSecondsAfterFinished: 60"), []string{"ttlSecondsAfterFinished"}},
		"ClaimPolicy":     {"kept data is kept", edit(setFile, "spec:\n", "spec:\n  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete}\n"), []string{"demo-store", "data: delete"}},
		"NoName":          {"an object has a name", meta("ConfigMap", "{generateName: x-}"), []string{"metadata.name"}},
		"NoNameInChart":   {"an object has a name", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: x-}\n"}, []string{"extra.yaml", `name ""`}},
		"BadObjectName":   {"object names are DNS names", meta("ConfigMap", "{name: X_Y}"), []string{`"X_Y"`}},
		"List":            {"a list hides objects", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMapList\nitems: []\n"}, []string{"extra.yaml", "ConfigMapList"}},
		"NoKind":          {"an object has a kind", object("apiVersion: v1\nmetadata: {name: x}\n"), []string{"kind"}},
		"Twice":           {"one object, one component", map[string]string{"components/agent/kustomization.yaml": "resources: [agent.yaml, ../store]\n"}, []string{"demo-store", `component "agent"`}},
		"RouteWorkload":   {"routes are taken away", map[string]string{routeFile: text(t, routeFile) + "---\n" + text(t, jobFile)}, []string{"routes", "demo-init-7"}},
		"EmptyComponent":  {"an empty component gates nothing", map[string]string{"components/web/kustomization.yaml": "resources: []\n"}, []string{`component "web"`}},

		"Now":           {"the clock is no input", template("{{ now }}"), []string{`"now"`, "extra.yaml"}},
		"Random":        {"chance is no input", template("{{ randAlphaNum 5 }}"), []string{`"randAlphaNum"`}},
		"UUID":          {"chance is no input", template("{{ uuidv4 }}"), []string{`"uuidv4"`}},
		"Lookup":        {"the cluster is no input", template("{{ lookup \"v1\" \"Secret\" \"\" \"\" }}"), []string{`"lookup"`}},
		"Env":           {"the environment is no input", template("{{ env \"HOME\" }}"), []string{`"env"`}},
		"DNS":           {"the network is no input", template("{{ getHostByName \"x\" }}"), []string{`"getHostByName"`}},
		"CA":            {"keys are made in the cluster", template("{{ (genCA \"x\" 365).Cert }}"), []string{`"genCA"`}},
		"InElse":        {"branches that are not taken count", template("{{ if false }}{{ else }}{{ now }}{{ end }}"), []string{`"now"`}},
		"InDefine":      {"named templates count", map[string]string{"components/cache/templates/_x.tpl": "{{ define \"x\" }}{{ range until 3 }}{{ . | printf \"%v%v\" now }}{{ end }}{{ end }}"}, []string{`"now"`}},
		"InTpl":         {"tpl has no other functions", template("{{ tpl `{{ now }}` . }}"), []string{`"now"`, "extra.yaml"}},
		"Namespaced":    {"the name is another for each tenant", template("{{ .Release.Namespace | sha256sum }}"), []string{".Release.Namespace"}},
		"NamespaceCut":  {"the name may be longer than the mark", template("{{ .Release.Namespace | trunc 30 }}"), []string{".Release.Namespace"}},
		"NamespaceIn":   {"no replacement writes between two characters", template("http://web.{{ .Release.Namespace }}:80/"), []string{"data.a", "web.NAMESPACE.svc"}},
		"NamespaceKey":  {"fields have fixed names", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {'{{ .Release.Namespace }}': a}\n"}, []string{"name of a field"}},
		"NamespaceName": {"objects have fixed names", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 'x-{{ .Release.Namespace }}'}\n"}, []string{"metadata.name", "part of the version"}},
		"Default":       {"a namespace of its own is not the tenant's", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: default}\n"}, []string{"metadata.namespace"}},
		"Empty":         {"nothing is left out silently", map[string]string{extraFile: "{}\n"}, []string{"extra.yaml", "no object"}},
		"UnknownHook":   {"helm would drop it", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, annotations: {helm.sh/hook: sometime}}\n"}, []string{"hooks of an unknown kind"}},
		"Endless":       {"a chart ends", template("{{ until 100000000 }}"), []string{"extra.yaml", "costs more than a chart may"}},
		"SortedNow":     {"what is sorted is looked at too", template("{{ len (keys (dict \"a\" now)) }}"), []string{`"now"`}},
		"RenderedTag":   {"tags change types unseen", map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: {{ printf \"!!str 1\" }}}\n"}, []string{"extra.yaml", "!!str"}},
		"Hook":          {"hooks are not run", edit(cacheFile, "  name: {{ include \"cache.name\" . }}\n", "  name: {{ include \"cache.name\" . }}\n  annotations: {helm.sh/hook: pre-install}\n"), []string{"helm.sh/hook"}},
		"ChartCRD":      {"definitions serve everybody", map[string]string{"components/cache/crds/x.yaml": "apiVersion: v1\nkind: X\n"}, []string{"crds/x.yaml"}},
		"Library":       {"a library renders nothing", map[string]string{chartFile: text(t, chartFile) + "type: library\n"}, []string{"library"}},
		"KubeVersion":   {"charts say what they need", edit(chartFile, ">=1.25.0-0", "<1.20.0"), []string{"<1.20.0"}},
		"MissingChart":  {"dependencies are vendored", map[string]string{chartFile: text(t, chartFile) + "dependencies: [{name: redis, version: 1.0.0, repository: \"https://example.com\"}]\n"}, []string{`"redis"`}},
		"BadTemplate":   {"templates parse", template("{{ if }}"), []string{"extra.yaml"}},
		"BadCall":       {"templates render", template("{{ fail \"told you\" }}"), []string{"told you"}},
		"BadYAML":       {"templates give YAML", map[string]string{extraFile: "a: {{ printf \"[\" }}\n"}, []string{"extra.yaml"}},
		"RenderedBomb":  {"aliases are never expanded", map[string]string{extraFile: "a: {{ printf \"&\" }}x [1]\nb: *x\n"}, []string{"extra.yaml", "anchors"}},

		"Source":          {"parameters come from the overlay", map[string]string{replaceFile: "- source: {kind: Secret, name: x, fieldPath: data.y}\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.replicas]}]\n"}, []string{"entry 1", "Secret"}},
		"Unknown":         {"parameters are declared", replace("logLvl", "ConfigMap", "demo-web", "data.LOG_LEVEL"), []string{`"logLvl"`}},
		"Nothing":         {"a target is an object", replace("logLevel", "ConfigMap", "demo-wep", "data.LOG_LEVEL"), []string{`"demo-wep"`}},
		"MissingField":    {"a field is there", replace("logLevel", "ConfigMap", "demo-web", "data.LOG_LVL"), []string{"LOG_LVL"}},
		"Pattern":         {"targets are named", replace("logLevel", "ConfigMap", "demo-.*", "data.LOG_LEVEL"), []string{"demo-.*", "is a pattern"}},
		"Image":           {"images are the version's", replace("greeting", "Deployment", "demo-web", "spec.template.spec.containers.0.image"), []string{"image"}},
		"Replicas":        {"suspension sets replicas", replace("greeting", "Deployment", "demo-web", "spec.replicas"), []string{"spec.replicas", "suspension"}},
		"Suspend":         {"suspension sets suspend", replace("greeting", "CronJob", "demo-report", "spec.suspend"), []string{"spec.suspend"}},
		"Name":            {"names are the version's", replace("tenantId", "ConfigMap", "demo-web", "metadata.name"), []string{"metadata.name"}},
		"WaveTarget":      {"waves follow from the graph", replace("greeting", "ConfigMap", "demo-web", "metadata.annotations.argocd\\\\.argoproj\\\\.io/sync-wave"), []string{"sync-wave"}},
		"MarkTarget":      {"marks are sluice's", replace("greeting", "ConfigMap", "demo-web", "metadata.labels.[gatorcloud.io/product]"), []string{"gatorcloud.io/product"}},
		"SelectorField":   {"selectors cannot change", replace("greeting", "Deployment", "demo-web", "spec.selector.matchLabels.app"), []string{"spec.selector"}},
		"Templates":       {"claim templates cannot change", replace("storage", "StatefulSet", "demo-store", "spec.volumeClaimTemplates.0.spec.resources.requests.storage"), []string{"volumeClaimTemplates", "PersistentVolumeClaim"}},
		"SecretElsewhere": {"the name of a secret goes where secrets are named", merge(edit("product.yaml", "greeting: {type: string, maxLength: 64, default: hello}", "greeting: {type: string, writeOnly: true, default: hello}"), nil), []string{"writeOnly", "secretKeyRef"}},
		"ClaimClass":      {"a claim's class cannot change", replace("greeting", "PersistentVolumeClaim", "demo-store", "spec.storageClassName"), []string{"spec.storageClassName", "storageClass"}},
		"ClaimMode":       {"nor can anything else of it", replace("greeting", "PersistentVolumeClaim", "demo-store", "spec.accessModes.0"), []string{"spec.accessModes.0", "cannot change"}},
		"JobField":        {"a Job cannot change", replace("logLevel", "Job", "demo-init-7", "spec.template.spec.containers.0.name"), []string{"demo-init-7", "tenantId"}},
		"Wildcard":        {"the first fields are named", replace("greeting", "Deployment", "demo-web", "spec.*.spec"), []string{"spec.*"}},
		"Container":       {"nor is a whole container a parameter", replace("greeting", "Deployment", "demo-web", "spec.template.spec.containers.0"), []string{"demo-web", "proving state"}},
		"Kind":            {"a target has a kind", map[string]string{replaceFile: "- source: {kind: ConfigMap, name: parameters, fieldPath: data.replicas}\n  targets: [{select: {name: demo-web}, fieldPaths: [spec.replicas]}]\n"}, []string{"kind"}},
		"UnknownOption":   {"misspelt fields are seen", map[string]string{replaceFile: "- source: {kind: ConfigMap, name: parameters, fieldPath: data.replicas}\n  target: []\n"}, []string{"replacements.yaml", "target"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRefusal(t, tc, false)
		})
	}
}

func TestBuildReportsEveryFault(t *testing.T) {
	edits := map[string]string{
		webFile: strings.Replace(text(t, webFile), "progressDeadlineSeconds: 300", "paused: false", 1),
		jobFile: strings.Replace(text(t, jobFile), "demo-init-7", "demo-init", 1),
		setFile: strings.Replace(text(t, setFile), "image: registry.example.com/demo", "image: other", 1),
	}
	_, err := Build(t.Context(), versions(t, demo(t, edits))[0])
	if got := len(catalog.Faults(err)); got != 3 {
		t.Errorf("Build = %v, want three faults", err)
	}
}

// What charts usually do is no fault.
func TestChartsMay(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	for name, body := range map[string]string{
		"Keys":        "{{ keys .Values | join \",\" }}",
		"Values":      "{{ join \",\" (values .Values) }}",
		"SortKeys":    "{{ keys .Values | sortAlpha | join \",\" }}",
		"SortCall":    "{{ sortAlpha (keys .Values) | join \",\" }}",
		"CountKeys":   "{{ len (keys .Values) }}",
		"Range":       "{{ range $k, $v := .Values }}{{ $k }}{{ end }}",
		"Tpl":         "{{ tpl \"{{ .Release.Name }}\" . }}",
		"Files":       "{{ .Files.Get \"values.yaml\" | b64enc }}",
		"Default":     "{{ .Values.nothing | default 3 }}",
		"Semver":      "{{ semverCompare \">=1.25-0\" .Capabilities.KubeVersion.Version }}",
		"HelmVersion": "{{ semverCompare \">=3.0-0\" .Capabilities.HelmVersion.Version }}",
		"Sha":         "{{ .Values | toYaml | sha256sum }}",
	} {
		t.Run(name, func(t *testing.T) {
			build(t, map[string]string{extraFile: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: demo-extra}\ndata: {a: '" + body + "'}\n"})
		})
	}
}

// Parameters reach the fields that are a tenant's to set.
func TestReplacementsMay(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	web := strings.Replace(text(t, webFile), "metadata: {name: demo-web}\nspec:\n  replicas", "metadata: {name: demo-web, annotations: {example.com/owner: x}}\nspec:\n  replicas", 1)
	for name, path := range map[string]string{
		"Annotation": `metadata.annotations.example\\.com/owner`,
		"Bracket":    "metadata.annotations.[example.com/owner]",
		"Item":       "spec.template.spec.containers.[name=web].env.[name=GREETING].value",
		"Wildcard":   "spec.template.spec.containers.*.env.0.value",
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(web, "example.com/owner") {
				t.Fatal("the edit does not fit the demo any more")
			}
			build(t, map[string]string{webFile: web, replaceFile: text(t, replaceFile) + "- source: {kind: ConfigMap, name: parameters, fieldPath: data.greeting}\n" +
				"  targets:\n  - select: {kind: Deployment, name: demo-web}\n    fieldPaths: [\"" + path + "\"]\n"})
		})
	}
}

func TestSplitPath(t *testing.T) {
	for in, want := range map[string][]string{
		"spec.replicas":                      {"spec", "replicas"},
		`metadata.annotations.a\.b/c`:        {"metadata", "annotations", "a.b/c"},
		"metadata.labels.[a.b/c]":            {"metadata", "labels", "[a.b/c]"},
		"spec.containers.[name=a.b].env.0.x": {"spec", "containers", "[name=a.b]", "env", "0", "x"},
		"":                                   {""},
	} {
		if got := splitPath(in); !slices.Equal(got, want) {
			t.Errorf("splitPath(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestUnchangedSeesMarksAndImages(t *testing.T) {
	wave := func(w string) object {
		return object{kind: "ConfigMap", name: "x", fields: map[string]any{"metadata": map[string]any{
			"annotations": map[string]any{"argocd.argoproj.io/sync-wave": w, "example.com/note": w}}}}
	}
	if err := unchanged(wave("1"), wave("1")); err != nil {
		t.Errorf("unchanged = %v for the same object", err)
	}
	if err := unchanged(wave("1"), wave("2")); err == nil || !strings.Contains(err.Error(), "sync-wave") {
		t.Errorf("unchanged = %v for another wave, want an error that names it", err)
	}
	image := func(i string) object {
		o, err := newObject(map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "x"}, "spec": map[string]any{"template": map[string]any{
			"spec": map[string]any{"containers": []any{map[string]any{"image": i}}}}}})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	if err := unchanged(image("a:1"), image("a:2")); err == nil || !strings.Contains(err.Error(), "images are changed") {
		t.Errorf("unchanged = %v for another image, want an error", err)
	}
}
