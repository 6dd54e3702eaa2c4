package health_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v2/util/lua"
	engine "github.com/argoproj/gitops-engine/pkg/health"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var (
	apiVersionLine = regexp.MustCompile(`(?m)^apiVersion: *["']?([\w./-]+)`)
	kindLine       = regexp.MustCompile(`(?m)^kind: *["']?(\w+)`)
)

// ends are kinds whose check in Argo CD always comes to an end: a Deployment
// has its own deadline, and a budget is judged by its controller at once.
var ends = map[string]bool{"apps/Deployment": true, "policy/PodDisruptionBudget": true}

// Whatever the catalog deploys can become Healthy or Degraded, or has no health
// at all: an operation that waits for anything else waits for ever.
func TestCatalogKindsEnd(t *testing.T) {
	machine := vm(t)
	seen := map[string]bool{}
	for _, root := range []string{"../../catalog/products", "../../catalog/shared"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".yaml") && !strings.HasSuffix(path, ".tpl") {
				return err
			}
			data, err := os.ReadFile(path)
			for document := range strings.SplitSeq(string(data), "\n---") {
				checkEnds(t, machine, path, document, seen)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !seen["apps/Deployment"] || !seen["apisix.apache.org/ApisixRoute"] {
		t.Errorf("kinds found: %v, want at least Deployments and ApisixRoutes", seen)
	}
}

func checkEnds(t *testing.T, machine lua.VM, path, document string, seen map[string]bool) {
	t.Helper()
	version, kind := apiVersionLine.FindStringSubmatch(document), kindLine.FindStringSubmatch(document)
	if version == nil || kind == nil {
		return
	}
	obj := &unstructured.Unstructured{}
	obj.SetAPIVersion(version[1])
	obj.SetKind(kind[1])
	key := lua.GetConfigMapKey(obj.GroupVersionKind())
	seen[key] = true
	if machine.ResourceOverrides[key].HealthLua != "" || ends[key] {
		return
	}
	script, _, err := machine.GetHealthScript(obj)
	if err != nil {
		t.Fatal(err)
	}
	if script != "" || engine.GetHealthCheckFunc(obj.GroupVersionKind()) != nil {
		t.Errorf("%s: %s is checked by Argo CD without a deadline; give it a check here", path, key)
	}
}
