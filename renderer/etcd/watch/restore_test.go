package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// An etcd that was restored counts from an earlier revision. A watch that goes
// on waits for the next revision of before and would be told nothing for long.
func TestRestoredEtcdIsWatchedAnew(t *testing.T) {
	short.Skip(t, "restarts etcd again and again")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason           string
		resync, progress time.Duration
		cause            string
	}{
		"BySilence":  {"the watch is told nothing and given up", time.Hour, 200 * time.Millisecond, Silent},
		"ByAReading": {"a reading beside the watch sees it first", 100 * time.Millisecond, time.Hour, Restored},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "e")
			server, err := embedded.Start(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			s := &stand{t: t, mirror: NewMirror(prefix, time.Now)}
			s.watch = New(dialServer(t, server), s.mirror, Options{Resync: tc.resync, Progress: tc.progress, Hear: func(r Reading) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.readings = append(s.readings, r)
			}})
			s.direct = dialServer(t, server).Client()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); s.watch.Run(ctx) }()
			t.Cleanup(func() { cancel(); <-done })
			for i := range 50 {
				s.put(fmt.Sprintf("/%d", 1000000+i), "before")
			}
			s.check()

			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			if server, err = embedded.Start(t.Context(), dir); err != nil { // at the same socket
				t.Fatal(err)
			}
			s.putSoon("/1000001", "restored")
			s.eventuallyHeld("restored")
			s.putSoon("/1000002", "after")
			s.eventuallyHeld("after")
			s.check()
			if !slices.Contains(s.causes(), tc.cause) {
				t.Errorf("readings %v, want a %s one: %s", s.causes(), tc.cause, tc.reason)
			}
		})
	}
}

func dialServer(t *testing.T, s *embedded.Server) *etcd.Store {
	t.Helper()
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: s.Endpoints(), RequestTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// putSoon writes a record as soon as etcd can be reached.
func (s *stand) putSoon(key, value string) {
	s.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second)
		_, err := s.direct.Put(ctx, prefix+key, value)
		cancel()
		if err == nil {
			return
		}
		if time.Since(began) > 20*time.Second {
			s.t.Fatal(err)
		}
	}
}

// eventuallyHeld waits until the copy holds a value, and nothing that etcd has not.
func (s *stand) eventuallyHeld(value string) {
	s.t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		w, _ := s.mirror.All()
		for _, r := range w.Records {
			if string(r.Value) == value {
				if resp, err := s.direct.Get(s.t.Context(), prefix+"/", clientv3.WithPrefix(), clientv3.WithCountOnly()); err != nil || resp.Count != int64(w.Keys) {
					s.t.Errorf("the copy holds %d records, etcd %d, %v", w.Keys, resp.Count, err)
				}
				return
			}
		}
	}
	s.t.Fatalf("the copy does not hold %q; readings %v", value, s.causes())
}

// What a watch on the etcd of before still brings is not taken.
func TestEventsOfBeforeAreRefused(t *testing.T) {
	t.Parallel()
	m := NewMirror(prefix, time.Now)
	m.Begin(1).Done(50)
	m.Begin(2).Done(5)
	m.Apply([]Event{{Key: prefix + "/1000001", Value: []byte("x"), Revision: 51}}, 51)
	if _, revision, _ := m.State(); revision != 5 || m.Keys() != 0 {
		t.Errorf("the copy is at %d with %d records, want 5 and none", revision, m.Keys())
	}
	m.Follow()
	m.Apply([]Event{{Key: prefix + "/1000001", Value: []byte("x"), Revision: 6}}, 6)
	if _, revision, _ := m.State(); revision != 6 || m.Keys() != 1 {
		t.Errorf("the copy is at %d with %d records, want 6 and one", revision, m.Keys())
	}
}
