package manifest_test

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/google/go-cmp/cmp"
)

func TestGraphRoundTrip(t *testing.T) {
	name := ident.Must[ident.ComponentKind]
	g := manifest.Graph{
		APIVersion: manifest.APIVersion, Kind: manifest.KindGraph, Routes: 2,
		Version: "products/swg/202", Catalog: "sha256:00",
		Components: []manifest.GraphComponent{
			{Name: name("on")},
			{Name: name("gateway"), Bucket: 1, DependsOn: []ident.Component{name("on"), name("x1")}},
		},
	}
	got, err := manifest.DecodeGraph(g.Encode())
	if err != nil {
		t.Fatalf("DecodeGraph(%s): %v", g.Encode(), err)
	}
	if diff := cmp.Diff(g, got, cmp.Comparer(func(a, b ident.Component) bool { return a == b })); diff != "" {
		t.Errorf("DecodeGraph(Encode) (-want +got):\n%s", diff)
	}
	g.Routes = 1 // of a version whose components all start at once
	if got, err := manifest.DecodeGraph(g.Encode()); err != nil || got.Routes != 1 {
		t.Errorf("routes = %d, %v, want 1", got.Routes, err)
	}
	for name, bad := range map[string]string{"Unknown": string(g.Encode()) + "x: 1\n", "Kind": "apiVersion: sluice.gatorcloud.io/v1\nkind: Overlay\ncomponents: []\n"} {
		if _, err := manifest.DecodeGraph([]byte(bad)); err == nil {
			t.Errorf("%s: DecodeGraph(%q) = nil error", name, bad)
		}
	}
}
