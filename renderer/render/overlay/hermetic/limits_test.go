package hermetic

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
)

// What is counted is what is read: at its limit a build passes, and at one
// less it does not.
func TestLimitsAreExact(t *testing.T) {
	three := strings.Repeat("---\n"+configMap, 3)
	d := overlaytest.Must(k("resources: [d, cm.yaml]\nconfigMapGenerator: [{name: g, files: [cm.yaml]}]",
		"d/kustomization.yaml", "resources: [e]", "d/e/kustomization.yaml", "resources: [x.yaml]", "d/e/x.yaml", three))
	for name, tc := range map[string]struct {
		reason string
		limit  func(n int) Limits
		least  int
		want   string
	}{
		"Objects": {"one ConfigMap here, three below and one generated", func(n int) Limits { return Limits{Objects: n} }, 5, "objects"},
		"Files":   {"three kustomizations, two files of objects, one read again", func(n int) Limits { return Limits{Files: n} }, 6, "files read"},
		"File":    {"the largest file", func(n int) Limits { return Limits{File: n} }, len(three), "bytes"},
		"Depth":   {"a name in a list of a mapping in a list of a mapping of a document", func(n int) Limits { return Limits{Depth: n} }, 5, "deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Build(d, ".", tc.limit(tc.least)); err != nil {
				t.Errorf("Build with a limit of %d = %v, want none: %s", tc.least, err, tc.reason)
			}
			err := Build(d, ".", tc.limit(tc.least-1))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), fmt.Sprint(tc.least-1)) {
				t.Errorf("Build with a limit of %d = %v, want a refusal with %q: %s", tc.least-1, err, tc.want, tc.reason)
			}
		})
	}
}

// What two directories cost, both together cost.
func TestLoadsAdd(t *testing.T) {
	a := load{size{1, 2, 3, 4}, 4, 5, 6, 7, false, map[string]kind{"A": {1, 10, 3}, "B": {2, 5, 5}}}
	b := load{size{10, 20, 30, 40}, 40, 50, 60, 70, true, map[string]kind{"A": {3, 7, 9}, "C": {1, 1, 1}}}
	want := load{size{11, 22, 33, 44}, 44, 55, 66, 77, true, map[string]kind{"A": {4, 10, 9}, "B": {2, 5, 5}, "C": {1, 1, 1}}}
	for _, pair := range [][2]load{{a, b}, {b, a}} {
		got := pair[0].clone()
		got.add(pair[1])
		if d := cmp.Diff(want, got, cmp.AllowUnexported(load{}, size{}, kind{})); d != "" {
			t.Errorf("add (-want +got):\n%s", d)
		}
	}
	if a.kinds["A"].count != 1 || b.kinds["A"].count != 3 {
		t.Errorf("add to a copy has changed what it was a copy of: %v, %v", a.kinds, b.kinds)
	}
}
