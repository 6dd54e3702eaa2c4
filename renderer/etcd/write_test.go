package etcd

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestPutGuards(t *testing.T) {
	t.Parallel()
	s := open(t)
	records := s.Records(prefix)
	ctx := t.Context()
	own := tenant("1000006")
	key := authz.Key{Tenant: own.ID, Product: product("swg")}

	_, err := records.PutAuthorisation(ctx, key, authorisation("swg", 1), 0)
	checkFailure(t, err, failure{fault.Person, []string{`tenant "1000006" does not exist`}})

	made, err := records.PutTenant(ctx, own, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = records.PutTenant(ctx, own, 0)
	checkFailure(t, err, failure{fault.Retry, []string{`"1000006"`, fmt.Sprint(made)}})

	first, err := records.PutAuthorisation(ctx, key, authorisation("swg", 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	second, err := records.PutAuthorisation(ctx, key, authorisation("swg", 2), first)
	if err != nil || second <= first {
		t.Fatalf("PutAuthorisation = %d, %v, want a revision after %d", second, err, first)
	}
	_, err = records.PutAuthorisation(ctx, key, authorisation("swg", 3), first)
	checkFailure(t, err, failure{fault.Retry, []string{`"1000006/swg"`, fmt.Sprint(first), fmt.Sprint(second)}})

	if _, err = records.PutAuthorisation(ctx, key, authorisation("swg", 4), authz.AnyRevision); err != nil {
		t.Fatal(err)
	}
	if n, err := records.Delete(ctx, key); n != 1 || err != nil {
		t.Fatalf("Delete = %d, %v, want 1", n, err)
	}
	_, err = records.PutAuthorisation(ctx, key, authorisation("swg", 5), second)
	checkFailure(t, err, failure{fault.Retry, []string{"deleted"}})
}

func TestPutRefusesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	bad := tenant("1000006")
	bad.Name = "a\nb"
	_, err := s.Records(prefix).PutTenant(t.Context(), bad, 0)
	checkFailure(t, err, failure{fault.Person, []string{`"1000006"`, "tenantName"}})
	_, err = s.Records(prefix).PutAuthorisation(t.Context(), authz.Key{Tenant: bad.ID, Product: product("swg")}, authorisation("swg", -1), 0)
	checkFailure(t, err, failure{fault.Person, []string{`"1000006/swg"`, "replicas -1"}})
	if got := snapshot(t, s); got.Keys != 0 {
		t.Errorf("%d keys were written, want none", got.Keys)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := open(t)
	records := s.Records(prefix)
	neighbours := []authz.Tenant{tenant("100000", "swg"), tenant("1000006-a", "swg"), tenant("10000061", "swg")}
	write(t, s, append(neighbours, tenant("1000006", "dsa", "swg"))...)
	raw(t, s, prefix+"/1000006/rs/BAD", "{}")

	if n, err := records.Delete(t.Context(), authz.Key{Tenant: tenantID("1000006")}); n != 4 || err != nil {
		t.Errorf("Delete of a tenant = %d, %v, want its 4 records", n, err)
	}
	if n, err := records.Delete(t.Context(), authz.Key{Tenant: tenantID("1000006")}); n != 0 || err != nil {
		t.Errorf("second Delete = %d, %v, want 0", n, err)
	}
	_, err := records.Delete(t.Context(), authz.Key{})
	checkFailure(t, err, failure{class: fault.Person})
	got := snapshot(t, s)
	if diff := cmp.Diff(neighbours, got.Tenants, names); diff != "" || len(got.Quarantined) != 0 {
		t.Errorf("left after Delete: %v (-want +got):\n%s", got.Quarantined, diff)
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	s := open(t)
	var tenants []authz.Tenant
	for i := range 50 {
		tenants = append(tenants, tenant(fmt.Sprint(1000000+i), "dsa", "seg", "swg"))
	}
	plan, err := authz.PlanImport(authz.Listing{}, tenants)
	if err != nil {
		t.Fatal(err)
	}
	var seen []int
	if err := s.Records(prefix).Apply(t.Context(), plan.Changes, func(done int) { seen = append(seen, done) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{60, 120, 180, 200}, seen); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(tenants, snapshot(t, s).Tenants, names); diff != "" {
		t.Errorf("Snapshot (-want +got):\n%s", diff)
	}
	if err := s.Records(prefix).Apply(t.Context(), []authz.Change{{Key: authz.Key{Tenant: tenantID("1000000"), Product: product("swg")}, Revision: authz.AnyRevision}}, nil); err != nil {
		t.Errorf("Apply of a deletion: %v", err)
	}
	if got := snapshot(t, s); got.Keys != 199 {
		t.Errorf("%d keys after a deletion, want 199", got.Keys)
	}
}

// A batch in which one record was changed by somebody else writes nothing.
func TestApplyIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	write(t, s, tenant("1000006"))
	plan, err := authz.PlanImport(authz.Listing{}, []authz.Tenant{tenant("1000001"), tenant("1000006", "swg"), tenant("1000009")})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Records(prefix).Apply(t.Context(), plan.Changes, nil)
	checkFailure(t, err, failure{fault.Retry, []string{`"1000006"`, "after 0 of 4"}})
	if got := snapshot(t, s); got.Keys != 1 {
		t.Errorf("%d keys after a refused batch, want 1", got.Keys)
	}
}
