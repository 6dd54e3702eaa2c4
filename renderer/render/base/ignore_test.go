package base

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is the version's to say is not left to the cluster.
func TestIgnoreRefusals(t *testing.T) {
	ignores := func(group, kind, name, pointer string) map[string]string {
		component := map[string]string{"demo-agent": "- name: agent\n"}[name]
		if component == "" {
			component = "- name: web\n"
		}
		return edited(t, "product.yaml", component, component+fmt.Sprintf("  ignoreDifferences: [{group: %s, kind: %s, name: %s, jsonPointers: [%s]}]\n", group, kind, name, pointer))
	}
	for name, tc := range map[string]refusalCase{
		"IgnoreMissing":  {"a misspelt name ignores nothing", ignores("apps", "Deployment", "demo-wep", "/spec/strategy/type"), []string{`component "web"`, `"demo-wep"`, "no such object"}},
		"IgnoreOther":    {"each component speaks for itself", ignores("apps", "StatefulSet", "demo-store", "/spec/a"), []string{`"demo-store"`, "no such object"}},
		"IgnoreReplicas": {"an ended right would go on running", ignores("apps", "Deployment", "demo-web", "/spec/replicas"), []string{`"spec.replicas"`, "suspension"}},
		"IgnoreBelow":    {"part of what stops it", ignores("apps", "DaemonSet", "demo-agent", "/spec/template/spec/nodeSelector/a"), []string{`"demo-agent"`, "suspension"}},
		"IgnoreTemplate": {"the template holds the images", ignores("apps", "Deployment", "demo-web", "/spec/template"), []string{`"spec.template"`, "pods are below"}},
		"IgnoreImage":    {"images are the version's", ignores("apps", "Deployment", "demo-web", "/spec/template/spec/containers/0/image"), []string{"images are part"}},
		"IgnoreInit":     {"of all containers", ignores("apps", "Deployment", "demo-web", "/spec/template/spec/initContainers/0/image"), []string{"images are part"}},
		"IgnoreWhole":    {"a container has an image", ignores("apps", "Deployment", "demo-web", "/spec/template/spec/containers/0"), []string{"a whole container"}},
		"IgnoreAll":      {"they all have", ignores("apps", "Deployment", "demo-web", "/spec/template/spec/containers"), []string{"pods are below"}},
	} {
		t.Run(name, func(t *testing.T) { checkRefusal(t, tc, false) })
	}
}

// Fields that the cluster writes may be left to it, and change no byte of the base.
func TestIgnoreMay(t *testing.T) {
	plain := build(t, nil)
	for name, entry := range map[string]string{
		"Field":     "{group: apps, kind: Deployment, name: demo-web, jsonPointers: [/spec/template/spec/schedulerName]}",
		"Container": "{group: apps, kind: Deployment, name: demo-web, jqPathExpressions: ['.spec.template.spec.containers[].terminationMessagePath']}",
		"Service":   "{kind: Service, name: demo-web, jsonPointers: [/spec/clusterIP, /metadata/annotations/example.com~1ip]}",
	} {
		t.Run(name, func(t *testing.T) {
			b := build(t, map[string]string{"product.yaml": strings.Replace(text(t, "product.yaml"), "- name: web\n", "- name: web\n  ignoreDifferences: ["+entry+"]\n", 1)})
			if len(b.Version.IgnoreDifferences()) != 1 {
				t.Fatal("the edit does not fit the demo any more")
			}
			want, got := plain.Dir.Files(), b.Dir.Files()
			delete(want, "graph.yaml") // it names the catalog's digest
			delete(got, "graph.yaml")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("base (-without +with):\n%s", diff)
			}
		})
	}
}
