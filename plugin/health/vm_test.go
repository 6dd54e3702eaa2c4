package health_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/lua"
	"github.com/argoproj/argo-cd/v2/util/settings"
	engine "github.com/argoproj/gitops-engine/pkg/health"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/plugin/health"
)

// overrides is what Argo CD's settings code makes of argocd-cm with the entries
// of Customizations: the tests run what an installation runs.
var overrides = sync.OnceValues(func() (map[string]v1alpha1.ResourceOverride, error) {
	entries, err := health.Customizations()
	if err != nil {
		return nil, err
	}
	labels := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	client := fake.NewClientset(
		&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: "argocd", Labels: labels},
			Data:       entries,
		},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: "argocd-secret", Namespace: "argocd", Labels: labels},
			Data:       map[string][]byte{"admin.password": nil, "server.secretkey": nil},
		},
	)
	return settings.NewSettingsManager(context.Background(), client, "argocd").GetResourceOverrides()
})

// vm returns Argo CD's Lua machine with our entries of argocd-cm.
func vm(t testing.TB) lua.VM {
	all, err := overrides()
	if err != nil {
		t.Fatalf("reading argocd-cm: %v", err)
	}
	return lua.VM{ResourceOverrides: all}
}

// fataler is the part of testing.TB that rapid's T has too.
type fataler interface {
	Fatalf(format string, args ...any)
}

// evaluate returns the health of obj now, and fails when the script fails,
// answers something else with the standard libraries, or is not ours.
func evaluate(t fataler, machine lua.VM, obj map[string]any) engine.HealthStatus {
	return judge(t, machine, obj, "")
}

// evaluateAt returns the health of obj at a time, to the second.
func evaluateAt(t fataler, machine lua.VM, obj map[string]any, at time.Time) engine.HealthStatus {
	return judge(t, machine, obj, fmt.Sprintf("require(\"os\").time = function() return %d end\n", at.Unix()))
}

// judge runs our check of obj after some Lua.
func judge(t fataler, machine lua.VM, obj map[string]any, before string) engine.HealthStatus {
	u := &unstructured.Unstructured{Object: obj}
	script, open, err := machine.GetHealthScript(u)
	if err != nil || script == "" || open {
		t.Fatalf("GetHealthScript(%s) = %d bytes, %t, %v, want ours without libraries", u.GroupVersionKind(), len(script), open, err)
	}
	var got [2]engine.HealthStatus
	for i := range got {
		machine.UseOpenLibs = i == 1
		status, err := machine.ExecuteHealthLua(u, before+script)
		if err != nil {
			t.Fatalf("ExecuteHealthLua(libraries %t): %v, for\n%v", machine.UseOpenLibs, err, obj)
		}
		got[i] = *status
	}
	if got[0] != got[1] {
		t.Fatalf("without libraries %+v, with libraries %+v", got[0], got[1])
	}
	return got[0]
}

// load returns the object in a YAML file.
func load(t testing.TB, path string) map[string]any {
	t.Helper()
	var obj map[string]any
	decode(t, path, &obj)
	return obj
}

// decode reads a YAML file strictly.
func decode(t testing.TB, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

// read returns a file's text.
func read(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
