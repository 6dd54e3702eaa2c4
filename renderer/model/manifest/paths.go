package manifest

import (
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Names of files and folders in an environment.
const (
	Root            = "environments"
	EnvironmentFile = "environment.yaml"
	FleetFile       = "fleet.yaml"
	FleetDir        = "fleet"
	RingsDir        = "rings"
	TenantsDir      = "tenants"
	SharedDir       = "shared"
	BaseDir         = "base"
	FactsFile       = "tenant.yaml"
	DescriptorFile  = "sluice.yaml"
)

// RenderedDirs are the folders of an environment that belong to the renderer;
// everything else there belongs to people.
func RenderedDirs() []string { return []string{FleetDir, RingsDir, SharedDir, TenantsDir} }

// EnvironmentPath returns the folder of an environment.
func EnvironmentPath(env ident.Environment) string { return Root + "/" + env.String() }

// TenantPath returns the folder of a tenant relative to its environment:
// tenants/<nn>/<mm>/<id>, where nn are the last two characters of the id and
// mm the two before. Two levels keep every Git tree small in a fleet of
// 100,000 tenants with numeric ids: 100 entries each. Missing characters and
// dashes count as '0'.
func TenantPath(id ident.Tenant) string {
	s := id.String()
	last := s[max(0, len(s)-4):]
	tail := strings.Repeat("0", 4-len(last)) + strings.ReplaceAll(last, "-", "0")
	return TenantsDir + "/" + tail[2:] + "/" + tail[:2] + "/" + s
}

// FactsPath returns the file of a tenant's facts in the repository.
func FactsPath(env ident.Environment, id ident.Tenant) string {
	return EnvironmentPath(env) + "/" + TenantPath(id) + "/" + FactsFile
}

// FactsOf returns whose facts a path of the repository holds, if it is that of
// a tenant of env.
func FactsOf(env ident.Environment, path string) (ident.Tenant, bool) {
	rest, ok := strings.CutSuffix(path, "/"+FactsFile)
	if !ok {
		return ident.Tenant{}, false
	}
	id, err := ident.Parse[ident.TenantKind](rest[strings.LastIndexByte(rest, '/')+1:])
	return id, err == nil && path == FactsPath(env, id)
}

// OverlayPath returns the folder of a tenant's product version relative to its environment.
func OverlayPath(id ident.Tenant, p ident.Product, v ident.Version) string {
	return TenantPath(id) + "/" + p.String() + "/" + v.String()
}

// SharedPath returns the folder of a shared component's overlay relative to
// the environment (environment-shared) or to a tenant's base/ (tenant-shared).
func SharedPath(c ident.Component, v ident.Version) string {
	return SharedDir + "/" + c.String() + "/" + v.String()
}
