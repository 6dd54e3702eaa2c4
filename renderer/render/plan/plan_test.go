package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/google/go-cmp/cmp"
)

// empty gives every version an empty base.
type empty struct{}

func (empty) Base(v *catalog.Version) (*base.Base, error) {
	return &base.Base{Version: v, Dir: &tree.Dir{}}, nil
}

// grants is what a fleet at rest grants: each ring all of what it shall run.
// The previous versions stand for those that are good there.
type grants struct{ site *environments.Site }

func (g grants) Runs(ring int, _ ident.Tenant, p ident.Product, pin ident.Version) (ident.Version, bool) {
	if !pin.IsZero() {
		return pin, true
	}
	return g.site.Fleet.Rings[ring].Versions[p], false
}

func (grants) Unpinnable(ident.Product, ident.Version, ident.Version) rollout.Code { return "" }

func (g grants) Ready(ring int, p ident.Product) []ident.Version {
	r := g.site.Fleet.Rings[ring]
	all := slices.Clone(r.Previous[p])
	if !r.Versions[p].IsZero() {
		all = append(all, r.Versions[p])
	}
	slices.SortFunc(all, func(a, b ident.Version) int { return ident.CompareVersions(a.String(), b.String()) })
	return all
}

func planner(t *testing.T) (*plan.Planner, plan.Grants) {
	t.Helper()
	files := fstest.MapFS{}
	add := func(version, properties string) {
		files["products/swg/"+version+"/product.yaml"] = &fstest.MapFile{Data: []byte(fmt.Sprintf(`apiVersion: sluice.gatorcloud.io/v1
kind: Product
name: swg
version: "%s"
parameters: {type: object, properties: {%s}}
components: [{name: engine}]
`, version, properties))}
		files["products/swg/"+version+"/components/engine/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: []\n")}
	}
	add("200", `logLevel: {type: string, enum: [info, warning], default: info}`)
	add("202", `logLevel: {type: string, enum: [info, debug], default: info}, workers: {type: integer, minimum: 1, default: 4}`)
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatal(err)
	}
	site, err := environments.Load(fstest.MapFS{
		"local/environment.yaml": {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: local\npopId: \"1\"\npopCode: local\ndestination: {name: in-cluster}\nrepoURL: https://git.example/f.git\ndomain: local.example\n")},
		"local/fleet.yaml":       {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nrings:\n- {name: canary, tenants: [\"1\"], versions: {swg: \"202\"}, previous: {swg: [\"200\"]}}\n- {name: main, versions: {swg: \"200\"}}\n")},
	}, ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	return plan.New(site, c, empty{}), grants{site}
}

func tenant(id, product, pin string, parameters map[string]any, state authz.State) authz.Facts {
	a := authz.Authorisation{Product: ident.Must[ident.ProductKind](product), Replicas: 5, Parameters: parameters, StartTime: time.Unix(0, 0)}
	if pin != "" {
		a.Version = ident.Must[ident.VersionKind](pin)
	}
	return authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](id), Authorisations: []authz.Authorisation{a}}, States: []authz.State{state}}
}

func TestVersionsInPlay(t *testing.T) {
	p, g := planner(t)
	for name, tc := range map[string]struct {
		reason string
		facts  authz.Facts
		want   []string
	}{
		"FollowsRing":    {"the ring's version and the previous one", tenant("1", "swg", "", nil, authz.Active), []string{"200", "202"}},
		"OtherRing":      {"a ring without previous versions", tenant("2", "swg", "", nil, authz.Active), []string{"200"}},
		"PinnedAhead":    {"the pin is the effective one", tenant("2", "swg", "202", nil, authz.Active), []string{"200", "202"}},
		"UnknownToOlder": {"an older version is planned without a parameter that it does not know", tenant("1", "swg", "", map[string]any{"workers": int64(8)}, authz.Active), []string{"200", "202"}},
		"RefusedByOlder": {"an older version that takes no such value is left out", tenant("1", "swg", "", map[string]any{"logLevel": "debug"}, authz.Active), []string{"202"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := p.Tenant(tc.facts, g)
			if len(faults) > 0 {
				t.Fatalf("Tenant() faults = %v, want none", faults)
			}
			var versions []string
			for _, v := range got.Products[0].Versions {
				versions = append(versions, v.ID.String())
			}
			if d := cmp.Diff(tc.want, versions); d != "" {
				t.Errorf("versions in play (-want +got): %s\n%s", tc.reason, d)
			}
		})
	}
}

func TestFaultsNameWhatIsWrong(t *testing.T) {
	p, g := planner(t)
	for name, tc := range map[string]struct {
		reason string
		facts  authz.Facts
		want   string
	}{
		"UnknownProduct":   {"nothing is rendered for it", tenant("1", "seg", "", nil, authz.Active), `product "seg"`},
		"UnknownVersion":   {"a pin to nowhere", tenant("1", "swg", "999", nil, authz.Active), `"999"`},
		"UnknownParameter": {"typing errors are seen", tenant("1", "swg", "", map[string]any{"logLevl": "info"}, authz.Active), "logLevl"},
		"RefusedParameter": {"the schema decides", tenant("1", "swg", "", map[string]any{"logLevel": "all"}, authz.Active), "logLevel"},
		"WrongType":        {"no text for a number", tenant("1", "swg", "", map[string]any{"workers": "four"}, authz.Active), "workers"},
		"RingLike":         {"the Application would be the ring's", tenant("main", "swg", "", nil, authz.Active), `ring "main"`},
		"BatchLike":        {"the Application would be a batch's", tenant("main-01", "swg", "", nil, authz.Active), `ring "main"`},
		"ProductLike":      {"the Application would be another tenant's product", tenant("x-swg", "swg", "", nil, authz.Active), `product "swg"`},
	} {
		t.Run(name, func(t *testing.T) {
			got, faults := p.Tenant(tc.facts, g)
			if len(faults) != 1 || len(got.Products) != 0 {
				t.Fatalf("Tenant() = %d products, faults %v, want one fault and no product: %s", len(got.Products), faults, tc.reason)
			}
			text := faults[0].Error()
			if !strings.Contains(text, tc.want) || !strings.Contains(text, tc.facts.Tenant.ID.String()) || strings.Contains(text, "\n") {
				t.Errorf("fault = %q, want one line with the tenant and %s", text, tc.want)
			}
			if fault.HintOf(faults[0]) == "" {
				t.Errorf("fault %q has no hint", text)
			}
		})
	}
}

func TestOnlyActiveProductsRun(t *testing.T) {
	p, g := planner(t)
	for state, want := range map[authz.State]string{authz.Active: "5", authz.Suspended: "0", authz.Retained: "0"} {
		got, _ := p.Tenant(tenant("1", "swg", "", nil, state), g)
		if text := got.Products[0].ReplicaText(); text != want {
			t.Errorf("replicas of a product that is %s = %s, want %s", state, text, want)
		}
		if got.Released != (state == authz.Retained) {
			t.Errorf("a tenant that is %s is released = %t", state, got.Released)
		}
	}
}

// broken has no base for versions of one name.
type broken string

func (b broken) Base(v *catalog.Version) (*base.Base, error) {
	if v.Name == string(b) {
		return nil, errors.New("cannot be built")
	}
	return empty{}.Base(v)
}

// What cannot be built is a fault: of its product, or of the tenant when
// nobody can tell what the shared part was for.
func TestBasesThatFail(t *testing.T) {
	s := shelf{"product dsa 1": nil, "product swg 1": {"tenant identity 3"}, "tenant identity 3": nil}
	states := map[string]authz.State{"dsa": authz.Active, "swg": authz.Active}
	sound := follow(t, s, `versions: {dsa: "1", swg: "1"}`, states)
	for name, want := range map[string]string{"swg": "swg", "identity": ""} {
		site := siteOf(t, `versions: {dsa: "1", swg: "1"}`)
		got, faults := plan.New(site, s.load(t), broken(name)).Tenant(sound.Facts, grants{site})
		if len(faults) != 1 || faults[0].Product.String() != want || !strings.Contains(faults[0].Error(), "cannot be built") {
			t.Errorf("without a base for %s: faults %v, want one of product %q", name, faults, want)
		}
		if name == "swg" && (len(got.Products) != 1 || got.Products[0].Name.String() != "dsa") {
			t.Errorf("without a base for swg: products %+v, want dsa alone", got.Products)
		}
	}
}

// What a tenant runs is what he is granted, and whether that is his own.
func TestGranted(t *testing.T) {
	p, g := planner(t)
	for name, tc := range map[string]struct {
		reason, id, pin string
		runs            string
		own             bool
	}{
		"Ring":      {"what his place is granted", "1", "", "202", false},
		"Pinned":    {"what people say", "1", "200", "200", true},
		"PinnedToo": {"his own, though it is the same", "2", "200", "200", true},
	} {
		got, faults := p.Tenant(tenant(tc.id, "swg", tc.pin, nil, authz.Active), g)
		if len(faults) > 0 || got.Products[0].Runs.String() != tc.runs || got.Products[0].Own != tc.own {
			t.Errorf("%s: Tenant() = %+v, %v, want version %s, his own: %t: %s", name, got.Products, faults, tc.runs, tc.own, tc.reason)
		}
	}
}
