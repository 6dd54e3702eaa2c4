package base

import (
	"errors"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Collisions returns a fault for each object that two owners would both claim
// in one namespace: products and tenant-shared components in a tenant's,
// environment-shared components in the environment's. Versions of one product
// follow each other there and may have the same objects.
func Collisions(all []*Base) error {
	tenant, environment := map[identity]string{}, map[identity]string{}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b *Base) int { return a.Version.Ref.Compare(b.Version.Ref) })
	var faults []error
	for _, b := range sorted {
		owners := tenant
		if b.Version.Sharing == catalog.SharingEnvironment {
			owners = environment
		}
		for _, o := range b.objects() {
			name := ownerOf(b.Version)
			if id := o.identity(); b.Version.Sharing != catalog.SharingEnvironment && manifest.OfNamespace(id.group, id.kind, id.name) {
				owners[id] = "the tenant's namespace"
			}
			switch other, taken := owners[o.identity()]; {
			case !taken:
				owners[o.identity()] = name
			case other != name:
				faults = append(faults, fault.Hintf("prefix the name with that of the product or component",
					"%s: %s is also an object of %s, in the same namespace", b.Version.Ref, o, other))
			}
		}
	}
	return errors.Join(faults...)
}

// ownerOf returns the folder of v's product or shared component.
func ownerOf(v *catalog.Version) string {
	return strings.TrimSuffix(v.Ref.String(), "/"+v.Version)
}

// objects returns every object that some state of b has.
func (b *Base) objects() []object {
	var out []object
	for _, p := range b.parts {
		out = append(out, p.objects...)
	}
	return append(out, marker(b.Version))
}
