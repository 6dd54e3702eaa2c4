package argocd_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/process"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func place() site.Site {
	ports := map[string]int{}
	for i, name := range site.PortNames() {
		ports[name] = 20000 + i
	}
	return site.Site{
		Dir: "/lab", Sockets: "/lab/s", Ports: ports, Search: "/usr/bin",
		Programs: map[string]string{"argocd": "/cache/argocd", "argocd-cmp-server": "/cache/argocd-cmp-server"},
	}
}

func every(set argocd.Settings) []process.Component {
	s := place()
	return []process.Component{
		argocd.Redis(s), argocd.RepoServer(s, set), argocd.Controller(s, set),
		argocd.ApplicationSetController(s, set), argocd.Server(s, set),
		argocd.Plugin{Name: "p", Config: "x"}.Component(s, set),
	}
}

func env(c process.Component, name string) string {
	value := ""
	for _, e := range c.Env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// A lab is on loopback and in its directory only, and its clock is UTC: the health checks' dates rely on it.
func TestEveryComponent(t *testing.T) {
	for _, c := range every(argocd.Settings{}) {
		t.Run(c.Name, func(t *testing.T) {
			for _, arg := range c.Args {
				if strings.Contains(arg, "0.0.0.0") || strings.Contains(arg, "localhost") || strings.HasSuffix(arg, "=:") {
					t.Errorf("argument %q may listen elsewhere than on 127.0.0.1", arg)
				}
			}
			if got := env(c, "TZ"); got != "UTC" {
				t.Errorf("TZ = %q, want UTC", got)
			}
			if got := env(c, "HOME"); got != "/lab/home" {
				t.Errorf("HOME = %q, want one inside the lab", got)
			}
			if c.Ready == nil {
				t.Error("no readiness probe")
			}
		})
	}
}

func TestSettings(t *testing.T) {
	cases := map[string]struct {
		reason    string
		set       argocd.Settings
		component string
		arg       string
	}{
		"Resync":           {"twenty seconds unless told", argocd.Settings{}, argocd.ControllerName, "--app-resync=20"},
		"ResyncTold":       {"in whole seconds", argocd.Settings{Resync: 3 * time.Minute}, argocd.ControllerName, "--app-resync=180"},
		"RevisionCache":    {"short unless told", argocd.Settings{}, argocd.RepoServerName, "--revision-cache-expiration=1s"},
		"TarExclude":       {"plugins never see .git", argocd.Settings{}, argocd.RepoServerName, "--plugin-tar-exclude=.git/**"},
		"TarExcludeTold":   {"given globs stand for the default", argocd.Settings{TarExclude: []string{"x"}}, argocd.RepoServerName, "--plugin-tar-exclude=x"},
		"GeneratePaths":    {"plugins get their paths only", argocd.Settings{}, argocd.RepoServerName, "--plugin-use-manifest-generate-paths=true"},
		"WholeRepository":  {"or everything, to measure it", argocd.Settings{WholeRepository: true}, argocd.RepoServerName, "--plugin-use-manifest-generate-paths=false"},
		"LogLevel":         {"for every process", argocd.Settings{LogLevel: "debug"}, argocd.ServerName, "--loglevel=debug"},
		"PersistentHealth": {"the health of resources is kept in the status, on v3 too", argocd.Settings{}, argocd.ControllerName, "--persist-resource-health=true"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			all := every(tc.set)
			c := all[slices.IndexFunc(all, func(c process.Component) bool { return c.Name == tc.component })]
			if !slices.Contains(c.Args, tc.arg) {
				t.Errorf("%s: %s runs with %q, want %q among them", tc.reason, c.Name, c.Args, tc.arg)
			}
		})
	}
}

func TestControllerEnvironment(t *testing.T) {
	c := argocd.Controller(place(), argocd.Settings{WaveDelay: 3 * time.Second, Env: []string{"A=1"}})
	for name, want := range map[string]string{
		"ARGOCD_SYNC_WAVE_DELAY": "3", "ARGOCD_APPLICATION_CONTROLLER_SYNC_TIMEOUT": "0", "A": "1",
		"KUBECONFIG": "/lab/pki/argocd-application-controller.kubeconfig",
	} {
		if got := env(c, name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestPlugin(t *testing.T) {
	stock := argocd.Plugin{Name: "sluice", Config: "kind: ConfigManagementPlugin", Search: []string{"/opt"}}.Component(place(), argocd.Settings{})
	if stock.Path != "/cache/argocd-cmp-server" || !slices.Contains(stock.Args, "--config-dir-path=/lab/plugins/sluice") {
		t.Errorf("a plugin with a config runs %s %q, want argocd-cmp-server with its folder", stock.Path, stock.Args)
	}
	if got, want := env(stock, "PATH"), "/opt:/cache:/usr/bin"; got != want {
		t.Errorf("PATH = %q, want %q", got, want)
	}
	native := argocd.Plugin{Name: "sluice", Command: []string{"/bin/cmp", "serve", "--socket={socket}", "{sockets}", "{tmp}"}}.
		Component(place(), argocd.Settings{})
	want := []string{"serve", "--socket=/lab/s/sluice.sock", "/lab/s", "/lab/tmp"}
	if diff := cmp.Diff(want, native.Args); native.Path != "/bin/cmp" || diff != "" {
		t.Errorf("a plugin with a command runs %s, arguments -want +got:\n%s", native.Path, diff)
	}
}

func TestPluginCheck(t *testing.T) {
	cases := map[string]struct {
		reason string
		plugin argocd.Plugin
		fails  bool
	}{
		"Config":  {"one way", argocd.Plugin{Name: "a", Config: "x"}, false},
		"Command": {"the other way", argocd.Plugin{Name: "a", Command: []string{"x"}}, false},
		"Both":    {"two servers on one socket", argocd.Plugin{Name: "a", Config: "x", Command: []string{"x"}}, true},
		"Neither": {"nothing to run", argocd.Plugin{Name: "a"}, true},
		"Path":    {"a name that leaves the folder", argocd.Plugin{Name: "../a", Config: "x"}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := tc.plugin.Check(); (err != nil) != tc.fails {
				t.Errorf("%s: Check() = %v with hint %q, want an error: %v", tc.reason, err, fault.HintOf(err), tc.fails)
			}
		})
	}
}

const install = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: applications.argoproj.io}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: argocd-server}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data: {resource.exclusions: "[]", admin.enabled: "true"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: argocd-server}
---
apiVersion: v1
kind: Service
metadata: {name: argocd-server}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: argocd-server}
`

func TestFromInstall(t *testing.T) {
	objects, err := argocd.FromInstall([]byte(install), argocd.Settings{Config: map[string]string{
		"resource.customizations.health.a_B": "return", "admin.enabled": "false",
	}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range append(objects.Definitions, objects.Rest...) {
		got = append(got, o.Ref().String())
		if o.Text("metadata", "name") == "argocd-cm" {
			want := map[string]any{
				"timeout.reconciliation": "20s", "application.resourceTrackingMethod": "annotation",
				"resource.customizations.health.a_B": "return", "admin.enabled": "false", "resource.exclusions": "[]",
			}
			if diff := cmp.Diff(want, o.Field("data")); diff != "" {
				t.Errorf("argocd-cm -want +got:\n%s", diff)
			}
		}
	}
	want := []string{
		"CustomResourceDefinition applications.argoproj.io", "Namespace argocd", "ServiceAccount argocd/argocd-server",
		"ConfigMap argocd/argocd-cm", "ConfigMap argocd/argocd-rbac-cm", "ClusterRole argocd-server", "AppProject argocd/default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("FromInstall() -want +got:\n%s", diff)
	}
}
