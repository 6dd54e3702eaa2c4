package notify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Refresher asks Argo CD to look at an Application. One that is not there is
// no error: its parent makes it, and it is looked at then.
type Refresher interface {
	Refresh(ctx context.Context, name string) error
}

// Refresh tells a push by the refresh annotation of the Applications whose
// files changed, parents first.
type Refresh struct{ Applications Refresher }

var _ Sender = Refresh{}

// Send annotates one Application after another. One that fails does not keep
// the others from it.
func (r Refresh) Send(ctx context.Context, p Push) error {
	names := p.applications()
	var faults []error
	for _, name := range names {
		err := r.Applications.Refresh(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if faults = append(faults, err); err != nil && len(faults) > 3 && !slices.Contains(faults, nil) {
			break // nothing works
		}
	}
	return errors.Join(faults...)
}

// depth orders the levels of Applications.
type depth int

const (
	fleet depth = iota
	parts       // environment-shared components and rings
	tenants
	products
)

// applications returns the names of the Applications whose source holds one of
// the changed files, parents first; the fleet's when the files are not known.
func (p Push) applications() []string {
	if p.Paths == nil {
		return []string{manifest.AppFleet(p.Environment)}
	}
	found := map[string]depth{}
	for _, path := range p.Paths {
		if rest, ok := strings.CutPrefix(path, manifest.EnvironmentPath(p.Environment)+"/"); ok {
			maps.Copy(found, application(p.Environment.String(), rest))
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if found[a] != found[b] {
			return int(found[a] - found[b])
		}
		return strings.Compare(a, b)
	})
	return names
}

// application returns whose source a file of an environment is in. The folder
// base/ of a tenant is that of its Application and, where workloads run in
// another cluster, of the one beside it that holds the namespace.
func application(env, path string) map[string]depth {
	part := strings.Split(path, "/")
	switch {
	case len(part) > 1 && part[0] == manifest.FleetDir:
		return map[string]depth{env: fleet}
	case len(part) > 2 && part[0] == manifest.RingsDir: // a batch may be two folders deep
		return map[string]depth{env + "-" + strings.Join(part[1:len(part)-1], ""): parts}
	case len(part) > 3 && part[0] == manifest.SharedDir:
		return map[string]depth{env + "-shared-" + part[1]: parts}
	case len(part) > 5 && part[0] == manifest.TenantsDir && part[4] == manifest.BaseDir:
		return map[string]depth{env + "-" + part[3]: tenants, env + "-" + part[3] + "-" + manifest.BaseDir: tenants}
	case len(part) > 6 && part[0] == manifest.TenantsDir:
		return map[string]depth{env + "-" + part[3] + "-" + part[4]: products}
	}
	return nil
}

// Unused chooses, of the files and folders of an environment, overlays that no
// Application has for its source: a bump writes those of a whole ring long
// before they are granted, and a grant changes the Application itself. runs
// returns what a tenant runs of a product, zero when that is not known.
func Unused(env ident.Environment, runs func(ident.Tenant, ident.Product) ident.Version) func(path string) bool {
	root := manifest.EnvironmentPath(env) + "/"
	return func(path string) bool {
		rest, _ := strings.CutPrefix(path, root)
		part := strings.Split(rest, "/")
		if len(part) != 6 || part[0] != manifest.TenantsDir || part[4] == manifest.BaseDir {
			return false
		}
		tenant, err1 := ident.Parse[ident.TenantKind](part[3])
		product, err2 := ident.Parse[ident.ProductKind](part[4])
		version, err3 := ident.Parse[ident.VersionKind](part[5])
		if err1 != nil || err2 != nil || err3 != nil {
			return false
		}
		now := runs(tenant, product)
		return !now.IsZero() && now != version
	}
}
