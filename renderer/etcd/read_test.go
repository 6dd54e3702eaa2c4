package etcd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	s := open(t)
	want := []authz.Tenant{tenant("1000006", "dsa", "swg"), tenant("1000006-a", "swg"), tenant("1000009")}
	write(t, s, want...)
	raw(t, s, "/tenant/information/1", "another prefix")
	raw(t, s, "/tenant/info", "the prefix itself")
	for _, page := range []int64{1, 2, 3, 1000} {
		s.page = page
		got := snapshot(t, s)
		if diff := cmp.Diff(want, got.Tenants, names); diff != "" {
			t.Errorf("Snapshot in pages of %d (-want +got):\n%s", page, diff)
		}
		if got.Keys != 6 || len(got.Quarantined) != 0 || got.Revision == 0 {
			t.Errorf("Snapshot in pages of %d: %d keys, %v, revision %d, want 6 good keys", page, got.Keys, got.Quarantined, got.Revision)
		}
	}
}

func TestEmptyPrefix(t *testing.T) {
	t.Parallel()
	if got := snapshot(t, open(t)); got.Keys != 0 || got.Revision == 0 {
		t.Errorf("Snapshot of an empty prefix = %+v, want no keys at a revision", got)
	}
}

func TestBadRecordsAreQuarantined(t *testing.T) {
	t.Parallel()
	s := open(t)
	write(t, s, tenant("1000006", "swg"))
	bad := []string{
		prefix + "/../../etc", prefix + "/.git", prefix + "/1000006/rs/..", prefix + "/Tenant-A", prefix + "/ten\u0430nt",
		prefix + "/1000006\u202e", prefix + "/a\nb", prefix + "/a\x00b", prefix + "/" + strings.Repeat("a", 64), prefix + "/",
	}
	for _, key := range bad {
		raw(t, s, key, `{}`)
	}
	raw(t, s, prefix+"/1000007", strings.Repeat("x", 1_500_000)) // almost all that etcd takes
	raw(t, s, prefix+"/1000006/rs/dsa", `{"product":"dsa","product":"dsa"}`)
	bad = append(bad, prefix+"/1000007", prefix+"/1000006/rs/dsa")
	slices.Sort(bad)

	got := snapshot(t, s)
	if diff := cmp.Diff([]authz.Tenant{tenant("1000006", "swg")}, got.Tenants, names); diff != "" {
		t.Errorf("Tenants (-want +got):\n%s", diff)
	}
	var keys []string
	for _, q := range got.Quarantined {
		keys = append(keys, q.Key)
		checkFailure(t, q, failure{class: fault.Person})
		if q.Revision == 0 {
			t.Errorf("quarantined %q has no revision", q.Key)
		}
	}
	if diff := cmp.Diff(bad, keys); diff != "" {
		t.Errorf("Quarantined (-want +got):\n%s", diff)
	}
}

// between calls f before every page but the first of each read.
type between struct {
	clientv3.KV
	f    func(page int)
	gets int
}

func (b *between) Get(ctx context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	if key != prefix+"/" {
		b.gets++
		b.f(b.gets)
	}
	return b.KV.Get(ctx, key, opts...)
}

// All records change in one transaction between any two pages. A snapshot that
// mixed revisions would show different replicas.
func TestSnapshotIsOneRevision(t *testing.T) {
	t.Parallel()
	s := open(t)
	write(t, s, tenant("1000006", "dsa", "seg", "swg"), tenant("1000009", "dsa", "swg"))
	first := snapshot(t, s)
	records := s.Records(prefix)
	s.page = 1
	s.kv = &between{KV: s.client.KV, f: func(page int) {
		var changes []authz.Change
		for _, t := range first.Tenants {
			for _, a := range t.Authorisations {
				a.Replicas = 1 + page
				c, err := a.Put(authz.Key{Tenant: t.ID, Product: a.Product}, authz.AnyRevision)
				if err != nil {
					panic(err)
				}
				changes = append(changes, c)
			}
		}
		if err := records.Apply(t.Context(), changes, nil); err != nil {
			t.Error(err)
		}
	}}
	got := snapshot(t, s)
	if diff := cmp.Diff(first, got, names); diff != "" {
		t.Errorf("Snapshot during changes (-want +got):\n%s", diff)
	}
}

func TestCompactionBetweenPages(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		times  int
		fails  bool
	}{
		"Once":   {"the read begins again at a new revision", 1, false},
		"Always": {"the read gives up at last", 1000, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			write(t, s, tenant("1000006", "dsa", "seg", "swg"))
			late := tenant("1000001")
			count := 0
			s.page = 2
			s.kv = &between{KV: s.client.KV, f: func(int) {
				if count++; count > tc.times {
					return
				}
				late.Name = fmt.Sprint("late ", count)
				if _, err := (&Records{&Store{kv: s.client.KV, config: s.config}, prefix}).PutTenant(t.Context(), late, authz.AnyRevision); err != nil {
					t.Error(err)
				}
				now, err := s.client.Get(t.Context(), "x")
				if err != nil {
					t.Error(err)
				}
				if _, err := s.client.Compact(t.Context(), now.Header.Revision); err != nil {
					t.Error(err)
				}
			}}
			got, err := s.Snapshot(t.Context(), prefix)
			if tc.fails {
				checkFailure(t, err, failure{fault.Retry, []string{"compacted", prefix}})
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			// What was read before the compaction is not in it twice, what came meanwhile is.
			if diff := cmp.Diff([]authz.Tenant{late, tenant("1000006", "dsa", "seg", "swg")}, got.Tenants, names); diff != "" || got.Keys != 5 {
				t.Errorf("%s: Snapshot has %d keys (-want +got):\n%s", tc.reason, got.Keys, diff)
			}
		})
	}
}

// Thirty records of the largest size are more than one answer may have.
func TestHostilePageIsReadInPieces(t *testing.T) {
	short.Skip(t, "writes large records")
	t.Parallel()
	s := open(t)
	write(t, s, tenant("1000006", "swg"))
	large := strings.Repeat("x", 1_500_000)
	for i := range 30 {
		raw(t, s, fmt.Sprintf("%s/x%d", prefix, i), large)
	}
	got := snapshot(t, s)
	if len(got.Tenants) != 1 || len(got.Quarantined) != 30 {
		t.Errorf("Snapshot has %d tenants and %d quarantined, want 1 and 30", len(got.Tenants), len(got.Quarantined))
	}
}

func TestSnapshotEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Snapshot(ctx, prefix); !errors.Is(err, context.Canceled) {
		t.Errorf("Snapshot with a cancelled context = %v, want that it says so", err)
	}
}

func TestSnapshotRefusesPrefixes(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, p := range []string{"", "tenant", "/tenant/info/"} {
		_, err := s.Snapshot(t.Context(), p)
		checkFailure(t, err, failure{fault.Person, []string{fmt.Sprintf("%q", p)}})
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s := open(t)
	write(t, s, tenant("1000006", "dsa", "swg"), tenant("1000009", "swg"))
	raw(t, s, prefix+"/1000009/rs/dsa", "null")
	records := s.Records(prefix)
	key := authz.Key{Tenant: tenantID("1000006"), Product: product("swg")}
	before, err := records.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := records.PutAuthorisation(t.Context(), key, authorisation("swg", 5), before.Revisions[key].Mod); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		reason string
		ids    []string
		want   []string
		keys   int
		bad    int
	}{
		"All":     {"every tenant", nil, []string{"1000006", "1000009"}, 6, 1},
		"One":     {"the tenant and nothing of its neighbours", []string{"1000006"}, []string{"1000006"}, 3, 0},
		"Bad":     {"its bad records too", []string{"1000009"}, []string{"1000009"}, 3, 1},
		"Unknown": {"a tenant that does not exist is left out", []string{"100000", "1000006"}, []string{"1000006"}, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var ids []ident.Tenant
			for _, id := range tc.ids {
				ids = append(ids, tenantID(id))
			}
			got, err := records.List(t.Context(), ids...)
			if err != nil {
				t.Fatal(err)
			}
			var have []string
			for _, t := range got.Tenants {
				have = append(have, t.ID.String())
			}
			if diff := cmp.Diff(tc.want, have); diff != "" || got.Keys != tc.keys || len(got.Quarantined) != tc.bad || len(got.Revisions) != tc.keys {
				t.Errorf("%s: List has %d keys, %d revisions, %v quarantined (-want +got):\n%s", tc.reason, got.Keys, len(got.Revisions), got.Quarantined, diff)
			}
			if rev, ok := got.Revisions[key]; ok && (rev.Create != before.Revisions[key].Create || rev.Mod <= rev.Create) {
				t.Errorf("Revisions of %v = %+v, want made at %d and changed later", key, rev, before.Revisions[key].Create)
			}
		})
	}
}

func TestListRefusesTooMany(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, err := s.Records(prefix).List(t.Context(), make([]ident.Tenant, maxChanges+1)...)
	checkFailure(t, err, failure{class: fault.Person})
}
