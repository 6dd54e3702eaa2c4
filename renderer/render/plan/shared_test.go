package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// shelf is a catalog: each version and what it requires. A version is its kind
// (product, or the sharing of a shared component), its name and its number.
type shelf map[string][]string

// load writes the shelf as files and reads them as a catalog.
func (s shelf) load(t testing.TB) *catalog.Catalog {
	t.Helper()
	files := fstest.MapFS{}
	for v, requires := range s {
		w := strings.Fields(v)
		dir, file, head := "shared/"+w[1]+"/"+w[2], "component.yaml", "kind: SharedComponent\nsharing: "+w[0]+"\n"
		if w[0] == "product" {
			dir, file, head = "products/"+w[1]+"/"+w[2], "product.yaml", "kind: Product\n"
		}
		text := fmt.Sprintf("apiVersion: sluice.gatorcloud.io/v1\n%sname: %s\nversion: %q\ncomponents:\n- name: main\n", head, w[1], w[2])
		for _, r := range requires {
			r := strings.Fields(r)
			text += fmt.Sprintf("- {name: %s, sharing: %s, version: %q}\n", r[1], r[0], r[2])
		}
		files[dir+"/"+file] = &fstest.MapFile{Data: []byte(text)}
		files[dir+"/components/main/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: []\n")}
	}
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// siteOf returns a site of one ring with the given versions, written as YAML.
func siteOf(t testing.TB, ring string) *environments.Site {
	t.Helper()
	site, err := environments.Load(fstest.MapFS{
		"local/environment.yaml": {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: local\npopId: \"1\"\npopCode: local\ndestination: {name: in-cluster}\nrepoURL: https://git.example/f.git\ndomain: local.example\n")},
		"local/fleet.yaml":       {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nrings:\n- {name: main, " + ring + "}\n")},
	}, ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// follow plans a tenant that follows a ring with the given versions, written as
// YAML, with its products in the given states.
func follow(t testing.TB, s shelf, ring string, states map[string]authz.State) *plan.Tenant {
	t.Helper()
	f := authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind]("1")}}
	for _, p := range slices.Sorted(maps.Keys(states)) {
		f.Tenant.Authorisations = append(f.Tenant.Authorisations, authz.Authorisation{Product: ident.Must[ident.ProductKind](p), StartTime: time.Unix(0, 0)})
		f.States = append(f.States, states[p])
	}
	site := siteOf(t, ring)
	got, faults := plan.New(site, s.load(t), empty{}).Tenant(f, grants{site})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return got
}

func refs(all []plan.SharedRef) []string {
	out := []string{}
	for _, r := range all {
		out = append(out, r.Name.String()+" "+r.ID.String())
	}
	return out
}

func requirements(all []manifest.Requirement) []string {
	out := []string{}
	for _, r := range all {
		out = append(out, fmt.Sprintf("%s %s in %d", r.Component, r.Version, r.Bucket))
	}
	return out
}

// What a version requires is everything below it, each component once, at the
// least version that serves all who ask, and later than what it asks itself.
func TestClosure(t *testing.T) {
	for name, tc := range map[string]struct {
		reason      string
		shelf       shelf
		tenant      []string // components of the tenant with their buckets
		environment []string
	}{
		"Nothing": {"a product of its own", shelf{"product swg 1": nil}, []string{}, []string{}},
		"Chain": {"what is required requires more", shelf{"product swg 1": {"tenant gate 1"}, "tenant gate 1": {"tenant identity 3"}, "tenant identity 3": {"tenant keys 1"}, "tenant keys 1": nil},
			[]string{"gate 1 in 2", "identity 3 in 1", "keys 1 in 0"}, []string{}},
		"HighestOfTwo": {"one asks for less than the other", shelf{"product swg 1": {"tenant gate 1", "tenant identity 4"}, "tenant gate 1": {"tenant identity 3"}, "tenant identity 3": nil, "tenant identity 4": nil},
			[]string{"gate 1 in 1", "identity 4 in 0"}, []string{}},
		"HighestBelow": {"the lower one is asked for first", shelf{"product swg 1": {"tenant identity 9", "tenant gate 1"}, "tenant gate 1": {"tenant identity 10"}, "tenant identity 9": nil, "tenant identity 10": nil},
			[]string{"gate 1 in 1", "identity 10 in 0"}, []string{}},
		"HigherAsksForMore": {"the version that serves all has something below it, and all wait for both",
			shelf{"product swg 1": {"tenant gate 1", "tenant identity 4"}, "tenant gate 1": {"tenant identity 3"}, "tenant identity 3": nil, "tenant identity 4": {"tenant keys 1"}, "tenant keys 1": nil},
			[]string{"gate 1 in 2", "identity 4 in 1", "keys 1 in 0"}, []string{}},
		"EnvironmentChain": {"shared by all, below what is shared by all", shelf{"product swg 1": {"environment geoip 1"}, "environment geoip 1": {"environment dns 1"}, "environment dns 1": nil},
			[]string{}, []string{"dns 1", "geoip 1"}},
		"EnvironmentBelowTenant": {"what a tenant's part requires of the environment", shelf{"product swg 1": {"tenant identity 3"}, "tenant identity 3": {"tenant keys 1"}, "tenant keys 1": {"environment dns 1"}, "environment dns 1": nil},
			[]string{"identity 3 in 1", "keys 1 in 0"}, []string{"dns 1"}},
		"EnvironmentOnce": {"two ways to one part", shelf{"product swg 1": {"tenant identity 3", "tenant keys 1", "environment dns 1"}, "tenant identity 3": {"environment dns 1"}, "tenant keys 1": {"environment dns 1"}, "environment dns 1": nil},
			[]string{"identity 3 in 0", "keys 1 in 0"}, []string{"dns 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := follow(t, tc.shelf, `versions: {swg: "1"}`, map[string]authz.State{"swg": authz.Active})
			if d := cmp.Diff(tc.tenant, requirements(got.Products[0].Versions[0].Requires)); d != "" {
				t.Errorf("required of the tenant (-want +got): %s\n%s", tc.reason, d)
			}
			if d := cmp.Diff(tc.environment, refs(got.Keeps)); d != "" {
				t.Errorf("required of the environment (-want +got): %s\n%s", tc.reason, d)
			}
		})
	}
}

// Shared parts are there for the versions in play of active products.
func TestSharedParts(t *testing.T) {
	s := shelf{
		"product dsa 1": {"tenant identity 3", "environment dns 1"}, "product swg 1": {"tenant identity 3", "environment geoip 1"},
		"product swg 2":     {"tenant identity 4", "environment geoip 2", "environment dns 1"},
		"tenant identity 3": nil, "tenant identity 4": nil, "environment dns 1": nil, "environment geoip 1": nil, "environment geoip 2": nil,
	}
	for name, tc := range map[string]struct {
		reason       string
		ring         string
		states       map[string]authz.State
		shared, keep []string
	}{
		"TwoProducts": {"what two ask for is there once", `versions: {swg: "2", dsa: "1"}`, map[string]authz.State{"swg": authz.Active, "dsa": authz.Active},
			[]string{"identity 3", "identity 4"}, []string{"dns 1", "geoip 2"}},
		"InPlay": {"an earlier version finds its parts", `versions: {swg: "2"}, previous: {swg: ["1"]}`, map[string]authz.State{"swg": authz.Active},
			[]string{"identity 3", "identity 4"}, []string{"dns 1", "geoip 1", "geoip 2"}},
		"Suspended": {"nothing of it runs", `versions: {swg: "2", dsa: "1"}`, map[string]authz.State{"swg": authz.Suspended, "dsa": authz.Active},
			[]string{"identity 3"}, []string{"dns 1"}},
		"Retained": {"data needs nobody", `versions: {swg: "2"}`, map[string]authz.State{"swg": authz.Retained}, []string{}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := follow(t, s, tc.ring, tc.states)
			shared := []string{}
			for _, c := range got.Shared {
				shared = append(shared, c.Name.String()+" "+c.ID.String())
			}
			for what, d := range map[string]string{"Shared": cmp.Diff(tc.shared, shared), "Keeps": cmp.Diff(tc.keep, refs(got.Keeps))} {
				if d != "" {
					t.Errorf("%s (-want +got): %s\n%s", what, tc.reason, d)
				}
			}
		})
	}
}
