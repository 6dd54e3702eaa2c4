package base

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

const engineKind = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: engines.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Engine, listKind: EngineList, plural: engines, singular: engine}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}, level: {type: string, enum: [info, debug, hello]}}}
`

// Custom objects are what the catalog's definitions of their kinds say, whoever
// defines them and whatever a tenant's parameters are.
func TestDefinitionsArePartOfTheProof(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	engine := func(spec, more string) map[string]string {
		return plain(t, map[string]string{
			"product.yaml": few(text(t, "product.yaml")) + "kinds:\n- {group: example.com, kind: Engine}\n",
			claimFile:      text(t, claimFile) + "---\napiVersion: example.com/v1\nkind: Engine\nmetadata: {name: demo-engine}\nspec: " + spec + "\n",
			replaceFile:    text(t, replaceFile) + more,
		})
	}
	level := "- source: {kind: ConfigMap, name: parameters, fieldPath: data.greeting}\n  targets: [{select: {kind: Engine, name: demo-engine}, fieldPaths: [spec.level]}]\n"
	deployed := map[string]string{
		"shared/engines/1/component.yaml":                      "apiVersion: sluice.gatorcloud.io/v1\nkind: SharedComponent\nname: engines\nversion: \"1\"\nsharing: environment\ncomponents: [{name: kinds}]\n",
		"shared/engines/1/components/kinds/kustomization.yaml": "resources: [kinds.yaml]\n",
		"shared/engines/1/components/kinds/kinds.yaml":         engineKind,
	}
	files := map[string]string{"schemas/engines.yaml": engineKind}
	for name, tc := range map[string]struct {
		reason string
		edits  map[string]string
		known  map[string]string
		want   string
	}{
		"Unknown":      {"nobody says what it has", engine("{sise: x}", ""), nil, ""},
		"Good":         {"as defined", engine("{size: 3, level: info}", ""), files, ""},
		"Type":         {"a text is no number", engine(`{size: "3"}`, ""), files, `Engine "demo-engine": field "spec.size"`},
		"Field":        {"the API server would drop it", engine("{sise: 3}", ""), files, "sise"},
		"Deployed":     {"a component brings it", engine("{sise: 3}", ""), deployed, "sise"},
		"Parameter":    {"a tenant would break it", engine("{size: 3, level: info}", level), files, `parameter "greeting" may be`},
		"NoDefinition": {"only kinds are defined there", engine("{size: 3}", ""), map[string]string{"schemas/x.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"}, `schemas/x.yaml: ConfigMap "x" defines no kind`},
	} {
		t.Run(name, func(t *testing.T) {
			all := demo(t, tc.edits)
			for name, data := range tc.known {
				all[name] = &fstest.MapFile{Data: []byte(data)}
			}
			c, err := catalog.LoadUnlocked(all)
			if err != nil {
				t.Fatal(err)
			}
			err = Publishable(t.Context(), c, nil)
			if tc.want == "" && err != nil {
				t.Errorf("Publishable() = %v, want nil: %s", err, tc.reason)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || fault.HintOf(catalog.Faults(err)[0]) == "") {
				t.Errorf("Publishable() = %v, want %s and a hint: %s", err, tc.want, tc.reason)
			}
		})
	}
}
