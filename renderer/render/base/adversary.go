package base

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
)

// axis is one parameter with values that a tenant may give it, written as the
// overlay writes them. The first is an ordinary one.
type axis struct {
	name   string
	own    bool
	values []string
	raw    []any // of an own parameter: what values are written from
	ends   []int // values that are least likely to fit beside another parameter's
	// unproven says that nothing that was tried is legal; the value is a guess.
	unproven bool
}

// axes returns every parameter that a version may use with the values that are
// most likely to break it: the ends of its schema, and texts that YAML takes for
// something else.
func axes(v *catalog.Version) []axis {
	all := builtinAxes(v)
	for _, name := range v.ParameterNames() {
		all = append(all, ownAxis(v, name))
	}
	for i, a := range all {
		all[i].ends = extremes(a)
	}
	return all
}

// ordinary returns parameters as a tenant could have them: the first value of
// every axis.
func ordinary(v *catalog.Version) map[string]string {
	out := v.Defaults()
	for _, a := range builtinAxes(v) {
		out[a.name] = a.values[0]
	}
	for _, name := range v.ParameterNames() {
		if _, has := out[name]; !has {
			out[name] = ownAxis(v, name).values[0]
		}
	}
	return out
}

// builtinAxes are the parameters that sluice gives, at the ends of their forms.
func builtinAxes(v *catalog.Version) []axis {
	long := strings.Repeat("x", 63)
	host := strings.Join([]string{long, long, strings.Repeat("y", 40)}, ".") // a tenant's code and a name fit before it
	all := []axis{
		{name: "domain", values: []string{"pop.example.com", "a", "0123.1e3", host}},
		{name: "environment", values: []string{"local", "a", "n-0"}},
		{name: "namespace", values: []string{"tenant-1000006", "b", long}},
		{name: "popCode", values: []string{"sha1", "true", "0123", "1e3"}},
		{name: "popId", values: []string{"17", "0123", "1e3", strings.Repeat("p", 63)}},
		{name: "product", values: []string{v.Name}},
		{name: "version", values: []string{v.Version}},
		{name: "replicas", values: []string{"3", "0", "1", "1000"}},
		{name: "storage", values: []string{"80Gi", "1Mi", "1Pi", "1500M", "1048576"}},
		{name: "storageClass", values: []string{"standard", "true", "0123", "a.b"}},
	}
	if v.Sharing == catalog.SharingEnvironment {
		return all
	}
	return append(all,
		axis{name: "tenantId", values: []string{"1000006", "0", "0123", "1e3", "true", "a-b", strings.Repeat("9", 40)}},
		axis{name: "tenantName", values: []string{"sample", "~", "true", "1e3", "0123", `a: "b" #'{}`, "深圳 ünï", strings.Repeat("n", 200)}},
		axis{name: "tenantCode", values: []string{"c5cb27eb", "12345678", "0123", "1e3", "a", strings.Repeat("9", 16)}},
	)
}

// ownAxis has the values of an own parameter that its schema accepts.
func ownAxis(v *catalog.Version, name string) axis {
	a := axis{name: name, own: true}
	for _, candidate := range candidates(v, name) {
		if written, ok := v.Accepts(name, candidate); ok && !slices.Contains(a.values, written) {
			a.values, a.raw = append(a.values, written), append(a.raw, candidate)
		}
	}
	if len(a.values) == 0 {
		a.values, a.unproven = []string{"1"}, true
	}
	return a
}

// candidates are values to try for an own parameter, the most ordinary first.
func candidates(v *catalog.Version, name string) []any {
	p := property(v, name)
	var out []any
	for _, word := range []string{"default", "const"} {
		if x, ok := p[word]; ok {
			out = append(out, x)
		}
	}
	for _, word := range []string{"examples", "enum"} {
		list, _ := p[word].([]any)
		out = append(out, list...)
	}
	switch p["type"] {
	case "integer", "number":
		return append(out, numbers(p)...)
	case "boolean":
		return append(out, true, false)
	}
	if pattern, ok := p["pattern"].(string); ok {
		out = append(out, patterned(pattern)...)
	}
	return append(out, texts(p)...)
}

func property(v *catalog.Version, name string) map[string]any {
	properties, _ := v.Parameters["properties"].(map[string]any)
	p, _ := properties[name].(map[string]any)
	return p
}

// numbers are the ends of a schema's range, and of what fields can hold.
func numbers(p map[string]any) []any {
	out := []any{1, 0, -1, 2, 65536, math.MaxInt32 + 1, 1e14}
	for _, word := range []string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"} {
		if n, ok := number(p[word]); ok {
			out = append(out, n, n-1, n+1)
		}
	}
	if p["type"] == "number" {
		out = append(out, 0.5, -0.25)
	}
	return out
}

// number returns what a decoder made of a number.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

// texts are strings that YAML, shells, labels and numbers take for something
// else, and the ends of a schema's lengths.
func texts(p map[string]any) []any {
	out := []any{
		"sample", "1", "12", "0", "443", "1Gi", "10m", "sample.example.com", "registry.example.com/a:1", "https://example.com/", "a@example.com", "10.0.0.0/8", "2026-01-01",
		"", "true", "null", "yes", "~", "1e3", "0123", "0x1F", "-1", "1.5", "99999999999", ".", "-", "a b", `a: "b" #'{}[]*&!|>%@`, "深圳 ünï", strings.Repeat("x", 64), strings.Repeat("x", 254), strings.Repeat("9", 4096),
	}
	for _, word := range []string{"minLength", "maxLength"} {
		if n, ok := number(p[word]); ok && n >= 0 && n <= 4096 {
			out = append(out, strings.Repeat("x", int(n)), strings.Repeat("9", int(n)), strings.Repeat("-", int(n)))
		}
	}
	return out
}

// rounds returns how many samples meet every value of every axis.
func rounds(all []axis) int {
	n := 1
	for _, a := range all {
		n = max(n, len(a.values))
	}
	return n
}

// at returns the index of the value in a round.
func (a axis) at(round int) int { return round % len(a.values) }

// values returns the parameters of a round, all of them at once.
func values(all []axis, round int) map[string]string {
	out := make(map[string]string, len(all))
	for _, a := range all {
		out[a.name] = a.values[a.at(round)]
	}
	return out
}

// String names the parameter and the value that it has in a round.
func (a axis) String() string {
	kind := "parameter"
	if !a.own {
		kind = "built-in parameter"
	}
	return fmt.Sprintf("%s %q", kind, a.name)
}
