package watch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// The six guarantees of an etcd watch, by etcd's own names and in its order,
// as a consumer of the copy sees them while the connection breaks and readings
// go on beside the watch.
// https://etcd.io/docs/v3.6/learning/api_guarantees/#watch-apis
func TestGuarantees(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts etcd for each guarantee")
	}
	t.Run("Ordered", testOrdered)
	t.Run("Unique", testUnique)
	t.Run("Reliable", testReliable)
	t.Run("Atomic", testAtomic)
	t.Run("Resumable", testResumable)
	t.Run("Bookmarkable", testBookmarkable)
}

// take reads windows until the test ends or stop is called; it returns what
// stops it, once all that the copy holds is taken, and the windows in their order.
func (s *stand) take() func() []Window {
	ctx, cancel := context.WithCancel(s.t.Context())
	var all []Window
	var done sync.WaitGroup
	done.Go(func() {
		for last := false; !last; {
			select {
			case <-ctx.Done():
				last = true
			case <-s.mirror.Changed():
			}
			if w, ok := s.mirror.Take(nil); ok && len(w.Tenants) > 0 {
				all = append(all, w)
			}
		}
	})
	var once sync.Once
	stop := func() []Window { once.Do(func() { cancel(); done.Wait() }); return all }
	s.t.Cleanup(func() { stop() })
	return stop
}

// shake breaks the connection again and again, with a rest after each break,
// until the function is called.
func (s *stand) shake(rest func(context.Context)) func() {
	ctx, cancel := context.WithCancel(s.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			switch i % 3 {
			case 0:
				s.proxy.Cut()
			case 1:
				s.proxy.Set(etcdtest.Refuse)
				wait(ctx, 30*time.Millisecond)
			case 2:
				s.proxy.Set(etcdtest.Swallow)
				wait(ctx, 50*time.Millisecond)
			}
			s.proxy.Set(etcdtest.Pass)
			rest(ctx)
		}
	})
	return func() { cancel(); done.Wait() }
}

// briefly is a rest that may be over before the watch goes on.
func briefly(ctx context.Context) { wait(ctx, 60*time.Millisecond) }

// moved is a rest until the copy has learnt of something since the break.
func (s *stand) moved(ctx context.Context) {
	_, before, _ := s.mirror.State()
	for ctx.Err() == nil {
		if _, now, _ := s.mirror.State(); now > before {
			return
		}
		wait(ctx, time.Millisecond)
	}
}

// fill writes n further tenants.
func (s *stand) fill(n int) {
	s.t.Helper()
	for i := 0; i < n; i += 100 {
		var ops []clientv3.Op
		for k := range 100 {
			ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s/%d", prefix, 2000000+i+k), "x"))
		}
		if _, err := s.direct.Txn(s.t.Context()).Then(ops...).Commit(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// restless reads often beside the watch.
var restless = Options{Resync: 40 * time.Millisecond, Progress: 100 * time.Millisecond}

// Ordered: nothing that happened before what was seen is seen after it.
func testOrdered(t *testing.T) {
	s := newStand(t, restless)
	s.fill(10000) // so that readings take long enough to be overtaken
	s.sync()
	s.mirror.All()
	windows, calm := s.take(), func() {}
	for i := range 1000 {
		if i == 600 { // readings alone until here: after a break it takes a second to connect again
			calm = s.shake(briefly)
		}
		s.put("/1000001", fmt.Sprint(i))
	}
	calm()
	s.check()
	last, value := int64(0), -1
	for _, w := range windows() {
		if w.Revision < last {
			t.Fatalf("a window at %d follows one at %d", w.Revision, last)
		}
		n, err := strconv.Atoi(string(w.Records[0].Value))
		if err != nil || n < value {
			t.Fatalf("value %q at %d follows %d: %v", w.Records[0].Value, w.Revision, value, err)
		}
		last, value = w.Revision, n
	}
	if value < 800 {
		t.Errorf("the last value seen is %d, want one of the last", value)
	}
}

// Unique: no change is seen twice.
func testUnique(t *testing.T) {
	s := newStand(t, restless)
	s.sync()
	windows, calm := s.take(), func() {}
	for i := range 600 { // one record for each tenant: a window holds whole tenants
		if i == 300 {
			calm = s.shake(briefly)
		}
		s.put(fmt.Sprintf("/%d", 1000000+i%5), fmt.Sprint(i))
	}
	calm()
	s.check()
	seen := map[string]int64{}
	for _, w := range windows() {
		for _, r := range w.Records {
			at := fmt.Sprint(r.Key, "@", r.Revision)
			if before, twice := seen[at]; twice {
				t.Fatalf("%s is in the windows at %d and %d", at, before, w.Revision)
			}
			seen[at] = w.Revision
		}
	}
	if len(seen) < 10 {
		t.Errorf("%d changes seen, want many", len(seen))
	}
}

// Reliable: no change is dropped, whatever breaks, even if etcd has compacted
// it away before it could be sent.
func testReliable(t *testing.T) {
	s := newStand(t, restless)
	s.sync()
	windows, calm := s.take(), s.shake(briefly)
	const n = 200
	for i := range n {
		s.put(fmt.Sprintf("/%d", 1000000+i), "here")
		if i%4 == 0 {
			s.put(fmt.Sprintf("/%d", 1000000+i), "again")
		}
		if i >= 20 && i%2 == 0 {
			s.delete(fmt.Sprintf("/%d", 1000000+i-20))
		}
		if i%50 == 49 {
			resp, err := s.direct.Get(t.Context(), "x")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.direct.Compact(t.Context(), resp.Header.Revision); err != nil {
				t.Fatal(err)
			}
		}
	}
	calm()
	s.sync()
	known := map[ident.Tenant]string{}
	for _, w := range windows() {
		for _, id := range w.Tenants {
			delete(known, id)
		}
		for _, r := range w.Records {
			known[ident.Must[ident.TenantKind](strings.TrimPrefix(r.Key, prefix+"/"))] = string(r.Value)
		}
	}
	for i := range n {
		want := "here"
		if i%4 == 0 {
			want = "again"
		}
		if i%2 == 0 && i+20 < n {
			want = ""
		}
		if got := known[ident.Must[ident.TenantKind](fmt.Sprint(1000000+i))]; got != want {
			t.Errorf("tenant %d is %q for the reader, want %q", 1000000+i, got, want)
		}
	}
}

// Atomic: what one transaction wrote is seen whole, even if it comes in many
// messages.
func testAtomic(t *testing.T) {
	s := newStand(t, Options{Progress: 200 * time.Millisecond})
	s.sync()
	windows := s.take()
	s.proxy.Set(etcdtest.Refuse) // so that everything comes at once, which is more than a message holds
	const keys, large = 100, 10 << 10
	write := func(from, to int) {
		for i := from; i < to; i++ {
			var ops []clientv3.Op
			for k := range keys {
				ops = append(ops, clientv3.OpPut(fmt.Sprintf("%s/%d", prefix, 1000000+k), fmt.Sprint(i, strings.Repeat(" ", large))))
			}
			if _, err := s.direct.Txn(t.Context()).Then(ops...).Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(0, 6)
	s.proxy.Set(etcdtest.Pass)
	s.sync()
	write(6, 40)
	s.sync()
	seen := windows()
	for _, w := range seen {
		values := map[string]int{}
		for _, r := range w.Records {
			values[strings.TrimSpace(string(r.Value))]++
		}
		if len(values) != 1 || len(w.Records) != keys {
			t.Fatalf("the window at %d holds %d of %d records with values %v, want one transaction", w.Revision, len(w.Records), keys, values)
		}
	}
	if len(seen) < 2 {
		t.Errorf("%d windows, want several", len(seen))
	}
}

// Resumable: after a break the watch goes on where it was, without reading
// everything again, and misses nothing.
func testResumable(t *testing.T) {
	s := newStand(t, Options{Progress: time.Second})
	s.put("/1000001", "a")
	s.check()
	for i := range 3 {
		s.proxy.Set(etcdtest.Refuse)
		s.put("/1000001", fmt.Sprint(i))
		s.put(fmt.Sprintf("/100001%d", i), "a")
		s.delete(fmt.Sprintf("/100001%d", i-1))
		time.Sleep(50 * time.Millisecond)
		s.proxy.Set(etcdtest.Pass)
		s.check()
	}
	if got := s.causes(); !slices.Equal(got, []string{Start}) {
		t.Errorf("readings %v, want the first alone", got)
	}
}

// Bookmarkable: when the copy says that it is at a revision it holds all of
// it, and it learns of revisions that changed nothing of its own.
func testBookmarkable(t *testing.T) {
	s := newStand(t, Options{Resync: time.Hour, Progress: 50 * time.Millisecond})
	s.sync()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var done sync.WaitGroup
	for i := range 4 {
		done.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				_, _ = s.direct.Put(ctx, fmt.Sprintf("%s/%d", prefix, 1000000+n%7), fmt.Sprint(i, n))
				_, _ = s.direct.Put(ctx, "/elsewhere", "x")
				wait(ctx, time.Millisecond)
			}
		})
	}
	var breaks atomic.Int64
	calm := s.shake(func(ctx context.Context) { s.moved(ctx); breaks.Add(1) })
	revisions := map[int64]bool{}
	for breaks.Load() < 3 || len(revisions) < 20 { // one break of each kind
		w, _ := s.mirror.All()
		resp, err := s.direct.Get(ctx, prefix+"/", clientv3.WithPrefix(), clientv3.WithRev(w.Revision))
		if err != nil {
			t.Fatalf("%v after %d breaks and %d revisions", err, breaks.Load(), len(revisions))
		}
		want := map[string]string{}
		for _, kv := range resp.Kvs {
			want[string(kv.Key)] = fmt.Sprintf("%s@%d", kv.Value, kv.ModRevision)
		}
		if d := cmp.Diff(want, records(w)); d != "" {
			t.Fatalf("at revision %d (-etcd +copy):\n%s", w.Revision, d)
		}
		revisions[w.Revision] = true
	}
	cancel()
	done.Wait()
	calm()
	s.sync()
	resp, err := s.direct.Put(t.Context(), "/elsewhere", "y")
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.causes())
	s.sync()
	if _, at, _ := s.mirror.State(); at < resp.Header.Revision || len(s.causes()) != before {
		t.Errorf("the copy is at %d after %d readings, want %d or later without another one", at, len(s.causes())-before, resp.Header.Revision)
	}
}
