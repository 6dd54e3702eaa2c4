package render

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// A tenant that nobody looked at fails the render; it is not taken for one
// that has nothing.
func TestNobodyIsLeftOut(t *testing.T) {
	site, err := environments.Load(environments.Example(), ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	c, _ := catalog.Load(fstest.MapFS{})
	r := New(Config{Site: site, Catalog: c, Fleet: &rollout.Fleet{}, Workers: -1})
	if r.config.Workers < 1 {
		t.Errorf("New() with -1 workers has %d, want at least one", r.config.Workers)
	}
	none := newOrder(r.input(nil), rollout.Rollouts{})
	all := []authz.Facts{{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind]("1000006")}}}
	if _, _, err := r.gather(all, []outcome{{done: true}}, none); err != nil {
		t.Errorf("gather() of a tenant without products = %v, want none", err)
	}
	if _, _, err := r.gather(all, []outcome{{}}, none); err == nil || !strings.Contains(err.Error(), `"1000006"`) {
		t.Errorf("gather() of a tenant without an outcome = %v, want an error that names it", err)
	}
}
