package chart_test

// sample is a chart of the tests' own and the values above it.
type sample struct {
	files  map[string]string
	values map[string]any
}

// web is a chart with most of what charts have.
func web() map[string]string {
	return map[string]string{
		"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"7\"\ndependencies:\n- {name: cache, version: 0.1.0, condition: cache.enabled}\n" +
			"- {name: spare, version: 0.1.0, condition: spare.enabled}\n",
		"values.yaml":            "replicas: 2\nimage: {name: web, tag: v1}\ncache: {enabled: true, size: 1}\nspare: {enabled: false}\nlist: [1, 2]\nbig: 12345678\nglobal: {zone: a}\n",
		".helmignore":            "# nothing of these\n*.bak\n/templates/ignored.yaml\ndocs/\ntemplates/old-*.yaml\n",
		"README.md":              "about",
		"conf/a.conf":            "line 1\nline 2\n",
		"templates/_helpers.tpl": "{{- define \"web.name\" -}}{{ .Release.Name }}-{{ .Chart.Name }}{{- end }}\n",
		"templates/NOTES.txt":    "installed {{ .Release.Name }}\n",
		"templates/ignored.yaml": "{{ fail \"ignored\" }}\n",
		"templates/old-a.yaml":   "{{ fail \"ignored\" }}\n",
		"templates/old.yaml.bak": "{{ fail \"ignored\" }}\n",
		"templates/.hidden.yaml": "{{ fail \"hidden\" }}\n",
		"docs/x.yaml":            "{{",
		"templates/all.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "web.name" . }}
  namespace: {{ .Release.Namespace }}
  labels: {kube: {{ .Capabilities.KubeVersion.Version | quote }}, helm: {{ .Capabilities.HelmVersion.Version }}, chart: "{{ .Chart.Name }}-{{ .Chart.Version }}"}
spec:
  replicas: {{ .Values.replicas }}
  big: {{ .Values.big }}
  install: {{ .Release.IsInstall }}{{ .Release.IsUpgrade }}{{ .Release.Revision }}{{ .Release.Service }}
  {{- if .Capabilities.APIVersions.Has "apps/v1" }}
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
  sub: {{ .Subcharts.cache.Values.size | quote }}
`,
		"templates/empty.yaml":          "{{- if .Values.nothing }}\na: b\n{{- end }}\n",
		"templates/tests/test.yaml":     "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {helm.sh/hook: test}\n",
		"templates/job.yaml":            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: before\n  annotations: {helm.sh/hook: \"pre-install\", helm.sh/hook-weight: \"-5\"}\n",
		"charts/cache/Chart.yaml":       "apiVersion: v2\nname: cache\nversion: 0.1.0\n",
		"charts/cache/values.yaml":      "size: 9\nname: c\nmore: {a: 1, b: 2}\n",
		"charts/cache/templates/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: {{ .Values.name }}}\nstringData: {size: \"{{ .Values.size }}\", zone: {{ .Values.global.zone }}, more: {{ toJson .Values.more | quote }}}\n",
		"charts/spare/Chart.yaml":       "apiVersion: v2\nname: spare\nversion: 0.1.0\n",
		"charts/spare/templates/s.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: spare}\n",
	}
}

// with returns the chart with more or other files; an empty one is removed.
func with(more ...string) map[string]string { return merged(web(), more...) }

func merged(files map[string]string, more ...string) map[string]string {
	for i := 0; i < len(more); i += 2 {
		if files[more[i]] = more[i+1]; more[i+1] == "" {
			delete(files, more[i])
		}
	}
	return files
}

// one returns a chart of one template.
func one(template string) map[string]string {
	return map[string]string{"Chart.yaml": "apiVersion: v2\nname: one\nversion: 1.0.0\n", "templates/a.yaml": template}
}

// deps returns a chart with subcharts that are aliased, tagged and imported from.
func deps() map[string]string {
	return map[string]string{
		"Chart.yaml": `apiVersion: v2
name: web
version: 0.1.0
dependencies:
- {name: sub, version: 0.1.0, alias: one, condition: one.enabled, import-values: [{child: exp, parent: imp}, data]}
- {name: sub, version: 0.1.0, alias: two, tags: [back]}
- {name: extra, version: 0.1.0, condition: "extra.enabled,global.extra"}
- {name: lib, version: 0.1.0}
`,
		"values.yaml":                   "imp: {b: parent}\ntags: {back: true}\nextra: {enabled: false}\n",
		"templates/a.yaml":              "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {imp: {{ .Values.imp | toJson | quote }}, all: {{ omit .Values \"one\" \"two\" | toJson | quote }}, lib: {{ include \"lib.x\" . }}}\n",
		"charts/sub/Chart.yaml":         "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
		"charts/sub/values.yaml":        "size: 1\nexp: {a: child, b: child}\nexports: {data: {given: 1}}\n",
		"charts/sub/templates/s.yaml":   "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}-{{ .Template.BasePath | base }}}\ndata: {size: {{ .Values.size | quote }}, exp: {{ .Values.exp | toJson | quote }}}\n",
		"charts/extra/Chart.yaml":       "apiVersion: v2\nname: extra\nversion: 0.1.0\n",
		"charts/extra/templates/o.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n",
		"charts/lib/Chart.yaml":         "apiVersion: v2\nname: lib\ntype: library\nversion: 0.1.0\n",
		"charts/lib/templates/_l.tpl":   "{{ define \"lib.x\" }}{{ .Values.lib.word | default \"library\" }}{{ end }}",
		"charts/lib/templates/bad.yaml": "{{ fail \"a library renders nothing\" }}",
	}
}

// split is a template whose documents are glued, commented and in flow style.
const split = `--- # first
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {k: |
    x}
---{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}
--- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
# nothing but a comment
---

---apiVersion: v1
kind: ConfigMap
metadata: {name: d}
data:
  text: |
    kept
   
--- 
{}
`

// small are charts that show one thing each.
func small() map[string]sample {
	return map[string]sample{
		"Plain":      {web(), nil},
		"Values":     {web(), map[string]any{"replicas": 5, "image": map[string]any{"tag": "x"}, "list": []any{3}, "nothing": true, "big": 1e21}},
		"Nulls":      {web(), map[string]any{"image": map[string]any{"tag": nil}, "cache": map[string]any{"more": map[string]any{"a": nil}}, "list": nil}},
		"NullMap":    {web(), map[string]any{"cache": map[string]any{"more": nil}}},
		"NullGlobal": {web(), map[string]any{"global": map[string]any{"zone": nil}}},
		"NullChart":  {web(), map[string]any{"cache": nil}},
		"Disabled":   {web(), map[string]any{"cache": map[string]any{"enabled": false}, "spare": map[string]any{"enabled": true}}},
		"BadValue":   {web(), map[string]any{"image": 1}},
		"BadGlobal":  {web(), map[string]any{"cache": 3}},
		"Schema":     {with("values.schema.json", `{"type": "object", "properties": {"replicas": {"type": "string"}}}`), nil},
		"SchemaGood": {with("values.schema.json", `{"type": "object", "properties": {"replicas": {"type": "integer"}}}`), nil},
		"SubSchema":  {with("charts/cache/values.schema.json", `{"required": ["nope"]}`), nil},
		"Requires":   {with("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nkubeVersion: '<1.25.0'\n"), nil},
		"Dependency": {with("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies: [{name: gone, version: 1.0.0}]\n"), nil},
		"Undeclared": {with("charts/spare/Chart.yaml", "apiVersion: v2\nname: on\nversion: 0.1.0\n"), nil},
		"Library":    {with("Chart.yaml", "apiVersion: v2\nname: web\ntype: library\nversion: 1.2.3\n"), nil},
		"Deprecated": {with("Chart.yaml", "apiVersion: v2\nname: cache\ndeprecated: true\nversion: 1.2.3\n", "templates/all.yaml", "a: b\n"), nil},
		"Old":        {with("Chart.yaml", "name: web\nversion: 1.2.3\n", "requirements.yaml", "dependencies: [{name: cache, version: 0.1.0, alias: cash}]\n"), nil},
		"BadIgnore":  {with(".helmignore", "a/**\n"), nil},
		"Negated":    {with(".helmignore", "!templates\n"), nil},
		"BOM":        {with("values.yaml", "\ufeff"+web()["values.yaml"]), nil},
		"Prov":       {with("charts/x.prov", "a", "charts/_old/x", "b"), nil},
		"Deps":       {deps(), nil},
		"DepsOn":     {deps(), map[string]any{"one": map[string]any{"enabled": true, "exp": map[string]any{"a": nil}}, "tags": map[string]any{"back": false}, "global": map[string]any{"extra": true}}},
		"DepsOff":    {deps(), map[string]any{"one": map[string]any{"enabled": false}, "two": map[string]any{"size": 5}, "extra": map[string]any{"enabled": true}}},
		"ImportNull": {merged(deps(), "values.yaml", "imp: {a: null, b: null, c: null}\none: {exp: {c: null}}\n", "charts/sub/values.yaml", "exp: {a: child, b: child, c: child}\nexports: {data: {given: 1}}\n"), map[string]any{"imp": map[string]any{"b": nil}, "one": map[string]any{"enabled": true}}},
		"Override":   {with("templates/_x.tpl", `{{ define "o" }}top{{ end }}`, "charts/cache/templates/_x.tpl", `{{ define "o" }}sub{{ end }}`, "charts/cache/templates/s.yaml", "a: {{ include \"o\" . }}\n"), nil},
		"Split":      {one(split), nil},
		"NoEnd":      {one("a: |\n  x"), nil},
		"Null":       {one("null\n---\n~\n"), nil},
		"BadYAML":    {one("a: [\n"), nil},
		"List":       {one("- a\n"), nil},
		"Text":       {map[string]string{"Chart.yaml": "apiVersion: v2\nname: one\nversion: 1.0.0\n", "templates/readme.txt": "a: b", "templates/MY-NOTES.txt": "just: [ text", "templates/sub/_p.yaml": "no"}, nil},
		"Order":      {one("kind: Ingress\n---\nkind: Zoo\n---\nkind: Namespace\n---\nkind: ConfigMap\nmetadata: {name: z}\n---\nkind: ConfigMap\nmetadata: {name: a}\n---\nkind: Service\n"), nil},
		"Hooks":      {one("kind: A\nmetadata: {annotations: {helm.sh/hook: 'post-install, pre-upgrade', helm.sh/hook-weight: '3'}}\n---\nkind: B\nmetadata: {annotations: {helm.sh/hook: 'test-success,pre-rollback'}}\n---\nkind: C\nmetadata: {annotations: {helm.sh/hook: pre-install, helm.sh/hook-weight: x}}\n"), nil},
		"NoValue":    {one("a: {{ .Values.none }}\nb: {{ tpl \"{{ .Values.none }}\" . | quote }}\nc: {{ printf \"%v\" .Values.none | len }}\nd: {{ tpl \"{{ .Values.none }}\" . | len }}\n"), nil},
		"Fail":       {one("{{ fail \"told you\" }}"), nil},
		"Required":   {one("{{ required \"need it\" .Values.none }}"), nil},
		"NoTemplate": {one("{{ template \"none\" . }}"), nil},
		"Numbers":    {one("a: {{ .Values.i }} {{ .Values.f }} {{ .Values.big }} {{ int64 .Values.big }} {{ .Values.t }}\n"), map[string]any{"i": 3, "f": 2.5, "big": 9007199254740993, "t": "007"}},
		"Dates":      {one("a: {{ .Values.d }}\n"), map[string]any{"d": "2001-01-01"}},
		"Lines":      {with("templates/all.yaml", "a:\n{{- range .Files.Lines \"conf/a.conf\" }}\n- {{ . }}{{ end }}\nb: {{ .Files.Get \"values.yaml\" | quote }}\nc: {{ range $p, $b := .Files }}{{ $p }} {{ end }}\n"), nil},
	}
}
