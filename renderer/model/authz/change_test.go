package authz

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// listing returns what etcd holds after the records were written.
func listing(all []Record) Listing {
	s := NewAssembler(DefaultPrefix)
	revisions := map[Key]Revisions{}
	for _, r := range all {
		if k := s.Add(r); k != (Key{}) {
			revisions[k] = Revisions{r.Revision, r.Revision}
		}
	}
	return Listing{Snapshot: s.Snapshot(int64(len(all))), Revisions: revisions}
}

// Applying a plan to any fleet leaves the tenants of the plan as they are
// planned and all others as they were, and planning again changes nothing.
func TestPlanImport(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before, err := records(anyTenants().Draw(t, "before"))
		if err != nil {
			t.Fatal(err)
		}
		tenants := anyTenants().Draw(t, "import")
		old := listing(before)
		plan, err := PlanImport(old, tenants)
		if err != nil {
			t.Fatal(err)
		}
		now := apply(t, before, plan.Changes)
		again, err := PlanImport(listing(now), tenants)
		if err != nil || len(again.Changes) > 0 {
			t.Fatalf("second PlanImport = %v, %v, want no changes", again.Changes, err)
		}
		wanted, err := records(tenants)
		if err != nil {
			t.Fatal(err)
		}
		if again.Unchanged != len(wanted) {
			t.Fatalf("Unchanged = %d, want %d", again.Unchanged, len(wanted))
		}
		want := map[string]string{}
		for _, r := range append(before, wanted...) {
			want[r.Key] = string(r.Value)
		}
		got := map[string]string{}
		for _, r := range now {
			got[r.Key] = string(r.Value)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("records after the import (-want +got):\n%s", diff)
		}
	})
}

// apply is etcd in small: it checks each change's revision and order.
func apply(t *rapid.T, before []Record, changes []Change) []Record {
	now := append([]Record(nil), before...)
	at := map[string]int{}
	for i, r := range now {
		at[r.Key] = i
	}
	for _, c := range changes {
		key := FormatKey(DefaultPrefix, c.Key)
		r := Record{Key: key, Value: c.Value, Revision: int64(len(before)) + 1}
		i, found := at[key]
		switch {
		case !found && c.Revision == 0:
			at[key] = len(now)
			now = append(now, r)
		case found && now[i].Revision == c.Revision:
			now[i] = r
		default:
			t.Fatalf("change of %v expects revision %d", c.Key, c.Revision)
		}
		if _, ok := at[FormatKey(DefaultPrefix, Key{Tenant: c.Key.Tenant})]; !ok {
			t.Fatalf("%v is written before its tenant", c.Key)
		}
	}
	return now
}

func TestPlanImportReplacesBadRecords(t *testing.T) {
	now := listing([]Record{{Key: "/tenant/info/1000006", Value: []byte("null"), Revision: 5}})
	plan, err := PlanImport(now, []Tenant{{ID: tenantID("1000006"), Name: "a", Code: "b"}})
	if err != nil || len(plan.Changes) != 1 || plan.Changes[0].Revision != 5 {
		t.Errorf("PlanImport = %+v, %v, want one change of revision 5", plan, err)
	}
}

func TestPlanImportRefusesWhatCannotBeRead(t *testing.T) {
	if _, err := PlanImport(Listing{}, []Tenant{{ID: tenantID("1000006"), Name: "a\n", Code: "b"}}); err == nil {
		t.Error("PlanImport of a bad name succeeded")
	}
}
