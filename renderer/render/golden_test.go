package render_test

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small is a fleet of five tenants in two rings, of which canary is one batch
// and main are two.
func small() map[string]authz.Facts {
	all := map[string]authz.Facts{}
	has := func(id, product, pin string, state authz.State) *authz.Authorisation {
		f := all[id]
		f.Tenant.ID, f.Name, f.Code = ident.Must[ident.TenantKind](id), "tenant "+id, "c"+strings.ReplaceAll(id, "-", "")
		a := authz.Authorisation{Product: ident.Must[ident.ProductKind](product), StartTime: now.AddDate(-1, 0, 0)}
		if pin != "" {
			a.Version = ident.Must[ident.VersionKind](pin)
		}
		f.Authorisations, f.States = append(f.Authorisations, a), append(f.States, state)
		all[id] = f
		return &f.Authorisations[len(f.Authorisations)-1]
	}
	// Canary, with claims; the second is pinned behind its ring.
	has("1000001", "swg", "", authz.Active)
	has("1000002", "dsa", "", authz.Suspended)
	has("1000002", "swg", "200", authz.Active)
	// Main: a second version of what canary's first tenant shares with all, ...
	has("1000003", "ucwi", "", authz.Active)
	// ... an order that leaves nothing to defaults, ...
	a := has("1000005", "dsa", "31", authz.Active)
	a.Replicas, a.Storage, a.Parameters = 7, "40Gi", map[string]any{"logLevel": "debug"}
	// ... and a tenant whose record vanished.
	has("1000010", "dsa", "", authz.Retained)
	tomb := all["1000010"]
	tomb.ReleasedAt = now
	all["1000010"] = tomb
	return all
}

// The files of the small fleet, to the last byte: what Argo CD reads changes
// when somebody means it to. go test -update writes them anew.
func TestGoldenFleet(t *testing.T) {
	_, files := full(t, newRenderer(t, 2, 2), sorted(small()), nil)
	checkFleet(t, files, expected(small(), 2))
	got := map[string]string{}
	for name, data := range files {
		if !strings.Contains(name, "/base/workloads/") { // of the test's own making
			got[strings.TrimPrefix(name, "environments/local/")] = string(data)
		}
	}
	const root = "testdata/golden"
	if *update {
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(got)) {
			file := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(got[name]), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		want[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the small fleet differs from its golden files (-want +got):\n%s", d)
	}
}
