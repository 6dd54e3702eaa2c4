package authz

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const goldenFacts = `# Facts of a tenant as they stand in etcd. Rendered by sluice.
apiVersion: sluice.gatorcloud.io/v1
kind: Tenant
tenantId: "1000006"
tenantName: "zhangyong"
tenantCode: "c5cb27eb"
labels:
  "gatorcloud.io/tier": "gold"
  "on": "1e3"
authorisations:
- product: "dsa"
  startTime: "2024-06-18T00:00:00Z"
  state: "pending"
- product: "swg"
  version: "202"
  replicas: 13
  maxReplicas: 20
  limits:
    daily: 100000
    concurrent: 8
  storage: "80Gi"
  parameters:
    "mode": "on"
    "ratio": 0.25
    "size": 7
    "strict": true
  startTime: "2024-06-18T00:00:00Z"
  endTime: "2028-12-31T00:00:00Z"
  description: "ca-init 容器修改"
  state: "active"
keptClaims:
- product: "seg"
  sizes:
    "auditStorage": "20Gi"
    "storage": "80Gi"
  storageClass: "standard"
`

func goldenKept() []KeptClaims {
	return []KeptClaims{{product("seg"), map[string]string{"storage": "80Gi", "auditStorage": "20Gi"}, "standard"}}
}

func goldenTenant() Tenant {
	return Tenant{
		ID: tenantID("1000006"), Name: "zhangyong", Code: "c5cb27eb",
		Labels: map[string]string{"on": "1e3", "gatorcloud.io/tier": "gold"},
		Authorisations: []Authorisation{
			{Product: product("dsa"), StartTime: utc(2024, 6, 18)},
			{
				Product: product("swg"), Version: version("202"), Replicas: 13, MaxReplicas: 20, Limits: Limits{100000, 8}, Storage: "80Gi",
				Parameters: map[string]any{"strict": true, "mode": "on", "ratio": 0.25, "size": int64(7)},
				StartTime:  utc(2024, 6, 18), EndTime: utc(2028, 12, 31), Description: "ca-init 容器修改",
			},
		},
	}
}

func TestEncodeFacts(t *testing.T) {
	got, err := EncodeFacts(Facts{Tenant: goldenTenant(), States: []State{Pending, Active}, Kept: goldenKept()})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(goldenFacts, string(got)); diff != "" {
		t.Errorf("EncodeFacts (-want +got):\n%s", diff)
	}
}

func TestDecodeKept(t *testing.T) {
	got, err := DecodeFacts([]byte(goldenFacts))
	if diff := cmp.Diff(goldenKept(), got.Kept, cmp.Comparer(func(a, b ident.Product) bool { return a == b })); err != nil || diff != "" {
		t.Errorf("DecodeFacts() = %v, keeps (-want +got):\n%s", err, diff)
	}
}

func TestFactsOf(t *testing.T) {
	f := FactsOf(goldenTenant(), utc(2028, 12, 31), Life{SuspendFor: day, GraceFor: day})
	if diff := cmp.Diff([]State{Active, Suspended}, f.States); diff != "" {
		t.Errorf("FactsOf (-want +got):\n%s", diff)
	}
}

func TestReleased(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		facts  Facts
		want   bool
	}{
		"Active":    {"something runs", Facts{States: []State{Retained, Active}}, false},
		"Suspended": {"routes are gone, workloads are not", Facts{States: []State{Suspended}}, false},
		"Retained":  {"only data is left", Facts{States: []State{Retained, Removed}}, true},
		"Tombstone": {"the record is gone", Facts{States: []State{Active}, ReleasedAt: utc(2026, 1, 1)}, true},
		"Empty":     {"nothing is left", Facts{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.facts.Released(); got != tc.want {
				t.Errorf("%s: Released = %v, want %v", tc.reason, got, tc.want)
			}
		})
	}
}

func TestEncodeFactsRefuses(t *testing.T) {
	one := goldenTenant()
	one.Authorisations = one.Authorisations[:1]
	if _, err := EncodeFacts(Facts{Tenant: one}); err == nil {
		t.Error("EncodeFacts without states succeeded")
	}
	one.Authorisations[0].Parameters = map[string]any{"a": []string{"b"}}
	if _, err := EncodeFacts(Facts{Tenant: one, States: []State{Active}}); err == nil {
		t.Error("EncodeFacts of a list as parameter succeeded")
	}
}

// Any facts survive their file: no id, label or description changes its type
// or breaks out of its scalar, and equal facts are equal bytes.
func TestFactsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := anyName[ident.TenantKind](`[a-z0-9]{1,4}`).Draw(t, "id")
		f := Facts{Tenant: anyTenant(id).Draw(t, "tenant")}
		for range f.Authorisations {
			f.States = append(f.States, rapid.SampledFrom([]State{Pending, Active, Suspended, Retained, Removed}).Draw(t, "state"))
		}
		if rapid.Bool().Draw(t, "tombstone") {
			f.ReleasedAt = anyTime().Draw(t, "releasedAt")
		}
		data, err := EncodeFacts(f)
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeFacts(data)
		if err != nil {
			t.Fatalf("DecodeFacts: %v\n%s", err, data)
		}
		if diff := cmp.Diff(f, got, names); diff != "" {
			t.Fatalf("round trip (-want +got):\n%s\n%s", diff, data)
		}
		if slow, err := yamlFacts(data); err != nil || !cmp.Equal(f, slow, names) {
			t.Fatalf("YAML says %+v, %v, want %+v\n%s", slow, err, f, data)
		}
		if _, ok := writtenFacts(data); !ok {
			t.Fatalf("what EncodeFacts wrote is not known again:\n%s", data)
		}
		if again, err := EncodeFacts(got); err != nil || string(again) != string(data) {
			t.Fatalf("EncodeFacts of decoded facts = %s, %v, want %s", again, err, data)
		}
	})
}

func TestDecodeFactsRefuses(t *testing.T) {
	with := func(old, new string) string {
		if !strings.Contains(goldenFacts, old) {
			t.Fatalf("%q is not in the facts", old)
		}
		return strings.Replace(goldenFacts, old, new, 1)
	}
	for name, tc := range map[string]struct {
		reason string
		data   string
		shows  string
	}{
		"Empty":          {"no facts", "", ""},
		"Kind":           {"another kind", with("kind: Tenant", "kind: Member"), `"Member"`},
		"Version":        {"another version", with("/v1", "/v2"), "v2"},
		"Unknown":        {"a field of tomorrow", with("tenantCode", "tenantFoo: x\ntenantCode"), "tenantFoo"},
		"Duplicate":      {"which one counts?", with("tenantCode", "tenantId: x\ntenantCode"), "tenantId"},
		"UnquotedID":     {"a number is no id", with(`"1000006"`, "1000006"), "number"},
		"BadID":          {"a path", with(`"1000006"`, `"../x"`), `"../x"`},
		"BadName":        {"a direction mark", with("zhangyong", `\u202e`), "U+202E"},
		"BadProduct":     {"a path", with(`"swg"`, `".."`), `".."`},
		"Order":          {"not sorted", with(`"dsa"`, `"ucwi"`), "after"},
		"Twice":          {"one right twice", with(`"dsa"`, `"swg"`), `"swg"`},
		"State":          {"no such state", with(`"active"`, `"dead"`), `"dead"`},
		"NoState":        {"every right has one", with("  state: \"active\"\n", ""), `state ""`},
		"Reversed":       {"end before start", with("2028-12-31", "2023-12-31"), "before"},
		"ReleasedAt":     {"no time", with("authorisations:", "releasedAt: \"soon\"\nauthorisations:"), `releasedAt "soon"`},
		"Alias":          {"aliases expand", with(`"gold"`, "&a gold"), ""},
		"AliasBomb":      {"aliases expand", "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", ""},
		"SecondDocument": {"which one counts?", goldenFacts + "---\n" + goldenFacts, ""},
		"Large":          {"more than 30 full records", goldenFacts + "#" + strings.Repeat("x", maxFacts), ""},
		"KeptProduct":    {"a path", with(`"seg"`, `".."`), `".."`},
		"KeptParameter":  {"a path", with(`"auditStorage"`, `"../x"`), "../x"},
		"KeptSize":       {"no size", with(`"20Gi"`, `"much"`), "much"},
		"KeptClass":      {"no name", with(`"standard"`, `"../fast"`), "../fast"},
		"Replicas":       {"a string", with("13", `"13"`), `replicas "13"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeFacts([]byte(tc.data))
			if err == nil {
				t.Fatalf("%s: DecodeFacts = %+v, want an error", tc.reason, got)
			}
			if !strings.Contains(err.Error(), tc.shows) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %q, want one line that shows %s", tc.reason, err, tc.shows)
			}
		})
	}
}

func FuzzDecodeFacts(f *testing.F) {
	f.Add([]byte(goldenFacts))
	f.Add([]byte("{\"apiVersion\":\"sluice.gatorcloud.io/v1\",\"kind\":\"Tenant\",\"tenantId\":\"on\",\"tenantName\":\"a\",\"tenantCode\":\"b\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := DecodeFacts(data)
		if err != nil {
			return
		}
		again, err := EncodeFacts(facts)
		if err != nil {
			t.Fatalf("EncodeFacts of decoded facts: %v", err)
		}
		if slow, err := yamlFacts(data); err != nil || !cmp.Equal(facts, slow, names) {
			t.Errorf("%q reads as %+v, and as YAML as %+v, %v", data, facts, slow, err)
		}
		back, err := DecodeFacts(again)
		if err != nil || !cmp.Equal(facts, back, names) {
			t.Errorf("round trip of %q = %+v, %v, want %+v", data, back, err, facts)
		}
	})
}

func BenchmarkFacts(b *testing.B) {
	f := Facts{Tenant: goldenTenant(), States: []State{Pending, Active}, Kept: goldenKept()}
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := EncodeFacts(f); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeFacts([]byte(goldenFacts)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
