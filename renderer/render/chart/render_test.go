package chart_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/chart"
)

// TestRender holds what helm prints for some charts where helm is not there to
// be asked.
func TestRender(t *testing.T) {
	cm := func(name, data string) string {
		return "---\n# Source: one/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: " + data + "\n"
	}
	ignored := one("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept}\ndata: {x: {{ .Values.x | quote }}}\n")
	ignored["values.yaml"], ignored[".helmignore"] = "x: 1\n", "*.bak\ntemplates/draft/\ntemplates/old-*.yaml\n"
	ignored["templates/old-a.yaml"], ignored["templates/draft/a.yaml"] = "kind: A\n", "kind: B\n"
	nulls := one("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\ndata: {all: {{ omit .Values \"global\" | toJson | quote }}}\n")
	nulls["values.yaml"] = "a: 1\nb: {c: 2, d: 3}\nsub: {e: 4}\n"
	nulls["charts/sub/Chart.yaml"], nulls["charts/sub/values.yaml"] = "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "e: 5\nf: 6\n"
	apis := one("{{ if .Capabilities.APIVersions.Has \"monitoring.coreos.com/v1\" }}kind: ServiceMonitor{{ end }}\n")
	for name, c := range map[string]struct {
		reason string
		files  map[string]string
		values map[string]any
		want   string
	}{
		"Ignored": {".helmignore is read", ignored, nil, cm("kept", `{x: "1"}`)},
		"Nulls": {"a null erases a default, also of a subchart", nulls, map[string]any{"a": nil, "b": map[string]any{"c": nil}, "sub": map[string]any{"f": nil}},
			cm("n", `{all: "{\"b\":{\"d\":3},\"sub\":{\"e\":4,\"global\":{}}}"}`)},
		"Glued": {"documents begin at each line of dashes", one("--- # one\na: 1\n---b: 2\n--- {c: 3}\n"), nil,
			"---\n# Source: one/templates/a.yaml\n# one\na: 1\n---\n# Source: one/templates/a.yaml\nb: 2\n---\n# Source: one/templates/a.yaml\n{c: 3}\n"},
		"Hook": {"hooks come last, and are told", one("kind: Z\n---\nkind: A\nmetadata: {annotations: {helm.sh/hook: test}}\n"), nil,
			"---\n# Source: one/templates/a.yaml\nkind: Z\n---\n# Source: one/templates/a.yaml\nkind: A\nmetadata: {annotations: {helm.sh/hook: test}}\n"},
		"Keys": {"maps have the order of their keys", one("a: {{ keys (dict \"b\" 1 \"a\" 2 \"c\" 3) | join \"\" }}{{ values (dict \"b\" 1 \"a\" 2 \"c\" 3) | join \"\" }}\n"), nil,
			"---\n# Source: one/templates/a.yaml\na: abc213\n"},
		"APIs":  {"capabilities are those of the release", apis, nil, "---\n# Source: one/templates/a.yaml\nkind: ServiceMonitor\n"},
		"Notes": {"notes are no document", with("templates/all.yaml", "", "templates/job.yaml", "", "charts/cache/templates/s.yaml", "", "templates/tests/test.yaml", ""), nil, "\n"},
	} {
		r := release(c.values)
		r.APIVersions = append([]string{"monitoring.coreos.com/v1"}, r.APIVersions...)
		docs, err := chart.Render(t.Context(), dir(t, c.files), r)
		if err != nil || text(docs) != c.want {
			t.Errorf("%s: %s: Render = %v\n%s", name, c.reason, err, cmp.Diff(c.want, text(docs)))
		}
	}
}

// TestRefused shows what helm would do and this package does not.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		reason string
		files  map[string]string
		want   string
	}{
		"Clock":       {"the clock is no input", one("{{ now }}"), `"now"`},
		"NotTaken":    {"no branch has the clock", one("{{ if false }}{{ now | date \"2006\" }}{{ end }}"), `"now"`},
		"Zone":        {"nor the time zone", one("{{ \"2024-01-01\" | toDate \"2006-01-02\" }}"), `"toDate"`},
		"Random":      {"chance is no input", one("{{ define \"a\" }}{{ randAlphaNum 5 }}{{ end }}"), `"randAlphaNum"`},
		"Certificate": {"keys are made by chance", one("{{ $c := genCA \"a\" 1 }}"), `"genCA"`},
		"Cluster":     {"the cluster is no input", one("{{ lookup \"v1\" \"Secret\" \"\" \"\" }}"), `"lookup"`},
		"Network":     {"the network is no input", one("{{ getHostByName \"example.com\" }}"), `"getHostByName"`},
		"Environment": {"the environment is no input", one("{{ env \"HOME\" }}"), `"env"`},
		"System":      {"the operating system is no input", one("{{ osBase \"a/b\" }}"), `"osBase"`},
		"Tpl":         {"tpl has no other functions", one("{{ tpl \"{{ uuidv4 }}\" . }}"), `"uuidv4"`},
		"TplBuilt":    {"however the text is made", one("{{ tpl (printf \"{{ %s }}\" (list \"n\" \"ow\" | join \"\")) . }}"), `"now"`},
		"TplTwice":    {"however deep", one("{{ tpl \"{{ tpl `{{ now }}` . }}\" . }}"), `"now"`},
		"Subchart":    {"subcharts count, enabled or not", with("charts/cache/templates/y.yaml", "{{ shuffle \"abc\" }}"), `"shuffle"`},
		"Meters":      {"the meters are not there", one("{{ _pass 1 }}"), `"_pass" not defined`},
		"Address":     {"an address is another each time", one("a: {{ . | toString | sha256sum }}"), "address"},
		"Maintainers": {"so it is inside a list", with("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nmaintainers: [{name: a}]\n", "templates/x.yaml", "a: {{ .Chart.Maintainers }}"), "address"},
		"TOML":        {"a time has the zone of the machine", one("{{ fromToml \"a = 2020-01-01T00:00:00\" }}"), "a time"},
		"CRD":         {"helm template leaves them out", with("crds/x.yaml", "kind: X"), "crds/x.yaml"},
		"UnknownHook": {"helm drops it", one("kind: A\nmetadata: {annotations: {helm.sh/hook: sometime}}\n"), "unknown kind"},
		"RemoteRef":   {"schemas are not fetched", with("values.schema.json", `{"$ref": "https://example.com/x.json"}`), "example.com"},
		"FileRef":     {"nor read from the disk", with("values.schema.json", `{"$ref": "x.json"}`), "x.json"},
		"KubeVersion": {"the chart's wish is heard", with("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\nkubeVersion: '<1.20'\n"), "<1.20"},
	} {
		_, err := chart.Render(t.Context(), dir(t, c.files), release(nil))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || fault.HintOf(err) == "" {
			t.Errorf("%s: %s: Render = %v with hint %q, want one line with %q", name, c.reason, err, fault.HintOf(err), c.want)
		}
	}
}

// FuzzRender executes hostile templates: none ends the process, and what was
// rendered is rendered the same again.
func FuzzRender(f *testing.F) {
	for _, name := range []string{"Until", "Cycle", "Tpl", "DoubleText"} {
		f.Add(costly[name])
	}
	f.Add(split)
	f.Add(web()["templates/all.yaml"])
	f.Fuzz(func(t *testing.T, template string) {
		d := dir(t, one(template))
		first, err := chart.Render(t.Context(), d, release(nil))
		second, again := chart.Render(t.Context(), d, release(nil))
		if (err == nil) != (again == nil) || text(first) != text(second) {
			t.Errorf("Render(%q) = %q, %v and then %q, %v", template, text(first), err, text(second), again)
		}
	})
}
