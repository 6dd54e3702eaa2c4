package environments

import (
	"io/fs"
	"path"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// systemNamespaces are namespaces that every cluster has.
func systemNamespaces() []string {
	return []string{"default", "kube-node-lease", "kube-public", "kube-system"}
}

// checkPrefix refuses prefixes with which some tenant's namespace could be one
// that is there already: a tenant's id is a text.
func (e *Environment) checkPrefix(c checker) {
	if strings.HasPrefix(e.NamespacePrefix, "kube-") {
		c.addf("namespacePrefix", "use a prefix such as tenant-", "namespacePrefix %q begins namespaces of Kubernetes", e.NamespacePrefix)
	}
	for _, there := range append(systemNamespaces(), e.ArgoCD.Namespace) {
		if strings.HasPrefix(there, e.NamespacePrefix) && !strings.HasPrefix(e.NamespacePrefix, "kube-") {
			c.addf("namespacePrefix", "use a prefix such as tenant-", "namespacePrefix %q could form namespace %q", e.NamespacePrefix, there)
		}
	}
}

// checkApart refuses a prefix by which a tenant could share its namespace with
// a tenant, or with the shared parts, of another environment in the same
// cluster. Another environment that cannot be read has faults of its own.
func (e *Environment) checkApart(c checker, root fs.FS) {
	names, _ := List(root)
	for _, name := range names {
		other := Site{}
		if _, err := read(root, path.Join(name.String(), environmentFile), &other.Environment); err != nil || name == e.Name {
			continue
		}
		other.fill()
		if other.Destination.cluster() != e.Destination.cluster() {
			continue
		}
		a, b := e.NamespacePrefix, other.NamespacePrefix
		if strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || strings.HasPrefix(manifest.SharedNamespace(other.Name), a) {
			c.addf("namespacePrefix", "give each environment of a cluster a prefix of its own, none of which begins with another",
				"namespacePrefix %q and that of environment %q, %q, could form one namespace in cluster %q", a, name, b, e.Destination.cluster())
		}
	}
}

// cluster names a destination; Argo CD's own cluster has two names.
func (d Destination) cluster() string {
	if d.Server == manifest.InCluster || d.Name == "in-cluster" {
		return "in-cluster"
	}
	return d.Name + d.Server
}
