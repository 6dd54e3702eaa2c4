package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// ring returns one tenant Application for each member of a ring or batch.
func ring(r Request, file []byte) ([][]byte, error) {
	var d manifest.RingDescriptor
	if err := decode(file, manifest.KindRing, &d); err != nil {
		return nil, err
	}
	name := d.Environment.String() + "-" + d.Batch
	if d.Batch != d.Ring.String() && !strings.HasPrefix(d.Batch, d.Ring.String()+"-") {
		return nil, refuse(ReasonDirectory, hintDirectory, "batch %s is not of ring %q", fault.Clip(d.Batch), d.Ring)
	}
	if err := r.checkApp(name, d.ArgoCDNamespace, ringPath(d)); err != nil {
		return nil, err
	}
	if err := sealedIn(d, r.Grants); err != nil {
		return nil, err
	}
	var docs [][]byte
	for _, e := range r.Dir.Entries() {
		if e.Name == manifest.DescriptorFile {
			continue
		}
		if e.Dir != nil {
			return nil, refuse(ReasonDirectory, hintDirectory, "a ring has no directory %s", fault.Clip(e.Name))
		}
		app, err := member(r.Grants, d, e.Name, e.Data)
		if err != nil {
			return nil, fmt.Errorf("member %s: %w", fault.Clip(e.Name), err)
		}
		docs = append(docs, app.Encode())
	}
	if len(docs) != d.Tenants {
		return nil, refuse(ReasonSeal, hintSeal, "ring has %d tenants, sealed were %d", len(docs), d.Tenants)
	}
	if len(docs) == 0 {
		docs = append(docs, d.Empty())
	}
	return docs, nil
}

// sealedIn refuses grants that the engine did not make: a version may only run
// in a slice that was given it, whatever its Application asks for.
func sealedIn(d manifest.RingDescriptor, g Grants) error {
	if d.Versions == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(g)) {
		if allowed := d.Versions[name]; !slices.Contains(allowed, g[name]) {
			return refuse(ReasonNotGranted, "versions move by rollouts: sluice rollout status says how far they are",
				"version %q of %s is not one that this slice may run: %s", g[name], fault.Clip(name), texts(allowed))
		}
	}
	return nil
}

func texts(all []ident.Version) string {
	names := make([]string, 0, len(all))
	for _, v := range all {
		names = append(names, v.String())
	}
	return fault.List(names)
}

// ringPath returns the folder of a ring or batch; see manifest.Batch.
func ringPath(d manifest.RingDescriptor) string {
	dir := d.Batch
	if index, found := strings.CutPrefix(d.Batch, d.Ring.String()+"-"); found && len(index) == 4 {
		dir = d.Ring.String() + "-" + index[:2] + "/" + index[2:]
	}
	return manifest.EnvironmentPath(d.Environment) + "/" + manifest.RingsDir + "/" + dir
}

// member returns the Application of one tenant.
func member(grants Grants, d manifest.RingDescriptor, name string, file []byte) (manifest.Application, error) {
	var m manifest.Member
	if _, err := manifest.Unseal(file); err != nil {
		return manifest.Application{}, because(ReasonSeal, err)
	}
	if err := manifest.Decode(file, manifest.KindMember, &m); err != nil {
		return manifest.Application{}, because(ReasonDirectory, err)
	}
	if path := tenantPath(d.Environment, m.Tenant); name != m.Tenant.String()+".yaml" || m.Path != path {
		return manifest.Application{}, refuse(ReasonDirectory, hintDirectory, "file is of tenant %q in %s", m.Tenant, fault.Clip(m.Path))
	}
	versions, err := handDown(grants, m)
	if err != nil {
		return manifest.Application{}, err
	}
	return d.Application(m, versions), nil
}

// handDown returns what a ring grants to one of its tenants: for the products
// that the tenant holds, the version it is pinned to or else the ring's.
func handDown(grants Grants, m manifest.Member) (map[string]string, error) {
	versions := make(map[string]string, len(m.Products))
	for _, p := range m.Products {
		v := p.Pin
		if v.IsZero() {
			v = grants[p.Name.String()]
		}
		if v.IsZero() {
			return nil, refuse(ReasonNotGranted, fmt.Sprintf("add %s to the ring's versions in fleet.yaml, or pin the authorisation", p.Name),
				"tenant %q holds product %q, of which the ring grants no version; it grants %s", m.Tenant, p.Name, grants.names())
		}
		versions[p.Name.String()] = v.String()
	}
	return versions, nil
}

// tenantPath returns the folder of a tenant in the repository.
func tenantPath(env ident.Environment, id ident.Tenant) string {
	return manifest.EnvironmentPath(env) + "/" + manifest.TenantPath(id)
}
