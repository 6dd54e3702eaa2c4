package render_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
)

// coded is a tenant with a product and a code.
func coded(id, code string) authz.Facts {
	return authz.Facts{States: []authz.State{authz.Active}, Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](id), Name: "n", Code: code,
		Authorisations: []authz.Authorisation{{Product: ident.Must[ident.ProductKind]("dsa"), StartTime: now}}}}
}

// whole renders all from nothing and returns the tenants that were not rendered
// as they ask, and the files.
func whole(t *testing.T, r *render.Renderer, all []authz.Facts, before map[string][]byte) (*render.Roster, []string, map[string][]byte) {
	t.Helper()
	sink := newMemory(before)
	roster, report, err := r.Full(context.Background(), all, stored(before), nil, sink)
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, f := range report.Faults {
		if !strings.Contains(f.Err.Error(), "tenantCode") {
			t.Fatalf("Full() has another fault: %v", f)
		}
		refused = append(refused, f.Tenant.String())
	}
	roster.Settle()
	return roster, refused, sink.commit()
}

// One tenant has a code: who has it in Git, else the one with the lowest id.
func TestCodesAreUnique(t *testing.T) {
	a, b, c := coded("1000001", "x"), coded("1000002", "x"), coded("1000003", "y")
	for name, tc := range map[string]struct {
		reason        string
		before, after []authz.Facts
		want          []string
	}{
		"Distinct": {"nothing to refuse", nil, []authz.Facts{a, c}, nil},
		"New":      {"two that are new", nil, []authz.Facts{a, b, c}, []string{"1000002"}},
		"Newcomer": {"who runs keeps his hosts, whatever the ids", []authz.Facts{b}, []authz.Facts{a, b}, []string{"1000001"}},
		"Changed":  {"a code that another has is not taken", []authz.Facts{b, c}, []authz.Facts{b, coded("1000003", "x")}, []string{"1000003"}},
		"Kept":     {"who did not get another code keeps his own, also from newcomers", []authz.Facts{b, c}, []authz.Facts{coded("1000001", "y"), b, coded("1000003", "x")}, []string{"1000001", "1000003"}},
		"Left":     {"a code that is free again is given", []authz.Facts{b}, []authz.Facts{a}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRenderer(t, 100, 2)
			_, _, before := whole(t, r, tc.before, nil)
			_, got, _ := whole(t, r, tc.after, before)
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: refused %q, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// A change is refused as a render from nothing refuses it, and the fleet knows
// that somebody waits for the code.
func TestCodesOfChanges(t *testing.T) {
	a, b := coded("1000001", "x"), coded("1000002", "x")
	r := newRenderer(t, 100, 2)
	roster, _, files := whole(t, r, []authz.Facts{b}, nil)
	sink := newMemory(files)
	report, err := r.Change(context.Background(), roster, a, stored(files), sink)
	if err != nil || len(report.Faults) != 1 || !strings.Contains(report.Faults[0].Err.Error(), `that of tenant "1000002"`) {
		t.Fatalf("Change() = %+v, %v, want the code refused", report, err)
	}
	if err := roster.Flush(context.Background(), sink); err != nil {
		t.Fatal(err)
	}
	_, refused, want := whole(t, r, []authz.Facts{a, b}, files)
	if d := diffFiles(want, sink.commit()); d != "" || len(refused) != 1 {
		t.Errorf("Change() differs from Full(), which refuses %q: %s", refused, d)
	}
	if !roster.Awaited(b.Tenant.ID) || roster.Awaited(a.Tenant.ID) {
		t.Errorf("Awaited() = %t, %t, want true for who has the code only", roster.Awaited(b.Tenant.ID), roster.Awaited(a.Tenant.ID))
	}
	if err := r.Remove(roster, a.Tenant.ID, newMemory(files)); err != nil || roster.Awaited(b.Tenant.ID) {
		t.Errorf("Remove() = %v, Awaited() = %t, want nobody to wait any more", err, roster.Awaited(b.Tenant.ID))
	}
}
