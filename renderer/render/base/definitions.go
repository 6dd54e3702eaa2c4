package base

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/shape"
)

// definitions returns the custom kinds that are known of a catalog: those of its
// schemas/, and those that the newest version of a component defines, which have
// the last word: they are what the clusters get.
func definitions(c *catalog.Catalog, bases []*Base) (*shape.Definitions, error) {
	d := &shape.Definitions{}
	var faults []error
	files := c.Schemas().Files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := define(d, files[name]); err != nil {
			faults = append(faults, fmt.Errorf("schemas/%s: %w", name, err))
		}
	}
	for _, b := range newest(bases) {
		for _, o := range b.objects() {
			if !o.is("apiextensions.k8s.io", "CustomResourceDefinition") {
				continue
			}
			if err := d.Define(o.fields); err != nil {
				faults = append(faults, fmt.Errorf("proving %s: %s: %w", b.Version.Ref, o, err))
			}
		}
	}
	return d, errors.Join(faults...)
}

// define takes in the definitions of one file.
func define(d *shape.Definitions, file []byte) error {
	objects, err := parseObjects(file)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if !o.is("apiextensions.k8s.io", "CustomResourceDefinition") {
			return fault.Hintf("remove it: schemas/ is for CustomResourceDefinitions", "%s defines no kind", o)
		}
		if err := d.Define(o.fields); err != nil {
			return err
		}
	}
	return nil
}

// newest returns the newest version of each component and product.
func newest(bases []*Base) []*Base {
	last := map[string]*Base{}
	for _, b := range bases {
		if b == nil {
			continue
		}
		name := b.Version.Ref
		name.Version = ""
		if old := last[name.String()]; old == nil || ident.CompareVersions(old.Version.Version, b.Version.Version) < 0 {
			last[name.String()] = b
		}
	}
	all := make([]*Base, 0, len(last))
	for _, name := range slices.Sorted(maps.Keys(last)) {
		all = append(all, last[name])
	}
	return all
}
