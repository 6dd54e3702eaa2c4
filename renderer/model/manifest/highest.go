package manifest

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Highest keeps each shared component once, at the highest version that is
// asked for: the least that serves everything (minimal version selection).
// The result is sorted by component; all is not kept.
func Highest(all []Requirement) []Requirement {
	slices.SortFunc(all, func(a, b Requirement) int {
		if c := a.Component.Compare(b.Component); c != 0 {
			return c
		}
		return ident.CompareVersions(b.Version.String(), a.Version.String())
	})
	return slices.CompactFunc(all, func(a, b Requirement) bool { return a.Component == b.Component })
}
