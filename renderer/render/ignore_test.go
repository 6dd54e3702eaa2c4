package render_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
)

// What a version ignores reaches the descriptor of its tenants, which is all
// that the plugin sees of it when it writes the product's Application.
func TestIgnoreDifferencesAreHandedDown(t *testing.T) {
	c := sold(t)
	dsa := ident.Must[ident.ProductKind]("dsa")
	want := []manifest.IgnoreDifference{{Kind: "Service", Name: "dsa", JSONPointers: []string{"/spec/clusterIP"}}}
	c.Versions(dsa)[0].Components[0].IgnoreDifferences = want
	tenant := authz.Facts{
		Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind]("1000006"), Code: "c5cb27eb", Name: "x",
			Authorisations: []authz.Authorisation{{Product: dsa, Replicas: 1, StartTime: now.AddDate(-1, 0, 0)}}},
		States: []authz.State{authz.Active},
	}
	r := render.New(render.Config{Site: site(t, 10), Fleet: fleetOf(t, site(t, 10)), Catalog: c, Bases: &bases{}, Engine: engine(), Workers: 1})
	_, files := full(t, r, []authz.Facts{tenant}, nil)
	var base manifest.TenantBase
	if err := manifest.Decode(files["environments/local/"+manifest.TenantPath(tenant.Tenant.ID)+"/base/sluice.yaml"], manifest.KindTenantBase, &base); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, base.Products[0].Versions[0].IgnoreDifferences); diff != "" {
		t.Errorf("ignoreDifferences (-want +got):\n%s", diff)
	}
}
