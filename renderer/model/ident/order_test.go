package ident_test

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"pgregory.net/rapid"
)

func TestCompareVersions(t *testing.T) {
	want := []string{"", "1", "2", "9", "10", "10.1", "10.2", "10.10", "10a", "202", "3000.9.1", "3000.10.0", "3000.10.0-9", "3000.10.0-133", "a", "b1"}
	for i, a := range want {
		for j, b := range want {
			if got := ident.CompareVersions(a, b); got != cmpInt(i, j) {
				t.Errorf("CompareVersions(%q, %q) = %d, want %d", a, b, got, cmpInt(i, j))
			}
		}
	}
}

func cmpInt(a, b int) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// The order is total: any shuffle sorts to the same list.
func TestCompareVersionsIsAnOrder(t *testing.T) {
	version := rapid.StringMatching(`[0-9a-b.-]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := version.Draw(t, "a"), version.Draw(t, "b"), version.Draw(t, "c")
		if x, y := ident.CompareVersions(a, b), ident.CompareVersions(b, a); x != -y || (x == 0) != (a == b) {
			t.Errorf("CompareVersions(%q, %q) = %d, the other way round %d", a, b, x, y)
		}
		one, two := []string{a, b, c}, []string{c, a, b}
		slices.SortFunc(one, ident.CompareVersions)
		slices.SortFunc(two, ident.CompareVersions)
		if !slices.Equal(one, two) {
			t.Errorf("sorting gives %q and %q", one, two)
		}
	})
}
