package catalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// A declared kind is treated as one that sluice knows.
func TestKindWorkload(t *testing.T) {
	const kind = "group: db.example.com, kind: Cluster"
	for name, tc := range map[string]struct {
		reason, declaration string
		want                manifest.Workload
	}{
		"Nothing": {"it runs nothing", "{" + kind + "}", manifest.Workload{}},
		"Number":  {"a number stays one", "{" + kind + ", suspend: {field: spec.instances, value: 0}}", manifest.Workload{Rest: "/spec/instances", Value: "0"}},
		"Truth":   {"so does a truth value", "{" + kind + ", suspend: {field: spec.a.b, value: true}}", manifest.Workload{Rest: "/spec/a/b", Value: "true"}},
		"Text":    {"a text does not become another thing", "{" + kind + `, suspend: {field: spec.mode, value: "no"}}`, manifest.Workload{Rest: "/spec/mode", Value: `"no"`}},
		"Pods": {"its template is followed", "{" + kind + ", template: spec.pods, suspend: {field: spec.size, value: 0}}",
			manifest.Workload{Template: []string{"spec", "pods"}, Rest: "/spec/size", Value: "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.LoadUnlocked(good().with("products/swg/202/product.yaml", swg202+"kinds: ["+tc.declaration+"]\n").fsys())
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Group, tc.want.Kind = "db.example.com", "Cluster"
			if diff := cmp.Diff(tc.want, c.Versions(ident.Must[ident.ProductKind]("swg"))[0].Kinds[0].Workload()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}
