package overlaytest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/short"
)

// program is a command of another project that results are compared with.
type program struct {
	module, command string
	// stamps are what its own release build sets; %s is the module's version.
	stamps string
}

var programs = map[string]program{
	"kustomize": {module: "sigs.k8s.io/kustomize/kustomize/v5"},
	// Kubernetes 1.35 is what helm 3.21 takes for its cluster when it has none.
	"helm": {module: "helm.sh/helm/v3", command: "/cmd/helm", stamps: "-X helm.sh/helm/v3/internal/version.version=%s " +
		"-X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=35"},
}

// Released returns the path of the released helm or kustomize, at the version
// of go.mod. It is built once into the user's cache: in CI by the first test
// that asks, elsewhere by `make tools`; a test that asks before is skipped,
// because the build takes minutes that few changes are worth. A short run
// compares nothing.
func Released(t *testing.T, name string) string {
	t.Helper()
	short.Skip(t, "runs the released "+name)
	p := programs[name]
	version, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", p.module).Output()
	if err != nil {
		t.Fatalf("asking for the version of %s: %v", p.module, err)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	release := strings.TrimSpace(string(version))
	path := filepath.Join(cache, "sluice-tools", name+"-"+release, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "" {
		t.Skipf("%s %s is not built: `make tools` builds it for this comparison", name, release)
	}
	if err := p.build(t.Context(), release, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds the program beside path and moves it there when it is whole:
// tests of several packages may ask at once.
func (p program) build(ctx context.Context, release, path string) error {
	half := fmt.Sprintf("%s.%d", path, os.Getpid())
	stamps := strings.Replace(p.stamps, "%s", release, 1)
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags=-s -w "+stamps, "-o", half, p.module+p.command)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", p.module, err, out)
	}
	return os.Rename(half, path)
}
