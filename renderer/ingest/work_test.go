package ingest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

func TestFetchWritesOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	f.bring("1", document("1", "swg", "seg"))
	if got := f.right("1", "swg"); got.Replicas != 2 || got.Storage != "80Gi" {
		t.Errorf("etcd holds %+v, want what SPS says", got)
	}
	before := f.listing()
	if got := f.fetch("1"); got != Unchanged {
		t.Errorf("the same revision again is %s, want unchanged", got)
	}
	for key, r := range f.listing().Revisions {
		if r != before.Revisions[key] {
			t.Errorf("%s was written again", key)
		}
	}
	if left := append(f.keys("dirty"), f.keys("claims")...); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
}

// What goes wrong with a fetch costs no record, keeps the tenant dirty, and
// gives the claim back.
func TestFetchFails(t *testing.T) {
	t.Parallel()
	store := serve(t)
	for name, tc := range map[string]struct {
		faults spstest.Faults
		want   Outcome
		reason string
	}{
		"Down":       {spstest.Faults{Down: true}, Unanswered, "no answer says nothing"},
		"Half":       {spstest.Faults{Half: true}, Unanswered, "half a body is none"},
		"Old":        {spstest.Faults{Old: true}, Stale, "a copy that lags is asked again"},
		"NoRevision": {spstest.Faults{Unnumbered: true}, Quarantined, "who counted once has to go on"},
		"BadJSON":    {spstest.Faults{Raw: map[string]string{"1": `{"tenantId": "1", "tenantId": "1"}`}}, Quarantined, "a doubled field"},
		"Other":      {spstest.Faults{Raw: map[string]string{"1": `{"tenantId": "2", "tenantName": "x", "tenantCode": "x", "authorisations": []}`}}, Quarantined, "somebody else's"},
		"NoRights":   {spstest.Faults{Raw: map[string]string{"1": `{"tenantId": "1", "tenantName": "x", "tenantCode": "x", "revision": 99}`}}, Quarantined, "what is missing is not empty"},
		"NullRights": {spstest.Faults{Raw: map[string]string{"1": `{"tenantId": "1", "tenantName": "x", "tenantCode": "x", "revision": 99, "authorisations": null}`}}, Quarantined, "nor is null"},
		"Deep":       {spstest.Faults{Raw: map[string]string{"1": `{"a":` + nested(200) + `}`}}, Quarantined, "deeper than any document"},
		"Version":    {spstest.Faults{Raw: map[string]string{"1": `{"tenantId": "1", "tenantName": "x", "tenantCode": "x", "revision": 99, "authorisations": [{"product": "../swg", "startTime": "2024-06-18T00:00:00Z"}]}`}}, Quarantined, "no name becomes a path"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, store, 10)
			f.bring("1", document("1", "swg"))
			f.bring("1", document("1", "swg", "seg"))
			before := f.listing()
			f.sps.Set(tc.faults)
			if got := f.fetch("1"); got != tc.want {
				t.Errorf("Work() = %s, want %s: %s", got, tc.want, tc.reason)
			}
			for key, r := range before.Revisions {
				if f.listing().Revisions[key] != r {
					t.Errorf("%s was written: %s", key, tc.reason)
				}
			}
			troubles, err := f.store.Troubles(t.Context())
			if err != nil || len(troubles) != 1 || troubles[0].Attempts != 1 || troubles[0].Cause != string(tc.want) || troubles[0].Reason == "" {
				t.Errorf("Troubles() = %+v, %v, want one with its cause", troubles, err)
			}
			if left := f.keys("claims"); len(left) > 0 {
				t.Errorf("claims %q are left", left)
			}
			f.sps.Set(spstest.Faults{})
			if got := f.fetch("1"); got != Unchanged || len(f.keys("dirty")) > 0 {
				t.Errorf("after SPS is well: %s, dirty %q", got, f.keys("dirty"))
			}
		})
	}
}

func nested(n int) string {
	text := "1"
	for range n {
		text = "[" + text + "]"
	}
	return text
}

// A replica that lost its claim writes nothing, however good its answer is and
// whatever others did since.
func TestFence(t *testing.T) {
	t.Parallel()
	store := serve(t)
	for name, tc := range map[string]struct {
		reason string
		others func(f *fixture, quick *Worker)
		want   int
	}{
		"Nobody": {"the lease is gone", func(*fixture, *Worker) {}, 2},
		"Claimed": {"another replica has it in hand", func(f *fixture, quick *Worker) {
			quick.step = func(string) error { return errCrash }
			_, _ = quick.Work(f.ctx(), tenantID("1"))
		}, 2},
		"Written": {"another replica was done with it", func(f *fixture, quick *Worker) {
			f.put("1", with(document("1", "swg"), map[string]any{"replicas": 4}))
			if got, err := quick.Work(f.ctx(), tenantID("1")); got != Written {
				f.t.Errorf("the next replica: %s, %v", got, err)
			}
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, store, 10)
			f.bring("1", document("1", "swg"))
			slow, quick := f.worker(), f.worker()
			defer quick.Close()
			f.put("1", with(document("1", "swg"), map[string]any{"replicas": 3}))
			request(t, f, "1")
			slow.step = func(name string) error {
				if name == "fetched" {
					slow.Close() // its lease ends while it was away
					tc.others(f, quick)
				}
				return nil
			}
			if got, err := slow.Work(t.Context(), tenantID("1")); got != Overtaken || err == nil {
				t.Errorf("Work() = %s, %v, want overtaken: %s", got, err, tc.reason)
			}
			if got := f.right("1", "swg").Replicas; got != tc.want {
				t.Errorf("replicas = %d, want %d: %s", got, tc.want, tc.reason)
			}
		})
	}
}

func request(t *testing.T, f *fixture, id string) {
	t.Helper()
	if err := f.store.Request(t.Context(), tenantID(id)); err != nil {
		t.Fatal(err)
	}
}

// Without revisions only the order of fetches says what is newer: a fetch that
// a notice overtook is not written.
func TestNoticeDuringFetch(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	f.sps.Set(spstest.Faults{Unnumbered: true})
	f.bring("1", document("1", "swg"))
	w := f.worker()
	defer w.Close()
	f.put("1", with(document("1", "swg"), map[string]any{"replicas": 3}))
	request(t, f, "1")
	w.step = func(name string) error {
		if name == "fetched" {
			f.put("1", with(document("1", "swg"), map[string]any{"replicas": 4}))
			if fresh, err := f.store.Mark(t.Context(), tenantID("1"), "notice"); err != nil || !fresh {
				t.Errorf("Mark() = %v, %v", fresh, err)
			}
		}
		return nil
	}
	if got, _ := w.Work(t.Context(), tenantID("1")); got != Overtaken {
		t.Errorf("Work() = %s, want overtaken", got)
	}
	if len(f.keys("dirty")) != 1 || f.right("1", "swg").Replicas != 2 {
		t.Errorf("dirty %q, replicas %d: want the notice kept and nothing written", f.keys("dirty"), f.right("1", "swg").Replicas)
	}
	w.step = func(string) error { return nil }
	if got, err := w.Work(t.Context(), tenantID("1")); got != Written || f.right("1", "swg").Replicas != 4 {
		t.Errorf("the next fetch: %s, %v", got, err)
	}
}

// A person who writes a record during a fetch is not overwritten.
func TestPersonMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	f.bring("1", document("1", "swg"))
	w := f.worker()
	defer w.Close()
	f.put("1", with(document("1", "swg"), map[string]any{"replicas": 3}))
	request(t, f, "1")
	w.step = func(name string) error {
		if name == "fetched" {
			a := f.right("1", "swg")
			a.ShrinkFrom = "100Gi"
			if _, err := f.store.etcd.Records(f.store.records).PutAuthorisation(t.Context(), authz.Key{Tenant: tenantID("1"), Product: a.Product}, a, authz.AnyRevision); err != nil {
				t.Error(err)
			}
		}
		return nil
	}
	if got, _ := w.Work(t.Context(), tenantID("1")); got != Overtaken {
		t.Errorf("Work() = %s, want overtaken", got)
	}
	w.step = func(string) error { return nil }
	if got, err := w.Work(t.Context(), tenantID("1")); got != Written || f.right("1", "swg").Replicas != 3 || f.right("1", "swg").ShrinkFrom != "100Gi" {
		t.Errorf("the next fetch: %s, %v, %+v", got, err, f.right("1", "swg"))
	}
}

// A tenant that SPS does not know is asked for again, but not for ever: a
// notice may be about somebody who never was.
func TestUnknownTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	request(t, f, "1")
	w := f.worker()
	defer w.Close()
	for n := 1; len(f.keys("dirty")) > 0; n++ {
		if got, _ := w.Work(t.Context(), tenantID("1")); got != Unproven || n > patience+1 {
			t.Fatalf("fetch %d: %s", n, got)
		}
	}
	if got := f.sps.Fetched("1"); got != patience+1 {
		t.Errorf("asked %d times, want %d", got, patience+1)
	}
	f.sps.Set(spstest.Faults{Deny: true})
	f.put("1", document("1", "swg"))
	f.fetch("1")
	f.sps.Set(spstest.Faults{})
	if got, err := w.Work(t.Context(), tenantID("1")); got != Written {
		t.Errorf("when SPS knows it: %s, %v, want written without another notice", got, err)
	}
}

// Two replicas never fetch one tenant at once; a claim that could not be given
// back is the replica's own, and another's ends with its lease.
func TestClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	f.put("1", document("1", "swg"))
	request(t, f, "1")
	one, two := f.worker(), f.worker()
	defer one.Close()
	defer two.Close()
	crash := errors.New("crash")
	one.step = func(name string) error { return crash }
	if _, err := one.Work(t.Context(), tenantID("1")); !errors.Is(err, crash) {
		t.Fatalf("Work() = %v, want the crash", err)
	}
	if got, err := two.Work(t.Context(), tenantID("1")); got != Busy || err != nil {
		t.Errorf("the other replica: %s, %v, want busy", got, err)
	}
	one.step = func(string) error { return nil }
	if got, _ := one.Work(t.Context(), tenantID("1")); got != Busy {
		t.Errorf("the replica itself: %s, want busy once more", got)
	}
	if got, err := one.Work(t.Context(), tenantID("1")); got != Written {
		t.Errorf("the replica itself: %s, %v, want written", got, err)
	}
	request(t, f, "1")
	one.step = func(name string) error { return crash }
	_, _ = one.Work(t.Context(), tenantID("1"))
	one.Close() // killed: the lease ends
	if got, err := two.Work(t.Context(), tenantID("1")); got != Unchanged {
		t.Errorf("after the lease: %s, %v", got, err)
	}
}

// Ten thousand notices of one tenant cost at most two fetches.
func TestNoticesCollapse(t *testing.T) {
	t.Parallel()
	notices := 10_000
	if testing.Short() {
		notices = 500
	}
	f := newFixture(t, serve(t), 10)
	f.put("1", document("1", "swg"))
	w := f.worker()
	defer w.Close()
	mark := func(n, of int) {
		for i := range of {
			if fresh, err := f.store.Mark(t.Context(), tenantID("1"), fmt.Sprintf("n%d-%d", n, i)); err != nil || !fresh {
				t.Fatalf("Mark() = %v, %v", fresh, err)
			}
		}
	}
	mark(0, notices/2)
	w.step = func(name string) error {
		if name == "fetched" && f.sps.Fetched("1") == 1 {
			mark(1, notices/2)
		}
		return nil
	}
	for len(f.keys("dirty")) > 0 {
		_, _ = w.Work(t.Context(), tenantID("1"))
	}
	if got := f.sps.Fetched("1"); got > 2 {
		t.Errorf("%d fetches of %d notices, want at most 2", got, notices)
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	for i, want := range []bool{true, false, false} {
		if got, err := f.store.Mark(t.Context(), tenantID("1"), "same"); got != want || err != nil {
			t.Errorf("Mark() number %d = %v, %v, want %v", i, got, err, want)
		}
	}
	resp, err := f.store.kv.Get(t.Context(), f.store.place.seen("same"))
	if err != nil || len(resp.Kvs) != 1 || resp.Kvs[0].Lease == 0 {
		t.Fatalf("the id is remembered as %v, %v, want with a lease", resp.Kvs, err)
	}
	if _, err := f.store.etcd.Client().Revoke(t.Context(), clientv3.LeaseID(resp.Kvs[0].Lease)); err != nil {
		t.Fatal(err)
	}
	if got, err := f.store.Mark(t.Context(), tenantID("1"), "next"); !got || err != nil {
		t.Errorf("after the lease was lost Mark() = %v, %v, want another lease", got, err)
	}
	if got := f.keys("dirty"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("dirty %q", got)
	}
}

// What people wrote is theirs: nobody whom SPS never named is touched, nor is
// a product that it never named.
func TestPeoplesRecords(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	records := f.store.etcd.Records(f.store.records)
	own := authz.Tenant{ID: tenantID("9"), Name: "theirs", Code: "x"}
	if _, err := records.PutTenant(t.Context(), own, 0); err != nil {
		t.Fatal(err)
	}
	f.bring("1", document("1", "swg"))
	key, err := authz.ParseKey("/p", "/p/1/rs/dsa")
	if err != nil {
		t.Fatal(err)
	}
	right := authz.Authorisation{Product: key.Product, StartTime: start, ShrinkFrom: "80Gi"}
	if _, err := records.PutAuthorisation(t.Context(), key, right, 0); err != nil {
		t.Fatal(err)
	}
	before := f.listing().Revisions
	if got := f.fetch("9"); got != Unproven {
		t.Errorf("a tenant of people's: %s", got)
	}
	f.bring("1", with(document("1", "swg"), map[string]any{"replicas": 7}))
	for range 4 {
		if _, err := f.pull(); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range []authz.Key{{Tenant: own.ID}, key} {
		if f.listing().Revisions[k] != before[k] {
			t.Errorf("%s was written", k)
		}
	}
}

// What others write among ingest's own keys costs the tenant that it is about,
// and nobody else; without a count of who was ended nobody is.
func TestSpoiltKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	for _, key := range []string{f.store.place.ended(), f.store.place.full(), f.store.place.dirty(tenantID("2")), f.store.place.book(tenantID("3")),
		f.store.place.below("tenants/../x"), f.store.place.below("dirty/"), f.store.place.below("held/..")} {
		if _, err := f.store.kv.Put(t.Context(), key, "{"); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"1", "2", "3"} {
		f.put(id, with(document(id, "swg", "seg"), map[string]any{"replicas": 8}))
	}
	f.put("4", document("4", "seg")) // swg is over
	if _, err := f.pull(); err != nil {
		t.Errorf("Pull() = %v", err)
	}
	f.drain()
	for id, want := range map[string]int{"1": 8, "2": 8, "3": 2} {
		if got := f.right(id, "swg").Replicas; got != want {
			t.Errorf("tenant %s has %d replicas, want %d", id, got, want)
		}
	}
	if held := f.keys("held"); !f.live(f.right("4", "swg")) || !slices.Contains(held, "4") {
		t.Errorf("tenant 4 was ended = %v, held %q: want it to wait", !f.live(f.right("4", "swg")), held)
	}
	troubles, err := f.store.Troubles(t.Context())
	if err != nil || len(troubles) != 1 || troubles[0].ID.String() != "3" || troubles[0].Cause != string(Quarantined) {
		t.Errorf("Troubles() = %+v, %v, want tenant 3", troubles, err)
	}
	if waiting, err := f.store.Held(t.Context()); err != nil || len(waiting) != 1 {
		t.Errorf("Held() = %+v, %v", waiting, err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	ctx, stop := contextWithStop(t)
	for i := range 8 {
		f.put(fmt.Sprint(i), document(fmt.Sprint(i), "swg"))
	}
	var done []chan struct{}
	for range 2 {
		w := f.worker()
		w.o.Pull = time.Hour
		ended := make(chan struct{})
		done = append(done, ended)
		go func() { w.Run(ctx); close(ended) }()
	}
	eventually(t, "the first list is written", func() bool { return len(f.listing().Tenants) == 8 })
	f.put("3", with(document("3", "swg"), map[string]any{"replicas": 9}))
	if _, err := f.store.Mark(t.Context(), tenantID("3"), "n"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a notice is followed", func() bool { return f.right("3", "swg").Replicas == 9 && len(f.keys("dirty")) == 0 })
	stop()
	for _, ended := range done {
		<-ended
	}
	if left := f.keys("claims"); len(left) > 0 {
		t.Errorf("claims %q are left after a graceful stop", left)
	}
}

// The queue keeps to the same: notices that come while a tenant is fetched are
// one more fetch, and an SPS that is away is asked again until it answers.
func TestQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	ctx, stop := contextWithStop(t)
	defer stop()
	f.put("1", document("1", "swg"))
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	f.sps.Hook(func(string) {
		arrived <- struct{}{}
		<-release
	})
	go f.worker().Run(ctx)
	mark := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := f.store.Mark(t.Context(), tenantID("1"), fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	mark(0, 1)
	<-arrived
	mark(1, 200)
	f.put("1", with(document("1", "swg"), map[string]any{"replicas": 7}))
	close(release)
	eventually(t, "the last change is written", func() bool {
		l := f.listing()
		return len(f.keys("dirty")) == 0 && len(l.Tenants) == 1 && l.Tenants[0].Authorisations[0].Replicas == 7
	})
	if got := f.sps.Fetched("1"); got > 2 {
		t.Errorf("%d fetches of 200 notices, want at most 2", got)
	}
	f.sps.Set(spstest.Faults{Down: true})
	f.put("1", with(document("1", "swg"), map[string]any{"replicas": 8}))
	mark(200, 201)
	eventually(t, "two fetches failed", func() bool {
		all, err := f.store.Troubles(t.Context())
		return err == nil && len(all) == 1 && all[0].Attempts >= 2
	})
	f.sps.Set(spstest.Faults{})
	eventually(t, "it is written without another notice", func() bool { return f.right("1", "swg").Replicas == 8 })
}
