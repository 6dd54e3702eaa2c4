package render_test

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// Limits stand in the facts, and nothing else is rendered from them.
func TestLimitsAreKept(t *testing.T) {
	limited := asks("swg", "80Gi", "")
	limited.Authorisations[0].Limits = authz.Limits{Daily: 1000, Concurrent: 8}
	_, before := full(t, newRenderer(t, 2, 1), []authz.Facts{asks("swg", "80Gi", "")}, nil)
	_, after := full(t, newRenderer(t, 2, 1), []authz.Facts{limited}, nil)
	if a, b := slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)); !slices.Equal(a, b) {
		t.Errorf("files %q became %q", a, b)
	}
	for name, data := range after {
		if same := bytes.Equal(data, before[name]); same == (path.Base(name) == "tenant.yaml") {
			t.Errorf("%s stays as it was: %v, want the facts alone to change", name, same)
		}
	}
}
