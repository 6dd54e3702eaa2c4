package environments_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// No tenant's namespace can be a namespace that is there, nor that of a tenant
// of another environment in the same cluster.
func TestNamespacesApart(t *testing.T) {
	file := func(name, destination, prefix string) string {
		return "apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: " + name + "\npopId: \"1\"\npopCode: a\nrepoURL: https://git.example/f.git\ndomain: a.example\n" +
			"destination: {" + destination + "}\n" + prefix
	}
	const here, there = "name: in-cluster", "server: https://k8s.example"
	for name, tc := range map[string]struct {
		reason, one, other string // environments a and b
		want               string
	}{
		"Clusters": {"two clusters", file("a", here, ""), file("b", there, ""), ""},
		"Prefixes": {"two prefixes", file("a", here, "namespacePrefix: one-\n"), file("b", here, "namespacePrefix: two-\n"), ""},
		"Same":     {"one prefix in one cluster", file("a", here, ""), file("b", here, ""), `that of environment "b", "tenant-"`},
		"TwoNames": {"Argo CD's own cluster has two names", file("a", here, ""), file("b", "server: https://kubernetes.default.svc", ""), `environment "b"`},
		"Longer":   {"tenant x-1 of the one is tenant 1 of the other", file("a", here, "namespacePrefix: tenant-x-\n"), file("b", here, ""), `environment "b"`},
		"Shared":   {"the other's shared parts", file("a", here, "namespacePrefix: b-\n"), file("b", here, ""), `environment "b"`},
		"Kube":     {"tenant system", file("a", here, "namespacePrefix: kube-\n"), file("b", there, ""), "namespaces of Kubernetes"},
		"ArgoCD":   {"tenant cd", file("a", here, "namespacePrefix: argo-\nargocd: {namespace: argo-cd}\n"), file("b", there, ""), `namespace "argo-cd"`},
		"Broken":   {"the other has faults of its own", file("a", here, ""), "x: 1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := &fstest.MapFile{Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nrings: [{name: main, versions: {}}]\n")}
			_, err := environments.Load(fstest.MapFS{"a/environment.yaml": {Data: []byte(tc.one)}, "a/fleet.yaml": fleet,
				"b/environment.yaml": {Data: []byte(tc.other)}, "b/fleet.yaml": fleet}, ident.Must[ident.EnvironmentKind]("a"))
			switch {
			case tc.want == "" && err != nil, tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%s: Load() = %v, want %q", tc.reason, err, tc.want)
			case err != nil && fault.HintOf(err) == "":
				t.Errorf("%s: Load() = %v without a hint", tc.reason, err)
			}
		})
	}
}

// A hole in every tenant's egress is small, and says what it is for.
func TestEgress(t *testing.T) {
	for name, tc := range map[string]struct{ reason, hole, want string }{
		"Sound":    {"one server", "{cidr: 10.0.0.1/32, ports: [6443], reason: the API server}", ""},
		"Six":      {"so it is with long addresses", "{cidr: 2001:db8::1/128, ports: [6443], reason: the API server}", ""},
		"All":      {"everything for everybody", "{cidr: 0.0.0.0/0, ports: [443], reason: the internet}", "opens everything"},
		"NoCIDR":   {"a name is no network", "{cidr: git.example, ports: [443], reason: x}", "is no network"},
		"Host":     {"an address in a network is none", "{cidr: 10.0.0.1/24, ports: [443], reason: x}", "is no network"},
		"NoPorts":  {"every port", "{cidr: 10.0.0.1/32, reason: x}", "0 ports"},
		"NoReason": {"whoever reads it wants to know why", "{cidr: 10.0.0.1/32, ports: [443]}", "reason"},
		"Port":     {"no port", "{cidr: 10.0.0.1/32, ports: [70000], reason: x}", "70000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := environments.Load(fstest.MapFS{"local/environment.yaml": {Data: []byte(goodEnvironment + "egress: [" + tc.hole + "]\n")}, "local/fleet.yaml": {Data: []byte(goodFleet)}},
				ident.Must[ident.EnvironmentKind]("local"))
			if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "") {
				t.Errorf("%s: Load() = %v, want %q with a hint", tc.reason, err, tc.want)
			}
		})
	}
}
