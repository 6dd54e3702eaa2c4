package catalog

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestCompareVersions(t *testing.T) {
	ordered := []string{"01", "1", "2", "3.9.1", "3.10.0", "3.10.0-9", "3.10.0-133", "9", "10", "31", "200", "202", "a", "a1", "a2", "a10", "b"}
	for i, a := range ordered {
		for j, b := range ordered {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := CompareVersions(a, b); got != want {
				t.Errorf("CompareVersions(%q, %q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestCompareVersionsIsAnOrder(t *testing.T) {
	version := rapid.StringMatching(`[0-9a-b.\-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := version.Draw(t, "a"), version.Draw(t, "b"), version.Draw(t, "c")
		if CompareVersions(a, b) != -CompareVersions(b, a) {
			t.Fatalf("CompareVersions(%q, %q) is not the opposite of the other way round", a, b)
		}
		if (CompareVersions(a, b) == 0) != (a == b) {
			t.Fatalf("CompareVersions(%q, %q) = 0 for different versions", a, b)
		}
		if CompareVersions(a, b) <= 0 && CompareVersions(b, c) <= 0 && CompareVersions(a, c) > 0 {
			t.Fatalf("CompareVersions is not transitive over %q, %q, %q", a, b, c)
		}
	})
}

func TestNearest(t *testing.T) {
	names := []string{"gateway", "engine", "policy-store", "swg"}
	for in, want := range map[string]string{
		"gatway": "gateway", "policystore": "policy-store", "sgw": "swg", "xyz": "", "": "",
		string(slices.Repeat([]byte("x"), 1<<20)): "",
	} {
		if got := nearest(in, names); got != want {
			t.Errorf("nearest(%.20q) = %q, want %q", in, got, want)
		}
	}
}
