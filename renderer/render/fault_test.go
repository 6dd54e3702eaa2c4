package render_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
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
	moved := want["1000002"] // its dsa gets a parameter that is not there, its swg more replicas
	moved.Authorisations = slices.Clone(moved.Authorisations)
	moved.Authorisations[1].Replicas = 9
	want["1000002"] = moved
	after := maps.Clone(want)
	moved.Authorisations = slices.Clone(moved.Authorisations)
	moved.Authorisations[0].Parameters, moved.States = map[string]any{"nope": "x"}, []authz.State{authz.Active, authz.Active}
	after["1000002"] = moved
	came := after["1000005"] // it has bought a second product, which is not there
	came.Authorisations = append(slices.Clone(came.Authorisations), authz.Authorisation{Product: ident.Must[ident.ProductKind]("seg"), StartTime: now})
	came.States = []authz.State{authz.Active, authz.Active}
	after["1000005"] = came

	sink := newMemory(files)
	_, report, err := r.Full(context.Background(), sorted(after), stored(files), nil, sink)
	if err != nil || len(report.Faults) != 2 || len(report.Kept) > 0 {
		t.Fatalf("Full() = %v with faults %v, kept %v, want two faults and nobody kept", err, report.Faults, report.Kept)
	}
	checkFleet(t, sink.commit(), expected(want, 2))
	_, fresh := full(t, r, sorted(want), nil)
	if d := diffFiles(fresh, sink.commit()); d != "" {
		t.Errorf("with the faulty products (-without +with):\n%s", d)
	}
}

// A pin to what is not published is refused; the product keeps its version, and
// everything else that was asked of it follows.
func TestPinToNowhere(t *testing.T) {
	r := newRenderer(t, 2, 2)
	_, files := full(t, r, sorted(small()), nil)
	all := small()
	f := all["1000003"]
	f.Authorisations = slices.Clone(f.Authorisations)
	f.Authorisations[0].Version, f.Authorisations[0].Replicas = ident.Must[ident.VersionKind]("99"), 3
	all["1000003"] = f
	sink := newMemory(files)
	_, report, err := r.Full(context.Background(), sorted(all), stored(files), nil, sink)
	if err != nil || len(report.Faults) != 1 || !report.Faults[0].Rendered || fault.HintOf(report.Faults[0]) == "" ||
		!strings.Contains(report.Faults[0].Error(), `keeps version "5"`) {
		t.Fatalf("Full() = %v with faults %v, want one that says which version is kept, with a hint", err, report.Faults)
	}
	overlay := string(sink.commit()["environments/local/"+manifest.OverlayPath(f.ID, f.Authorisations[0].Product, ident.Must[ident.VersionKind]("5"))+"/parameters.yaml"])
	if !strings.Contains(overlay, `replicas: "3"`) {
		t.Errorf("the overlay has other replicas than asked for:\n%s", overlay)
	}
}

// A tenant whose version is gone from the catalog stays to the byte, and with
// it what it shares with all, though nobody can tell any more what that is.
func TestTenantStaysAsItWas(t *testing.T) {
	all := small()
	delete(all, "1000002") // he runs another version, and loses the overlay of this one
	_, files := full(t, newRenderer(t, 2, 2), sorted(all), nil)
	bare := render.New(render.Config{Site: site(t, 2), Fleet: fleetOf(t, site(t, 2)), Catalog: sold(t, "products/swg/202"), Bases: &bases{}, Engine: engine()})
	kept := []ident.Tenant{ident.Must[ident.TenantKind]("1000001")}

	sink := newMemory(files)
	roster, report, err := bare.Full(context.Background(), sorted(all), stored(files), nil, sink)
	if err != nil || !slices.Equal(report.Kept, kept) || report.Tenants != len(all) {
		t.Fatalf("Full() = %v, keeps %v of %d tenants, want %v of %d", err, report.Kept, report.Tenants, kept, len(all))
	}
	if d := diffFiles(files, sink.commit()); d != "" {
		t.Errorf("with a version gone (-before +after):\n%s", d)
	}

	// One change after it keeps them, too.
	roster.Settle()
	sink = newMemory(files)
	if report, err := bare.Change(context.Background(), roster, small()["1000001"], stored(files), sink); err != nil || !slices.Equal(report.Kept, kept) {
		t.Fatalf("Change() = %v, keeps %v, want %v", err, report.Kept, kept)
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
	roster, report, err := newRenderer(t, 2, 2).Full(context.Background(), sorted(all), stored(nil), nil, sink)
	if err != nil || len(report.Faults) != 1 || roster.Len() != 1 || report.Tenants != 1 {
		t.Fatalf("Full() = %v with faults %v and %d tenants, want one fault and one tenant", err, report.Faults, roster.Len())
	}
	delete(all, "main-01")
	checkFleet(t, sink.commit(), expected(all, 2))
}
