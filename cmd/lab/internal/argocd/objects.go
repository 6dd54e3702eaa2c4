package argocd

import (
	"fmt"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
)

// Objects are what the cluster must hold before Argo CD's processes start.
type Objects struct {
	// Definitions are the custom resource definitions; the API has to take them in before the rest is applied.
	Definitions []kube.Object
	// Rest are the accounts, roles and settings.
	Rest []kube.Object
}

// FromInstall takes from Argo CD's own install manifest what bare processes
// need: definitions, accounts, roles and configuration, and nothing that would
// run as a pod or stand in front of one.
func FromInstall(manifest []byte, set Settings) (Objects, error) {
	all, err := kube.Decode(manifest)
	if err != nil {
		return Objects{}, fmt.Errorf("reading Argo CD's install manifest: %w", err)
	}
	objects := Objects{Rest: []kube.Object{{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": Namespace},
	}}}
	for _, o := range all {
		switch o.Text("kind") {
		case "CustomResourceDefinition":
			objects.Definitions = append(objects.Definitions, o)
		case "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret":
			setNamespace(o)
			objects.Rest = append(objects.Rest, o)
		case "ClusterRole", "ClusterRoleBinding":
			objects.Rest = append(objects.Rest, o)
		}
	}
	for _, o := range objects.Rest {
		if o.Text("kind") == "ConfigMap" && o.Text("metadata", "name") == "argocd-cm" {
			// What the release itself sets stays: since 3.0 that is what Argo CD leaves out and overlooks.
			stock, _ := o["data"].(map[string]any)
			o["data"] = merge(merge(stock, data(config(set))), data(set.Config))
		}
	}
	objects.Rest = append(objects.Rest, project())
	return objects, nil
}

func config(set Settings) map[string]string {
	return map[string]string{
		"timeout.reconciliation":             set.resync().String(),
		"application.resourceTrackingMethod": "annotation",
		"admin.enabled":                      "true",
	}
}

// project is the default project without limits; Argo CD makes the same one, but some seconds later.
func project() kube.Object {
	return kube.Object{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
		"metadata": map[string]any{"name": "default", "namespace": Namespace},
		"spec": map[string]any{
			"sourceRepos":              []any{"*"},
			"destinations":             []any{map[string]any{"namespace": "*", "server": "*"}},
			"clusterResourceWhitelist": []any{map[string]any{"group": "*", "kind": "*"}},
		},
	}
}

func setNamespace(o kube.Object) {
	if meta, ok := o["metadata"].(map[string]any); ok {
		meta["namespace"] = Namespace
	}
}

func data(m map[string]string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	return out
}
