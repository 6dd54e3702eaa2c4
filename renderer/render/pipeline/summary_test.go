package pipeline_test

import (
	"errors"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// Each fault of a catalog is told, however they were joined.
func TestSkippedFaults(t *testing.T) {
	one, two, three := errors.New("one"), fault.Hintf("mend it", "two"), errors.New("three")
	for _, tc := range []struct {
		reason string
		faults error
		want   []error
	}{
		{"none", nil, nil},
		{"one", two, []error{two}},
		{"of several places", errors.Join(one, errors.Join(two, three)), []error{one, two, three}},
	} {
		got := pipeline.Summary{Catalog: tc.faults}.Skipped()
		if len(got) != len(tc.want) {
			t.Errorf("%s: Skipped() = %q, want %q", tc.reason, got, tc.want)
			continue
		}
		for i, err := range got {
			if !errors.Is(err, tc.want[i]) || fault.ClassOf(err) != fault.Skipped || fault.HintOf(err) != fault.HintOf(tc.want[i]) {
				t.Errorf("%s: Skipped()[%d] = %v of class %s with hint %q, want %v and its hint", tc.reason, i, err, fault.ClassOf(err), fault.HintOf(err), tc.want[i])
			}
		}
	}
}
