package manifest

import (
	"bytes"
	"slices"
)

// The four AppProjects of an environment, each named after Place.Project, one
// for whoever writes something else:
//
//	<project>-fleet    the fleet: Applications beside Argo CD, nothing else
//	<project>          rings and tenants: Applications and the tenants' namespaces
//	<project>-tenants  products: what lies in a tenant's namespace
//	<project>-shared   shared parts: their one namespace, and SharedClusterKinds
//
// Administrators apply them. They are not in Git's fleet folder: what bounds the
// fleet is not the fleet's to write.

// Annotations of projects that say what a project has no field for; the admission
// policy of plugin/install reads them.
const (
	annotationRevision = "gatorcloud.io/target-revision"
	annotationPrefix   = "gatorcloud.io/namespace-prefix"
	annotationPlugin   = "gatorcloud.io/plugin"
)

// FleetProject returns the project of the fleet's Application.
func (p Place) FleetProject() string { return p.Project + "-fleet" }

// TenantsProject returns the project of the Applications of products.
func (p Place) TenantsProject() string { return p.Project + "-tenants" }

// SharedProject returns the project of the environment's shared components.
func (p Place) SharedProject() string { return p.Project + "-shared" }

// Bounds are what the AppProjects of an environment hold its Applications to.
type Bounds struct {
	Prefix string // of its tenants' namespaces
	// Tenants and Shared are the kinds with a namespace that versions write for a
	// tenant and for the environment, beside PlainKinds.
	Tenants, Shared []GroupKind
	// SignatureKeys are the long ids of the keys of which one must have signed what
	// is applied; without any nothing need be signed.
	SignatureKeys []string
}

// Projects returns the AppProjects of an environment as a YAML stream.
func Projects(p Place, b Bounds) []byte {
	beside := []projectTarget{{server: InCluster, namespace: p.ArgoCDNamespace}}
	tenants := []projectTarget{p.target(b.Prefix + "*")}
	namespace := []GroupKind{{"", "Namespace"}}
	application := GroupKind{"argoproj.io", "Application"}
	// In another cluster a tenant's Application holds Applications only (and an
	// empty ring's a ConfigMap), and one more beside the products has its namespace.
	upper := project{targets: beside, only: []GroupKind{{"", "ConfigMap"}, application}}
	lower, inside := namespace, kindsOf(PlainKinds(), b.Tenants)
	if !p.Remote() {
		upper, lower = project{targets: slices.Concat(beside, tenants), cluster: namespace, only: kindsOf(inside, []GroupKind{application})}, nil
	}
	drivers := []GroupKind{{"argoproj.io", "AppProject"}, {"argoproj.io", "ApplicationSet"}}
	var docs [][]byte
	for _, x := range []project{
		{name: p.FleetProject(), level: "fleet", about: "fleet of ", targets: beside, only: []GroupKind{application}},
		{name: p.Project, level: "tenant", about: "rings and tenants of ", targets: upper.targets, cluster: upper.cluster, only: upper.only, never: drivers},
		{name: p.TenantsProject(), level: "product", about: "products of ", targets: tenants, cluster: lower, only: inside, never: append(drivers, application)},
		{name: p.SharedProject(), level: "shared", about: "shared parts of ", targets: []projectTarget{p.target(SharedNamespace(p.Environment))},
			cluster: append(namespace, SharedClusterKinds()...), only: kindsOf(PlainKinds(), b.Shared), never: append(drivers, application)},
	} {
		x.prefix, x.signed = b.Prefix, b.SignatureKeys
		docs = append(docs, x.encode(p))
	}
	return bytes.Join(docs, []byte("---\n"))
}

// project is one AppProject.
type project struct {
	name, level, about string
	prefix             string // of the tenants' namespaces
	targets            []projectTarget
	cluster            []GroupKind // of kinds without a namespace, these only
	only, never        []GroupKind // of the others, these and not those
	signed             []string    // long ids of keys
}

// projectTarget is a namespace, or a pattern of many, of a cluster.
type projectTarget struct{ name, server, namespace string }

// target returns a namespace of the environment's own cluster.
func (p Place) target(namespace string) projectTarget {
	return projectTarget{p.DestinationName, p.DestinationServer, namespace}
}

func (x project) encode(p Place) []byte {
	w := writer{make([]byte, 0, 1024)}
	w.line(0, "apiVersion: argoproj.io/v1alpha1")
	w.line(0, "kind: AppProject")
	w.line(0, "metadata:")
	w.str(2, "name", x.name)
	w.str(2, "namespace", p.ArgoCDNamespace)
	w.strs(2, "labels", map[string]string{LabelEnvironment: p.Environment.String(), LabelLevel: x.level})
	// A fleet of before wrote one of them itself: it neither removes it nor waits for that.
	w.strs(2, "annotations", map[string]string{AnnotationSyncOptions: "Prune=false,Delete=false", "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
		annotationRevision: p.TargetRevision, annotationPrefix: x.prefix, annotationPlugin: p.Plugin})
	w.line(0, "spec:")
	w.str(2, "description", x.about+p.Environment.String())
	w.line(2, "sourceRepos:")
	w.line(2, "- ", Quote(p.RepoURL))
	w.line(2, "destinations:")
	for _, t := range x.targets {
		if t.name != "" {
			w.str(2, "- name", t.name)
		} else {
			w.str(2, "- server", t.server)
		}
		w.str(4, "namespace", t.namespace)
	}
	w.kinds("clusterResourceWhitelist", x.cluster)
	w.kinds("namespaceResourceWhitelist", x.only)
	if len(x.never) > 0 {
		w.kinds("namespaceResourceBlacklist", x.never)
	}
	if len(x.signed) > 0 {
		w.line(2, "signatureKeys:")
	}
	for _, id := range x.signed {
		w.str(2, "- keyID", id)
	}
	return w.buf
}

// kinds writes a list of kinds of a project.
func (w *writer) kinds(key string, all []GroupKind) {
	if len(all) == 0 {
		w.line(2, key, ": []")
		return
	}
	w.line(2, key, ":")
	for _, k := range all {
		w.line(2, "- {group: ", Quote(k.Group), ", kind: ", k.Kind, "}")
	}
}

// kindsOf returns the kinds of two lists, sorted, each once.
func kindsOf(a, b []GroupKind) []GroupKind {
	all := slices.Concat(a, b)
	slices.SortFunc(all, GroupKind.Compare)
	return slices.Compact(all)
}
