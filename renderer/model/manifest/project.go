package manifest

import "strconv"

// Project is the Argo CD AppProject of an environment: one repository, the
// tenants' namespaces and Argo CD's own, and of cluster-wide kinds only
// namespaces and what environment-shared components bring.
type Project struct {
	Name        string
	Description string
	Place       Place
	Namespaces  []string // patterns at the environment's destination
}

// Encode returns the AppProject as a YAML document.
func (p Project) Encode() []byte {
	w := writer{make([]byte, 0, 1024)}
	w.line(0, Header)
	w.line(0, "apiVersion: argoproj.io/v1alpha1")
	w.line(0, "kind: AppProject")
	w.line(0, "metadata:")
	w.str(2, "name", p.Name)
	w.str(2, "namespace", p.Place.ArgoCDNamespace)
	w.line(2, "annotations:")
	w.str(4, AnnotationWave, strconv.Itoa(WaveProject))
	w.str(4, AnnotationSyncOptions, "Prune=false,Delete=false")
	w.line(0, "spec:")
	w.str(2, "description", p.Description)
	w.line(2, "sourceRepos:")
	w.line(2, "- ", Quote(p.Place.RepoURL))
	w.line(2, "destinations:")
	w.str(2, "- server", InCluster)
	w.str(4, "namespace", p.Place.ArgoCDNamespace)
	for _, n := range p.Namespaces {
		if p.Place.DestinationName != "" {
			w.str(2, "- name", p.Place.DestinationName)
		} else {
			w.str(2, "- server", p.Place.DestinationServer)
		}
		w.str(4, "namespace", n)
	}
	w.line(2, "clusterResourceWhitelist:")
	w.line(2, `- {group: "", kind: Namespace}`)
	w.line(2, `- {group: apiextensions.k8s.io, kind: CustomResourceDefinition}`)
	w.line(2, `- {group: rbac.authorization.k8s.io, kind: ClusterRole}`)
	w.line(2, `- {group: rbac.authorization.k8s.io, kind: ClusterRoleBinding}`)
	return w.buf
}
