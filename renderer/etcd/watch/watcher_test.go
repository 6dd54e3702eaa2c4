package watch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// stand is an etcd, a proxy before it, and a watcher behind that.
type stand struct {
	t      *testing.T
	direct *clientv3.Client
	proxy  *etcdtest.Proxy
	mirror *Mirror
	watch  *Watcher

	mu       sync.Mutex
	readings []Reading
}

func newStand(t *testing.T, o Options) *stand {
	t.Helper()
	server, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	direct, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: server.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = direct.Close() })
	s := &stand{t: t, direct: direct.Client(), mirror: NewMirror(prefix, time.Now)}
	if s.proxy, err = etcdtest.NewProxy(server.Endpoints()[0]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.proxy.Close() })
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{s.proxy.Endpoint()}, RequestTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	o.Hear = func(r Reading) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.readings = append(s.readings, r)
	}
	s.watch = New(store, s.mirror, o)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.watch.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func (s *stand) put(key, value string) {
	s.t.Helper()
	if _, err := s.direct.Put(s.t.Context(), prefix+key, value); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) delete(key string) {
	s.t.Helper()
	if _, err := s.direct.Delete(s.t.Context(), prefix+key); err != nil {
		s.t.Fatal(err)
	}
}

// sync waits until the copy has everything.
func (s *stand) sync() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	for s.watch.Sync(ctx) != nil {
		if ctx.Err() != nil {
			s.t.Fatalf("the copy does not catch up; readings: %+v", s.causes())
		}
	}
}

func (s *stand) causes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, r := range s.readings {
		if r.Err == nil {
			all = append(all, r.Cause)
		}
	}
	return all
}

// check compares the copy with a fresh read of etcd.
func (s *stand) check() {
	s.t.Helper()
	s.sync()
	resp, err := s.direct.Get(s.t.Context(), prefix+"/", clientv3.WithPrefix())
	if err != nil {
		s.t.Fatal(err)
	}
	want := map[string]string{}
	for _, kv := range resp.Kvs {
		want[string(kv.Key)] = fmt.Sprintf("%s@%d", kv.Value, kv.ModRevision)
	}
	w, _ := s.mirror.All()
	if d := cmp.Diff(want, records(w)); d != "" {
		s.t.Errorf("copy at revision %d (-etcd +copy):\n%s", w.Revision, d)
	}
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("google.golang.org/grpc.(*ccBalancerWrapper).watcher"))
}

func TestWatchFollows(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{Progress: 200 * time.Millisecond})
	s.put("/1000001", "a")
	s.put("x", "a sibling of the prefix is not in what is read")
	s.check()
	s.put("x", "nor in what is watched")
	s.put("/1000002", "")
	s.put("/1000001/rs/swg", "b")
	s.put("/1000001", "c")
	s.delete("/1000001/rs/swg")
	s.check()
	if got := s.causes(); !slices.Equal(got, []string{Start}) {
		t.Errorf("readings %v, want the first alone", got)
	}
	_, before, _ := s.mirror.State()
	resp, err := s.direct.Put(t.Context(), "/elsewhere", "x")
	if err != nil {
		t.Fatal(err)
	}
	s.sync()
	if _, after, _ := s.mirror.State(); after <= before || after < resp.Header.Revision {
		t.Errorf("revision %d after a change elsewhere at %d, want it to advance", after, resp.Header.Revision)
	}
}

// What happens while the watch is broken is found, also what vanished, and
// also when etcd has compacted it away.
func TestWatchSurvives(t *testing.T) {
	short.Skip(t, "waits for connections to break")
	t.Parallel()
	for name, tc := range map[string]struct {
		mode    etcdtest.Mode
		compact bool
	}{
		"Disconnected": {etcdtest.Refuse, false},
		"Compacted":    {etcdtest.Refuse, true},
		"Partitioned":  {etcdtest.Swallow, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, Options{Progress: 150 * time.Millisecond})
			s.put("/1000001", "a")
			s.put("/1000002", "a")
			s.check()
			s.proxy.Set(tc.mode)
			s.put("/1000001", "b")
			s.delete("/1000002")
			s.put("/1000003", "a")
			if tc.compact {
				resp, err := s.direct.Get(t.Context(), "x")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.direct.Compact(t.Context(), resp.Header.Revision); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(100 * time.Millisecond)
			s.proxy.Set(etcdtest.Pass)
			s.check()
			s.put("/1000004", "a")
			s.check()
			if tc.compact && len(s.causes()) < 2 {
				t.Errorf("readings %v, want another one after the compaction", s.causes())
			}
		})
	}
}

// Readings on schedule go on beside the watch and disturb nothing.
func TestScheduledReadings(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{Resync: 60 * time.Millisecond, Progress: time.Second})
	for i := range 400 {
		s.put(fmt.Sprintf("/%d", 1000000+i%7), fmt.Sprint(i))
		if i%5 == 0 {
			s.delete(fmt.Sprintf("/%d", 1000000+i%7))
		}
	}
	s.check()
	for i := 0; len(s.causes()) < 4 && i < 100; i++ {
		time.Sleep(20 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.readings) < 4 {
		t.Errorf("%d readings, want several", len(s.readings))
	}
}

// What one transaction wrote is never seen by halves, windows come in order,
// and each names a revision that it is complete up to.
func TestWindowsAreWholeAndInOrder(t *testing.T) {
	t.Parallel()
	s := newStand(t, Options{Resync: 100 * time.Millisecond, Progress: 100 * time.Millisecond})
	s.sync()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			value := fmt.Sprint(n)
			_, _ = s.direct.Txn(ctx).Then(clientv3.OpPut(prefix+"/1000001", value), clientv3.OpPut(prefix+"/1000002", value)).Commit()
		}
	}()
	defer func() { cancel(); <-done }()
	var last int64
	for windows := 0; windows < 200 || len(s.causes()) < 5; {
		select {
		case <-ctx.Done():
			t.Fatalf("%d windows and readings %v, want many", windows, s.causes())
		case <-s.mirror.Changed():
		}
		w, _ := s.mirror.Take(nil)
		if len(w.Tenants) == 0 {
			continue
		}
		windows++
		got := records(w)
		if a, b := got[prefix+"/1000001"], got[prefix+"/1000002"]; a != b {
			t.Fatalf("window at %d has %q and %q, which were written at once", w.Revision, a, b)
		}
		if w.Revision < last {
			t.Fatalf("window at %d after one at %d", w.Revision, last)
		}
		for _, r := range w.Records {
			if r.Revision > w.Revision || r.Revision <= last {
				t.Fatalf("window at %d after %d holds a record of %d", w.Revision, last, r.Revision)
			}
		}
		last = w.Revision
	}
}
