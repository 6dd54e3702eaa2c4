package base

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
)

// Publishable proves every version of a catalog: that it can be built, that
// Kubernetes takes its objects whatever a tenant's parameters are, that they
// find each other, and that versions have no objects in common. Versions in
// passed are built only: they were published before such a proof was asked for.
// The error joins every fault in the order of the versions; that of an interrupted
// proof is why ctx ended.
func Publishable(ctx context.Context, c *catalog.Catalog, passed []catalog.Ref) error {
	all := c.All()
	engine := overlay.New(overlay.Options{})
	bases, faults := make([]*Base, len(all)), make([]error, len(all))
	each(ctx, len(all), func(ctx context.Context, i int) { bases[i], faults[i] = BuildWith(ctx, engine, all[i]) })
	built := map[catalog.Ref]*Base{}
	for i, v := range all {
		built[v.Ref] = bases[i]
	}
	known, unknown := definitions(c, bases)
	each(ctx, len(all), func(ctx context.Context, i int) {
		if bases[i] != nil && !slices.Contains(passed, all[i].Ref) {
			faults[i] = errors.Join(append(upgrades(bases[i], bases), bases[i].prove(ctx, engine, known, around(all[i], built)))...)
		}
	})
	if ctx.Err() != nil { // what was cut short says nothing of the versions
		return fmt.Errorf("proving the catalog: %w", context.Cause(ctx))
	}
	bases = slices.DeleteFunc(bases, func(b *Base) bool { return b == nil })
	return errors.Join(unknown, errors.Join(faults...), Collisions(bases))
}

// each calls f for 0 to n-1 on all processors.
func each(ctx context.Context, n int, f func(ctx context.Context, i int)) {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		g.Go(func() error { f(ctx, i); return nil })
	}
	_ = g.Wait()
}

// upgrades returns the faults of the ways to b from earlier versions, and the
// migrations that speak of nothing.
func upgrades(b *Base, all []*Base) []error {
	var faults []error
	meant, from := map[string]bool{}, map[string]bool{}
	for _, a := range all {
		if a == nil || a.Version.Ref.Shared != b.Version.Ref.Shared || a.Version.Name != b.Version.Name ||
			ident.CompareVersions(a.Version.Version, b.Version.Version) >= 0 || !b.Version.Upgrades(a.Version.Version) {
			continue
		}
		changes := Diff(a, b)
		faults = append(faults, undeclared(a, b, changes)...)
		from[a.Version.Version], from[""] = true, true
		for _, c := range changes {
			if c.How != "" {
				meant[c.String()] = true
			}
		}
	}
	for _, m := range b.Version.Migrations {
		if from[m.From] && !meant[m.Change] {
			faults = append(faults, fault.Hintf("copy it from sluice catalog diff, or remove the entry", "checking %s: migrations: nothing that breaks is called %q", b.Version.Ref, m.Change))
		}
	}
	return faults
}

// around returns the bases of the parts that share a tenant's namespace with v.
func around(v *catalog.Version, built map[catalog.Ref]*Base) []*Base {
	var out []*Base
	for _, ref := range v.Requires() {
		shared := catalog.Ref{Shared: true, Name: ref.Name.String(), Version: ref.Version.String()}
		if b := built[shared]; b != nil && ref.Sharing != catalog.SharingEnvironment {
			out = append(out, b)
		}
	}
	return out
}
