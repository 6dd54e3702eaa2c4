package strict_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// form has every kind of field that our documents have.
type form struct {
	Name  ident.Ring                      `json:"name"`
	Rings []ring                          `json:"rings"`
	Text  string                          `json:"text"`
	Keep  *int                            `json:"keep"`
	Share float64                         `json:"share"`
	Led   bool                            `json:"led"`
	Any   map[string]any                  `json:"any"`
	Raw   json.RawMessage                 `json:"raw"`
	Since time.Time                       `json:"since"`
	Ports map[ident.Product]ident.Version `json:"ports"`
}

type ring struct {
	Versions map[ident.Product]ident.Version `json:"versions"`
}

// What does not decode is told by line, field and value, with what to write.
func TestMisfits(t *testing.T) {
	for name, tc := range map[string]struct{ in, want, hint string }{
		"Name":      {"rings:\n- versions: {swg: 202}\n", "line 2: rings[0].versions.swg: 202 is a number, not a string", `quote it: "202"`},
		"Text":      {"\ntext: 21\nled: true", "line 2: text: 21 is a number, not a string", `quote it: "21"`},
		"OneLine":   {"text: 21\n", "text: 21 is a number, not a string", `quote it: "21"`},
		"Boolean":   {`{"text": true}`, "text: true is a boolean, not a string", `quote it: "true"`},
		"Norway":    {"text: no", "text: no is a boolean, not a string", `quote it: "no"`},
		"Gate":      {"led: true\nname: Early", `line 2: name: ring name "Early"`, "use 1 to 20 characters"},
		"Key":       {"ports: {SWG: \"1\"}", `ports: product name "SWG"`, "use 1 to 15 characters"},
		"Number":    {"keep: \"2\"", `keep: "2" is a string, not a whole number`, "write a whole number there, without quotes"},
		"Fraction":  {"keep: 1.5", "keep: 1.5 is a number, not a whole number", "write a whole number there"},
		"Large":     {"keep: 99999999999999999999", "keep: 99999999999999999999 is a number, not a whole number", "write a whole number there"},
		"Float":     {"share: half", `share: "half" is a string, not a number`, "write a number there, without quotes"},
		"Switch":    {"led: 1", "led: 1 is a number, not true or false", "write true or false there"},
		"List":      {"rings: {a: b}", "rings: it is a mapping, not a list", "write a list there"},
		"Mapping":   {"rings: [a]", `rings[0]: "a" is a string, not a mapping`, "write a mapping there, without quotes"},
		"Whole":     {"[1]", "it is a list, not a mapping", "write a mapping there"},
		"Time":      {"since: 2024", "since: 2024 is a number, not a string", `quote it: "2024"`},
		"Misspelt":  {"rings:\n- verions: {}", `line 2: rings[0]: unknown field "verions"`, `did you mean "versions"?`},
		"Unknown":   {"zzzzzz: 1", `unknown field "zzzzzz"`, `the fields are "any", "keep", "led" and 7 more`},
		"Several":   {"text: 1\nled: 2\nkeep: x\nshare: x\nname: 3", `line 1: text: 1 is a number, not a string; line 2: led: 2 is a number, not true or false; line 3: keep: "x" is a string, not a whole number; and 2 more`, `quote it: "1"`},
		"Hostile":   {"\"a\\u202e\": 1", `unknown field "a\u202e"`, "the fields are"},
		"LongValue": {"text: " + strings.Repeat("1", 200), "text: " + strings.Repeat("1", 48) + " is a number", "quote it"},
	} {
		t.Run(name, func(t *testing.T) {
			var out form
			err := strict.YAML([]byte(tc.in), bound, &out)
			if err == nil || !strings.HasPrefix(err.Error(), "decoding YAML: "+tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("YAML(%q) = %v, want one line that begins with %s", tc.in, err, tc.want)
			}
			if !strings.HasPrefix(fault.HintOf(err), tc.hint) {
				t.Errorf("YAML(%q) has the hint %q, want %q", tc.in, fault.HintOf(err), tc.hint)
			}
		})
	}
}

// What decodes has no misfit, whatever it looks like.
func TestNoMisfit(t *testing.T) {
	for name, in := range map[string]string{
		"Whole": "keep: 1e3\nshare: 1\nled: on\n", "Null": "rings: null\nname: ~\nkeep:\n", "Any": "any: {a: 1, b: [x]}\nraw: {a: [1]}\n",
		"Date": "text: 2024-06-18\nsince: 2024-06-18T00:00:00Z\n", "Quoted": "text: \"21\"\nports: {swg: \"202\"}\n", "Block": "text: |\n  on\n",
	} {
		t.Run(name, func(t *testing.T) {
			var out form
			if err := strict.YAML([]byte(in), bound, &out); err != nil {
				t.Fatalf("YAML(%q) = %v, want nil", in, err)
			}
			if err := strict.Misfit([]byte(in), &out); err != nil {
				t.Errorf("Misfit(%q) = %v, want nil", in, err)
			}
		})
	}
}
