package render_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
)

// A product that cannot be rendered stays as it was, or is left out if it was
// not there; the tenant's other products and all other tenants go on.
func TestFaultyProductStaysAsItWas(t *testing.T) {
	r := newRenderer(t, 2, 2)
	before := small()
	delete(before, "1000005")
	_, files := full(t, r, sorted(before), nil)

	want := small()
	moved := want["1000002"] // its dsa gets a version that is not there, its swg more replicas
	moved.Authorisations = slices.Clone(moved.Authorisations)
	moved.Authorisations[1].Replicas = 9
	want["1000002"] = moved
	after := maps.Clone(want)
	moved.Authorisations = slices.Clone(moved.Authorisations)
	moved.Authorisations[0].Version, moved.States = ident.Must[ident.VersionKind]("99"), []authz.State{authz.Active, authz.Active}
	after["1000002"] = moved
	came := after["1000005"] // it has bought a second product, which is not there
	came.Authorisations = append(slices.Clone(came.Authorisations), authz.Authorisation{Product: ident.Must[ident.ProductKind]("seg"), StartTime: now})
	came.States = []authz.State{authz.Active, authz.Active}
	after["1000005"] = came

	sink := newMemory(files)
	_, report, err := r.Full(context.Background(), sorted(after), stored(files), sink)
	if err != nil || len(report.Faults) != 2 || len(report.Kept) > 0 {
		t.Fatalf("Full() = %v with faults %v, kept %v, want two faults and nobody kept", err, report.Faults, report.Kept)
	}
	checkFleet(t, sink.commit(), expected(want, 2))
	_, fresh := full(t, r, sorted(want), nil)
	if d := diffFiles(fresh, sink.commit()); d != "" {
		t.Errorf("with the faulty products (-without +with):\n%s", d)
	}
}

// A tenant whose version is gone from the catalog stays to the byte, and with
// it what it shares with all, though nobody can tell any more what that is.
func TestTenantStaysAsItWas(t *testing.T) {
	_, files := full(t, newRenderer(t, 2, 2), sorted(small()), nil)
	bare := render.New(render.Config{Site: site(t, 2), Catalog: sold(t, "products/swg/202"), Bases: &bases{}})
	kept := []ident.Tenant{ident.Must[ident.TenantKind]("1000001"), ident.Must[ident.TenantKind]("1000002")}

	sink := newMemory(files)
	roster, report, err := bare.Full(context.Background(), sorted(small()), stored(files), sink)
	if err != nil || !slices.Equal(report.Kept, kept) || report.Tenants != len(small()) {
		t.Fatalf("Full() = %v, keeps %v of %d tenants, want %v of %d", err, report.Kept, report.Tenants, kept, len(small()))
	}
	if d := diffFiles(files, sink.commit()); d != "" {
		t.Errorf("with a version gone (-before +after):\n%s", d)
	}

	// One change after it keeps them, too.
	roster.Settle()
	sink = newMemory(files)
	if report, err := bare.Change(context.Background(), roster, small()["1000001"], stored(files), sink); err != nil || !slices.Equal(report.Kept, kept[:1]) {
		t.Fatalf("Change() = %v, keeps %v, want %v", err, report.Kept, kept[:1])
	}
	if err := roster.Flush(context.Background(), sink); err != nil {
		t.Fatal(err)
	}
	if d := diffFiles(files, sink.commit()); d != "" {
		t.Errorf("with a version gone, after one change (-before +after):\n%s", d)
	}
}

// A tenant whose id could be taken for a ring is not rendered at all.
func TestTenantWithAFaultIsLeftOut(t *testing.T) {
	all := small()
	f := all["1000001"]
	f.ID = ident.Must[ident.TenantKind]("main-01")
	all = map[string]authz.Facts{"main-01": f, "1000005": all["1000005"]}
	sink := newMemory(nil)
	roster, report, err := newRenderer(t, 2, 2).Full(context.Background(), sorted(all), stored(nil), sink)
	if err != nil || len(report.Faults) != 1 || roster.Len() != 1 || report.Tenants != 1 {
		t.Fatalf("Full() = %v with faults %v and %d tenants, want one fault and one tenant", err, report.Faults, roster.Len())
	}
	delete(all, "main-01")
	checkFleet(t, sink.commit(), expected(all, 2))
}
