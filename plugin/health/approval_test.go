package health_test

import (
	"testing"

	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"pgregory.net/rapid"
)

func TestApproval(t *testing.T) {
	for name, tc := range map[string]struct {
		reason   string
		versions map[string]string
		want     string
	}{
		"Sorted":  {"the order of a map means nothing", map[string]string{"swg": "202", "dsa": "31"}, "dsa=31,swg=202"},
		"Nothing": {"no versions cannot be approved", nil, ""},
		"Unset":   {"an empty version cannot be approved", map[string]string{"swg": "202", "dsa": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := health.Approval(tc.versions); got != tc.want {
				t.Errorf("Approval(%v) = %q, want %q: %s", tc.versions, got, tc.want, tc.reason)
			}
		})
	}
}

// What Go writes as the approval is what the health check wants, and nothing else is.
func TestApprovalIsWhatTheCheckWants(t *testing.T) {
	short.Skip(t, "asks the check thousands of times")
	machine := vm(t)
	name, version := rapid.StringMatching(`[a-z][a-z0-9-]{0,6}`), rapid.StringMatching(`[0-9a-z][0-9a-z.-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		versions := rapid.MapOfN(name, version, 1, 4).Draw(t, "versions")
		a := ring().annotate("approval", "required").annotate("approved", health.Approval(versions))
		granted := map[string]any{}
		for k, v := range versions {
			granted[k] = v
		}
		if got := evaluate(t, machine, a.grant(granted)); got.Status != "Healthy" {
			t.Fatalf("approved %v: %+v, want Healthy", versions, got)
		}
		granted[name.Draw(t, "product")] = version.Draw(t, "version") + "x"
		if got := evaluate(t, machine, a.grant(granted)); got.Status != "Progressing" {
			t.Fatalf("approved %v, running %v: %+v, want Progressing", versions, granted, got)
		}
	})
}
