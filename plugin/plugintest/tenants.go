package plugintest

import (
	"fmt"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Base returns the fixture tenant's base directory: two products of which dsa
// requires newer shared components than swg, both with versions to choose from.
func Base() Tenant {
	require := func(component, version string, bucket int) manifest.Requirement {
		return manifest.Requirement{Component: ident.Must[ident.ComponentKind](component), Version: ident.Must[ident.VersionKind](version), Bucket: bucket}
	}
	version := func(v string, requires ...manifest.Requirement) manifest.ProductVersion {
		return manifest.ProductVersion{Version: ident.Must[ident.VersionKind](v), Requires: requires}
	}
	return Tenant{
		Descriptor: manifest.TenantBase{
			Place: Place(), Tenant: ident.Must[ident.TenantKind](TenantID), Ring: ident.Must[ident.RingKind]("canary"),
			Namespace: Namespace, Path: Path(TenantID),
			Products: []manifest.TenantProduct{
				{Name: ident.Must[ident.ProductKind]("dsa"), State: "active", Versions: []manifest.ProductVersion{version("31", require("identity", "10", 1))}},
				{Name: ident.Must[ident.ProductKind]("swg"), State: "active", Versions: []manifest.ProductVersion{
					version("202", require("identity", "9", 1), require("store", "2", 0), require("vault", "1", 0)), version("200", require("identity", "9", 1))}},
			},
		},
		Shared: []Overlay{Shared("identity", "9"), Shared("identity", "10"), Shared("store", "2"), vault()},
		Files: map[string]string{
			"kustomization.yaml":  "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- namespace.yaml\n- network-policy.yaml\n- quota.yaml\n",
			"namespace.yaml":      tenantObject("v1", "Namespace", Namespace),
			"network-policy.yaml": tenantObject("networking.k8s.io/v1", "NetworkPolicy", "tenant") + "spec:\n  podSelector: {}\n  policyTypes:\n  - Ingress\n",
			"quota.yaml":          tenantObject("v1", "ResourceQuota", "tenant") + "spec:\n  hard:\n    pods: \"100\"\n",
		},
	}
}

// vault is a shared component of one bucket.
func vault() Overlay {
	o := Shared("vault", "1")
	return o.With(map[string]string{
		manifest.GraphFile:             graphFile("shared/vault/1", "- name: \"db\"\n  bucket: 0\n"),
		"workloads/kustomization.yaml": "resources:\n- db.yaml\n", "workloads/api.yaml": "",
	})
}

func tenantObject(apiVersion, kind, name string) string {
	namespace, security := fmt.Sprintf("  namespace: %q\n", Namespace), ""
	if kind == "Namespace" {
		namespace, security = "", "    pod-security.kubernetes.io/enforce: restricted\n"
	}
	return fmt.Sprintf("%s\napiVersion: %s\nkind: %s\nmetadata:\n  name: %q\n%s  labels:\n    %s: %q\n%s  annotations:\n    %s: \"%d\"\n", manifest.Header,
		apiVersion, kind, name, namespace, manifest.LabelTenant, TenantID, security, manifest.AnnotationWave, manifest.WaveNamespace)
}

// Members returns a ring with n tenants that hold swg; the first is pinned to
// version 199 and the second holds dsa too.
func Members(n int) Ring {
	r := Ring{Descriptor: manifest.RingDescriptor{Place: Place(), Ring: ident.Must[ident.RingKind]("canary"), Batch: "canary"}}
	for i := range n {
		id := fmt.Sprint(1000000 + i)
		m := manifest.Member{Tenant: ident.Must[ident.TenantKind](id), Path: Path(id),
			Products: []manifest.MemberProduct{{Name: ident.Must[ident.ProductKind]("swg")}}}
		switch i {
		case 0:
			m.Products[0].Pin = ident.Must[ident.VersionKind]("199")
		case 1:
			m.Products = append(m.Products, manifest.MemberProduct{Name: ident.Must[ident.ProductKind]("dsa")})
		}
		r.Members = append(r.Members, m)
	}
	return r
}
