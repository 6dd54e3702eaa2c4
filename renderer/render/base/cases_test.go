package base

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// caseOf proves a product of testdata/cases as a catalog of its own; edits
// replace texts of its files.
func caseOf(t *testing.T, product string, edits ...string) (*catalog.Catalog, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir+"/products/"+product, os.DirFS("testdata/cases/products/"+product)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(edits); i += 3 {
		name := dir + "/products/" + product + "/" + edits[i]
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), edits[i+1]) {
			t.Fatalf("%s has no %q: %v", edits[i], edits[i+1], err)
		}
		if err := os.WriteFile(name, []byte(strings.ReplaceAll(string(data), edits[i+1], edits[i+2])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := catalog.LoadUnlocked(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	return c, Publishable(t.Context(), c, nil)
}

const (
	ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: waiting-web}
spec: {ingressClassName: nginx, rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: waiting-web, port: {number: 80}}}}]}}]}
`
	apisix = `apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: waiting-web}
spec: {http: [{name: b, match: {paths: [/b]}, backends: [{serviceName: waiting-wob, servicePort: 80}, {serviceName: waiting-web, servicePort: 81}]}]}
`
)

// eachOf returns the faults of all versions, each of which joins its own.
func eachOf(err error) []error {
	all := catalog.Faults(err)
	if len(all) == 1 && errors.Is(all[0], err) {
		return all
	}
	var faults []error
	for _, below := range all {
		faults = append(faults, eachOf(below)...)
	}
	return faults
}

// Products as strangers wrote them are refused for everything that a cluster
// would not do with them, each thing once, and are published when it is mended.
func TestCasesAreRefused(t *testing.T) {
	short.Skip(t, "builds hundreds of overlays")
	for name, tc := range map[string]struct {
		reason, product string
		edits           []string // file, old, new
		want            []string // of each fault, in their order
	}{
		"GeneratedName": {"only its own component follows a name with a hash", "hashed", nil, []string{`Deployment "hashed-two": container "c" needs ConfigMap "hashed-settings", which is not there`}},
		"PlainName":     {"a name without a hash is found", "hashed", []string{"1/components/c/kustomization.yaml", "literals: [TENANT=none]}]", "literals: [TENANT=none], options: {disableNameSuffixHash: true}}]"}, nil},
		"ManagedBy":     {"the label would be no label, and another one elsewhere", "labelled", nil, []string{"managedByLabel names the program"}},
		"TextOnNumber":  {"a legal text is no number", "gauged", []string{"1/product.yaml", "allowTags: true", "kinds: [{group: example.io, kind: Gauge}]"}, []string{`parameter "cacheSize" may be "00Mi"`, `parameter "ratio" may be "0.5"`}},
		"UnknownKind":   {"nobody knows how it stops", "gauged", []string{"1/product.yaml", `string, pattern: "^[0-9]+(Mi|Gi)?$", default: "512"`, "integer, minimum: 0, default: 512", "1/product.yaml", "type: number", "type: integer"}, []string{`kind "Gauge" of group "example.io" is unknown`}},
		"Immutable": {"a cluster refuses each of them", "changed", nil, []string{
			"PersistentVolumeClaim/changed-extra spec.resources.requests.storage: a claim cannot shrink", "PersistentVolumeClaim/changed-extra spec.storageClassName",
			"Service/changed-db spec.clusterIP", "StatefulSet/changed-db spec.podManagementPolicy", "StatefulSet/changed-db spec.selector.matchLabels.app.kubernetes.io/name",
			"StatefulSet/changed-db spec.serviceName", "StatefulSet/changed-db spec.volumeClaimTemplates.[name=data].spec.resources.requests.storage",
			`serviceName needs Service "changed-new", which is not there`}},
		"SuspendedJob":   {"Argo CD waits for somebody who resumes it", "waiting", nil, []string{`Job "waiting-job-1": suspend: true waits`, `host "a.example.com" is not of the tenant alone`}},
		"HostlessRule":   {"it takes the hosts of all tenants", "waiting", []string{"1/components/c/d.yaml", "host: a.example.com, ", "", "1/components/c/d.yaml", "  suspend: true\n", ""}, []string{`Ingress "waiting-web": a route without a host`}},
		"DefaultBackend": {"it does so without a rule", "waiting", []string{"1/components/c/d.yaml", "rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: ", "defaultBackend: ", "1/components/c/d.yaml", "{number: 80}}}}]}}]}", "{number: 80}}}}", "1/components/c/d.yaml", "  suspend: true\n", ""}, []string{`Ingress "waiting-web": a route without a host`}},
		"HostlessRoute":  {"so does one of APISIX", "waiting", []string{"1/components/c/d.yaml", "  suspend: true\n", "", "1/components/c/d.yaml", ingress, apisix}, []string{`ApisixRoute "waiting-web": a route without a host`, `a backend of "b" needs Service "waiting-wob", which is not there`, `it sends to port 81 "" of Service "waiting-web"`}},
		"OwnAutoscaler":  {"it would write the field that the authorisation writes", "scaled", nil, []string{`HorizontalPodAutoscaler "scaled-web": a version may not scale itself`}},
		"MadeSecret":     {"an ExternalSecret makes what pods need", "secret", nil, nil},
		"MissingSecret":  {"nobody makes it", "secret", []string{"1/components/c/kustomization.yaml", ", es.yaml", ""}, []string{`needs Secret "secret-db", which is not there`}},
		"OtherSecret":    {"an ExternalSecret makes another one", "secret", []string{"1/components/c/es.yaml", "target: {name: secret-db}", "target: {name: secret-cache}"}, []string{`needs Secret "secret-db", which is not there`}},
		"PlainSecret":    {"everybody would read it, and an image moves", "stopping", nil, []string{`Secret "stopping-db": a secret would stand in Git`, `image "registry.example/a:latest" is not pinned`, `scaleTargetRef needs Deployment "stopping-two", which is not there`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := caseOf(t, tc.product, tc.edits...)
			faults := eachOf(err)
			if !slices.EqualFunc(faults, tc.want, func(f error, w string) bool { return strings.Contains(f.Error(), w) && fault.HintOf(f) != "" }) {
				t.Errorf("%s: Publishable() = %d faults, want %d\n%v\nwant %q", tc.reason, len(faults), len(tc.want), err, tc.want)
			}
		})
	}
}

// What is published is what the files say, in an overlay of a state.
func TestCasesAreRendered(t *testing.T) {
	short.Skip(t, "builds or proves a version for each case")
	ns := map[string]string{"namespace": "tenant-7"}
	pinned := []string{"1/product.yaml", "allowTags: true", "images: [{name: registry.example/a, newTag: \"1.0\"}]\nallowTags: true"}
	for name, tc := range map[string]struct {
		reason, product, state string
		edits                  []string
		want                   map[string]string // objects, and what is in them
	}{
		"HelmIgnore": {"helm leaves out what .helmignore names", "ignoring", "active", nil, map[string]string{"ConfigMap/ignoring-kept": "data: {x: \"1\"}"}},
		"Namespace": {"the tenant's, wherever it stands", "spaced", "active", nil, map[string]string{
			"ConfigMap/spaced-peers": "data: {peers: spaced-0.spaced.tenant-7.svc.cluster.local}",
			"RoleBinding/spaced":     "subjects: [{kind: ServiceAccount, name: spaced-made-elsewhere, namespace: tenant-7}]",
			"NetworkPolicy/spaced":   "spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant-7}}}]}]}"}},
		"Capabilities": {"aliases, conditions, tags, imported values, as helm has them", "capable", "active", nil, map[string]string{
			"ConfigMap/capable-a":   `data: {app: "1.10", base: web/templates, files: "x\n", imp: '{"a":"child","b":"parent"}', kube: v1.31.0, ns: tenant-7, rel: c, svc: Helm}`,
			"ConfigMap/capable-one": `data: {exp: '{"a":"child","b":"child"}', size: "1"}`, "ConfigMap/capable-two": `data: {exp: '{"a":"child","b":"child"}', size: "5"}`}},
		"Declared": {"a cluster has it, says the component", "capable", "active", []string{"1/product.yaml", "source: helm", "source: helm\n  apiVersions: [monitoring.coreos.com/v1]"}, map[string]string{
			"ConfigMap/capable-a": "", "ConfigMap/capable-one": "", "ConfigMap/capable-two": "", "ServiceMonitor/capable-a": "spec: {endpoints: [{port: m}]}"}},
		"Suspended": {"custom workloads stop too", "stopping", "suspended", append(pinned, "1/components/c/a.yaml", "metadata: {name: stopping-two}", "metadata: {name: stopping-two, annotations: {gatorcloud.io/provides: Deployment/stopping-two}}", "1/components/c/a.yaml", "stringData: {password: hunter2}", "type: Opaque"), map[string]string{
			"CloneSet/stopping-web": "spec: {replicas: 0}", "ScaledObject/stopping-two": `metadata: {annotations: {autoscaling.keda.sh/paused-replicas: "0"}}`, "Secret/stopping-db": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := caseOf(t, tc.product, tc.edits...)
			if err != nil {
				t.Fatalf("%s: Publishable() = %v", tc.reason, err)
			}
			b, err := Build(t.Context(), c.All()[0])
			if err != nil {
				t.Fatal(err)
			}
			got := state(t, b, tc.state, ns)
			if len(got) != len(tc.want) {
				t.Errorf("%s: %d objects, want %d: %v", tc.reason, len(got), len(tc.want), got)
			}
			for object, fields := range tc.want {
				var want map[string]any
				if err := yaml.Unmarshal([]byte(fields), &want); err != nil {
					t.Fatal(err)
				}
				if why := lacks(got[object].fields, want); why != "" {
					t.Errorf("%s: %s: %s", tc.reason, object, why)
				}
			}
		})
	}
}

// lacks says what of want is not in got; lists have to be equal.
func lacks(got, want any) string {
	w, ok := want.(map[string]any)
	if !ok {
		if a, b := fmt.Sprint(got), fmt.Sprint(want); a != b {
			return fmt.Sprintf("it has %s, want %s", a, b)
		}
		return ""
	}
	g, _ := got.(map[string]any)
	for k, v := range w {
		if why := lacks(g[k], v); why != "" {
			return k + ": " + why
		}
	}
	if g == nil {
		return "it is not there"
	}
	return ""
}
