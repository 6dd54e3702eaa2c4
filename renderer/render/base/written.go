package base

import (
	"context"
	"errors"
	"slices"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Written returns the kinds with a namespace that the versions of a catalog write
// or declare, sorted: those of a tenant's versions, and those of the
// environment's shared parts. It fails when a version cannot be built: what it
// writes is not known then.
func Written(ctx context.Context, c *catalog.Catalog) (tenants, shared []manifest.GroupKind, err error) {
	all := c.All()
	bases, faults := make([]*Base, len(all)), make([]error, len(all))
	each(ctx, len(all), func(ctx context.Context, i int) { bases[i], faults[i] = Build(ctx, all[i]) })
	if err := errors.Join(faults...); err != nil {
		return nil, nil, err
	}
	for _, b := range bases {
		kinds, err := b.kinds()
		if err != nil {
			return nil, nil, err
		}
		if b.Version.Sharing == catalog.SharingEnvironment {
			shared = append(shared, kinds...)
		} else {
			tenants = append(tenants, kinds...)
		}
	}
	return sorted(tenants), sorted(shared), nil
}

func sorted(all []manifest.GroupKind) []manifest.GroupKind {
	slices.SortFunc(all, manifest.GroupKind.Compare)
	return slices.Compact(all)
}

// kinds returns the kinds with a namespace of the version's objects, and those
// that it declares: its workloads may make objects of them.
func (b *Base) kinds() ([]manifest.GroupKind, error) {
	var all []manifest.GroupKind
	for _, o := range b.objects() {
		all = append(all, manifest.GroupKind{Group: o.group, Kind: o.kind})
	}
	for _, k := range b.Version.Kinds {
		all = append(all, manifest.GroupKind{Group: k.Group, Kind: k.Kind})
	}
	for _, k := range all {
		if !k.IsName() { // an AppProject would take it for a pattern
			return nil, fault.Hintf("write the kind's name", "listing the kinds of %s: %s of group %s is no kind", b.Version.Ref, fault.Clip(k.Kind), fault.Clip(k.Group))
		}
	}
	return slices.DeleteFunc(all, func(k manifest.GroupKind) bool { return manifest.ClusterScoped(k.Group, k.Kind) }), nil
}
