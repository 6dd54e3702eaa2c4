package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// home is what a tenant's namespace depends on beside its site.
type home struct {
	namespace string
	tenant    ident.Tenant
	code      string // in its host names
	security  string // the widest standard that a version of the tenant declares
	keepsData bool   // claims in it outlive the tenant
	ground    string // what the site puts into it; known in a survey alone
}

func homeOf(t *plan.Tenant) home {
	return home{namespace: t.Namespace, tenant: t.Facts.Tenant.ID, code: t.Facts.Tenant.Code, security: podSecurity(t), keepsData: keepsData(t)}
}

// groundOf returns what a site puts into every namespace: two that put the same
// into nobody's put the same into a tenant's.
func groundOf(site *environments.Site) string {
	var b strings.Builder
	for _, f := range (home{}).objects(site) {
		b.Write(f.Data)
	}
	return b.String()
}

// objects returns what a tenant's namespace consists of before any component.
func (h home) objects(site *environments.Site) []tree.Entry {
	files := []tree.Entry{
		{Name: "namespace.yaml", Data: h.namespaceFile(site)},
		{Name: "network-policy.yaml", Data: h.networkPolicyFile(site)},
	}
	if len(site.Quota) > 0 {
		files = append(files, tree.Entry{Name: "quota.yaml", Data: h.quotaFile(site)})
	}
	return files
}

// baseFiles returns the objects of a tenant's namespace with what lists them.
func baseFiles(site *environments.Site, t *plan.Tenant) []tree.Entry {
	files := homeOf(t).objects(site)
	var b strings.Builder
	b.WriteString(manifest.Header + "\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for _, f := range files {
		b.WriteString("- " + f.Name + "\n")
	}
	return append(files, tree.Entry{Name: "kustomization.yaml", Data: []byte(b.String())})
}

// metadata writes the metadata of an object of the tenant's base.
func (h home) metadata(kind, name string, site *environments.Site, options string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%smetadata:\n  name: %s\n", manifest.Header, kind, manifest.Quote(name))
	if kind != namespaceKind {
		fmt.Fprintf(&b, "  namespace: %s\n", manifest.Quote(h.namespace))
	}
	fmt.Fprintf(&b, "  labels:\n    %s: %s\n    %s: %s\n", manifest.LabelEnvironment, manifest.Quote(site.Name.String()),
		manifest.LabelTenant, manifest.Quote(h.tenant.String()))
	if kind == namespaceKind {
		fmt.Fprintf(&b, "    pod-security.kubernetes.io/enforce: %s\n", h.security)
	}
	fmt.Fprintf(&b, "  annotations:\n    %s: \"%d\"\n", manifest.AnnotationWave, manifest.WaveNamespace)
	if options != "" {
		fmt.Fprintf(&b, "    %s: %s\n", manifest.AnnotationSyncOptions, options)
	}
	if kind == namespaceKind {
		fmt.Fprintf(&b, "    %s: %s\n    %s: %s\n", manifest.AnnotationCode, manifest.Quote(h.code), manifest.AnnotationDomain, manifest.Quote(site.Domain))
	}
	return b.String()
}

const namespaceKind = "apiVersion: v1\nkind: Namespace\n"

// namespaceFile keeps the namespace of a tenant whose data outlives it: its
// claims would go with it.
func (h home) namespaceFile(site *environments.Site) []byte {
	options := ""
	if h.keepsData {
		options = "Delete=false,Prune=false"
	}
	return []byte(h.metadata(namespaceKind, h.namespace, site, options))
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

func (h home) quotaFile(site *environments.Site) []byte {
	var b strings.Builder
	b.WriteString(h.metadata("apiVersion: v1\nkind: ResourceQuota\n", "tenant", site, ""))
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
func (h home) networkPolicyFile(site *environments.Site) []byte {
	var b strings.Builder
	b.WriteString(h.metadata("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n", "tenant", site, ""))
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
