package plan_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// examples returns the example tenants of a committed environment, passed
// through the gates of etcd records.
func examples(t *testing.T, root fs.FS, env ident.Environment) []authz.Tenant {
	t.Helper()
	data, err := fs.ReadFile(root, env.String()+"/tenants.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tenants []map[string]any `json:"tenants"`
	}
	if err := strict.YAML(data, 1<<20, &file); err != nil {
		t.Fatal(err)
	}
	var tenants []authz.Tenant
	for _, record := range file.Tenants {
		authorisations, _ := record["authorisations"].([]any)
		delete(record, "authorisations")
		tenants = append(tenants, decodeExample(t, record, authorisations))
	}
	return tenants
}

func decodeExample(t *testing.T, record map[string]any, authorisations []any) authz.Tenant {
	t.Helper()
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	id, _ := record["tenantId"].(string)
	key := authz.Key{Tenant: ident.Must[ident.TenantKind](id)}
	tenant, err := authz.DecodeTenant(key, encode(record))
	if err != nil {
		t.Fatalf("tenant %q: %v", id, err)
	}
	for _, a := range authorisations {
		fields, _ := a.(map[string]any)
		name, _ := fields["product"].(string)
		key.Product = ident.Must[ident.ProductKind](name)
		right, err := authz.DecodeAuthorisation(key, encode(a))
		if err != nil {
			t.Fatalf("tenant %q, product %q: %v", id, name, err)
		}
		tenant.Authorisations = append(tenant.Authorisations, right)
	}
	return tenant
}

// TestExamples plans the example tenants of the committed environments with
// the committed catalog, and checks that they show what they say they show.
func TestExamples(t *testing.T) {
	root := os.DirFS("../../../environments")
	c, err := catalog.Load(os.DirFS("../../../catalog"))
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason string
		env    string
		want   map[string]string // "<ring> <state> <version> <replicas> <storage>" by key
	}{
		"Local": {"the two tenants of the old system, pinned", "local", map[string]string{
			"1000006/swg": "main active 202 13 80Gi",
			"1000009/swg": "canary active 200 2 80Gi",
		}},
		"POP": {"every state, pinned and following, several products", "pop-sha1", map[string]string{
			"1000101/dsa":  "canary active 31 1 20Gi",
			"1000101/swg":  "canary active 202 2 20Gi",
			"1000101/ucwi": "canary active 112 1 20Gi",
			"1000102/dsa":  "canary active 31 2 40Gi",
			"1000102/swg":  "canary active 202 3 40Gi",
			"1000117/dsa":  "early active 31 4 200Gi",
			"1000117/swg":  "early active 202 8 120Gi",
			"1000123/swg":  "early active 200 2 20Gi",
			"1000138/swg":  "main active 202 13 160Gi",
			"1000138/ucwi": "main active 112 4 60Gi",
			"1000141/swg":  "early active 202 6 80Gi",
			"1000152/swg":  "main active 200 2 20Gi",
			"1000160/ucwi": "main active 112 2 20Gi",
			"1000171/dsa":  "main active 31 3 100Gi",
			"1000185/dsa":  "main active 31 1 20Gi",
			"1000185/swg":  "main suspended 200 0 40Gi",
			"1000193/swg":  "main retained 200 0 30Gi",
			"1000206/dsa":  "main pending 31 0 300Gi",
			"1000206/swg":  "main pending 200 0 160Gi",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			site, err := environments.Load(root, ident.Must[ident.EnvironmentKind](tc.env))
			if err != nil {
				t.Fatal(err)
			}
			p := plan.New(site, c, empty{})
			got := map[string]string{}
			for _, tenant := range examples(t, root, site.Name) {
				maps.Copy(got, planExample(t, p, site, tenant))
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("example tenants (-want +got): %s\n%s", tc.reason, d)
			}
		})
	}
}

func planExample(t *testing.T, p *plan.Planner, site *environments.Site, tenant authz.Tenant) map[string]string {
	t.Helper()
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	life := authz.Life{SuspendFor: time.Duration(*site.Life.SuspendDays) * day, GraceFor: time.Duration(*site.Life.GraceDays) * day}
	planned, faults := p.Tenant(authz.FactsOf(tenant, now, life), grants{site})
	for _, f := range faults {
		t.Error(f)
	}
	got := map[string]string{}
	for _, product := range planned.Products {
		key := authz.Key{Tenant: tenant.ID, Product: product.Name}
		got[key.String()] = site.Fleet.Rings[planned.Ring].Name.String() + " " + string(product.State) + " " +
			product.Runs.String() + " " + product.ReplicaText() + " " + product.Storage
	}
	return got
}
