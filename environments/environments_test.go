package environments_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const goodEnvironment = `apiVersion: sluice.gatorcloud.io/v1
kind: Environment
name: local
popId: "1"
popCode: local
destination: {name: in-cluster}
repoURL: https://git.example/fleet.git
domain: local.example
`

const goodFleet = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
rings:
- name: canary
  tenants: ["1000006", "1e3"]
  versions: {swg: "202"}
  previous: {swg: ["200"]}
- name: gold
  matchLabels: {tier: gold}
  versions: {swg: "200"}
- name: early
  sharePercent: 20
  versions: {swg: "200"}
- name: main
  versions: {swg: "200"}
`

var local = ident.Must[ident.EnvironmentKind]("local")

func files(environment, fleet string) fstest.MapFS {
	return fstest.MapFS{
		"local/environment.yaml": {Data: []byte(environment)},
		"local/fleet.yaml":       {Data: []byte(fleet)},
	}
}

func TestLoadFillsDefaults(t *testing.T) {
	site, err := environments.Load(files(goodEnvironment, goodFleet), local)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{site.TargetRevision, site.NamespacePrefix, site.ArgoCD.Project, site.Etcd.Prefix,
		site.MaxRemovalsPercent, *site.Life.GraceDays, *site.Fleet.KeepVersions, site.Fleet.Batch}
	want := []any{"main", "tenant-", "local", "/tenant/info", 5, 30, 1, 100}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("Load() defaults (-want +got):\n%s", d)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, old, new, want string }{
		"UnknownField":  {"a typing error must not be ignored", "popCode:", "popcode:", "popcode"},
		"OtherName":     {"folder and name must agree", "name: local", "name: other", `"other"`},
		"Quantity":      {"sizes are Kubernetes quantities", "domain:", "defaults: {storage: 80 GB}\ndomain:", "80 GB"},
		"Destination":   {"a cluster by name or URL, not both", "{name: in-cluster}", "{name: a, server: \"https://x\"}", "destination"},
		"Password":      {"no secret in Git", "https://git.example", "https://u:secret@git.example", "password"},
		"Newline":       {"no YAML injection by URL", "https://git.example/fleet.git", `"https://a\nb: c"`, `\n`},
		"Anchor":        {"no alias bombs", "popCode: local", "popCode: &a local", "anchors"},
		"BadRing":       {"names pass the gate", "name: canary", "name: Canary", `"Canary"`},
		"TwiceRing":     {"rings are told apart by name", "name: early", "name: gold", `"gold" is there twice`},
		"TwiceTenant":   {"a tenant is in one ring", "matchLabels: {tier: gold}", `tenants: ["1e3"]`, `"1e3"`},
		"EmptyRing":     {"only the last takes the rest", "sharePercent: 20", "soakSeconds: 1", "selects no tenant"},
		"Shares":        {"no more than everything", "sharePercent: 20", "sharePercent: 101", "sharePercent"},
		"RingLikeBatch": {"main-01 is a batch of main", "name: early", "name: main-01", `"main-01"`},
		"NumberVersion": {"versions are strings", `{swg: "202"}`, `{swg: 202}`, "versions"},
		"OtherKind":     {"an environment is an Environment", "kind: Environment", "kind: Fleet", `kind "Fleet"`},
		"OtherAPI":      {"the form has a version", "gatorcloud.io/v1\nkind: Fleet", "gatorcloud.io/v2\nkind: Fleet", "gatorcloud.io/v2"},
		"ManyRings":     {"rings are read by people", "- name: main\n", strings.Repeat("- {name: x, sharePercent: 0}\n", 61) + "- name: main\n", "rings 65"},
		"ServerUser":    {"Argo CD has the credentials", "{name: in-cluster}", "{server: \"https://u:p@k8s.example\"}", "destination.server"},
		"ServerPlain":   {"no cluster is reached in the clear", "{name: in-cluster}", "{server: \"http://k8s.example\"}", "destination.server"},
		"ServerNoHost":  {"a scheme is no address", "{name: in-cluster}", "{server: \"https://\"}", "destination.server"},
		"SumOfShares":   {"no more than everything", "- name: main\n", "- name: main\n  sharePercent: 81\n", "sum of sharePercent 101"},
		"SignatureKey":  {"keys are told by their ids", "domain:", "argocd: {signatureKeys: [sluice@example.com]}\ndomain:", "argocd.signatureKeys"},
		"NoFleet":       {"rings are needed", "rings:", "holds: []\nxrings:", "xrings"},
	} {
		t.Run(name, func(t *testing.T) {
			environment, fleet := strings.Replace(goodEnvironment, tc.old, tc.new, 1), strings.Replace(goodFleet, tc.old, tc.new, 1)
			_, err := environments.Load(files(environment, fleet), local)
			if err == nil {
				t.Fatalf("Load(%q for %q) = nil, want an error: %s", tc.new, tc.old, tc.reason)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load() error %q does not name %q", err, tc.want)
			}
			if fault.HintOf(err) == "" || fault.ClassOf(err) != fault.Person {
				t.Errorf("Load() error %q has hint %q and class %v, want a hint and class person", err, fault.HintOf(err), fault.ClassOf(err))
			}
		})
	}
}

func TestLoadReportsEveryFault(t *testing.T) {
	_, err := environments.Load(files(
		strings.NewReplacer("popCode: local", "popCode: L_", `popId: "1"`, `popId: "-"`).Replace(goodEnvironment),
		strings.Replace(goodFleet, "sharePercent: 20", "sharePercent: 200", 1)), local)
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) || len(joined.Unwrap()) != 4 {
		t.Errorf("Load() = %v, want 4 faults: popCode, popId, the share and the sum of shares", err)
	}
}

// An environment that is not there is told with the one that seems to be meant.
func TestLoadNamesTheNeighbour(t *testing.T) {
	for name, want := range map[string]string{"lokal": `did you mean "local"?`, "zzzzzzz": "an environment is a folder environments/<name> with environment.yaml and fleet.yaml"} {
		_, err := environments.Load(files(goodEnvironment, goodFleet), ident.Must[ident.EnvironmentKind](name))
		if err == nil || err.Error() != `loading environment "`+name+`": there is none` || fault.HintOf(err) != want {
			t.Errorf("Load(%q) = %v with hint %q, want %q", name, err, fault.HintOf(err), want)
		}
	}
	root := files(goodEnvironment, goodFleet)
	delete(root, "local/fleet.yaml")
	if _, err := environments.Load(root, local); err == nil || !strings.Contains(err.Error(), "local/fleet.yaml") || fault.HintOf(err) == "" {
		t.Errorf("Load() without a fleet = %v, want an error that names fleet.yaml, and a hint", err)
	}
}

func TestListRefusesCollidingNames(t *testing.T) {
	root := files(goodEnvironment, goodFleet)
	root["local-2/environment.yaml"] = root["local/environment.yaml"]
	if _, err := environments.List(root); err == nil || !strings.Contains(err.Error(), `"local-2"`) {
		t.Errorf("List() = %v, want an error that names local-2", err)
	}
}

func TestAssignOrder(t *testing.T) {
	site, err := environments.Load(files(goodEnvironment, goodFleet), local)
	if err != nil {
		t.Fatal(err)
	}
	a := environments.NewAssigner(site.Fleet)
	id := ident.Must[ident.TenantKind]
	gold := map[string]string{"tier": "gold"}
	if got := a.Ring(id("1000006"), gold); got != 0 {
		t.Errorf("Ring(named tenant) = %d, want 0: a name outranks a label", got)
	}
	if got := a.Ring(id("2"), gold); got != 1 {
		t.Errorf("Ring(gold tenant) = %d, want 1: a label outranks a share", got)
	}
	early := 0
	for i := range 10000 {
		switch a.Ring(id(fmt.Sprint(3000000+i)), nil) {
		case 2:
			early++
		case 3:
		default:
			t.Fatalf("Ring(%d) is neither early nor main", 3000000+i)
		}
	}
	if early < 1800 || early > 2200 {
		t.Errorf("%d of 10000 tenants are in a ring of 20 percent", early)
	}
}

// A tenant's ring depends on nothing but the fleet and the tenant, and a batch
// that is split hands tenants on to one new batch only.
func TestBatchesSplitInTwo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ident.Must[ident.TenantKind](rapid.StringMatching(`[1-9][0-9]{0,9}`).Draw(t, "id"))
		bits := rapid.IntRange(0, 15).Draw(t, "bits")
		point := uint64(environments.Point(id))
		before, after := point>>(32-bits), point>>(32-bits-1)
		if after>>1 != before {
			t.Errorf("batch %d of 2^%d becomes %d, want %d or %d", before, bits, after, 2*before, 2*before+1)
		}
	})
}

func TestBatchBits(t *testing.T) {
	for name, tc := range map[string]struct{ n, size, want int }{
		"Empty": {0, 100, 0}, "Full": {100, 100, 0}, "OneMore": {101, 100, 1}, "Large": {100000, 100, 10}, "Bounded": {1 << 30, 1, 16},
	} {
		t.Run(name, func(t *testing.T) {
			if got := environments.BatchBits(tc.n, tc.size); got != tc.want {
				t.Errorf("BatchBits(%d, %d) = %d, want %d", tc.n, tc.size, got, tc.want)
			}
		})
	}
}

func TestInPlay(t *testing.T) {
	v := ident.Must[ident.VersionKind]
	swg := ident.Must[ident.ProductKind]("swg")
	r := environments.Ring{Versions: map[ident.Product]ident.Version{swg: v("203")},
		Previous: map[ident.Product][]ident.Version{swg: {v("202"), v("200")}}}
	for name, tc := range map[string]struct {
		pin  ident.Version
		keep int
		want []string
	}{
		"Follows":     {keep: 1, want: []string{"203", "202"}},
		"PinnedOlder": {pin: v("200"), keep: 1, want: []string{"200", "203", "202"}},
		"PinnedSame":  {pin: v("203"), keep: 0, want: []string{"203"}},
		"KeepAll":     {keep: 9, want: []string{"203", "202", "200"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range r.InPlay(swg, tc.pin, tc.keep) {
				got = append(got, v.String())
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("InPlay() (-want +got):\n%s", d)
			}
		})
	}
}
