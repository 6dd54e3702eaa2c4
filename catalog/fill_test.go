package catalog_test

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// withParameters returns the one version of a catalog whose parameters are the
// given YAML, indented by two.
func withParameters(t testing.TB, parameters string) (*catalog.Version, error) {
	t.Helper()
	text := "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: p\nversion: \"1\"\ncomponents: [{name: a}]\nparameters:\n" + parameters
	f := files{
		"products/p/1/product.yaml":                    text,
		"products/p/1/components/a/kustomization.yaml": "resources: []\n",
	}
	c, err := catalog.LoadUnlocked(f.fsys())
	if err != nil {
		return nil, err
	}
	return c.Version(ident.Must[ident.ProductKind]("p"), ident.Must[ident.VersionKind]("1"))
}

const someParameters = `
  type: object
  additionalProperties: false
  required: [host]
  properties:
    host: {type: string, format: hostname}
    level: {type: string, enum: [low, high], default: low}
    workers: {type: integer, minimum: 1, maximum: 100000, default: 4}
    ratio: {type: number, minimum: 0, default: 0.5}
    tls: {type: boolean, default: true}
    word: {type: string, pattern: "^[a-z]*$", maxLength: 8, default: ""}
  if: {properties: {tls: {const: false}}}
  then: {properties: {level: {const: low}}}
`

func TestFill(t *testing.T) {
	v, err := withParameters(t, someParameters)
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{"host": "a.example", "level": "low", "workers": "4", "ratio": "0.5", "tls": "true", "word": ""}
	for name, tc := range map[string]struct {
		reason string
		params map[string]any
		want   map[string]string // beside the defaults
	}{
		"Defaults":     {"what is left out has its default", nil, nil},
		"Int64":        {"as decoded from YAML", map[string]any{"workers": int64(100000)}, map[string]string{"workers": "100000"}},
		"Float":        {"as decoded from JSON", map[string]any{"workers": float64(100000)}, map[string]string{"workers": "100000"}},
		"Number":       {"as decoded with UseNumber", map[string]any{"workers": json.Number("1e5")}, map[string]string{"workers": "100000"}},
		"WholeFloat":   {"3.0 is the integer 3", map[string]any{"workers": 3.0}, map[string]string{"workers": "3"}},
		"LargeFloat":   {"no exponent", map[string]any{"ratio": 123456789012345.0}, map[string]string{"ratio": "123456789012345"}},
		"SmallFloat":   {"no exponent", map[string]any{"ratio": 0.0000001}, map[string]string{"ratio": "0.0000001"}},
		"False":        {"booleans are words", map[string]any{"tls": false}, map[string]string{"tls": "false"}},
		"NumericWord":  {"strings stay strings", map[string]any{"host": "1e3"}, map[string]string{"host": "1e3"}},
		"NullWord":     {"strings stay strings", map[string]any{"word": "null"}, map[string]string{"word": "null"}},
		"OverrideNull": {"an empty string is a value", map[string]any{"word": ""}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			params := map[string]any{"host": "a.example"}
			maps.Copy(params, tc.params)
			want := maps.Clone(defaults)
			maps.Copy(want, tc.want)
			got, err := v.Fill(params)
			if err != nil {
				t.Fatalf("%s: Fill(%v): %v", tc.reason, params, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: Fill(%v) (-want +got):\n%s", tc.reason, params, diff)
			}
		})
	}
}

func TestFillRefuses(t *testing.T) {
	v, err := withParameters(t, someParameters)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason string
		params map[string]any
		want   []string
	}{
		"Missing":     {"a required parameter has no default", map[string]any{}, []string{`"host"`}},
		"Unknown":     {"a misspelt parameter would be lost", map[string]any{"lvel": "low"}, []string{`"lvel"`, `did you mean "level"?`}},
		"BuiltIn":     {"built-in names are not the tenant's", map[string]any{"tenantId": "x"}, []string{`"tenantId"`}},
		"Enum":        {"the schema's values only", map[string]any{"level": "middle"}, []string{`"level"`, "low"}},
		"Type":        {"a number is no string", map[string]any{"level": 5.0}, []string{`"level"`, "string"}},
		"StringInt":   {"a string is no number", map[string]any{"workers": "5"}, []string{`"workers"`}},
		"Fraction":    {"an integer is whole", map[string]any{"workers": 1.5}, []string{`"workers"`}},
		"Range":       {"bounds hold", map[string]any{"workers": int64(0)}, []string{`"workers"`}},
		"Format":      {"formats are enforced", map[string]any{"host": "not a host"}, []string{`"host"`, "hostname"}},
		"Pattern":     {"patterns are enforced", map[string]any{"word": "ABC"}, []string{`"word"`}},
		"Conditional": {"the whole schema holds", map[string]any{"tls": false, "level": "high"}, []string{`"level"`}},
		"List":        {"scalars only", map[string]any{"word": []any{"a"}}, []string{`"word"`, "list"}},
		"Mapping":     {"scalars only", map[string]any{"word": map[string]any{}}, []string{`"word"`, "mapping"}},
		"Null":        {"null is no value", map[string]any{"word": nil}, []string{`"word"`, "null"}},
		"Huge":        {"numbers are bounded before they are compared", map[string]any{"ratio": json.Number("1e999999999")}, []string{`"ratio"`, "out of range"}},
		"HugeInt":     {"ten to the twelfth workers", map[string]any{"workers": int64(1e12)}, []string{`"workers"`}},
		"Infinite":    {"infinity is no number", map[string]any{"ratio": math.Inf(1)}, []string{"out of range"}},
		"NaN":         {"NaN is no number", map[string]any{"ratio": math.NaN()}, []string{"out of range"}},
		"Newline":     {"values have one line", map[string]any{"word": "a\nb: c"}, []string{`"word"`, "U+000A"}},
		"NUL":         {"values are printable", map[string]any{"word": "a\x00"}, []string{"U+0000"}},
		"Direction":   {"no marks that turn text round", map[string]any{"word": "a\u202eb"}, []string{"U+202E"}},
		"Long":        {"values are bounded", map[string]any{"word": strings.Repeat("a", 5000)}, []string{"5000 bytes"}},
		"LongName":    {"hostile names are clipped", map[string]any{strings.Repeat("a", 1<<20): 1}, []string{"aaa"}},
		"UTF8":        {"bytes are no text", map[string]any{"word": "\xff"}, []string{"UTF-8"}},
		"NumberWord":  {"an integer is no string", map[string]any{"word": int64(5)}, []string{`"word"`}},
		"ControlName": {"names are quoted", map[string]any{"a\x1b[2J": 1}, []string{`"a\x1b[2J"`}},
		"SemverHost":  {"formats know lengths", map[string]any{"host": strings.Repeat("a", 64)}, []string{`"host"`}},
	} {
		t.Run(name, func(t *testing.T) {
			params := map[string]any{"host": "a.example"}
			if name == "Missing" {
				params = map[string]any{}
			}
			maps.Copy(params, tc.params)
			got, err := v.Fill(params)
			if err == nil {
				t.Fatalf("%s: Fill(%.60v) = %v, want an error", tc.reason, params, got)
			}
			for _, f := range catalog.Faults(err) {
				text := f.Error() + " / " + fault.HintOf(f)
				if slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(text, w) }) || fault.HintOf(f) == "" {
					t.Errorf("%s: Fill = %q, want a fault with a hint that names %q", tc.reason, text, tc.want)
				}
				if len(f.Error()) > 600 || strings.ContainsAny(f.Error(), "\n\x00\x1b") {
					t.Errorf("%s: Fill = %.700q, want one short printable line", tc.reason, f)
				}
			}
		})
	}
}

// A parameter that is writeOnly takes the name of a Secret; what is none is
// refused and not shown, for it may be the secret itself.
func TestSecretParameters(t *testing.T) {
	v, err := withParameters(t, "  properties: {key: {type: string, writeOnly: true, default: web-key}}\n")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Fill(map[string]any{"key": "other-key"}); err != nil || got["key"] != "other-key" {
		t.Errorf("Fill() = %v, %v, want the name", got, err)
	}
	if names := v.Secrets(); len(names) != 1 || names[0] != "key" {
		t.Errorf("Secrets() = %q, want key", names)
	}
	for _, secret := range []any{"Hunter2!", "pass word", "", 7, strings.Repeat("a", 254)} {
		_, err := v.Fill(map[string]any{"key": secret})
		if err == nil || !strings.Contains(err.Error(), `parameter "key": it takes the name of a Secret`) || strings.Contains(err.Error(), "Hunter2") || fault.HintOf(err) == "" {
			t.Errorf("Fill(%v) = %v, want a refusal that does not show it", secret, err)
		}
		if _, ok := v.Accepts("key", secret); ok {
			t.Errorf("Accepts(%v) = true", secret)
		}
	}
	for _, bad := range []string{"{type: integer, writeOnly: true, default: 1}", "{type: string, writeOnly: false, default: a}", "{type: string, writeOnly: true, default: A secret}"} {
		if _, err := withParameters(t, "  properties: {key: "+bad+"}\n"); err == nil {
			t.Errorf("a parameter %s is taken", bad)
		}
	}
}

func TestFillReportsEveryFault(t *testing.T) {
	v, err := withParameters(t, someParameters)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Fill(map[string]any{"host": "a.example", "level": "x", "workers": int64(0), "word": "ABC"})
	if got := len(catalog.Faults(err)); got != 3 {
		t.Errorf("Fill = %v, want three faults", err)
	}
}

func TestParametersAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, parameters string
		want               []string
	}{
		"BuiltIn":       {"built-in names would be overwritten", "  properties: {tenantId: {type: string, default: a}}\n", []string{`"tenantId"`, "built in"}},
		"Name":          {"names are those of a ConfigMap and of people", "  properties: {Log-Level: {type: string, default: a}}\n", []string{"Log-Level"}},
		"NoValue":       {"a parameter always has a value", "  properties: {a: {type: string}}\n", []string{`"a"`, "default"}},
		"Array":         {"scalars only", "  properties: {a: {type: array, default: []}}\n", []string{`"a"`, "array"}},
		"TypeList":      {"one type", "  properties: {a: {type: [string, 'null'], default: a}}\n", []string{`"a"`}},
		"BadDefault":    {"defaults obey the schema", "  properties: {a: {type: integer, maximum: 3, default: 4}}\n", []string{`"a"`, "4"}},
		"BadKeyword":    {"a misspelt keyword would check nothing", "  properties: {a: {type: string, patern: '^a$', default: a}}\n", []string{`"patern"`, `"pattern"`}},
		"TopKeyword":    {"a misspelt keyword would check nothing", "  requierd: [a]\n  properties: {a: {type: string, default: a}}\n", []string{`"requierd"`, `"required"`}},
		"BadPattern":    {"patterns compile", "  properties: {a: {type: string, pattern: '(', default: a}}\n", []string{"pattern"}},
		"BadFormat":     {"an unknown format would check nothing", "  properties: {a: {type: string, format: hostnam, default: a}}\n", []string{`"hostnam"`, `"hostname"`}},
		"RemoteRef":     {"schemas fetch nothing", "  properties: {a: {type: string, $ref: 'https://example.com/s.json', default: a}}\n", []string{"https://example.com/s.json", "$ref"}},
		"RequiredText":  {"required is a list", "  required: a\n  properties: {a: {type: string, default: a}}\n", []string{"required", "not a list"}},
		"RequiredOther": {"required names parameters", "  required: [1]\n  properties: {a: {type: string, default: a}}\n", []string{"required", "1 is not a string"}},
		"RefInList":     {"a parameter is what its own schema says", "  properties: {a: {type: string, default: a}, b: {type: string, default: b, allOf: [{$ref: '#/properties/a'}]}}\n", []string{"#/properties/a", "leaves the document"}},
		"IdInList":      {"no second name for a schema", "  anyOf: [{$id: 'urn:x'}]\n", []string{"$id", "not allowed"}},
		"FileRef":       {"schemas read no files", "  allOf: [{$ref: 'file:///etc/passwd'}]\n", []string{"file:///etc/passwd"}},
		"ID":            {"an $id would move the base of references", "  $defs: {a: {$id: 'https://example.com/'}}\n", []string{"$id"}},
		"Dialect":       {"one draft", "  $schema: http://json-schema.org/draft-07/schema#\n", []string{"draft-07"}},
		"OpenObject":    {"declared parameters only", "  additionalProperties: true\n", []string{"declared"}},
		"NotObject":     {"parameters are an object", "  type: string\n", []string{"object"}},
		"RequiredGhost": {"a required parameter exists", "  required: [a, levle]\n  properties: {a: {type: string}}\n", []string{`"levle"`}},
		"Meta":          {"the schema is a schema", "  properties: {a: {type: integer, minimum: x, default: 1}}\n", []string{"minimum"}},
		"MissingDef":    {"references lead somewhere", "  properties: {a: {type: string, $ref: '#/$defs/x', default: a}}\n", []string{"$defs/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := withParameters(t, tc.parameters)
			matched := slices.ContainsFunc(catalog.Faults(err), func(f error) bool {
				text := f.Error() + " / " + fault.HintOf(f)
				return fault.HintOf(f) != "" && !slices.ContainsFunc(tc.want, func(w string) bool { return !strings.Contains(text, w) })
			})
			if !matched {
				t.Errorf("%s: LoadUnlocked = %v, want a fault with a hint that names %q", tc.reason, err, tc.want)
			}
		})
	}
}

// Whatever Fill returns is complete, printable and free of exponents.
func TestFillIsTotal(t *testing.T) {
	v, err := withParameters(t, someParameters)
	if err != nil {
		t.Fatal(err)
	}
	value := rapid.OneOf(
		rapid.Float64().AsAny(), rapid.Int64().AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny(),
		rapid.Custom(func(t *rapid.T) any {
			return json.Number(rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,5})?(e[0-9]{1,3})?`).Draw(t, "number"))
		}))
	rapid.Check(t, func(t *rapid.T) {
		params := rapid.MapOfN(rapid.SampledFrom([]string{"host", "level", "workers", "ratio", "tls", "word", "other"}), value, 0, 4).Draw(t, "params")
		got, err := v.Fill(params)
		if err != nil {
			return
		}
		if diff := cmp.Diff(v.ParameterNames(), slices.Sorted(maps.Keys(got))); diff != "" {
			t.Fatalf("Fill gave other parameters than declared:\n%s", diff)
		}
		if strings.ContainsAny(got["workers"]+got["ratio"], "eE") {
			t.Fatalf("Fill = %v, want no exponents", got)
		}
	})
}
