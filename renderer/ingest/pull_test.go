package ingest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd/task"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func contextWithStop(t *testing.T) (context.Context, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return ctx, cancel
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("in 30 s it did not come that %s", what)
}

// five is a fleet of five tenants that was pulled.
func five(f *fixture) {
	f.t.Helper()
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		f.put(id, document(id, "swg", "seg"))
	}
	if done, err := f.pull(); err != nil || done.Outcomes[Written] != 5 {
		f.t.Fatalf("the first pull = %+v, %v", done, err)
	}
}

func TestPullUnchanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	before := f.revision()
	if done, err := f.pull(); err != nil || !done.NotModified {
		t.Errorf("Pull() = %+v, %v, want nothing new", done, err)
	}
	if got := f.revision(); got != before {
		t.Errorf("%d writes for nothing new", got-before)
	}
}

func TestPullWritesWhatChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	f.put("2", with(document("2", "swg", "seg"), map[string]any{"replicas": 5}))
	before := f.revision()
	done, err := f.pull()
	if err != nil || done.Outcomes[Written] != 1 || done.Outcomes[Unchanged] != 4 {
		t.Errorf("Pull() = %+v, %v", done, err)
	}
	if got := f.revision() - before; got != 2 { // the tenant, and which list it was
		t.Errorf("%d transactions wrote, want 2", got)
	}
}

// Whatever is wrong with a list: nobody is ended or counted as missing, no
// ETag is kept, and what the list says of single tenants is still of use.
func TestPartialLists(t *testing.T) {
	t.Parallel()
	store := serve(t)
	bad := map[string]string{"2": `{"tenantId": 17}`}
	for name, tc := range map[string]struct {
		faults spstest.Faults
		reason string
	}{
		"Down":     {spstest.Faults{Down: true}, "no answer"},
		"Shut":     {spstest.Faults{Shut: 1}, "a page is refused"},
		"Total":    {spstest.Faults{Total: 1}, "one is missing"},
		"TooMany":  {spstest.Faults{Total: -1}, "one is too many"},
		"Repeat":   {spstest.Faults{Repeat: true}, "the same cursor for ever"},
		"Skip":     {spstest.Faults{Skip: true}, "a page is missing"},
		"Turn":     {spstest.Faults{Turn: true}, "another snapshot half-way"},
		"Half":     {spstest.Faults{Half: true}, "half a body"},
		"Empty":    {spstest.Faults{Empty: true}, "nobody at all"},
		"Nameless": {spstest.Faults{Raw: bad}, "somebody without a name"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, store, 10)
			five(f)
			full, _, err := f.store.full(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			before := f.listing().Revisions
			f.remove("5")
			for range 3 {
				f.sps.Set(tc.faults)
				if done, err := f.pull(); err == nil {
					t.Errorf("Pull() = %+v, want an error: %s", done, tc.reason)
				}
				f.sps.Set(spstest.Faults{Deny: true})
				f.drain()
			}
			for key, r := range f.listing().Revisions {
				if before[key] != r {
					t.Errorf("%s was written: %s", key, tc.reason)
				}
			}
			if now, _, err := f.store.full(t.Context()); err != nil || now != full {
				t.Errorf("kept %+v, %v, want %+v: %s", now, err, full, tc.reason)
			}
		})
	}
}

// drain works until nobody is dirty, or all patience is over.
func (f *fixture) drain() {
	f.t.Helper()
	for n := 0; n < patience+2 && len(f.keys("dirty")) > 0; n++ {
		w := f.worker()
		for _, name := range f.keys("dirty") {
			if id, err := ident.Parse[ident.TenantKind](name); err == nil {
				_, _ = w.Work(f.ctx(), id)
			}
		}
		w.Close()
	}
}

// A list under an id that was had before says nothing about who is missing.
func TestRepeatedList(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	f.sps.Set(spstest.Faults{Same: true})
	five(f)
	for range 4 {
		f.sps.Set(spstest.Faults{Same: true, Deny: true, Lost: []string{"5"}})
		f.pass(25 * time.Hour)
		if done, err := f.pull(); err == nil {
			t.Errorf("Pull() = %+v, want an error", done)
		}
		f.drain()
	}
	if !f.live(f.right("5", "swg")) {
		t.Error("tenant 5 was ended by one list, four times")
	}
}

// Absence takes two whole lists and the word of SPS for the single tenant, in
// that order; it ends, now, and deletes nothing.
func TestAbsence(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	f.remove("5")
	f.pass(time.Hour)
	live := func(when string, want bool) {
		t.Helper()
		f.drain()
		for _, p := range []string{"swg", "seg"} {
			if got := f.live(f.right("5", p)); got != want {
				t.Errorf("%s: right to %s goes on = %v, want %v", when, p, got, want)
			}
		}
	}
	if got := f.fetch("5"); got != Unproven {
		t.Errorf("404 alone is %s, want unproven", got)
	}
	live("404 alone", true)
	for _, when := range []string{"one list", "two lists"} {
		if done, err := f.pull(); err != nil || done.Missing != 1 {
			t.Fatalf("Pull() = %+v, %v", done, err)
		}
		if when == "one list" {
			live(when, true)
		}
	}
	f.sps.Set(spstest.Faults{Down: true})
	live("two lists, and SPS is silent", true)
	f.sps.Set(spstest.Faults{})
	live("two lists and 404", false)
	if got := f.right("5", "swg"); !got.EndTime.Equal(start.Add(time.Hour)) || got.Storage != "80Gi" {
		t.Errorf("ended as %+v, want at the moment, with all it had", got)
	}
	if done, err := f.pull(); err != nil || done.Missing != 0 {
		t.Errorf("the next Pull() = %+v, %v, want nobody missing", done, err)
	}
	f.pass(time.Hour)
	f.put("5", document("5", "swg", "seg"))
	if _, err := f.pull(); err != nil {
		t.Fatal(err)
	}
	live("it came back", true)
}

// One list may lose a tenant, and SPS deny it once: it is found again.
func TestAbsenceIsForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	for range 3 { // never twice in a row
		f.sps.Set(spstest.Faults{Lost: []string{"5"}})
		f.pass(25 * time.Hour)
		if done, err := f.pull(); err != nil || done.Missing != 1 {
			t.Fatalf("Pull() = %+v, %v", done, err)
		}
		f.sps.Set(spstest.Faults{})
		if done, err := f.pull(); err != nil || done.NotModified {
			t.Fatalf("Pull() = %+v, %v, want the list in spite of its ETag", done, err)
		}
		f.drain()
		f.sps.Set(spstest.Faults{Deny: true})
		f.fetch("5")
	}
	if !f.live(f.right("5", "swg")) {
		t.Error("tenant 5 was ended")
	}
}

// However SPS ends tenants, no more than the cap are; the others wait, also
// when the cap has room again, until a person says what is to be done.
func TestCap(t *testing.T) {
	t.Parallel()
	store := serve(t)
	cancelled := map[string]any{"endTime": "2026-10-01T00:00:00Z"}
	for name, end := range map[string]func(f *fixture){
		"Gone": func(f *fixture) {
			for _, id := range []string{"1", "2", "3", "4"} {
				f.remove(id)
			}
			for range 2 {
				if _, err := f.pull(); err != nil {
					f.t.Fatal(err)
				}
			}
		},
		"EndTimes": func(f *fixture) {
			for _, id := range []string{"1", "2", "3", "4"} {
				f.put(id, with(document(id, "swg"), cancelled))
			}
			if _, err := f.pull(); err != nil {
				f.t.Fatal(err)
			}
		},
		"NoProducts": func(f *fixture) {
			for _, id := range []string{"1", "2", "3", "4"} {
				f.put(id, document(id))
				f.fetch(id)
			}
		},
		"Tomorrow": func(f *fixture) {
			for _, id := range []string{"1", "2", "3", "4"} {
				f.put(id, with(document(id, "swg"), map[string]any{"endTime": "2026-11-01T01:00:00Z"}))
				f.fetch(id)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, store, 10) // and never more than half of five
			for _, id := range []string{"1", "2", "3", "4", "5"} {
				f.bring(id, document(id, "swg"))
			}
			end(f)
			f.drain()
			f.pass(2 * time.Hour)
			ended := func() []string {
				var all []string
				for _, tenant := range f.listing().Tenants {
					if !f.live(tenant.Authorisations[0]) {
						all = append(all, tenant.ID.String())
					}
				}
				return all
			}
			if got := ended(); len(got) != 2 {
				t.Errorf("%q are ended, want 2", got)
			}
			waiting := f.keys("held")
			if len(waiting) != 2 {
				t.Fatalf("held %q, want 2", waiting)
			}
			f.pass(48 * time.Hour)
			for _, id := range waiting {
				f.fetch(id)
			}
			if got := f.keys("held"); !slices.Equal(got, waiting) {
				t.Errorf("two days later held %q, want %q", got, waiting)
			}
			if _, err := f.store.Accept(t.Context(), tenantID(waiting[0])); err != nil {
				t.Fatal(err)
			}
			if _, err := f.store.Drop(t.Context(), tenantID(waiting[1])); err != nil {
				t.Fatal(err)
			}
			if got := ended(); len(got) != 3 || !slices.Contains(got, waiting[0]) || len(f.keys("held")) != 0 {
				t.Errorf("after a person's word %q are ended, held %q", got, f.keys("held"))
			}
		})
	}
}

// A list that was read before SPS denied a tenant does not bring it back.
func TestListBehind(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	f.sps.Set(spstest.Faults{Lost: []string{"5"}, Deny: true})
	for range 2 {
		f.pass(25 * time.Hour)
		if _, err := f.pull(); err != nil {
			t.Fatal(err)
		}
	}
	f.sps.Set(spstest.Faults{})
	f.pass(25 * time.Hour)
	w := f.worker()
	defer w.Close()
	w.step = func(name string) error {
		if name == "page" && f.live(f.right("5", "swg")) {
			f.sps.Set(spstest.Faults{Deny: true})
			f.drain()
			f.remove("5")
		}
		return nil
	}
	done, err := w.Pull(t.Context())
	if err != nil || f.live(f.right("5", "swg")) {
		t.Errorf("Pull() = %+v, %v, and tenant 5 goes on = %v", done, err, f.live(f.right("5", "swg")))
	}
}

// On a schedule one of all replicas reads the list, and a run that lost its
// claim notes nothing.
func TestScheduledList(t *testing.T) {
	t.Parallel()
	f := newFixture(t, serve(t), 10)
	five(f)
	f.put("2", with(document("2", "swg", "seg"), map[string]any{"replicas": 5}))
	lost := clientv3.Compare(clientv3.CreateRevision("/nobody"), "=", 7)
	w := f.worker()
	defer w.Close()
	before, _, err := f.store.full(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f.remove("5")
	if done, err := w.Pull(t.Context(), lost); err != nil || done.Missing != 1 {
		t.Errorf("Pull() = %+v, %v", done, err)
	}
	if now, _, err := f.store.full(t.Context()); err != nil || now != before {
		t.Errorf("a run without its claim noted the list %+v, %v", now, err)
	}
	if done, err := w.Pull(t.Context()); err != nil || done.Missing != 1 {
		t.Errorf("Pull() = %+v, %v, want the first proof that counts", done, err)
	}
	if st, err := f.store.waiting(t.Context(), tenantID("5")); len(st.book.Absent) != 1 {
		t.Errorf("tenant 5 was missing in %q, %v, want one list", st.book.Absent, err)
	}
}

func TestScheduleIsKept(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for the next minute")
	}
	f := newFixture(t, serve(t), 10)
	every, err := task.ParseSchedule("* * * * *", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := contextWithStop(t)
	defer stop()
	f.put("1", document("1", "swg"))
	var lists atomic.Int64
	begun := time.Now()
	for range 3 {
		w := f.worker()
		w.o.Schedule, w.o.Pulled = &every, func(Pulled, error) { lists.Add(1) }
		go w.Run(ctx)
	}
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end) && lists.Load() == 0; {
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second)
	due := 1 + int64(time.Now().Truncate(time.Minute).Sub(begun.Truncate(time.Minute))/time.Minute)
	if got := lists.Load(); got < 1 || got > due || len(f.listing().Tenants) != 1 {
		t.Errorf("three replicas read %d lists for %d fire times, %d tenants came", got, due, len(f.listing().Tenants))
	}
}
