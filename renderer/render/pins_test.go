package render_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// pinning is a renderer of the fleet with pins of swg, by tenant.
func pinning(t testing.TB, batch int, pins map[string]string, edit func(*environments.Fleet)) *render.Renderer {
	t.Helper()
	s := site(t, batch)
	for _, id := range slices.Sorted(maps.Keys(pins)) {
		s.Fleet.Pins = append(s.Fleet.Pins, environments.Pin{Tenant: ident.Must[ident.TenantKind](id), Reason: "audit",
			Product: ident.Must[ident.ProductKind]("swg"), Version: ident.Must[ident.VersionKind](pins[id])})
	}
	if edit != nil {
		edit(&s.Fleet)
	}
	return render.New(render.Config{Site: s, Fleet: fleetOf(t, s), Catalog: sold(t), Bases: &bases{}, Engine: engine()})
}

func TestPinsOfTheFleet(t *testing.T) {
	swg := ident.Must[ident.ProductKind]("swg")
	follower := crowd(40)[1]
	for i, f := range crowd(40) {
		if i%5 > 0 && ringOf(f.Tenant.ID) == "main" {
			follower = f
		}
	}
	id := follower.Tenant.ID
	authorised := follower
	authorised.Tenant.Authorisations = slices.Clone(follower.Tenant.Authorisations)
	authorised.Tenant.Authorisations[0].Version = ident.Must[ident.VersionKind]("202")
	block := func(f *environments.Fleet) {
		f.Blocked = append(f.Blocked, environments.Blocked{Product: swg, Version: ident.Must[ident.VersionKind]("202"), Reason: "x"})
	}
	for name, tc := range map[string]struct {
		reason string
		facts  authz.Facts
		pin    string
		edit   func(*environments.Fleet)
		runs   string
		told   string // in the fault
	}{
		"Takes":       {"a pin is a person's grant", follower, "202", nil, "202", ""},
		"Blocked":     {"what is blocked is blocked for pins alike", follower, "202", block, "200", "blocked"},
		"Unpublished": {"there is nothing to run", follower, "999", nil, "200", `"999"`},
		"Stays":       {"at what it runs anyway", follower, "200", nil, "200", ""},
		"Reviewed":    {"the reviewed pin is before the authorisation's", authorised, "200", nil, "200", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := crowd(40)
			all := slices.Clone(before)
			all[slices.IndexFunc(all, func(f authz.Facts) bool { return f.Tenant.ID == id })] = tc.facts
			_, files := full(t, newRenderer(t, 3, 2), before, served())
			sink := newMemory(files)
			roster, report, err := pinning(t, 3, map[string]string{id.String(): tc.pin}, tc.edit).Full(context.Background(), all, stored(files), nil, sink)
			if err != nil {
				t.Fatal(err)
			}
			if got := roster.Runs(id, swg).String(); got != tc.runs {
				t.Errorf("Runs() = %s, want %s: %s", got, tc.runs, tc.reason)
			}
			var faults []error
			for _, f := range report.Faults {
				faults = append(faults, f)
			}
			if err := errors.Join(faults...); (err != nil) != (tc.told != "") || err != nil && (!strings.Contains(err.Error(), tc.told) || fault.HintOf(report.Faults[0]) == "") {
				t.Errorf("faults are %v, want one that says %q, with a hint", err, tc.told)
			}
		})
	}
}

// A pin that is lifted moves nobody: the engine brings the tenant to its ring.
func TestLiftedPinStraggles(t *testing.T) {
	all, swg := crowd(40), ident.Must[ident.ProductKind]("swg")
	i := slices.IndexFunc(all, func(f authz.Facts) bool { return f.States[0] == authz.Active && ringOf(f.Tenant.ID) == "canary" })
	id := all[i].Tenant.ID
	_, files := full(t, pinning(t, 3, map[string]string{id.String(): "200"}, nil), all, served())
	r := newRenderer(t, 3, 2)
	roster, files := full(t, r, all, files)
	in, at := roster.Rollouts()
	key := rollout.Key{Ring: ident.Must[ident.RingKind]("canary"), Product: swg}
	if got := at.Lanes[key].Stragglers[id].String(); got != "200" {
		t.Fatalf("the lifted tenant straggles at %q, want 200", got)
	}
	for range 2 { // the ring passes its version, and who is behind follows
		res := rollout.Advance(in, at, rollout.Observation{Promoted: map[ident.Ring]bool{key.Ring: true}}, now)
		sink := newMemory(files)
		var err error
		if roster, _, err = r.Full(context.Background(), all, stored(files), &res.Rollouts, sink); err != nil {
			t.Fatal(err)
		}
		files = sink.commit()
		in, at = roster.Rollouts()
	}
	if got := roster.Runs(id, swg).String(); got != "202" {
		t.Errorf("after the engine moved it runs %s, want what its ring does, 202", got)
	}
}
