package release_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/cmd/lab/internal/release"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestVersion(t *testing.T) {
	cases := map[string]struct {
		reason string
		gomod  string
		want   string
	}{
		"Block":       {"a line of a require block", "require (\n\texample.org/a v1.2.3\n)\n", "v1.2.3"},
		"Single":      {"a require line of its own", "require example.org/a v1.0.0 // indirect\n", "v1.0.0"},
		"Prefix":      {"another module whose path begins the same", "require example.org/ab v1.0.0\n", ""},
		"Replacement": {"a replacement is no requirement", "replace (\n\texample.org/a => example.org/b v9.9.9\n)\n", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := release.Version([]byte(tc.gomod), "example.org/a"); got != tc.want {
				t.Errorf("%s: Version(%q) = %q, want %q", tc.reason, tc.gomod, got, tc.want)
			}
		})
	}
}

func TestKeyDependsOnEveryInput(t *testing.T) {
	module := release.Sets()[0].Modules[0]
	in := release.Input{GoMod: []byte("a"), GoSum: []byte("b"), Go: "go1", OS: "linux", Arch: "amd64"}
	base := module.Key(in)
	if again := module.Key(in); again != base {
		t.Fatalf("Key() twice = %q and %q, want the same", base, again)
	}
	changed := map[string]func(*release.Input){
		"GoMod": func(i *release.Input) { i.GoMod = []byte("c") },
		"GoSum": func(i *release.Input) { i.GoSum = []byte("c") },
		"Go":    func(i *release.Input) { i.Go = "go2" },
		"OS":    func(i *release.Input) { i.OS = "darwin" },
		"Arch":  func(i *release.Input) { i.Arch = "arm64" },
	}
	for name, change := range changed {
		t.Run(name, func(t *testing.T) {
			other := in
			change(&other)
			if got := module.Key(other); got == base {
				t.Errorf("Key() with another %s = %q, want another key", name, got)
			}
		})
	}
	module.Programs = module.Programs[1:]
	if got := module.Key(in); got == base {
		t.Errorf("Key() with fewer programs = %q, want another key", got)
	}
}

// The tables here and the pinned modules must not drift apart.
func TestPinnedModulesExist(t *testing.T) {
	for _, set := range release.Sets() {
		for _, m := range set.Modules {
			gomod, err := os.ReadFile(filepath.Join("..", "..", "modules", m.Dir, "go.mod"))
			if err != nil {
				t.Errorf("set %s: %v", set.Name, err)
				continue
			}
			if release.Version(gomod, m.Main) == "" {
				t.Errorf("set %s: %s requires no %s", set.Name, m.Dir, m.Main)
			}
			if _, err := os.Stat(filepath.Join("..", "..", "modules", m.Dir, "go.sum")); err != nil {
				t.Errorf("set %s: %v", set.Name, err)
			}
		}
	}
}

func TestStamps(t *testing.T) {
	cases := map[string]struct {
		reason string
		module int
		gomod  string
		want   []string
	}{
		"Kubernetes": {"major and minor are numbers of their own", 0, "require k8s.io/kubernetes v1.34.4", []string{
			"k8s.io/component-base/version.gitVersion=v1.34.4", "k8s.io/component-base/version.gitMajor=1",
			"k8s.io/component-base/version.gitMinor=34", "k8s.io/component-base/version.gitTreeState=clean",
			"k8s.io/client-go/pkg/version.gitVersion=v1.34.4", "k8s.io/client-go/pkg/version.gitMajor=1",
			"k8s.io/client-go/pkg/version.gitMinor=34", "k8s.io/client-go/pkg/version.gitTreeState=clean",
		}},
		"Kwok": {"nothing to stamp", 1, "require sigs.k8s.io/kwok v0.6.1", nil},
		"ArgoCD": {"without the leading v", 2, "require github.com/argoproj/argo-cd/v2 v2.14.21", []string{
			"github.com/argoproj/argo-cd/v2/common.version=2.14.21", "github.com/argoproj/argo-cd/v2/common.gitTreeState=clean",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := release.Sets()[0].Modules[tc.module].Assignments([]byte(tc.gomod))
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: Assignments() -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestFindUnknown(t *testing.T) {
	_, err := release.Find("v9")
	if err == nil || fault.HintOf(err) == "" {
		t.Errorf("Find(v9) = %v with hint %q, want an error that lists the sets", err, fault.HintOf(err))
	}
	if _, err := release.Find("v3"); err != nil {
		t.Errorf("Find(v3) = %v, want the set", err)
	}
}
