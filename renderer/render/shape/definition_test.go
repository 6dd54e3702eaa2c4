package shape

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// engineDefinition has what structural schemas have.
const engineDefinition = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: engines.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Engine, plural: engines}
  versions:
  - {name: v1alpha1, served: false, storage: false, schema: {openAPIV3Schema: {type: object}}}
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        required: [spec]
        properties:
          spec:
            type: object
            required: [size, mode]
            properties:
              size: {type: integer, format: int32, minimum: 1, maximum: 9}
              share: {type: number, minimum: 0, exclusiveMinimum: true}
              mode: {type: string, enum: [fast, safe], default: safe}
              name: {type: string, pattern: "^[a-z]+$", maxLength: 5, nullable: true}
              port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
              labels: {type: object, additionalProperties: {type: string}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: boolean}}}
              template: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object}}}
              rules:
                type: array
                maxItems: 2
                items:
                  type: object
                  properties: {a: {type: string}, b: {type: string}}
                  oneOf: [{required: [a]}, {required: [b]}]
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
`

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := strict.YAML([]byte(text), 1<<20, &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

// engines are specs of an Engine, and what its definition says of them; empty for nothing.
var engines = map[string]struct{ reason, spec, want string }{
	"Good":         {"as defined", `{size: 3, share: 0.5, mode: fast, name: abc, port: 80, labels: {a: b}, rules: [{a: x}, {b: x}]}`, ""},
	"Defaulted":    {"the API server fills it in", `{size: 3}`, ""},
	"Nullable":     {"it may be nothing", `{size: 3, name: null}`, ""},
	"PortText":     {"a name of a port", `{size: 3, port: http}`, ""},
	"Free":         {"what is kept", `{size: 3, free: {known: true, x: {y: 1}}}`, ""},
	"Template":     {"an object in an object", `{size: 3, template: {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {}}}`, ""},
	"Type":         {"a text is no number", `{size: "3"}`, `field "spec.size"`},
	"Fraction":     {"nor is a half whole", `{size: 1.5}`, `field "spec.size"`},
	"Bool":         {"true is no text", `{size: 3, name: true}`, `field "spec.name"`},
	"Null":         {"it may not be nothing", `{size: null}`, `field "spec.size"`},
	"Missing":      {"it must be there", `{mode: fast}`, `field "spec"`},
	"Unknown":      {"the API server would drop it", `{size: 3, sise: 3}`, "sise"},
	"UnknownBelow": {"at any depth", `{size: 3, rules: [{a: x, c: y}]}`, `field "spec.rules.0"`},
	"UnknownInPod": {"in an embedded object", `{size: 3, template: {spec: {containers: []}}}`, `field "spec.template.spec"`},
	"FreeTyped":    {"what is known among what is kept", `{size: 3, free: {known: 1}}`, `field "spec.free.known"`},
	"Small":        {"less than the least", `{size: 0}`, `field "spec.size"`},
	"Exclusive":    {"the bound itself is out", `{size: 3, share: 0}`, `field "spec.share"`},
	"Enum":         {"no such mode", `{size: 3, mode: slow}`, `field "spec.mode"`},
	"Pattern":      {"another form", `{size: 3, name: A}`, `field "spec.name"`},
	"Long":         {"too long", `{size: 3, name: abcdef}`, `field "spec.name"`},
	"Labels":       {"values are texts", `{size: 3, labels: {a: 1}}`, `field "spec.labels.a"`},
	"Both":         {"one of them", `{size: 3, rules: [{a: x, b: y}]}`, `field "spec.rules.0"`},
	"Many":         {"too many", `{size: 3, rules: [{a: x}, {a: x}, {a: x}]}`, `field "spec.rules"`},
	"Port":         {"neither number nor text", `{size: 3, port: [80]}`, `field "spec.port"`},
}

func TestDefinitions(t *testing.T) {
	var d Definitions
	if err := d.Define(object(t, engineDefinition)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range engines {
		t.Run(name, func(t *testing.T) {
			err := d.Check(object(t, "{apiVersion: example.com/v1, kind: Engine, metadata: {name: x, labels: {a: b}}, spec: "+tc.spec+"}"))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n")) {
				t.Errorf("Check() = %v, want one line with %s and a hint: %s", err, tc.want, tc.reason)
			}
		})
	}
	for name, tc := range map[string]struct{ reason, text, want string }{
		"Top":      {"a field beside spec", "{apiVersion: example.com/v1, kind: Engine, metadata: {name: x}, spec: {size: 3}, data: {}}", "data"},
		"NoSpec":   {"it must be there", "{apiVersion: example.com/v1, kind: Engine, metadata: {name: x}}", "spec"},
		"Unserved": {"a version that is gone", "{apiVersion: example.com/v1alpha1, kind: Engine, metadata: {name: x}}", "serves no version"},
		"Other":    {"nobody defined it", "{apiVersion: example.com/v1, kind: Motor, metadata: {name: x}, spec: {sise: 3}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if err := d.Check(object(t, tc.text)); (err != nil) != (tc.want != "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Check() = %v, want %q: %s", err, tc.want, tc.reason)
			}
		})
	}
}

func TestDefineRefuses(t *testing.T) {
	_, served, _ := strings.Cut(engineDefinition, "  versions:")
	for name, tc := range map[string]struct{ reason, old, new, want string }{
		"Group":    {"whose is it?", "group: example.com", "group: \"\"", "names.kind"},
		"Versions": {"nothing is served", "  versions:" + served, "  versions: []\n", "0 versions"},
		"NoSchema": {"what is not served needs none", "schema: {openAPIV3Schema: {type: object}}", "x: y", ""},
		"Pattern":  {"the API server would refuse it", `"^[a-z]+$"`, `"^[a-z"`, `version "v1"`},
		"Type":     {"there is no such type", "size: {type: integer", "size: {type: int", `version "v1"`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(engineDefinition, tc.old, tc.new, 1)
			if text == engineDefinition {
				t.Fatalf("the definition has no %q", tc.old)
			}
			var d Definitions
			err := d.Define(object(t, text))
			if (err != nil) != (tc.want != "") || err != nil && (!strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "") {
				t.Errorf("Define() = %v, want %q and a hint: %s", err, tc.want, tc.reason)
			}
		})
	}
}
