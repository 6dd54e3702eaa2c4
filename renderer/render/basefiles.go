package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// baseFiles returns what a tenant's namespace consists of before any component.
func baseFiles(site *environments.Site, t *plan.Tenant) []tree.Entry {
	files := []tree.Entry{
		{Name: "namespace.yaml", Data: namespaceFile(site, t)},
		{Name: "network-policy.yaml", Data: networkPolicyFile(site, t)},
	}
	if len(site.Quota) > 0 {
		files = append(files, tree.Entry{Name: "quota.yaml", Data: quotaFile(site, t)})
	}
	var b strings.Builder
	b.WriteString(manifest.Header + "\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for _, f := range files {
		b.WriteString("- " + f.Name + "\n")
	}
	return append(files, tree.Entry{Name: "kustomization.yaml", Data: []byte(b.String())})
}

// metadata writes the metadata of an object of the tenant's base.
func metadata(kind, name string, site *environments.Site, t *plan.Tenant, options string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%smetadata:\n  name: %s\n", manifest.Header, kind, manifest.Quote(name))
	if kind != namespaceKind {
		fmt.Fprintf(&b, "  namespace: %s\n", manifest.Quote(t.Namespace))
	}
	fmt.Fprintf(&b, "  labels:\n    %s: %s\n    %s: %s\n", manifest.LabelEnvironment, manifest.Quote(site.Name.String()),
		manifest.LabelTenant, manifest.Quote(t.Facts.Tenant.ID.String()))
	if kind == namespaceKind {
		fmt.Fprintf(&b, "    pod-security.kubernetes.io/enforce: %s\n", podSecurity(t))
	}
	fmt.Fprintf(&b, "  annotations:\n    %s: \"%d\"\n", manifest.AnnotationWave, manifest.WaveNamespace)
	if options != "" {
		fmt.Fprintf(&b, "    %s: %s\n", manifest.AnnotationSyncOptions, options)
	}
	return b.String()
}

const namespaceKind = "apiVersion: v1\nkind: Namespace\n"

// namespaceFile keeps the namespace of a tenant whose data outlives it: its
// claims would go with it.
func namespaceFile(site *environments.Site, t *plan.Tenant) []byte {
	options := ""
	if keepsData(t) {
		options = "Delete=false,Prune=false"
	}
	return []byte(metadata(namespaceKind, t.Namespace, site, t, options))
}

// podSecurity returns the widest standard that a version of the tenant declares.
func podSecurity(t *plan.Tenant) string {
	level := catalog.Restricted
	for _, p := range t.Products {
		for _, v := range p.Versions {
			level = catalog.Wider(level, v.Base.Version.Security())
		}
	}
	for _, s := range t.Shared {
		level = catalog.Wider(level, s.Base.Version.Security())
	}
	return level
}

func keepsData(t *plan.Tenant) bool {
	if len(t.Facts.Kept) > 0 {
		return true
	}
	for _, p := range t.Products {
		for _, v := range p.Versions {
			if v.Base.KeepsData {
				return true
			}
		}
	}
	return slices.ContainsFunc(t.Shared, func(s plan.Shared) bool { return s.Base.KeepsData })
}

func quotaFile(site *environments.Site, t *plan.Tenant) []byte {
	var b strings.Builder
	b.WriteString(metadata("apiVersion: v1\nkind: ResourceQuota\n", "tenant", site, t, ""))
	b.WriteString("spec:\n  hard:\n")
	for _, k := range slices.Sorted(maps.Keys(site.Quota)) {
		fmt.Fprintf(&b, "    %s: %s\n", manifest.Quote(k), manifest.Quote(site.Quota[k]))
	}
	return []byte(b.String())
}

// networkPolicyFile closes the namespace both ways: pods are reached from their
// own namespace, from the environment's shared components and from namespaces
// that an administrator labelled as entrances; they reach their own namespace,
// the shared components, name servers, and what the environment declares.
func networkPolicyFile(site *environments.Site, t *plan.Tenant) []byte {
	var b strings.Builder
	b.WriteString(metadata("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n", "tenant", site, t, ""))
	fmt.Fprintf(&b, `spec:
  podSelector: {}
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - podSelector: {}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: %[1]s
    - namespaceSelector:
        matchLabels:
          gatorcloud.io/entrance: "true"
  egress:
  - to:
    - podSelector: {}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: %[1]s
  - ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
`, manifest.Quote(manifest.SharedNamespace(site.Name)))
	for _, h := range site.Egress {
		fmt.Fprintf(&b, "  - to:\n    - ipBlock:\n        cidr: %s\n    ports:\n", manifest.Quote(h.CIDR))
		for _, port := range h.Ports {
			fmt.Fprintf(&b, "    - {protocol: TCP, port: %d}\n", port)
		}
	}
	return []byte(b.String())
}
