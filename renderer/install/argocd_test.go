package install_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// The component gives the account what the flags need, and no more, in Argo
// CD's namespace alone.
func TestArgoCDComponent(t *testing.T) {
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), theirs(t, "argocd"))
	if err != nil {
		t.Fatal(err)
	}
	var role struct {
		Rules []struct{ APIGroups, Resources, Verbs []string }
	}
	var binding struct {
		RoleRef  struct{ Kind, Name string }
		Subjects []struct{ Kind, Name, Namespace string }
	}
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					ServiceAccountName           string
					AutomountServiceAccountToken bool
					Containers                   []struct{ Args []string }
				}
			}
		}
	}
	found := map[string]any{"Role": &role, "RoleBinding": &binding, "Deployment": &d}
	for _, r := range m.Resources() {
		kind := r.GetKind()
		if strings.HasPrefix(kind, "ClusterRole") {
			t.Errorf("%s %s: the rights reach beyond Argo CD's namespace", kind, r.GetName())
		}
		if strings.HasPrefix(kind, "Role") && r.GetNamespace() != "argocd" {
			t.Errorf("%s is in namespace %q, want Argo CD's", kind, r.GetNamespace())
		}
		if out, ok := found[kind]; ok {
			data, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(data, out); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(role.Rules) != 1 || !slices.Equal(role.Rules[0].APIGroups, []string{"argoproj.io"}) ||
		!slices.Equal(role.Rules[0].Resources, []string{"applications"}) || !slices.Equal(role.Rules[0].Verbs, []string{"get", "list", "watch", "patch"}) {
		t.Errorf("rules %+v, want get, list, watch and patch of Applications", role.Rules)
	}
	pod := d.Spec.Template.Spec
	if len(binding.Subjects) != 1 || binding.Subjects[0].Name != pod.ServiceAccountName || binding.Subjects[0].Namespace != "sluice" ||
		binding.RoleRef.Kind != "Role" || binding.RoleRef.Name != "sluice-run" || !pod.AutomountServiceAccountToken {
		t.Errorf("binding %+v of pod %+v, want the pod's account with its token", binding, pod)
	}
	if args := strings.Join(pod.Containers[0].Args, " "); !strings.HasPrefix(args, "run ") || !strings.Contains(args, "--argocd-kubeconfig=in-cluster") {
		t.Errorf("args %q do not use the account", args)
	}
}

// theirs writes the kustomization of somebody who wants components besides.
func theirs(t *testing.T, components ...string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	base, err := filepath.Rel(dir, here)
	if err != nil {
		t.Fatal(err)
	}
	text := "resources: [" + base + "]\ncomponents:\n"
	for _, c := range components {
		text += "- " + base + "/" + c + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
