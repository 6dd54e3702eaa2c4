package install_test

import (
	"path"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// Each flag of a key names a file below a folder that a Secret is mounted at,
// read-only, and the key itself stands nowhere.
func TestKeys(t *testing.T) {
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), theirs(t, "seal", "sign"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Args         []string
						VolumeMounts []struct {
							Name, MountPath string
							ReadOnly        bool
						}
					}
					Volumes []struct {
						Name   string
						Secret struct {
							SecretName  string
							DefaultMode int
							Optional    bool
						}
					}
				}
			}
		}
	}
	for _, r := range m.Resources() {
		if r.GetKind() == "Secret" {
			t.Errorf("Secret %s stands in Git", r.GetName())
		}
		if r.GetKind() == "Deployment" {
			data, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(data, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	pod := d.Spec.Template.Spec
	secrets := map[string]bool{} // folders of keys
	for _, mount := range pod.Containers[0].VolumeMounts {
		for _, v := range pod.Volumes {
			if v.Name == mount.Name && v.Secret.SecretName != "" {
				secrets[mount.MountPath] = mount.ReadOnly && v.Secret.DefaultMode == 0o440 && !v.Secret.Optional
			}
		}
	}
	for _, flag := range []string{"--seal-key=", "--sign-key="} {
		found := false
		for _, arg := range pod.Containers[0].Args {
			if file, ok := strings.CutPrefix(arg, flag); ok {
				found = secrets[path.Dir(file)]
			}
		}
		if !found {
			t.Errorf("args %q with Secrets at %v: %s names no file of one that must be there, for its user alone", pod.Containers[0].Args, secrets, flag)
		}
	}
}
