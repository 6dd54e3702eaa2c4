package chart

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/Masterminds/sprig/v3"
	helm "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"pgregory.net/rapid"
)

// TestEveryFunctionIsListed fails when the library has a function that nobody
// looked at, or a list names one that does not exist.
func TestEveryFunctionIsListed(t *testing.T) {
	listed := map[string]int{}
	for _, list := range []string{shallowFuncs, deepFuncs, printFuncs, growingFuncs, impureFuncs, "dict printf"} {
		for name := range strings.FieldsSeq(list) {
			listed[name]++
		}
	}
	for _, own := range []map[string]any{ownShallow(), ownDeep(), ownPrint()} {
		for name := range own {
			listed[name]++
		}
	}
	library := sprig.TxtFuncMap()
	for name := range library {
		if listed[name] == 0 {
			t.Errorf("function %q of the library is in no list", name)
		}
	}
	known := functions(newMeter(t.Context()))
	for name, n := range listed {
		if n != 1 {
			t.Errorf("function %q is listed %d times", name, n)
		}
		if _, ok := known[name]; ok == slices.Contains(strings.Fields(impureFuncs), name) {
			t.Errorf("templates know %q: %v", name, ok)
		}
	}
}

// costlyCall finds the functions that can put a value into itself, and the one
// that takes long by itself.
var costlyCall = regexp.MustCompile(`\b(set|must[Mm]erge\w*|merge\w*|derivePassword)\b`)

// pointer finds the values that hold pointers.
var pointer = regexp.MustCompile(`\$|\.Capabilities`)

// both renders one chart with helm's engine and with ours.
func both(t *rapid.T, files map[string]string) {
	make := func() (*helm.Chart, chartutil.Values) {
		ch := &helm.Chart{Metadata: &helm.Metadata{Name: "web", Version: "1.2.3", APIVersion: "v2"}}
		for _, name := range sorted(files) {
			ch.Templates = append(ch.Templates, &helm.File{Name: "templates/" + name, Data: []byte(files[name])})
		}
		ch.Files = []*helm.File{{Name: "conf/a.txt", Data: []byte("line 1\nline 2\n")}, {Name: "conf/b.txt", Data: []byte("{{ .Values.s }}")}}
		return ch, chartutil.Values{
			"Values": chartutil.Values{
				"s": "a-b c", "n": 3.0, "f": 2.5, "t": true, "null": nil, "empty": "", "tpl": "<{{ .Values.s }}>",
				"list": []any{"b", "a", 3.0}, "map": map[string]any{"b": "1", "a": map[string]any{"x": []any{1.0}}}, "none": map[string]any{},
			},
			"Release":      map[string]any{"Name": "r", "Namespace": "ns"},
			"Capabilities": &chartutil.Capabilities{KubeVersion: chartutil.KubeVersion{Version: "v1.31.0", Major: "1", Minor: "31"}, APIVersions: chartutil.VersionSet{"v1", "apps/v1"}},
		}
	}
	ch, top := make()
	got, err := render(context.Background(), ch, top)
	if _, ok := errors.AsType[*costError](err); ok {
		if !costlyCall.MatchString(fmt.Sprint(files)) {
			t.Fatalf("render(%q) = %v, and nothing in it costs much", files, err)
		}
		return // of a value inside itself helm overflows its stack, which ends the process
	}
	ch, top = make()
	want, wantErr := engine.Render(ch, top)
	var impure *impureError
	if errors.As(err, &impure) && (strings.Contains(fmt.Sprint(want), "0x") || pointer.MatchString(fmt.Sprint(files))) {
		return // helm prints an address, or what it makes of one
	}
	if (err == nil) != (wantErr == nil) || err == nil && !maps.Equal(got, want) {
		t.Fatalf("render(%q) = %q, %v\nwant %q, %v", files, got, err, want, wantErr)
	}
}

// TestFunctionsLikeHelm calls every function with arguments that fit or do not.
func TestFunctionsLikeHelm(t *testing.T) {
	names := strings.Fields(shallowFuncs + " " + deepFuncs + " " + printFuncs + " " + growingFuncs + " dict")
	names = append(names, slices.Sorted(maps.Keys(builtins()))...)
	names = append(names, slices.Sorted(maps.Keys(ownDeep()))...) // those of ownPrint are built in
	names = append(names, "required", "fail", "include", "tpl")
	rapid.Check(t, func(t *rapid.T) {
		for range 10 {
			both(t, map[string]string{"a.yaml": "{{ " + expression(t, names, 2) + " }}"})
		}
	})
}

// expression draws a call whose arguments may be calls.
func expression(t *rapid.T, names []string, depth int) string {
	atoms := []string{
		`"a b"`, `"x,y"`, `"b"`, `""`, `"[a-c]+"`, `"2"`, "3", "-2", "2.5", "0", "true", "nil", ".Values.s", ".Values.n", ".Values.f", ".Values.t", ".Values.null",
		".Values.empty", ".Values.list", ".Values.map", ".Values.none", ".Values.missing", ".Values.map.a.x", ".Values.tpl", ".Release.Name", ".Capabilities.KubeVersion",
		`(.Files.Get "conf/a.txt")`, `(list 1 2 "x")`, `(dict "a" 1 "b" "c")`, `(list)`, `("1.2.3")`, `">=1.0"`, "$", ".Values",
	}
	call := rapid.SampledFrom(names).Draw(t, "function")
	var out []string
	for range arguments(t, call) {
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "nested") == 3 {
			out = append(out, "("+expression(t, names, depth-1)+")")
		} else {
			out = append(out, rapid.SampledFrom(atoms).Draw(t, "atom"))
		}
	}
	switch rapid.IntRange(0, 3).Draw(t, "form") {
	case 0:
		if len(out) > 0 {
			last := out[len(out)-1]
			return last + " | " + strings.Join(append([]string{call}, out[:len(out)-1]...), " ")
		}
	case 1:
		return strings.Join(append([]string{call}, out...), " ") + " | toJson"
	}
	return strings.Join(append([]string{call}, out...), " ")
}

// arguments draws how many arguments a call has: mostly as many as it takes.
func arguments(t *rapid.T, call string) int {
	n := rapid.IntRange(0, 3).Draw(t, "arguments")
	if f, ok := functions(newMeter(context.Background()))[call]; ok && rapid.IntRange(0, 9).Draw(t, "any") != 7 {
		if t := reflect.TypeOf(f); !t.IsVariadic() {
			return t.NumIn()
		}
	}
	return n
}

// TestTemplatesLikeHelm executes nested actions of every kind.
func TestTemplatesLikeHelm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		both(t, map[string]string{
			"_h.tpl": `{{ define "one" }}[{{ . | toJson }}]{{ end }}{{ define "two" }}{{ template "one" .s }}{{ if .n }}<{{ include "one" (dict "s" .n) }}>{{ end }}{{ end }}`,
			"a.yaml": actions(t, 3),
			"b.yaml": actions(t, 2),
		})
	})
}

// actions draws a piece of a template.
func actions(t *rapid.T, depth int) string {
	atoms := []string{
		"x", "\n  ", "{{- .Values.s }}", "{{ .Values.missing }}", "{{ .Values.null }}", "{{ .Values.map -}}", "{{ $.Values.n }}",
		"{{ template \"one\" .Values.list }}", "{{ template \"one\" }}", "{{ template \"two\" .Values }}", "{{ include \"two\" $.Values | quote }}", "{{ tpl .Values.tpl $ }}", "{{ tpl `{{ define \"own\" }}{{ .Values.s }}{{ end }}{{ include \"own\" . }}` $ }}", "{{ $x := .Values.s }}{{ $x }}{{ $x = 3 }}{{ $x }}",
		"{{ .Capabilities.KubeVersion }}", "{{ $k := $.Capabilities.KubeVersion }}{{ $k.GitVersion }}", "{{ .Capabilities.APIVersions.Has \"v1\" }}", "{{/* no */}}",
		"{{ .Files.Lines \"conf/a.txt\" }}", "{{ (.Files.Glob \"conf/*\").AsConfig }}", "{{ (.Files.Glob \"**b*\").AsSecrets }}", "{{ range $p, $_ := $.Files }}{{ $p }}{{ end }}",
		"{{ .Chart.Name }}-{{ .Chart.IsRoot }}", "{{ .Template.Name }}{{ .Template.BasePath }}", "{{ set $.Values \"added\" 1 | len }}", "{{ $.Values.added }}",
		"{{ eq .Values.missing nil }}", "{{ eq .Values.s \"a-b c\" }}", "{{ and .Values.missing (fail \"never\") }}", "{{ or .Values.s (fail \"never\") }}",
		"{{ keys $.Values | sortAlpha }}", "{{ .Values.YAML }}", "{{ .Values.map.a.x | first }}", "{{ index .Values \"list\" 1 }}", "{{ required \"need\" .Values.n }}",
	}
	fails := []string{
		"{{ .Values.missing.deep }}", "{{ template \"none\" . }}", "{{ hasKey .Values.missing \"a\" }}", "{{ break }}", "{{ continue }}", "{{ nothing }}", "{{ end }}", "{{ .Values.s 1 }}",
	}
	var out strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "actions") {
		if depth == 0 || rapid.Bool().Draw(t, "atom") {
			if rapid.IntRange(0, 40).Draw(t, "fails") == 37 {
				atoms = fails
			}
			out.WriteString(rapid.SampledFrom(atoms).Draw(t, "action"))
			continue
		}
		form := rapid.SampledFrom([]string{
			"{{ if .Values.t }}%s{{ else }}%s{{ end }}", "{{ if .Values.none }}%s{{ else if .Values.n }}%s{{ end }}", "{{ with $ }}%s{{ else }}%s{{ end }}",
			"{{ with .Values.missing }}%s{{ else with $ }}%s{{ end }}", "{{ range $i, $e := .Values.list }}{{ $i }}{{ with $ }}%s{{ end }}{{ else }}%s{{ end }}",
			"{{ range .Values.missing }}%s{{ else }}%s{{ end }}", "{{ range $k, $v := .Values.map }}{{ $k }}{{ $v }}{{ else }}%s%s{{ end }}", "{{ range 2 }}{{ . }}{{ with $ }}%s{{ end }}{{ end }}%s",
			"{{ range until 2 }}{{ if . }}{{ continue }}{{ end }}{{ with $ }}%s%s{{ end }}{{ end }}", "{{ $y := 1 }}{{ with $ }}%s{{ $y = 2 }}%s{{ end }}{{ $y }}",
		}).Draw(t, "form")
		fmt.Fprintf(&out, form, actions(t, depth-1), actions(t, depth-1))
	}
	return out.String()
}
