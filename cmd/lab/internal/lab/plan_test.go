package lab

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/lab/internal/argocd"
	"github.com/gatorcloud/sluice/cmd/lab/internal/site"
)

func example() *Lab {
	return at(Options{Plugins: []argocd.Plugin{{Name: "p", Config: "x"}}}, site.Site{Dir: "/lab", Ports: map[string]int{}})
}

func names(l *Lab) []string {
	var names []string
	for _, s := range l.plan(func(...string) {}) {
		names = append(names, s.name)
	}
	return names
}

// Every component is started once, waited for once, and in this order.
func TestPlanCoversEveryComponent(t *testing.T) {
	l := example()
	plan := names(l)
	for _, c := range l.Components() {
		start, wait := slices.Index(plan, "start "+c), slices.Index(plan, "wait for "+c)
		if start < 0 || wait < start {
			t.Errorf("component %s: start is step %d, wait is step %d, want both and in order", c, start, wait)
		}
	}
	seen := map[string]bool{}
	for _, name := range plan {
		if seen[name] {
			t.Errorf("step %q occurs twice", name)
		}
		seen[name] = true
		if c, ok := strings.CutPrefix(name, "start "); ok && !slices.Contains(l.Components(), c) {
			t.Errorf("step %q starts what Components() does not know", name)
		}
	}
}

func TestPlanOrder(t *testing.T) {
	plan := names(example())
	cases := map[string]struct{ reason, first, second string }{
		"KeysFirst":       {"the API server reads them", "make keys and certificates", "start kube-apiserver"},
		"StoreFirst":      {"the API server gives up without its store", "wait for etcd", "start kube-apiserver"},
		"APIFirst":        {"objects are applied to it", "wait for kube-apiserver", "apply nodes and volumes"},
		"ObjectsFirst":    {"Argo CD's processes end without their settings", "apply Argo CD's objects", "start application-controller"},
		"CacheFirst":      {"the repo-server caches in it", "wait for redis", "start repo-server"},
		"ManifestsFirst":  {"the controller should know every kind when it starts", "apply further manifests", "start application-controller"},
		"GitServerBuilt":  {"it is a program of the tree", "build the Git server", "start git-server"},
		"PasswordLast":    {"the server makes it when it runs", "wait for server", "wait for the password"},
		"NodesBeforeDone": {"a lab without nodes runs no pod", "wait for kwok", "wait for the nodes"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			first, second := slices.Index(plan, tc.first), slices.Index(plan, tc.second)
			if first < 0 || second < 0 || first > second {
				t.Errorf("%s: step %q is number %d, step %q is number %d", tc.reason, tc.first, first, tc.second, second)
			}
		})
	}
}

// A port is free until just before its component starts, and no port is forgotten.
func TestPlanReleasesEveryPort(t *testing.T) {
	var released []string
	l := at(Options{}, site.Site{Dir: t.TempDir()})
	for _, s := range l.plan(func(ports ...string) { released = append(released, ports...) }) {
		if strings.HasPrefix(s.name, "start ") {
			// Nothing is there to start; the release comes before that shows.
			_ = s.run(t.Context())
		}
	}
	slices.Sort(released)
	want := site.PortNames()
	slices.Sort(want)
	if !slices.Equal(released, want) {
		t.Errorf("plan() releases %v, want %v", released, want)
	}
}
