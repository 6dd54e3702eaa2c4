package stock

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

func mustTree(t testing.TB, files map[string]string) *tree.Dir {
	t.Helper()
	m := make(map[string][]byte, len(files))
	for p, s := range files {
		m[p] = []byte(s)
	}
	d, err := tree.FromFiles(m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBuild(t *testing.T) {
	d := mustTree(t, map[string]string{
		"a/kustomization.yaml": "namePrefix: x-\nresources: [../b, cm.yaml]\n",
		"a/cm.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
		"b/kustomization.yaml": "resources: [cm.yaml]\n",
		"b/cm.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
	})
	got, err := Build(t.Context(), d, "a")
	want := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-a\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-b\n"
	if err != nil || string(got) != want {
		t.Errorf("Build(a) = %q, %v, want %q", got, err, want)
	}
	for _, root := range []string{"", "..", "../a", "/a", "a/", "a/../a"} {
		if _, err := Build(t.Context(), d, root); fault.ClassOf(err) != fault.Person {
			t.Errorf("Build(%q) = %v, want a refusal: roots are clean paths inside the tree", root, err)
		}
	}
}

// fatalTree makes kustomize call log.Fatal: the binding that refers to two
// accounts cannot be printed into the message that says so.
func fatalTree(t testing.TB) *tree.Dir {
	account := "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: sa}\n---\n" +
		"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s}\n" +
		"bad: !!int x\nsubjects: [{kind: ServiceAccount, name: sa}]\n"
	return mustTree(t, map[string]string{
		"kustomization.yaml":   "resources: [a, b]\n",
		"a/kustomization.yaml": "namespace: a\nresources: [all.yaml]\n",
		"a/all.yaml":           fmt.Sprintf(account, "a"),
		"b/kustomization.yaml": "namespace: b\nresources: [all.yaml]\n",
		"b/all.yaml":           fmt.Sprintf(account, "b"),
	})
}

func TestFatalIsAnError(t *testing.T) {
	_, err := Build(t.Context(), fatalTree(t), ".")
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("Build = %q, want a refusal on one line instead of the end of the process", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turn <- struct{}{}
	_, err := Build(ctx, mustTree(t, nil), ".")
	<-turn
	if err == nil {
		t.Error("Build with a cancelled context and a busy kustomize succeeded")
	}
}

// TestSchemaStaysBehind shows that a schema of one build is gone in the next,
// also after a build that panics on it.
func TestSchemaStaysBehind(t *testing.T) {
	before := openapi.GetSchemaVersion()
	for name, schema := range map[string]string{"Good": `{"definitions": {}}`, "Bad": `{"definitions": []}`} {
		_, err := Build(t.Context(), mustTree(t, map[string]string{
			"kustomization.yaml": "openapi: {path: schema.json}\nresources: [d.yaml]\npatches: [{path: p.yaml}]\n",
			"schema.json":        schema,
			"d.yaml":             "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n",
			"p.yaml":             "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n",
		}), ".")
		if (err != nil) != (name == "Bad") {
			t.Errorf("%s: Build = %v", name, err)
		}
		if got := openapi.GetSchemaVersion(); got != before {
			t.Errorf("%s: the schema is %q after the build, want %q", name, got, before)
		}
	}
}
