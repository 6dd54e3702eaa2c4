package install_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin/health"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// modes are the two ways in which the plugin is served.
var modes = map[string][]string{"Native": {""}, "Command": {"/settings", "/command"}}

// texts returns the objects as YAML by kind and name.
func texts(t *testing.T, built resmap.ResMap) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range built.Resources() {
		data, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		all[r.GetKind()+"/"+r.GetName()] = string(data)
	}
	return all
}

// The components change five objects of Argo CD, on every kind of installation,
// and add what their mode needs.
func TestChangesOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("builds every release in every mode")
	}
	for name, release := range releases {
		for mode, components := range modes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				before := texts(t, build(t, release, with()))
				after := texts(t, build(t, release, with(slices.Clone(components)...)))
				var changed []string
				for id, text := range after {
					if before[id] != text {
						changed = append(changed, id)
					}
					delete(before, id)
				}
				want := []string{
					"ConfigMap/argocd-cm", "ConfigMap/argocd-cmd-params-cm",
					"Deployment/argocd-repo-server", "StatefulSet/argocd-application-controller",
				}
				added := map[string][]string{"Command": {"ConfigMap/sluice-plugin"}, "Native": {"NetworkPolicy/sluice-metrics", "Service/sluice-metrics"}}
				want = append(want, added[mode]...)
				slices.Sort(changed)
				slices.Sort(want)
				if diff := cmp.Diff(want, changed); diff != "" || len(before) > 0 {
					t.Errorf("changed (-want +got), and removed %v:\n%s", before, diff)
				}
			})
		}
	}
}

// lines are one installation of each line of Argo CD.
var lines = map[string]manifests{"2.14": releases["Install"], "3.5": releases["3/Install"]}

// Without its container and volumes, and the hook, the repo-server is that of the release.
func TestRepoServerKeepsItsOwn(t *testing.T) {
	short.Skip(t, "builds installations with kustomize")
	for line, release := range lines {
		for mode, components := range modes {
			t.Run(line+"/"+mode, func(t *testing.T) {
				want := find[appsv1.Deployment](t, build(t, release, with()), "Deployment", "argocd-repo-server")
				got := find[appsv1.Deployment](t, build(t, release, with(slices.Clone(components)...)), "Deployment", "argocd-repo-server")
				pod := &got.Spec.Template.Spec
				pod.Containers = slices.DeleteFunc(pod.Containers, func(c corev1.Container) bool { return c.Name == "sluice" })
				pod.Volumes = slices.DeleteFunc(pod.Volumes, func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, "sluice-") })
				for i := range pod.Containers {
					pod.Containers[i].Lifecycle = nil
				}
				ignoreOrder := cmpopts.SortSlices(func(a, b corev1.Volume) bool { return a.Name < b.Name })
				if diff := cmp.Diff(want, got, ignoreOrder); diff != "" {
					t.Errorf("repo-server (-stock +patched):\n%s", diff)
				}
			})
		}
	}
}

// What the release sets in argocd-cm stays, since 3.0 what Argo CD leaves out
// and overlooks; but of Applications sluice says itself what is overlooked.
func TestSettingsKeepItsOwn(t *testing.T) {
	ours, err := health.Customizations()
	if err != nil {
		t.Fatal(err)
	}
	for line, release := range lines {
		stock := find[corev1.ConfigMap](t, build(t, release, with()), "ConfigMap", "argocd-cm").Data
		patched := find[corev1.ConfigMap](t, build(t, release, with("")), "ConfigMap", "argocd-cm").Data
		if _, ok := stock["resource.exclusions"]; ok != (line == "3.5") {
			t.Errorf("%s leaves out kinds by default: %t", line, ok)
		}
		for key, value := range stock {
			if _, own := ours[key]; patched[key] != value && (!own || key != "resource.customizations.ignoreResourceUpdates.argoproj.io_Application") {
				t.Errorf("%s: %s is changed", line, key)
			}
		}
	}
}

// sidecar returns the plugin's container and the volumes of its pod by name.
func sidecar(t *testing.T, built resmap.ResMap) (corev1.Container, map[string]corev1.Volume) {
	t.Helper()
	d := find[appsv1.Deployment](t, built, "Deployment", "argocd-repo-server")
	volumes := map[string]corev1.Volume{}
	for _, v := range d.Spec.Template.Spec.Volumes {
		volumes[v.Name] = v
	}
	for _, c := range d.Spec.Template.Spec.Containers {
		if c.Name == "sluice" {
			return c, volumes
		}
	}
	t.Fatal("the repo-server has no container \"sluice\"")
	return corev1.Container{}, nil
}

func TestSidecarIsConfined(t *testing.T) {
	yes, no, user := true, false, int64(999)
	want := &corev1.SecurityContext{
		RunAsUser: &user, RunAsGroup: &user, RunAsNonRoot: &yes, ReadOnlyRootFilesystem: &yes, AllowPrivilegeEscalation: &no,
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	for mode, components := range modes {
		t.Run(mode, func(t *testing.T) {
			c, volumes := sidecar(t, build(t, releases["Install"], with(slices.Clone(components)...)))
			if _, tag, found := strings.Cut(c.Image, ":"); !found || tag == "latest" {
				t.Errorf("image %q is any release", c.Image)
			}
			if diff := cmp.Diff(want, c.SecurityContext); diff != "" {
				t.Errorf("security context (-want +got):\n%s", diff)
			}
			if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Cpu().IsZero() {
				t.Errorf("resources = %v, want a memory limit and a CPU request", c.Resources)
			}
			if c.LivenessProbe == nil || c.ReadinessProbe == nil || c.StartupProbe == nil {
				t.Error("a probe is missing")
			}
			for _, m := range c.VolumeMounts {
				v, ok := volumes[m.Name]
				if !ok || !m.ReadOnly && v.EmptyDir == nil {
					t.Errorf("mount %q: volume %+v, want one that exists and, if writable, an emptyDir", m.MountPath, v)
				}
				if m.Name == "tmp" {
					t.Error("the plugin shares the repo-server's /tmp")
				}
			}
		})
	}
}

// Every key of argocd-cmd-params-cm is one that the release reads.
func TestParametersAreRead(t *testing.T) {
	for line, release := range lines {
		text := string(stock(t, release))
		params := find[corev1.ConfigMap](t, build(t, release, with("")), "ConfigMap", "argocd-cmd-params-cm")
		if len(params.Data) != 4 {
			t.Errorf("%s: %d parameters, want 4", line, len(params.Data))
		}
		for key := range params.Data {
			if !regexp.MustCompile(`key: ` + regexp.QuoteMeta(key) + `\n`).MatchString(text) {
				t.Errorf("nothing in Argo CD %s reads %q", line, key)
			}
		}
	}
}

// pluginConfig is the form of Argo CD's plugin.yaml, as far as sluice uses it.
type pluginConfig struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Generate   command `json:"generate"`
		Parameters struct {
			Dynamic command `json:"dynamic"`
		} `json:"parameters"`
	} `json:"spec"`
}

type command struct {
	Command []string `json:"command"`
}

// The strict decoding also says that there is no version (the socket's name
// would have it), no discovery and no init.
func TestPluginConfig(t *testing.T) {
	built := build(t, releases["Install"], with("/settings", "/command"))
	cm := find[corev1.ConfigMap](t, built, "ConfigMap", "sluice-plugin")
	var got pluginConfig
	if err := yaml.UnmarshalStrict([]byte(cm.Data["plugin.yaml"]), &got); err != nil {
		t.Fatal(err)
	}
	want := pluginConfig{APIVersion: "argoproj.io/v1alpha1", Kind: "ConfigManagementPlugin"}
	want.Metadata.Name = "sluice"
	want.Spec.Generate.Command = []string{"/usr/local/bin/sluice-cmp", "generate"}
	want.Spec.Parameters.Dynamic.Command = []string{"/usr/local/bin/sluice-cmp", "parameters"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plugin.yaml (-want +got):\n%s", diff)
	}
}

func TestNetworkPolicy(t *testing.T) {
	built := build(t, releases["Install"], with("", "/network"))
	got := find[networkingv1.NetworkPolicy](t, built, "NetworkPolicy", "argocd-repo-server-egress")
	d := find[appsv1.Deployment](t, built, "Deployment", "argocd-repo-server")
	if diff := cmp.Diff(d.Spec.Selector.MatchLabels, got.Spec.PodSelector.MatchLabels); diff != "" {
		t.Errorf("pods of the policy (-repo-server +policy):\n%s", diff)
	}
	if diff := cmp.Diff([]networkingv1.PolicyType{networkingv1.PolicyTypeEgress}, got.Spec.PolicyTypes); diff != "" {
		t.Errorf("types (-want +got): only the stock policy speaks of ingress\n%s", diff)
	}
}

// Prometheus reaches the port on which the plugin says that it has metrics.
func TestMetricsAreReachable(t *testing.T) {
	built := build(t, releases["Install"], with(""))
	c, _ := sidecar(t, built)
	policy := find[networkingv1.NetworkPolicy](t, built, "NetworkPolicy", "sluice-metrics")
	service := find[corev1.Service](t, built, "Service", "sluice-metrics")
	d := find[appsv1.Deployment](t, built, "Deployment", "argocd-repo-server")
	for what, selector := range map[string]map[string]string{"policy": policy.Spec.PodSelector.MatchLabels, "service": service.Spec.Selector} {
		if diff := cmp.Diff(d.Spec.Selector.MatchLabels, selector); diff != "" {
			t.Errorf("pods of the %s (-repo-server +selector):\n%s", what, diff)
		}
	}
	port := c.Ports[0]
	if want := (corev1.EnvVar{Name: "SLUICE_METRICS_ADDR", Value: fmt.Sprintf(":%d", port.ContainerPort)}); !slices.Contains(c.Env, want) {
		t.Errorf("environment %v, want %v", c.Env, want)
	}
	if got := policy.Spec.Ingress[0].Ports[0].Port.IntVal; got != port.ContainerPort || service.Spec.Ports[0].TargetPort.StrVal != port.Name {
		t.Errorf("policy admits %d, service targets %v, want %d and %q", got, service.Spec.Ports[0].TargetPort, port.ContainerPort, port.Name)
	}
}

// The README's kustomization, over the release that it names, runs the image that it names.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(readme)
	if found == nil {
		t.Fatal("README.md shows no kustomization")
	}
	dir, err := line2()
	if err != nil {
		t.Fatal(err)
	}
	version := dir[strings.LastIndex(dir, "@")+1:]
	if dir, err := line3(); err == nil && !strings.Contains(string(readme), "`"+dir[strings.LastIndex(dir, "@")+1:]+"`") {
		t.Errorf("the README does not name the release of line 3, %q", dir)
	}
	remote := "https://raw.githubusercontent.com/argoproj/argo-cd/" + version + "/manifests/install.yaml"
	if !strings.Contains(string(found[1]), remote) {
		t.Errorf("the kustomization does not name %s", remote)
	}
	built := build(t, releases["Install"], strings.Replace(string(found[1]), remote, "install.yaml", 1))
	find[corev1.ConfigMap](t, built, "ConfigMap", "sluice-definitions") // in the namespace where its policy looks
	if c, _ := sidecar(t, built); c.Image != "registry.example.com/sluice-cmp:1.0.0" {
		t.Errorf("image = %q, want that of the README", c.Image)
	}
}

// The component adds the policies and an empty project to Argo CD, and changes
// nothing of it.
func TestAdmissionComponent(t *testing.T) {
	before, after := texts(t, build(t, releases["Install"], with())), texts(t, build(t, releases["Install"], with("/admission")))
	var added []string
	for id, text := range after {
		if before[id] != text {
			added = append(added, id)
		}
	}
	slices.Sort(added)
	want := []string{"AppProject/default"}
	for _, name := range []string{"sluice-applications", "sluice-beside", "sluice-cluster", "sluice-environments", "sluice-renderer", "sluice-tenants"} {
		want = append(want, "ValidatingAdmissionPolicy/"+name, "ValidatingAdmissionPolicyBinding/"+name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
}
