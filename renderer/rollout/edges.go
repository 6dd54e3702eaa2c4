package rollout

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Catalog holds the published versions of each product.
type Catalog map[ident.Product]map[ident.Version]Edges

// Edges says from where a version is taken, where it may go back to, and
// which environment-shared parts it needs. A nil list allows any version, an
// empty one none.
type Edges struct {
	UpgradesFrom []ident.Version
	DowngradesTo []ident.Version
	Needs        map[ident.Component]ident.Version
}

func before(a, b ident.Version) bool { return compare(a, b) < 0 }

func compare(a, b ident.Version) int { return ident.CompareVersions(a.String(), b.String()) }

func allows(list []ident.Version, v ident.Version) bool {
	return list == nil || slices.Contains(list, v)
}

// published reports whether the catalog has a version.
func (c Catalog) published(p ident.Product, v ident.Version) bool {
	_, ok := c[p][v]
	return ok
}

// up reports whether a tenant at version a may be granted the later version b.
func (c Catalog) up(p ident.Product, a, b ident.Version) bool {
	e, ok := c[p][b]
	return ok && before(a, b) && allows(e.UpgradesFrom, a)
}

// down reports whether a tenant at version a may go back to b. What a version
// said that is no longer published is not known: it stands in no way back.
func (c Catalog) down(p ident.Product, a, b ident.Version) bool {
	return c.published(p, b) && before(b, a) && allows(c[p][a].DowngradesTo, b)
}

// hops returns the versions that a tenant at version from may be granted next
// on a shortest way to the version to, the latest first. Versions for which
// barred is true are no stop. It is empty when there is no way.
func (c Catalog) hops(p ident.Product, from, to ident.Version, barred func(ident.Version) bool) []ident.Version {
	if barred(to) || !before(from, to) {
		return nil
	}
	if c.up(p, from, to) {
		return []ident.Version{to}
	}
	layer, seen := []ident.Version{to}, map[ident.Version]bool{to: true}
	for len(layer) > 0 {
		var next, found []ident.Version
		for v := range c[p] {
			if seen[v] || barred(v) || !before(from, v) || !slices.ContainsFunc(layer, func(l ident.Version) bool { return c.up(p, v, l) }) {
				continue
			}
			next = append(next, v)
			if c.up(p, from, v) {
				found = append(found, v)
			}
		}
		if len(found) > 0 {
			slices.SortFunc(found, func(a, b ident.Version) int { return compare(b, a) })
			return found
		}
		for _, v := range next {
			seen[v] = true
		}
		layer = next
	}
	return nil
}
