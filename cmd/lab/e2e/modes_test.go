//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// stock runs the plugin's commands under Argo CD's own argocd-cmp-server.
const stock = `
apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: stock}
spec:
  generate:
    command: [sluice-cmp, generate]
  parameters:
    dynamic:
      command: [sluice-cmp, parameters]
`

// modes brings the same environment up through both ways of serving the plugin.
func (r *rig) modes(t *testing.T) {
	native := r.modeOf(t, "native", "sluice")
	commands := r.modeOf(t, "command", "stock")
	if diff := cmp.Diff(native, commands); diff != "" {
		t.Errorf("the cluster, native -commands +:\n%s", diff)
	}
	if len(native) < 10 {
		t.Errorf("compared %d objects only", len(native))
	}
}

// modeOf returns what an environment's namespaces hold, without its name.
func (r *rig) modeOf(t *testing.T, name, plugin string) map[string]string {
	s := r.sitePlugged(t, name, two(), plugin)
	for _, id := range []string{"1001", "1002"} {
		s.tenant(id, "mail", "web")
	}
	s.render("two tenants")
	s.start()
	s.await("both are up", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "web", "1", "1001", "1002"), s.runs(now, "mail", "1", "1001", "1002"), s.quiet(now))
	})
	objects := map[string]string{}
	for _, kind := range []kube.Ref{
		{APIVersion: "apps/v1", Kind: "Deployment"}, {APIVersion: "v1", Kind: "ConfigMap"}, {APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		{APIVersion: "v1", Kind: "Namespace"}, {APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}, {APIVersion: "argoproj.io/v1alpha1", Kind: "Application"},
	} {
		list, _, err := r.client.List(t.Context(), kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			ref := o.Ref()
			if s.foreign(timeline.Object{Kind: ref.Kind, Namespace: ref.Namespace, Name: ref.Name}) {
				continue
			}
			objects[s.anonymous(ref.String())] = s.anonymous(asked(t, o))
		}
	}
	return objects
}

// anonymous takes the environment's name and plugin out of a text.
func (s *site) anonymous(text string) string {
	return strings.NewReplacer(s.name, "ENV", `"name":"stock"`, `"name":"sluice"`).Replace(text)
}

// asked is what was asked for of an object, as JSON: not what the cluster added.
func asked(t *testing.T, o kube.Object) string {
	t.Helper()
	metadata, _ := o["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	delete(annotations, "deployment.kubernetes.io/revision")
	delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
	for key := range annotations {
		if strings.HasPrefix(key, "pv.kubernetes.io/") {
			delete(annotations, key)
		}
	}
	spec, _ := o["spec"].(map[string]any)
	delete(spec, "volumeName")
	data, err := json.Marshal(map[string]any{"labels": metadata["labels"], "annotations": annotations, "spec": spec, "data": o["data"]})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
