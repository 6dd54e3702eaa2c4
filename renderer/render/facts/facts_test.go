package facts_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"pgregory.net/rapid"
)

const day = 24 * time.Hour

var (
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	clock = facts.Clock{Now: start.Add(100 * day), Life: authz.Life{SuspendFor: 14 * day, GraceFor: 30 * day}, Release: day}
	swg   = ident.Must[ident.ProductKind]("swg")
	dsa   = ident.Must[ident.ProductKind]("dsa")
)

// remembered is a Memory of facts.
type remembered map[ident.Tenant]authz.Facts

func (r remembered) Tenants() ([]ident.Tenant, error) {
	var ids []ident.Tenant
	for id := range r {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, ident.Tenant.Compare)
	return ids, nil
}

func (r remembered) Facts(id ident.Tenant) (authz.Facts, error) {
	f, ok := r[id]
	if !ok {
		return f, fmt.Errorf("no tenant %q", id)
	}
	return f, nil
}

func tenant(i int, products ...ident.Product) authz.Tenant {
	t := authz.Tenant{ID: ident.Must[ident.TenantKind](fmt.Sprint(1000 + i)), Name: "n", Code: "c"}
	for _, p := range products {
		t.Authorisations = append(t.Authorisations, authz.Authorisation{Product: p, StartTime: start})
	}
	return t
}

func active(t authz.Tenant) authz.Facts {
	return authz.Facts{Tenant: t, States: slices.Repeat([]authz.State{authz.Active}, len(t.Authorisations))}
}

func everything(map[string]string) bool { return true }

// unlisted cannot say whom it remembers.
type unlisted struct{ remembered }

func (unlisted) Tenants() ([]ident.Tenant, error) { return nil, errors.New("unreadable") }

// Who is not known to be there must not be taken for new: nobody would be missed.
func TestUnlistedMemory(t *testing.T) {
	known := tenant(1, swg)
	memory := unlisted{remembered{known.ID: active(known)}}
	if r, err := facts.Merge(authz.Snapshot{}, memory, everything, clock); err == nil {
		t.Errorf("Merge() = %+v, want an error", r)
	}
	if all, err := facts.Recall(memory, clock.Now, clock.Life); err == nil {
		t.Errorf("Recall() = %+v, want an error", all)
	}
}

func merge(t testing.TB, snap authz.Snapshot, memory remembered, c facts.Clock) facts.Result {
	t.Helper()
	r, err := facts.Merge(snap, memory, everything, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVanishedTenantIsReleasedFirst(t *testing.T) {
	gone := tenant(1, swg)
	memory := remembered{gone.ID: active(gone)}
	r := merge(t, authz.Snapshot{Keys: 1}, memory, clock)
	if len(r.Tenants) != 1 || r.Tenants[0].States[0] != authz.Retained || !r.Tenants[0].ReleasedAt.Equal(clock.Now) {
		t.Fatalf("Merge() = %+v, want the tenant retained and released now", r.Tenants)
	}
	memory[gone.ID] = r.Tenants[0]
	later := clock
	later.Now = clock.Now.Add(clock.Release - time.Second)
	if r = merge(t, authz.Snapshot{Keys: 1}, memory, later); len(r.Tenants) != 1 || len(r.Released) != 0 {
		t.Errorf("Merge() within the release time = %+v, want the tombstone unchanged", r)
	}
	later.Now = clock.Now.Add(clock.Release)
	if r = merge(t, authz.Snapshot{Keys: 1}, memory, later); len(r.Tenants) != 0 || !slices.Equal(r.Gone, []ident.Tenant{gone.ID}) {
		t.Errorf("Merge() after the release time = %+v, want the tenant gone", r)
	}
}

func TestRenewedTombstoneComesBack(t *testing.T) {
	back := tenant(1, swg)
	tomb := active(back)
	tomb.States[0], tomb.ReleasedAt = authz.Retained, clock.Now.Add(-time.Hour)
	r := merge(t, authz.Snapshot{Keys: 2, Tenants: []authz.Tenant{back}}, remembered{back.ID: tomb}, clock)
	if len(r.Tenants) != 1 || r.Tenants[0].States[0] != authz.Active || !r.Tenants[0].ReleasedAt.IsZero() {
		t.Errorf("Merge() of a renewed tenant = %+v, want it active and not released", r.Tenants)
	}
}

func TestBadRecordsCostNothing(t *testing.T) {
	now := tenant(1, swg)
	before := tenant(1, dsa, swg)
	for name, tc := range map[string]struct {
		reason string
		snap   authz.Snapshot
		want   int
		taken  bool // from Git
	}{
		"OneProduct": {"the unreadable product is as it was", authz.Snapshot{Keys: 3, Tenants: []authz.Tenant{now},
			Quarantined: []authz.Quarantine{{Tenant: now.ID, Product: dsa}}}, 2, true},
		"TenantRecord": {"an unreadable tenant is as it was", authz.Snapshot{Keys: 3,
			Quarantined: []authz.Quarantine{{Tenant: now.ID}}}, 2, true},
		"ReadableAndGone": {"a product that is really gone goes", authz.Snapshot{Keys: 3, Tenants: []authz.Tenant{now}}, 1, false},
		"OtherTenant": {"a bad record of somebody else changes nothing", authz.Snapshot{Keys: 3, Tenants: []authz.Tenant{now},
			Quarantined: []authz.Quarantine{{Tenant: tenant(9).ID, Product: dsa}}}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := merge(t, tc.snap, remembered{before.ID: active(before)}, clock)
			if len(r.Tenants) != 1 || len(r.Tenants[0].States) != tc.want || !r.Tenants[0].ReleasedAt.IsZero() {
				t.Errorf("Merge() = %+v, want one tenant with %d products: %s", r.Tenants, tc.want, tc.reason)
			}
			if took := slices.Equal(r.Remembered, []ident.Tenant{now.ID}); took != tc.taken || !took && len(r.Remembered) > 0 {
				t.Errorf("Merge() remembers %v, want the tenant = %t: %s", r.Remembered, tc.taken, tc.reason)
			}
		})
	}
}

// forgetful knows who is there and not what they have.
type forgetful struct{ remembered }

func (forgetful) Facts(ident.Tenant) (authz.Facts, error) {
	return authz.Facts{}, errors.New("unreadable")
}

// Facts that cannot be read fail the merge: to go on without them would remove
// whoever comes after.
func TestUnreadableMemory(t *testing.T) {
	gone, bad := tenant(1, swg), tenant(2, swg)
	for name, snap := range map[string]authz.Snapshot{
		"Vanished":    {Keys: 1, Tenants: []authz.Tenant{bad}},
		"Quarantined": {Keys: 1, Tenants: []authz.Tenant{gone, bad}, Quarantined: []authz.Quarantine{{Tenant: bad.ID, Product: swg}}},
	} {
		memory := forgetful{remembered{gone.ID: active(gone), bad.ID: active(bad)}}
		if r, err := facts.Merge(snap, memory, everything, clock); err == nil || len(r.Tenants) > 0 {
			t.Errorf("%s: Merge() = %d tenants, %v, want an error and none", name, len(r.Tenants), err)
		}
	}
	if all, err := facts.Recall(forgetful{remembered{gone.ID: active(gone)}}, clock.Now, clock.Life); err == nil || len(all) > 0 {
		t.Errorf("Recall() = %d tenants, %v, want an error and none", len(all), err)
	}
}

// Facts in Git are what they were until somebody says what time it is; then
// ends come, and tombstones stay what they are.
func TestRecall(t *testing.T) {
	ended, tomb, done := active(tenant(1, dsa, swg)), active(tenant(2, swg)), active(tenant(3, swg))
	ended.Authorisations[0].EndTime = start.Add(90 * day)
	tomb.States[0], tomb.ReleasedAt = authz.Retained, start
	done.Authorisations[0].EndTime = start.Add(50 * day)
	memory := remembered{ended.ID: ended, tomb.ID: tomb, done.ID: done}
	for name, tc := range map[string]struct {
		reason string
		now    time.Time
		want   map[string][]authz.State
	}{
		"AsTheyStand": {"no time passes", time.Time{}, map[string][]authz.State{"1001": {authz.Active, authz.Active}, "1002": {authz.Retained}, "1003": {authz.Active}}},
		"Later":       {"one product is suspended, one tenant is over", clock.Now, map[string][]authz.State{"1001": {authz.Suspended, authz.Active}, "1002": {authz.Retained}}},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := facts.Recall(memory, tc.now, clock.Life)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]authz.State{}
			for _, f := range all {
				got[f.ID.String()] = f.States
			}
			if !maps.EqualFunc(got, tc.want, slices.Equal[[]authz.State]) {
				t.Errorf("Recall() = %v, want %v: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// Whatever happens, no tenant leaves Git that was not released there before,
// and time alone decides about natural ends.
func TestNobodyGoesWithoutNotice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		memory := remembered{}
		now := clock
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			now.Now = now.Now.Add(time.Duration(rapid.IntRange(0, 40*24).Draw(rt, "hours")) * time.Hour)
			snap := authz.Snapshot{Keys: 1}
			for i := range 3 {
				if !rapid.Bool().Draw(rt, "in etcd") {
					continue
				}
				one := tenant(i, swg)
				one.Authorisations[0].EndTime = start.Add(time.Duration(rapid.IntRange(1, 200).Draw(rt, "end")) * day)
				snap.Tenants = append(snap.Tenants, one)
			}
			r := merge(t, snap, memory, now)
			next := remembered{}
			for _, f := range r.Tenants {
				next[f.Tenant.ID] = f
			}
			for id, before := range memory {
				if _, stays := next[id]; !stays && !before.Released() {
					rt.Fatalf("tenant %q is gone though Git had it as %v", id, before)
				}
			}
			memory = next
		}
	})
}
