package notify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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
	names := []string{manifest.AppFleet(p.Environment)}
	if p.Paths != nil {
		names = applications(p)
	}
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
// the changed files, parents first.
func applications(p Push) []string {
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
