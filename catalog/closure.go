package catalog

import "slices"

// Closure returns the references to everything shared that v requires, directly
// or through other shared components: each version once, by name, then in
// version order.
func (c *Catalog) Closure(v *Version) ([]Component, error) {
	seen := map[Ref]bool{}
	var all []Component
	var visit func(*Version) error
	visit = func(v *Version) error {
		for _, r := range v.Requires() {
			if seen[r.ref()] {
				continue
			}
			seen[r.ref()] = true
			all = append(all, r)
			below, err := c.SharedVersion(r.Name, r.Version)
			if err == nil {
				err = visit(below)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := visit(v); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b Component) int { return a.ref().Compare(b.ref()) })
	return all, nil
}
