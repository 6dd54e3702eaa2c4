package sps

import (
	"maps"
	"os"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"
)

// The contract's file says what the code takes: the same fields, of the same
// objects, and no other bounds.
func TestContract(t *testing.T) {
	data, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Additional *bool `json:"additionalProperties"`
		Required   []string
		Properties map[string]struct {
			MaxItems  int     `json:"maxItems"`
			MaxLength int     `json:"maxLength"`
			Maximum   float64 `json:"maximum"`
		}
	}
	var contract struct {
		Paths      map[string]any
		Components struct{ Schemas map[string]schema }
	}
	if err := yaml.Unmarshal(data, &contract); err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string][]string{"Page": pageFields, "Tenant": tenantFields, "Authorisation": authorisationFields, "Limits": limitsFields, "Notice": noticeFields} {
		s := contract.Components.Schemas[name]
		want := slices.Sorted(slices.Values(fields))
		if got := slices.Sorted(maps.Keys(s.Properties)); !slices.Equal(got, want) || s.Additional == nil || *s.Additional || (len(s.Required) == 0) != (name == "Limits") {
			t.Errorf("%s has the fields %q, the code %q", name, got, want)
		}
	}
	all := contract.Components.Schemas
	if all["Tenant"].Properties["authorisations"].MaxItems != MaxProducts || all["Page"].Properties["snapshot"].MaxLength != maxOpaque || all["Page"].Properties["total"].Maximum != maxTotal {
		t.Error("bounds differ from those of the code")
	}
	if got := slices.Sorted(maps.Keys(contract.Paths)); !slices.Equal(got, []string{"/v1/tenants", "/v1/tenants/{id}"}) {
		t.Errorf("paths %q", got)
	}
}
