package install_test

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// What ingest's flags and variables read is mounted from a Secret that the
// example has, and where they listen is a port of the pod and of the Service.
func TestIngestFiles(t *testing.T) {
	data, err := os.ReadFile("ingest/secrets.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]map[string]string{}
	for text := range strings.SplitSeq(string(data), "\n---\n") {
		var s struct {
			Metadata   struct{ Name string }
			StringData map[string]string
		}
		if err := yaml.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		secrets[s.Metadata.Name] = s.StringData
	}
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						Args         []string
						Ports        []struct{ ContainerPort int }
						VolumeMounts []struct{ Name, MountPath string }
					}
					Volumes []struct {
						Name   string
						Secret struct{ SecretName string }
					}
				}
			}
		}
	}
	object(t, ingest, "Deployment", &d)
	var settings struct{ Data map[string]string }
	object(t, ingest, "ConfigMap", &settings)
	pod := d.Spec.Template.Spec
	in := map[string]map[string]string{} // what the Secret in a folder holds
	for _, v := range pod.Volumes {
		for _, m := range pod.Containers[0].VolumeMounts {
			if m.Name == v.Name && v.Secret.SecretName != "" {
				in[m.MountPath] = secrets[v.Secret.SecretName]
			}
		}
	}
	if len(in) != len(secrets) {
		t.Errorf("%d Secrets are mounted, the example has %d", len(in), len(secrets))
	}
	values := slices.Clone(pod.Containers[0].Args)
	for name, value := range settings.Data {
		values = append(values, name+"="+value)
	}
	files := 0
	for _, v := range values {
		_, value, _ := strings.Cut(v, "=")
		if name, ok := strings.CutPrefix(value, "$("); ok && settings.Data[strings.TrimSuffix(name, ")")] == "" {
			t.Errorf("%q: the settings have no such variable", v)
		}
		if !strings.HasPrefix(value, "/") {
			continue
		}
		files++
		if _, ok := in[path.Dir(value)][path.Base(value)]; !ok {
			t.Errorf("%q: no Secret brings that file", v)
		}
	}
	if files < 8 {
		t.Errorf("%d files are read, want those of SPS, notices, callers, server and etcd", files)
	}
}
