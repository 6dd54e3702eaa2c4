package base_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/base"
)

const (
	testNamespace = "tenant-1000006"
	testTenant    = "1000006"
)

// content is the committed catalog with every version built in every state.
type content struct {
	catalog *catalog.Catalog
	streams map[catalog.Ref]map[string][]byte
}

// buildContent builds the committed catalog once for all tests.
var buildContent = sync.OnceValues(func() (*content, error) {
	c, err := catalog.Load(os.DirFS("../../../catalog"))
	if err != nil {
		return nil, fmt.Errorf("loading the committed catalog: %w", err)
	}
	if len(c.All()) == 0 {
		return nil, errors.New("the committed catalog is empty")
	}
	all := &content{c, map[catalog.Ref]map[string][]byte{}}
	for _, v := range c.All() {
		b, err := base.Build(context.Background(), v)
		if err != nil {
			return nil, fmt.Errorf("building base of %s: %w", v.Ref, err)
		}
		all.streams[v.Ref] = map[string][]byte{}
		for _, state := range []string{"active", "suspended", "retained"} {
			if all.streams[v.Ref][state], err = render(b, state); err != nil {
				return nil, fmt.Errorf("rendering %s %s: %w", v.Ref, state, err)
			}
		}
	}
	return all, nil
})

func committed(t *testing.T) *content {
	t.Helper()
	all, err := buildContent()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// objects returns what stock kustomize makes of an overlay of the version.
func (c *content) objects(t *testing.T, v *catalog.Version, state string) []*object {
	t.Helper()
	return decodeStream(t, c.streams[v.Ref][state])
}

// around returns the objects of the shared components that a version requires.
func (c *content) around(t *testing.T, v *catalog.Version) []*object {
	t.Helper()
	var objects []*object
	for _, ref := range v.Requires() {
		s, err := c.catalog.SharedVersion(ref.Name, ref.Version)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, c.objects(t, s, "active")...)
	}
	return objects
}

// eachVersion runs f for every committed version.
func eachVersion(t *testing.T, f func(t *testing.T, c *content, v *catalog.Version)) {
	t.Helper()
	c := committed(t)
	for _, v := range c.catalog.All() {
		t.Run(strings.ReplaceAll(v.Ref.String(), "/", "-"), func(t *testing.T) { f(t, c, v) })
	}
}

// render builds an overlay of the version with stock kustomize.
func render(b *base.Base, state string) ([]byte, error) {
	v, replicas, tenant := b.Version, "13", testTenant
	if state != "active" {
		replicas = "0"
	}
	site := manifest.Builtins{
		Domain: "sha1.example.com", Environment: "pop-sha1", Namespace: testNamespace, PopCode: "sha1", PopID: "31",
		Product: v.Name, Version: v.Version, TenantID: testTenant, TenantName: "zhangyong", TenantCode: "c5cb27eb",
		Replicas: replicas, Storage: "80Gi", StorageClass: "fast",
	}
	if v.Sharing == catalog.SharingEnvironment {
		tenant, site.TenantID, site.TenantName, site.TenantCode = "", "", "", ""
	}
	overlay, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(manifest.KustomizationSpec{Namespace: testNamespace, Tenant: tenant, State: state})},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(site.Data(v.Defaults()))},
		tree.Entry{Name: "base", Dir: b.Dir})
	if err != nil {
		return nil, err
	}
	return kustomize(overlay)
}

func kustomize(d *tree.Dir) ([]byte, error) {
	disk := filesys.MakeFsInMemory()
	for name, data := range d.Files() {
		if err := disk.WriteFile("/overlay/"+name, data); err != nil {
			return nil, err
		}
	}
	m, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/overlay")
	if err != nil {
		return nil, err
	}
	return m.AsYaml()
}

// TestContentLinks checks the committed versions as a cluster would find
// wanting only after minutes: typed fields, selectors, ports, volumes,
// references, order.
func TestContentLinks(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	eachVersion(t, func(t *testing.T, c *content, v *catalog.Version) {
		objects := c.objects(t, v, "active")
		for _, f := range checkLinks(objects, c.around(t, v)) {
			t.Error(f)
		}
		for _, o := range objects {
			if !strings.HasPrefix(o.Name, v.Name+"-") && o.Name != v.Name {
				t.Errorf("%s does not begin with %q, so another product may have the name too", o, v.Name)
			}
			if o.Namespace != testNamespace {
				t.Errorf("%s is in namespace %q", o, o.Namespace)
			}
		}
	})
}

// TestContentLinksFault breaks a rendered version in one place at a time.
func TestContentLinksFault(t *testing.T) {
	short.Skip(t, "TestContentLinks, which it proves, is none of them")
	c := committed(t)
	tests := map[string]struct {
		reason   string
		product  string
		old, new string
		want     string
	}{
		"Selector":      {"a Service without pods", "swg", "selector:\n    app.kubernetes.io/name: swg-spe", "selector:\n    app.kubernetes.io/name: swg-spx", "Service/swg-spe selects no pods"},
		"TargetPort":    {"a Service to a port that nobody has", "swg", "targetPort: verdict", "targetPort: verdicts", "has no such port"},
		"ProbePort":     {"a probe that can never succeed", "swg", "path: /readyz\n            port: admin", "path: /readyz\n            port: admim", "is probed at port admim"},
		"Volume":        {"a mount without its volume", "swg", "mountPath: /ca\n          name: ca\n", "mountPath: /ca\n          name: cb\n", `mounts "cb", which is no volume`},
		"UnusedVolume":  {"a volume without a mount", "swg", "mountPath: /ca\n          name: ca\n", "mountPath: /ca\n          name: tls\n", `does not mount its volume "ca"`},
		"Claim":         {"a claim that nobody makes", "swg", "claimName: swg-audit", "claimName: swg-audio", "needs PersistentVolumeClaim/swg-audio"},
		"ConfigMap":     {"a configuration that is not there", "swg", "configMap:\n          name: swg-proxy", "configMap:\n          name: swg-prox", "needs ConfigMap/swg-prox"},
		"Secret":        {"a secret that no Job makes", "swg", "Secret/swg-ca,", "", `needs secret "swg-ca"`},
		"Role":          {"a Job without the right to its secret", "swg", "- swg-portal-tls\n  resources", "- swg-portal\n  resources", `no right to make secret "swg-portal-tls"`},
		"Address":       {"an argument with a misspelt service", "swg", "--spe=swg-spe:8143", "--spe=swg-sep:8143", "connects to swg-sep:8143, which is no service"},
		"AddressPort":   {"an argument with a wrong port", "swg", "--spe=swg-spe:8143", "--spe=swg-spe:8134", "connects to port 8134"},
		"SharedAddress": {"a shared component under a wrong port", "swg", ".svc:8080", ".svc:8081", `port 8081 of service "license"`},
		"Order":         {"a connection to what starts later", "swg", "--spe=swg-spe:8143", "--spe=swg-gateway:8080", `depend on component "gateway"`},
		"Loopback":      {"a sidecar that listens elsewhere", "swg", "--listen=127.0.0.1:1344", "--listen=127.0.0.1:1345", "nothing in its pod listens"},
		"Variable":      {"an argument with an unknown variable", "swg", "$(PORTAL_HOST)", "$(PORTAL_HOSTS)", "uses $(PORTAL_HOSTS)"},
		"Propagation":   {"a mount handed on without the right to", "swg", "privileged: true", "privileged: false", "without being privileged"},
		"Taker":         {"a mount handed on to nobody", "swg", "mountPropagation: HostToContainer", "mountPropagation: None", "nobody takes them"},
		"Strategy":      {"two pods on one claim while rolling", "swg", "type: Recreate", "type: RollingUpdate", "rolls with claim"},
		"Deadline":      {"a rollout that never fails", "swg", "progressDeadlineSeconds: 300", "paused: false", "has no progressDeadlineSeconds"},
		"Budget":        {"a disruption budget without pods", "swg", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: swg-gateway", "maxUnavailable: 1\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: swg", "PodDisruptionBudget/swg-gateway selects no pods"},
		"Backend":       {"a route to no port", "swg", "servicePort: 3129", "servicePort: 3130", "sends to port 3130"},
		"Certificate":   {"a certificate for another host", "swg", "hosts:\n  - c5cb27eb.swg", "hosts:\n  - c5cb27ec.swg", "which no route takes"},
		"DNS":           {"an egress policy without DNS", "swg", "port: 53", "port: 54", "lets nobody resolve a name"},
		"Quota":         {"a container that a quota refuses", "swg", "requests:\n            cpu: 250m", "requests:\n            cpu: 0", "has no requests"},
		"Image":         {"an image that may change", "swg", "swg/spe:3.10.0-133", "swg/spe:latest", "has image"},
		"Headless":      {"a StatefulSet without its Service", "dsa", "serviceName: dsa-bus", "serviceName: dsa-buss", "no headless service"},
		"Template":      {"a claim template that the API server completes", "dsa", "- apiVersion: v1\n    kind: PersistentVolumeClaim\n    metadata", "- metadata", "without apiVersion and kind"},
		"Mutual":        {"a client CA that nothing makes", "dsa", "caSecret:\n      name: dsa-enrolment-ca", "caSecret:\n      name: dsa-enrolment", `needs secret "dsa-enrolment"`},
	}
	rendered := map[string][]byte{}
	for _, v := range c.catalog.All() {
		if !v.Ref.Shared {
			rendered[v.Name] = c.streams[v.Ref]["active"] // the last version stays
		}
	}
	swg := c.catalog.Versions(ident.Must[ident.ProductKind]("swg"))
	shared := c.around(t, swg[len(swg)-1])
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			stream := rendered[tc.product]
			if !bytes.Contains(stream, []byte(tc.old)) {
				t.Fatalf("%s: %q is not in the rendered %s", tc.reason, tc.old, tc.product)
			}
			broken := bytes.ReplaceAll(stream, []byte(tc.old), []byte(tc.new))
			faults := checkLinks(decodeStream(t, broken), shared)
			if !slices.ContainsFunc(faults, func(f string) bool { return strings.Contains(f, tc.want) }) {
				t.Errorf("%s: checkLinks() = %q, want one with %q", tc.reason, faults, tc.want)
			}
		})
	}
}

// TestContentReplacements checks that no placeholder is left in a rendered
// version and that each parameter goes somewhere.
func TestContentReplacements(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *content, v *catalog.Version) {
		stream := string(c.streams[v.Ref]["active"])
		for _, name := range append(catalog.Builtins(), v.ParameterNames()...) {
			for _, left := range []string{": " + name + "\n", "- " + name + "\n", name + ".", "." + name, "=" + name, name + "-shared"} {
				if i := strings.Index(stream, left); i >= 0 {
					t.Errorf("placeholder %q is left: ...%s...", name, stream[max(0, i-60):min(len(stream), i+60)])
				}
			}
		}
		replacements, err := v.Files.Read("replacements.yaml")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range v.ParameterNames() {
			if !strings.Contains(string(replacements), "fieldPath: data."+name+"}") {
				t.Errorf("parameter %q goes nowhere", name)
			}
		}
	})
}

// TestContentSuspended checks that a suspended tenant has all objects but the
// routes, and no pod.
func TestContentSuspended(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *content, v *catalog.Version) {
		var want, got []string
		for _, o := range c.objects(t, v, "active") {
			if !strings.HasPrefix(o.Kind, "Apisix") {
				want = append(want, o.String())
			}
		}
		for _, o := range c.objects(t, v, "suspended") {
			got = append(got, o.String())
			if n := running(o); n != 0 {
				t.Errorf("%s has %d replicas while suspended", o, n)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("suspended objects (-want +got):\n%s", d)
		}
	})
}

// running returns how many pods the object asks for, 1 for a CronJob that may run.
func running(o *object) int32 {
	replicas := func(n *int32) int32 {
		if n == nil {
			return 1
		}
		return *n
	}
	switch x := o.typed.(type) {
	case *appsv1.Deployment:
		return replicas(x.Spec.Replicas)
	case *appsv1.StatefulSet:
		return replicas(x.Spec.Replicas)
	case *batchv1.CronJob:
		if x.Spec.Suspend == nil || !*x.Spec.Suspend {
			return 1
		}
	}
	return 0
}

// TestContentRetained checks that of a tenant that left only claims stay.
func TestContentRetained(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *content, v *catalog.Version) {
		want := map[string]string{}
		for _, o := range c.objects(t, v, "active") {
			if c, ok := o.typed.(*corev1.PersistentVolumeClaim); ok {
				want[o.Name] = c.Spec.Resources.Requests.Storage().String()
			}
		}
		got := map[string]string{}
		for _, o := range c.objects(t, v, "retained") {
			switch x := o.typed.(type) {
			case *corev1.PersistentVolumeClaim:
				got[o.Name] = x.Spec.Resources.Requests.Storage().String()
			case *corev1.ConfigMap:
			default:
				t.Errorf("%s is left of a tenant that left", o)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("retained claims (-want +got):\n%s", d)
		}
	})
}

// TestContentReplicas checks that the authorisation's replicas and storage
// reach every product.
func TestContentReplicas(t *testing.T) {
	eachVersion(t, func(t *testing.T, c *content, v *catalog.Version) {
		scaled, sized := 0, 0
		for _, o := range c.objects(t, v, "active") {
			if running(o) == 13 {
				scaled++
			}
			if c, ok := o.typed.(*corev1.PersistentVolumeClaim); ok && c.Spec.Resources.Requests.Storage().String() == "80Gi" && *c.Spec.StorageClassName == "fast" {
				sized++
			}
		}
		// Shared components are not sold, so nothing of a sale may scale them.
		if sold := !v.Ref.Shared; (scaled > 0) != sold || (sized == 1) != sold {
			t.Errorf("%s: %d workloads with the sold replicas, %d claims with the sold storage; sold: %t", v.Ref, scaled, sized, sold)
		}
	})
}

// TestContentNamesDoNotCollide checks that all products of a tenant and its
// shared components fit into one namespace.
func TestContentNamesDoNotCollide(t *testing.T) {
	owners := map[string]map[string]bool{}
	c := committed(t)
	for _, v := range c.catalog.All() {
		if v.Sharing == catalog.SharingEnvironment {
			continue
		}
		for _, o := range c.objects(t, v, "active") {
			if owners[o.String()] == nil {
				owners[o.String()] = map[string]bool{}
			}
			owners[o.String()][fmt.Sprint(v.Ref.Shared, v.Name)] = true
		}
	}
	for name, by := range owners {
		if len(by) > 1 {
			t.Errorf("%s belongs to %v", name, slices.Sorted(maps.Keys(by)))
		}
	}
}
