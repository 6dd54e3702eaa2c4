package chart_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// TestGeneratedCharts compares generated charts with the released helm: values
// over values, nulls, subcharts with aliases and conditions, ignored files and
// documents that are glued together.
func TestGeneratedCharts(t *testing.T) {
	command := overlaytest.Released(t, "helm")
	const all = 50
	var rendered atomic.Int32
	t.Run("group", func(t *testing.T) {
		for seed := range all {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				if like(t, command, rapid.Custom(generated).Example(seed)) {
					rendered.Add(1)
				}
			})
		}
	})
	t.Logf("%d of %d charts are rendered by both", rendered.Load(), all)
	if rendered.Load() < all/5 {
		t.Errorf("%d of %d charts are rendered by both, too few to prove much", rendered.Load(), all)
	}
}

func generated(t *rapid.T) sample {
	files := map[string]string{
		"templates/a.yaml":              documents(t),
		"templates/b.yaml":              "values: {{ toJson .Values }}\nfiles: [{{ range $p, $_ := .Files }}{{ $p }}, {{ end }}]\n",
		"values.yaml":                   mapping(t, 3),
		"charts/sub/Chart.yaml":         "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
		"charts/sub/values.yaml":        mapping(t, 3),
		"charts/sub/templates/s.yaml":   "name: {{ .Chart.Name }}\nvalues: {{ toJson .Values }}\n",
		"charts/other/Chart.yaml":       "apiVersion: v2\nname: other\nversion: 1.0.0\n",
		"charts/other/values.yaml":      mapping(t, 2),
		"charts/other/templates/o.yaml": "other: {{ toJson .Values }}\n",
		"conf/x.txt":                    "x",
		".helmignore":                   strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"*.txt", "conf/", "/templates/b*", "!templates", "# no", "charts/other", "x?.txt", "[a-c]*"}), 0, 2).Draw(t, "ignored"), "\n"),
	}
	var chart strings.Builder
	chart.WriteString("apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n")
	for i := range rapid.IntRange(1, 3).Draw(t, "dependencies") {
		fmt.Fprintf(&chart, "- {name: %s, version: 1.0.0", rapid.SampledFrom([]string{"sub", "other"}).Draw(t, "name"))
		for _, field := range []string{", alias: x%d", ", condition: a", ", condition: 'sub.b,global.a'", ", tags: [t%d]", ", import-values: [c]", ", import-values: [{child: a, parent: c}]"} {
			if rapid.IntRange(0, 3).Draw(t, "field") == 2 && !strings.Contains(chart.String()[strings.LastIndex(chart.String(), "- "):], field[2:7]) {
				fmt.Fprint(&chart, strings.ReplaceAll(field, "%d", fmt.Sprint(i)))
			}
		}
		chart.WriteString("}\n")
	}
	files["Chart.yaml"] = chart.String()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(mapping(t, 3)), &values); err != nil {
		t.Fatal(err)
	}
	return sample{files, values}
}

// mapping draws values in which names of charts, globals and nulls are common.
func mapping(t *rapid.T, depth int) string {
	var value func(int) any
	value = func(depth int) any {
		if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 1 {
			return rapid.SampledFrom([]any{nil, true, false, 1, 2.5, "text", "", []any{1, "x"}, map[string]any{}}).Draw(t, "value")
		}
		out := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "size") {
			out[rapid.SampledFrom([]string{"a", "b", "c", "sub", "other", "x0", "x1", "global", "tags", "exports", "t1"}).Draw(t, "key")] = value(depth - 1)
		}
		return out
	}
	m, ok := value(depth).(map[string]any)
	if !ok {
		m = map[string]any{"a": true}
	}
	data, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// documents draws a stream of documents and what stands between them.
func documents(t *rapid.T) string {
	pieces := []string{
		"a: 1", "kind: Service\nmetadata: {name: s}", "{kind: Secret}", "# comment", "text: |\n  x\n\n", "text: |-\n  ---\n", "{{ if .Values.a }}b: {{ .Values.a }}{{ end }}", "{{- /* no */ -}}",
		"kind: Job\nmetadata: {annotations: {helm.sh/hook: pre-install}}", "null", "   ", "a: \"---\"",
	}
	seps := []string{"\n---\n", "\n--- ", "\n---", "\n---\n---\n", "\n--- # c\n", "\n  \n---\t\n", "---\n", "\r\n---\r\n"}
	var out strings.Builder
	for range rapid.IntRange(1, 5).Draw(t, "documents") {
		out.WriteString(rapid.SampledFrom(pieces).Draw(t, "piece"))
		out.WriteString(rapid.SampledFrom(seps).Draw(t, "separator"))
	}
	return out.String()
}
