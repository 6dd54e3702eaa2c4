package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

func begin(kind string) writer {
	w := writer{make([]byte, 0, 1024)}
	w.line(0, Header)
	w.line(0, "apiVersion: ", APIVersion)
	w.line(0, "kind: ", kind)
	return w
}

// Encode returns the sealed sluice.yaml of an overlay.
func (o Overlay) Encode() []byte {
	w := begin(KindOverlay)
	w.str(0, "environment", o.Environment.String())
	w.opt(0, "tenant", o.Tenant.String())
	w.str(0, "namespace", o.Namespace)
	w.opt(0, "product", o.Product.String())
	w.opt(0, "component", o.Component.String())
	w.str(0, "version", o.Version.String())
	w.str(0, "state", o.State)
	w.num(0, "replicas", o.Replicas)
	if o.MaxReplicas > 0 {
		w.num(0, "maxReplicas", o.MaxReplicas)
	}
	w.str(0, "catalog", o.Catalog)
	w.str(0, "files", o.Files)
	w.str(0, "base", o.Base)
	return Seal(w.buf)
}

func (w *writer) place(p Place) {
	w.str(0, "environment", p.Environment.String())
	w.str(0, "repoURL", p.RepoURL)
	w.str(0, "targetRevision", p.TargetRevision)
	w.str(0, "project", p.Project)
	w.str(0, "argocdNamespace", p.ArgoCDNamespace)
	w.str(0, "plugin", p.Plugin)
	w.opt(0, "destinationName", p.DestinationName)
	w.opt(0, "destinationServer", p.DestinationServer)
}

// Encode returns the sealed sluice.yaml of a tenant's base directory.
func (t TenantBase) Encode() []byte {
	w := begin(KindTenantBase)
	w.place(t.Place)
	w.str(0, "tenant", t.Tenant.String())
	w.opt(0, "ring", t.Ring.String())
	w.str(0, "namespace", t.Namespace)
	w.str(0, "path", t.Path)
	w.line(0, "products:")
	for _, p := range t.Products {
		w.product(p)
	}
	w.str(0, "files", t.Files)
	return Seal(w.buf)
}

func (w *writer) product(p TenantProduct) {
	w.str(0, "- name", p.Name.String())
	w.str(2, "state", p.State)
	w.line(2, "versions:")
	for _, v := range p.Versions {
		w.str(2, "- version", v.Version.String())
		if len(v.Requires) > 0 {
			w.line(4, "requires:")
		}
		for _, r := range v.Requires {
			w.line(4, "- {component: ", Quote(r.Component.String()), ", version: ", Quote(r.Version.String()),
				", bucket: ", strconv.Itoa(r.Bucket), "}")
		}
		w.ignored(4, v.IgnoreDifferences)
	}
}

// Encode returns the sealed sluice.yaml of a ring's directory.
func (r RingDescriptor) Encode() []byte {
	w := begin(KindRing)
	w.place(r.Place)
	w.str(0, "ring", r.Ring.String())
	w.str(0, "batch", r.Batch)
	w.line(0, "tenants: ", strconv.Itoa(r.Tenants))
	if len(r.Versions) > 0 {
		w.line(0, "versions:")
	}
	for _, p := range slices.Sorted(maps.Keys(r.Versions)) {
		quoted := make([]string, 0, len(r.Versions[p]))
		for _, v := range r.Versions[p] {
			quoted = append(quoted, Quote(v.String()))
		}
		w.line(2, p, ": [", strings.Join(quoted, ", "), "]")
	}
	return Seal(w.buf)
}

// Encode returns the sealed file of a ring's member.
func (m Member) Encode() []byte {
	w := begin(KindMember)
	w.str(0, "tenant", m.Tenant.String())
	w.str(0, "path", m.Path)
	w.line(0, "products:")
	for _, p := range m.Products {
		w.str(0, "- name", p.Name.String())
		w.opt(2, "pin", p.Pin.String())
	}
	if m.Released {
		w.line(0, "released: true")
	}
	return Seal(w.buf)
}
