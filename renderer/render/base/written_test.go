package base

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// What the projects allow is what versions write or declare, apart for tenants and
// for the environment, and no pattern that would stand for more.
func TestWritten(t *testing.T) {
	const file = "product.yaml"
	described := text(t, file)
	load := func(more string) *catalog.Catalog {
		c, err := catalog.LoadUnlocked(demo(t, map[string]string{file: described + more}))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	tenants, shared, err := Written(t.Context(), load("kinds: [{group: db.example.com, kind: Table}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	var custom []manifest.GroupKind
	for _, k := range tenants {
		if manifest.CustomGroup(k.Group) {
			custom = append(custom, k)
		}
		if manifest.ClusterScoped(k.Group, k.Kind) {
			t.Errorf("Written() has %v, which has no namespace", k)
		}
	}
	want := []manifest.GroupKind{{Group: "apisix.apache.org", Kind: "ApisixRoute"}, {Group: "db.example.com", Kind: "Table"}}
	if diff := cmp.Diff(want, custom); diff != "" || len(shared) > 0 {
		t.Errorf("Written() = %v for the environment; custom kinds of tenants (-want +got):\n%s", shared, diff)
	}
}

func TestKindNames(t *testing.T) {
	for _, k := range []manifest.GroupKind{{Group: "*", Kind: "Secret"}, {Group: "", Kind: "*"}, {Group: "x.example.com", Kind: "A?"}, {Group: "", Kind: "[A-Z]"}, {Group: "a}", Kind: "X"}, {Kind: ""}} {
		if k.IsName() {
			t.Errorf("%+v is a name, and an AppProject takes it for a pattern", k)
		}
	}
	for doc := range strings.SplitSeq("Service Widget2", " ") {
		if k := (manifest.GroupKind{Group: "x.example.com", Kind: doc}); !k.IsName() {
			t.Errorf("%+v is no name", k)
		}
	}
}
