package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func sortProducts(s []ident.Product) { slices.SortFunc(s, ident.Product.Compare) }

func sortTenants(s []Tenant) { slices.SortFunc(s, func(a, b Tenant) int { return a.ID.Compare(b.ID) }) }

// records are what etcd holds for tenants; the i-th has revision i+1.
func records(tenants []Tenant) ([]Record, error) {
	var all []Record
	add := func(k Key, value []byte) {
		all = append(all, Record{Key: FormatKey(DefaultPrefix, k), Value: value, Revision: int64(len(all) + 1)})
	}
	for _, t := range tenants {
		value, err := EncodeTenant(t)
		if err != nil {
			return nil, err
		}
		add(Key{Tenant: t.ID}, value)
		for _, a := range t.Authorisations {
			if value, err = EncodeAuthorisation(t.ID, a); err != nil {
				return nil, err
			}
			add(Key{Tenant: t.ID, Product: a.Product}, value)
		}
	}
	return all, nil
}

func assemble(revision int64, all []Record) Snapshot {
	s := NewAssembler(DefaultPrefix)
	for _, r := range all {
		s.Add(r)
	}
	return s.Snapshot(revision)
}

// What is encoded is read back as it was, in whatever order it comes.
func TestSnapshotRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenants := anyTenants().Draw(t, "tenants")
		all, err := records(tenants)
		if err != nil {
			t.Fatal(err)
		}
		got := assemble(7, rapid.Permutation(all).Draw(t, "order"))
		want := Snapshot{Revision: 7, Keys: len(all), Tenants: tenants}
		if diff := cmp.Diff(want, got, names); diff != "" {
			t.Fatalf("Snapshot (-want +got):\n%s", diff)
		}
	})
}

// Spoiling one record costs what the documentation says and nobody else anything.
func TestOneBadRecordCostsNobodyElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tenants := anyTenants().Draw(t, "tenants")
		all, err := records(tenants)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 {
			t.Skip("nothing to spoil")
		}
		i := rapid.IntRange(0, len(all)-1).Draw(t, "spoilt")
		key, err := ParseKey(DefaultPrefix, all[i].Key)
		if err != nil {
			t.Fatal(err)
		}
		all[i].Value = []byte(rapid.SampledFrom([]string{"", "null", "{}", "[]", string(all[i].Value) + "x", strings.Repeat("x", MaxRecord+1)}).Draw(t, "value"))
		got := assemble(7, rapid.Permutation(all).Draw(t, "order"))

		want := without(tenants, key)
		if diff := cmp.Diff(want, got.Tenants, names); diff != "" {
			t.Fatalf("Tenants (-want +got):\n%s", diff)
		}
		if len(got.Quarantined) != 1 {
			t.Fatalf("Quarantined = %v, want one entry", got.Quarantined)
		}
		q := got.Quarantined[0]
		if q.Key != all[i].Key || q.Tenant != key.Tenant || q.Product != key.Product || q.Revision != all[i].Revision || fault.HintOf(q.Err) == "" {
			t.Fatalf("Quarantined = %+v, want %+v at revision %d with a hint", q, key, all[i].Revision)
		}
	})
}

// without returns the tenants less what key names.
func without(tenants []Tenant, key Key) []Tenant {
	var kept []Tenant
	for _, t := range tenants {
		if t.ID == key.Tenant && key.Product.IsZero() {
			continue
		}
		if t.ID == key.Tenant {
			t.Authorisations = slices.DeleteFunc(slices.Clone(t.Authorisations), func(a Authorisation) bool { return a.Product == key.Product })
		}
		kept = append(kept, t)
	}
	return kept
}

func TestSnapshotQuarantines(t *testing.T) {
	other := strings.ReplaceAll(goodTenant, "1000006", "1000009")
	got := assemble(9, []Record{
		{Key: "/tenant/info/1000006/rs/swg", Value: []byte(goodAuthorisation), Revision: 1}, // no tenant record
		{Key: "/tenant/info/1000009", Value: []byte(other), Revision: 2},
		{Key: "/tenant/info/1000009/rs/swg", Value: []byte(goodAuthorisation), Revision: 3},
		{Key: "/tenant/info/1000009/rs/dsa", Value: []byte(goodAuthorisation), Revision: 4}, // says swg
		{Key: "/tenant/info/1000009/rs/../x", Value: []byte(goodAuthorisation), Revision: 5},
		{Key: "/tenant/info/1000010", Value: []byte("null"), Revision: 6},
		{Key: "/tenant/info/1000010/rs/swg", Value: []byte(goodAuthorisation), Revision: 7}, // left out with its tenant
		{Key: "/tenant/info/Tenant-A", Value: []byte(goodTenant), Revision: 8},
	})
	if len(got.Tenants) != 1 || got.Tenants[0].ID.String() != "1000009" || len(got.Tenants[0].Authorisations) != 1 {
		t.Errorf("Tenants = %+v, want 1000009 with swg alone", got.Tenants)
	}
	type entry struct {
		key, tenant, product string
		revision             int64
	}
	want := []entry{
		{"/tenant/info/1000006/rs/swg", "1000006", "swg", 1},
		{"/tenant/info/1000009/rs/../x", "", "", 5},
		{"/tenant/info/1000009/rs/dsa", "1000009", "dsa", 4},
		{"/tenant/info/1000010", "1000010", "", 6},
		{"/tenant/info/Tenant-A", "", "", 8},
	}
	var have []entry
	for _, q := range got.Quarantined {
		have = append(have, entry{q.Key, q.Tenant.String(), q.Product.String(), q.Revision})
		checkFault(t, q)
		if !errors.Is(q, q.Err) {
			t.Errorf("Quarantine of %q does not wrap its reason", q.Key)
		}
	}
	if diff := cmp.Diff(want, have, cmp.AllowUnexported(entry{})); diff != "" {
		t.Errorf("Quarantined (-want +got):\n%s", diff)
	}
	if got.Keys != 8 || got.Revision != 9 {
		t.Errorf("Keys, Revision = %d, %d, want 8, 9", got.Keys, got.Revision)
	}
}

func TestEmptySnapshotHasNoKeys(t *testing.T) {
	if got := assemble(3, nil); got.Keys != 0 || got.Revision != 3 || len(got.Tenants) != 0 {
		t.Errorf("Snapshot of nothing = %+v, want no keys at revision 3", got)
	}
}

// fleet is a fleet of n tenants with four products each.
func fleet(n int) []Record {
	all := make([]Record, 0, 5*n)
	for i := range n {
		id := fmt.Sprint(1000000 + i)
		all = append(all, Record{Key: "/tenant/info/" + id, Value: []byte(strings.Replace(goodTenant, "1000006", id, 1)), Revision: int64(i)})
		for _, p := range []string{"dsa", "seg", "swg", "ucwi"} {
			all = append(all, Record{Key: "/tenant/info/" + id + "/rs/" + p, Value: []byte(strings.Replace(goodAuthorisation, "swg", p, 1)), Revision: int64(i)})
		}
	}
	return all
}

// One operation is a fleet of 80,000 tenants: 400,000 records.
func BenchmarkAssemble(b *testing.B) {
	all := fleet(80000)
	b.ReportAllocs()
	for b.Loop() {
		if s := assemble(1, all); len(s.Tenants) != 80000 {
			b.Fatal("records were lost")
		}
	}
}
