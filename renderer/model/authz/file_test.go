package authz

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

func TestDecodeFile(t *testing.T) {
	const text = `# a comment
tenants:
- tenantId: "1000006"
  tenantName: zhangyong
  tenantCode: c5cb27eb
  labels: {tier: gold}
  authorisations:
  - product: swg
    version: "202"
    replicas: 13
    maxReplicas: 20
    limits:
      concurrent: 8
      daily: 100000
    storage: 80Gi
    parameters: {mode: "on", size: 7}
    startTime: "2024-06-18T00:00:00Z"
    endTime: 2028-12-31T00:00:00Z
    description: ca-init 容器修改
- tenantId: "1e3"
  tenantName: "null"
  tenantCode: "1"
`
	swg := goldenTenant().Authorisations[1]
	swg.Parameters = map[string]any{"mode": "on", "size": int64(7)}
	want := []Tenant{
		{ID: tenantID("1000006"), Name: "zhangyong", Code: "c5cb27eb", Labels: map[string]string{"tier": "gold"}, Authorisations: []Authorisation{swg}},
		{ID: tenantID("1e3"), Name: "null", Code: "1"},
	}
	got, err := DecodeFile([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, names); diff != "" {
		t.Errorf("DecodeFile (-want +got):\n%s", diff)
	}
}

// What a list writes, an import reads back, in both forms.
func TestFileRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenants := rapid.Map(anyTenants(), func(all []Tenant) []Tenant {
			return append(all, Tenant{ID: tenantID("last"), Name: "a", Code: "b"})
		}).Draw(t, "tenants")
		for form, marshal := range map[string]func(any) ([]byte, error){"JSON": json.Marshal, "YAML": yaml.Marshal} {
			data, err := marshal(FileOf(tenants))
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeFile(data)
			if err != nil {
				t.Fatalf("DecodeFile of %s: %v\n%s", form, err, data)
			}
			if diff := cmp.Diff(tenants, got, names); diff != "" {
				t.Fatalf("round trip through %s (-want +got):\n%s\n%s", form, diff, data)
			}
		}
	})
}

func TestDecodeFileListsEveryFault(t *testing.T) {
	const text = `tenants:
- tenantId: 1000001
  tenantName: a
  tenantCode: b
- tenantId: ../../etc
  tenantName: a
  tenantCode: b
- tenantId: "1000003"
  tenantName: a
  tenantCode: B
  authorisations:
  - {product: swg, replicas: -1, startTime: "2024-06-18T00:00:00Z"}
  - {product: dsa, replica: 1, startTime: "2024-06-18T00:00:00Z"}
  - {product: UCWI, startTime: "2024-06-18T00:00:00Z"}
- tenantId: "1000003"
  tenantName: a
  tenantCode: b
- tenantId: "1000004"
  tenantName: a
  tenantCode: b
  authorisations:
  - {product: seg, startTime: "2024-06-18T00:00:00Z", endTime: "2023-06-18T00:00:00Z"}
  - {product: swg, startTime: "2024-06-18T00:00:00Z"}
  - {product: swg, startTime: "2024-06-18T00:00:00Z"}
`
	want := []string{
		`tenants[0]: tenantId: 1000001 is a number, not a string`,
		`tenants[1]: tenant id "../../etc"`,
		`tenants[2] "1000003": tenantCode "B"`,
		`tenants[2] "1000003": authorisations[0]: "swg": replicas -1`,
		`tenants[2] "1000003": authorisations[1]: unknown field "replica"`,
		`tenants[2] "1000003": authorisations[2]: product name "UCWI"`,
		`tenants[3]: tenant "1000003" is tenants[2] already`,
		`tenants[4] "1000004": authorisations[0]: "seg": endTime "2023-06-18T00:00:00Z"`,
		`tenants[4] "1000004": authorisations[2]: product "swg": is listed twice`,
	}
	got, err := DecodeFile([]byte(text))
	if got != nil || err == nil {
		t.Fatalf("DecodeFile = %v, %v, want faults only", got, err)
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		t.Fatalf("DecodeFile = %v, want joined faults", err)
	}
	faults := joined.Unwrap()
	if len(faults) != len(want) {
		t.Fatalf("DecodeFile found %d faults, want %d:\n%v", len(faults), len(want), err)
	}
	for i, f := range faults {
		if !strings.HasPrefix(f.Error(), want[i]) {
			t.Errorf("fault %d = %q, want it to begin with %q", i, f, want[i])
		}
		checkFault(t, f)
	}
}

func TestDecodeFileRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		text   string
	}{
		"Empty":          {"nothing", ""},
		"NoTenants":      {"nothing to import", "tenants: []"},
		"NoTenantsJSON":  {"nothing to import", "{}"},
		"List":           {"no object", "- tenantId: a"},
		"Unknown":        {"a misspelt field", "tenant: []"},
		"Duplicate":      {"which one counts?", "tenants: []\ntenants: []"},
		"DuplicateInner": {"which one counts?", "tenants:\n- tenantId: a\n  tenantId: a"},
		"Truncated":      {"a file that was cut", `{"tenants":[{"tenantId":"a"`},
		"Alias":          {"aliases expand", "tenants:\n- &a {tenantId: a, tenantName: a, tenantCode: a}\n- *a"},
		"TwoDocuments":   {"which one counts?", "tenants: []\n---\ntenants: []"},
		"NullTenant":     {"nothing", "tenants: [null]"},
		"NullRight":      {"nothing", "tenants: [{tenantId: a, tenantName: a, tenantCode: a, authorisations: [null]}]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := DecodeFile([]byte(tc.text)); err == nil {
				t.Errorf("%s: DecodeFile = %v, want an error", tc.reason, got)
			}
		})
	}
}

func TestExampleFilesDecode(t *testing.T) {
	for _, name := range []string{"local", "pop-sha1"} {
		data, err := os.ReadFile("../../../environments/" + name + "/tenants.example.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFile(data); err != nil {
			t.Errorf("example tenants of %s: %v", name, err)
		}
	}
}

func FuzzDecodeFile(f *testing.F) {
	f.Add([]byte("tenants:\n- {tenantId: a, tenantName: a, tenantCode: a, authorisations: [{product: swg, startTime: \"2024-06-18T00:00:00Z\"}]}"))
	f.Add([]byte(`{"tenants":[{"tenantId":"1e3","tenantName":"on","tenantCode":"1"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tenants, err := DecodeFile(data)
		if err != nil {
			return
		}
		plan, err := PlanImport(Listing{}, tenants)
		if err != nil {
			t.Fatalf("PlanImport of a decoded file: %v", err)
		}
		if len(plan.Changes) == 0 {
			t.Error("a decoded file changes nothing")
		}
	})
}
