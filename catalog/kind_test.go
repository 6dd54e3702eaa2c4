package catalog_test

import (
	"strings"
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

// Versions agree on when a kind is ready, since an Argo CD has one check of it.
func TestKindHealth(t *testing.T) {
	const kind = "group: db.example.com, kind: Cluster"
	for name, tc := range map[string]struct {
		reason, one, other string
		want               string // a fault; none when empty
	}{
		"Same":      {"they agree", "{" + kind + ", health: {condition: Ready}}", "{" + kind + ", health: {condition: Ready}}", ""},
		"Silent":    {"one leaves it to the other", "{" + kind + ", health: {condition: Ready}}", "{" + kind + "}", ""},
		"Condition": {"two conditions", "{" + kind + ", health: {condition: Ready}}", "{" + kind + ", health: {condition: Available}}", "something else of its health"},
		"Rest":      {"they rest otherwise", "{" + kind + ", health: {condition: Ready}}", "{" + kind + ", health: {condition: Ready}, suspend: {field: spec.size, value: 0}}", "something else of its health"},
		"NoWord":    {"it becomes a script", "{" + kind + ", health: {condition: 'a\"b'}}", "{" + kind + "}", "no type of a condition"},
		"Empty":     {"nothing is never True", "{" + kind + ", health: {}}", "{" + kind + "}", "no type of a condition"},
		"Gates":     {"sluice's own check holds the order", "{group: argoproj.io, kind: Application, health: {condition: Ready}}", "{" + kind + "}", "check the kind themselves"},
		"BuiltIn":   {"Kubernetes' own kinds have one", "{group: networking.k8s.io, kind: Ingress, health: {condition: Ready}}", "{" + kind + "}", "check the kind themselves"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := catalog.LoadUnlocked(good().with("products/swg/202/product.yaml", swg202+"kinds: ["+tc.one+"]\n").
				with("shared/license/1/component.yaml", license1+"kinds: ["+tc.other+"]\n").fsys())
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("%s: LoadUnlocked = %v, want %q", tc.reason, err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Checked(); len(got) != 1 || got[0].Health.Condition != "Ready" {
				t.Errorf("%s: Checked = %+v, want one", tc.reason, got)
			}
		})
	}
}
