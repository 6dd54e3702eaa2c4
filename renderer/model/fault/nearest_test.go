package fault_test

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestNearest(t *testing.T) {
	names := []string{"gateway", "engine", "policy-store", "swg"}
	for in, want := range map[string]string{
		"gatway": "gateway", "policystore": "policy-store", "sgw": "swg", "xyz": "", "": "", "x": "", "sw": "swg",
		string(slices.Repeat([]byte("x"), 1<<20)): "",
	} {
		if got := fault.Nearest(in, names); got != want {
			t.Errorf("Nearest(%.20q) = %q, want %q", in, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for in, want := range map[string]string{"sgw": `did you mean "swg"?`, "xyz": "see the list"} {
		if got := fault.DidYouMean(in, []string{"swg", "dsa"}, "see the list"); got != want {
			t.Errorf("DidYouMean(%q) = %q, want %q", in, got, want)
		}
	}
}
