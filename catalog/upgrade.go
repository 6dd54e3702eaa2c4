package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Migration says that a change between two versions, which a cluster does not
// carry out by itself, is meant, and what people do about it.
type Migration struct {
	// From is the version that the change is from; any when empty.
	From string `json:"from,omitempty"`
	// Change is what `sluice catalog diff` calls it: an object and a field, an
	// object that is gone, or a parameter.
	Change string `json:"change"`
	// How is what people do, in one line.
	How string `json:"how"`
}

// Upgrades reports whether tenants may come to v from a version of its product:
// from the ones it names, or from any if it names none.
func (v *Version) Upgrades(from string) bool {
	return v.UpgradesFrom == nil || slices.Contains(v.UpgradesFrom, from)
}

// Downgrades reports whether tenants may go from v back to a version.
func (v *Version) Downgrades(to string) bool {
	return v.DowngradesTo == nil || slices.Contains(v.DowngradesTo, to)
}

// Migrates returns the migration for a change from a version, nil for none.
func (v *Version) Migrates(from, change string) *Migration {
	for i, m := range v.Migrations {
		if m.Change == change && (m.From == "" || m.From == from) {
			return &v.Migrations[i]
		}
	}
	return nil
}

// edges checks what the version says of those before it.
func (c *checker) edges(doc document) {
	for field, list := range map[string][]string{"upgradesFrom": doc.UpgradesFrom, "downgradesTo": doc.DowngradesTo} {
		for i, name := range list {
			if _, err := ident.Parse[ident.VersionKind](name); err != nil {
				c.add(fmt.Errorf("%s: %w", field, err))
			}
			if name == doc.Version || slices.Contains(list[:i], name) {
				c.refuse("remove the entry", "%s: version %q is itself, or there twice", field, name)
			}
		}
	}
	for i, m := range doc.Migrations {
		if m.Change == "" || m.How == "" || strings.ContainsAny(m.Change+m.How, "\n\r") {
			c.refuse("write change: as sluice catalog diff prints it, and how: what people do, each in one line", "migrations: entry %d: change %q, how %q", i+1, m.Change, m.How)
		}
		if m.From != "" && doc.UpgradesFrom != nil && !slices.Contains(doc.UpgradesFrom, m.From) {
			c.refuse("remove the entry, or add the version to upgradesFrom", "migrations: entry %d: nobody comes from %q", i+1, m.From)
		}
	}
}
