package render_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
)

// asks returns the facts of a tenant with one product and a size.
func asks(product, storage, shrinkFrom string) authz.Facts {
	return authz.Facts{States: []authz.State{authz.Active}, Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind]("1000001"), Name: "a", Code: "a1",
		Authorisations: []authz.Authorisation{{Product: ident.Must[ident.ProductKind](product), Storage: storage, ShrinkFrom: shrinkFrom, StartTime: now}}}}
}

// volumes returns the storage and class that the overlays of a product have, one each version.
func volumes(files map[string][]byte, folder string) []string {
	var all []string
	for name, data := range files {
		if strings.Contains(name, folder) && strings.HasSuffix(name, "/parameters.yaml") {
			found := regexp.MustCompile(`storage: "(.*)"\n  storageClass: "(.*)"`).FindSubmatch(data)
			all = append(all, fmt.Sprintf("%s %s", found[1], found[2]))
		}
	}
	slices.Sort(all)
	return all
}

func TestVolumesStay(t *testing.T) {
	const swg, dsa = "/1000001/swg/", "/1000001/dsa/"
	for name, tc := range map[string]struct {
		reason, folder, class string
		before, after         authz.Facts
		want                  string // of every overlay
		held                  string // in the fault; empty for none
	}{
		"Grows":      {"claims can", swg, "", asks("swg", "40Gi", ""), asks("swg", "80Gi", ""), "80Gi standard", ""},
		"Shrinks":    {"claims cannot", swg, "", asks("swg", "80Gi", ""), asks("swg", "40Gi", ""), "80Gi standard", `"40Gi" is less than the "80Gi"`},
		"Cleared":    {"the default is smaller", swg, "", asks("swg", "80Gi", ""), asks("swg", "", ""), "80Gi standard", `"10Gi" is less than the "80Gi"`},
		"Spelt":      {"the same size in other words is the person's", swg, "", asks("swg", "80Gi", ""), asks("swg", "81920Mi", ""), "81920Mi standard", ""},
		"Lifted":     {"a person put smaller volumes there", swg, "", asks("swg", "80Gi", ""), asks("swg", "40Gi", "80Gi"), "40Gi standard", ""},
		"LiftedElse": {"what was lifted is another size", swg, "", asks("swg", "80Gi", ""), asks("swg", "40Gi", "79Gi"), "80Gi standard", `less than the "80Gi"`},
		"NoClaims":   {"nothing of it is a volume", dsa, "", asks("dsa", "80Gi", ""), asks("dsa", "40Gi", ""), "40Gi standard", ""},
		"Class":      {"a claim's class cannot change", swg, "fast", asks("swg", "80Gi", ""), asks("swg", "90Gi", ""), "90Gi standard", ""},
		"ClassLift":  {"the volumes were replaced by those of another class", swg, "fast", asks("swg", "80Gi", ""), asks("swg", "80Gi", "80Gi"), "80Gi fast", ""},
		"ClassNew":   {"a new product has no claim yet", swg, "fast", asks("dsa", "80Gi", ""), asks("swg", "80Gi", ""), "80Gi fast", ""},
	} {
		t.Run(name, func(t *testing.T) {
			roster, files := full(t, newRenderer(t, 2, 1), []authz.Facts{tc.before}, nil)
			s := site(t, 2)
			if tc.class != "" {
				s.Defaults.StorageClass = tc.class
			}
			r := render.New(render.Config{Site: s, Fleet: fleetOf(t, s), Catalog: sold(t), Bases: &bases{}, Engine: engine(), Workers: 1})
			again := newMemory(files)
			_, report, err := r.Full(context.Background(), []authz.Facts{tc.after}, stored(files), nil, again)
			if err != nil {
				t.Fatal(err)
			}
			check(t, tc.reason+": Full()", report, again.commit(), tc.folder, tc.want, tc.held)
			sink := newMemory(files)
			if report, err = r.Change(context.Background(), roster, tc.after, stored(files), sink); err != nil {
				t.Fatal(err)
			}
			check(t, tc.reason+": Change()", report, sink.commit(), tc.folder, tc.want, tc.held)
		})
	}
}

// The claims of a product that goes beside others stay, and so does what is
// known of them, until the product is there again.
func TestKeptClaims(t *testing.T) {
	const folder = "environments/local/tenants/01/00/1000001/"
	other := asks("dsa", "", "")
	both := func(storage, shrinkFrom string) authz.Facts {
		f := asks("swg", storage, shrinkFrom)
		f.Tenant.Authorisations = append(slices.Clone(other.Tenant.Authorisations), f.Tenant.Authorisations...)
		f.States = append(f.States, authz.Active)
		return f
	}
	r := newRenderer(t, 2, 1)
	_, had := full(t, r, []authz.Facts{both("80Gi", "")}, nil)
	_, files := full(t, r, []authz.Facts{other}, had)
	want := "keptClaims:\n- product: \"swg\"\n  sizes:\n    \"storage\": \"80Gi\"\n  storageClass: \"standard\"\n"
	if got := string(files[folder+"tenant.yaml"]); !strings.HasSuffix(got, want) {
		t.Errorf("tenant.yaml without swg is\n%s\nwant it to end in\n%s", got, want)
	}
	if got := string(files[folder+"base/namespace.yaml"]); !strings.Contains(got, "Delete=false") {
		t.Errorf("namespace.yaml without swg is\n%s\nwant the namespace kept with the claims in it", got)
	}
	_, files = full(t, r, []authz.Facts{other}, files) // and again: Git remembers it
	for name, tc := range map[string]struct{ reason, storage, shrinkFrom, want, held string }{
		"Smaller": {"the claims are there", "40Gi", "", "80Gi standard", `"40Gi" is less than the "80Gi"`},
		"Larger":  {"claims can grow", "90Gi", "", "90Gi standard", ""},
		"Lifted":  {"a person has put smaller ones there", "40Gi", "80Gi", "40Gi standard", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sink := newMemory(files)
			_, report, err := r.Full(context.Background(), []authz.Facts{both(tc.storage, tc.shrinkFrom)}, stored(files), nil, sink)
			if err != nil {
				t.Fatal(err)
			}
			got := sink.commit()
			check(t, tc.reason+": Full()", report, got, "/1000001/swg/", tc.want, tc.held)
			if strings.Contains(string(got[folder+"tenant.yaml"]), "keptClaims") {
				t.Errorf("tenant.yaml keeps claims of what is there again:\n%s", got[folder+"tenant.yaml"])
			}
		})
	}
}

func check(t *testing.T, what string, report render.Report, files map[string][]byte, folder, want, held string) {
	t.Helper()
	got := slices.Compact(volumes(files, folder))
	if len(got) != 1 || got[0] != want {
		t.Errorf("%s gives %q, want %q", what, got, want)
	}
	switch {
	case held == "" && len(report.Faults) > 0:
		t.Errorf("%s reports %v, want nothing", what, report.Faults)
	case held != "" && (len(report.Faults) != 1 || !strings.Contains(report.Faults[0].Error(), held) || fault.HintOf(report.Faults[0]) == ""):
		t.Errorf("%s reports %v, want one fault with %s and a hint", what, report.Faults, held)
	}
}

// Whatever is written over the volumes in Git, no size and no class comes from it.
func TestVolumesOfHostileFiles(t *testing.T) {
	_, files := full(t, newRenderer(t, 2, 1), []authz.Facts{asks("swg", "80Gi", "")}, nil)
	for name, edit := range map[string][2]string{
		"Size":  {`storage: "80Gi"`, `storage: "80Gi\"\n  evil: \"1"`},
		"Huge":  {`storage: "80Gi"`, `storage: "99999999Ei"`},
		"Class": {`storageClass: "standard"`, `storageClass: "../fast"`},
		"Form":  {"kind: ConfigMap", "kind: [ConfigMap"},
	} {
		t.Run(name, func(t *testing.T) {
			edited := map[string][]byte{}
			for path, data := range files {
				edited[path] = []byte(strings.ReplaceAll(string(data), edit[0], edit[1]))
			}
			r, sink := newRenderer(t, 2, 1), newMemory(edited)
			if _, _, err := r.Full(context.Background(), []authz.Facts{asks("swg", "40Gi", "")}, stored(edited), nil, sink); err != nil {
				t.Fatal(err)
			}
			for _, got := range volumes(sink.commit(), "/1000001/swg/") {
				if got != "40Gi standard" && got != "80Gi standard" {
					t.Errorf("Full() over a hostile file gives %q", got)
				}
			}
		})
	}
}

// Over any history a size never shrinks while its product is there, every
// smaller wish is reported, and a render of all equals the renders of changes.
func TestVolumesNeverShrink(t *testing.T) {
	r := newRenderer(t, 3, 2)
	rapid.Check(t, func(rt *rapid.T) {
		roster, files := full(t, r, nil, nil)
		size := 0 // of the product's claims in GiB; zero without one
		for range rapid.IntRange(1, 8).Draw(rt, "changes") {
			f := asks("swg", "", "")
			wish := rapid.IntRange(0, 20).Draw(rt, "GiB")
			if wish > 0 {
				f.Tenant.Authorisations[0].Storage = fmt.Sprintf("%dGi", wish)
			} else {
				f.Tenant.Authorisations, f.States = nil, nil
			}
			sink := newMemory(files)
			report, err := r.Change(context.Background(), roster, f, stored(files), sink)
			if err == nil {
				err = roster.Flush(context.Background(), sink)
			}
			if err != nil {
				rt.Fatal(err)
			}
			roster.Settle()
			files = sink.commit()
			if held := wish > 0 && wish < size; held != (len(report.Faults) == 1) {
				rt.Errorf("Change() from %d to %d GiB reports %v", size, wish, report.Faults)
			}
			if size = max(size, wish); wish == 0 {
				size = 0
			}
			want := []string(nil)
			if size > 0 {
				want = []string{fmt.Sprintf("%dGi standard", size)}
			}
			if got := slices.Compact(volumes(files, "/1000001/swg/")); !slices.Equal(got, want) {
				rt.Fatalf("after a change the volumes are %q, want %q", got, want)
			}
			all := newMemory(files)
			facts := []authz.Facts{f}[:len(f.States)]
			if _, _, err := r.Full(context.Background(), facts, stored(files), nil, all); err != nil {
				rt.Fatal(err)
			}
			if d := diffFiles(files, all.commit()); d != "" {
				rt.Fatalf("a render of all over it (-incremental +full):\n%s", d)
			}
		}
	})
}
