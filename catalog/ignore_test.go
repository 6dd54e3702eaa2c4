package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Both ways to name a field give its path, whatever is written in it.
func TestIgnoredPaths(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, pointer, expression string
		want                        []string
	}{
		"Plain":    {"names", "/spec/clusterIP", ".spec.clusterIP", []string{"spec", "clusterIP"}},
		"Entry":    {"an entry of a list, and all of them", "/webhooks/0/clientConfig/caBundle", ".webhooks[]?.clientConfig.caBundle", []string{"webhooks", "*", "clientConfig", "caBundle"}},
		"Last":     {"the entry after the last", "/spec/a/-/b", ".spec.a[0].b", []string{"spec", "a", "*", "b"}},
		"Escaped":  {"slashes and tildes in a name", "/metadata/annotations/a.b~1c~0d", `.metadata.annotations["a.b/c~d"]`, []string{"metadata", "annotations", "a.b/c~d"}},
		"Quoted":   {"the other form of the same", "/data/ca.crt", `.data."ca.crt"`, []string{"data", "ca.crt"}},
		"Selected": {"a selection is no step", "/spec/a/0/c", `.spec.a[] | select(.name == "b") | .c`, []string{"spec", "a", "*", "c"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := manifest.IgnoreDifference{Kind: "Service", Name: "a", JSONPointers: []string{tc.pointer}, JQPathExpressions: []string{tc.expression}}
			if diff := cmp.Diff([][]string{tc.want, tc.want}, catalog.IgnoredPaths(d)); diff != "" {
				t.Errorf("IgnoredPaths(%q, %q): %s (-want +got):\n%s", tc.pointer, tc.expression, tc.reason, diff)
			}
		})
	}
}

// What the components ignore is what the version ignores.
func TestIgnoreDifferences(t *testing.T) {
	const entries = "  ignoreDifferences:\n  - {group: apps, kind: Deployment, name: a, jsonPointers: [/spec/b]}\n  - {kind: Service, name: a, jqPathExpressions: ['.spec.ports[].nodePort']}\n"
	c, err := catalog.LoadUnlocked(good().with("products/swg/202/product.yaml", strings.Replace(swg202, "- name: ca-init\n", "- name: ca-init\n"+entries, 1)).fsys())
	if err != nil {
		t.Fatal(err)
	}
	want := []manifest.IgnoreDifference{
		{Group: "apps", Kind: "Deployment", Name: "a", JSONPointers: []string{"/spec/b"}},
		{Kind: "Service", Name: "a", JQPathExpressions: []string{".spec.ports[].nodePort"}},
	}
	if diff := cmp.Diff(want, c.Versions(ident.Must[ident.ProductKind]("swg"))[0].IgnoreDifferences()); diff != "" {
		t.Errorf("IgnoreDifferences (-want +got):\n%s", diff)
	}
}
