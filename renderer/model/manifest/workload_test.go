package manifest

import (
	"slices"
	"strings"
	"testing"
)

// The suspension of a version lists its patches in this order, and published
// versions have it in their bases.
func TestWorkloadsAreSorted(t *testing.T) {
	if !slices.IsSortedFunc(Workloads(), func(a, b Workload) int { return strings.Compare(a.Kind, b.Kind) }) {
		t.Errorf("Workloads() = %v, want them in the order of their kinds", Workloads())
	}
}

func TestWorkloadsRest(t *testing.T) {
	for _, w := range Workloads() {
		if (w.Rest == "") != (w.Value == "") || w.Rest == "" && w.Kind != "Job" {
			t.Errorf("%s/%s rests with %q: %q, want a field and its value", w.Group, w.Kind, w.Rest, w.Value)
		}
	}
}
