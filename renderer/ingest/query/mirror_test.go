package query

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
)

// Any order of changes gives the copy that one reading of the end gives.
func TestCopyIsOneReading(t *testing.T) {
	t.Parallel()
	all := func(s *stand) string {
		return ask(Handler(Options{Mirror: s.mirror}), "GET", "/v1/tenants?limit=1000").Body.String()
	}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		s := newStand(t, MirrorOptions{}).load(true, fleet(4))
		held := map[string]struct {
			value string
			mod   int64
		}{}
		for k, v := range fleet(4) {
			held[k] = struct {
				value string
				mod   int64
			}{v, s.revision}
		}
		for range 60 {
			id, product := fmt.Sprint(1000000+r.IntN(6)), []string{"swg", "ucwi"}[r.IntN(2)]
			var k, v string
			switch r.IntN(4) {
			case 0:
				k, v = own(id)
			case 1:
				k, v = bought(id, product, fmt.Sprintf(`, "replicas": %d`, 1+r.IntN(5)))
			case 2:
				k, v = accepted(id, product, fmt.Sprint(200+r.IntN(3)))
			case 3:
				k, _ = own(id)
				v = `{"tenantId": "broken"}`
			}
			if r.IntN(4) == 0 {
				v = ""
			}
			s.put(k, v)
			if delete(held, k); v != "" {
				held[k] = struct {
					value string
					mod   int64
				}{v, s.revision}
			}
		}
		fresh := newStand(t, MirrorOptions{})
		fresh.revision = s.revision
		info, status := fresh.mirror.info.Begin(fresh.cluster), fresh.mirror.status.Begin(fresh.cluster)
		for k, v := range held {
			load := info
			if strings.HasPrefix(k, fresh.mirror.status.Prefix()) {
				load = status
			}
			load.Add(k, []byte(v.value), v.mod)
		}
		info.Done(s.revision)
		status.Done(s.revision)
		fresh.mirror.refresh()
		if d := cmp.Diff(all(fresh), all(s)); d != "" {
			t.Fatalf("seed %d (-one reading +changes):\n%s", seed, d)
		}
		if a, b := fresh.mirror.view.Load(), s.mirror.view.Load(); a.tenants != b.tenants || a.unreadable != b.unreadable {
			t.Fatalf("seed %d: %d tenants and %d unreadable, want %d and %d", seed, b.tenants, b.unreadable, a.tenants, a.unreadable)
		}
	}
}

// Over a real etcd: nothing before it is complete, then what is there, the
// last of it with its age while etcd is away, and what changed afterwards.
func TestWarmCopyOfEtcd(t *testing.T) {
	t.Parallel()
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
	put := func(k, v string) {
		t.Helper()
		if _, err := direct.Client().Put(t.Context(), k, v); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range fleet(20) {
		put(k, v)
	}
	proxy, err := etcdtest.NewProxy(server.Endpoints()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{proxy.Endpoint()}, RequestTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := newStand(t, MirrorOptions{}) // its clock alone
	s.mirror.progress = 100 * time.Millisecond
	h := Handler(Options{Mirror: s.mirror})
	if got := ask(h, "GET", "/v1/tenants/1000007"); got.Code != http.StatusServiceUnavailable {
		t.Errorf("before the copy is complete = %d, want 503", got.Code)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.mirror.Run(ctx, store) }()
	t.Cleanup(func() { cancel(); <-done })

	has := func(text string) func() bool {
		return func() bool {
			return strings.Contains(ask(h, "GET", "/v1/tenants/1000007/products/swg").Body.String(), text)
		}
	}
	eventually(t, "the copy is complete", has(`"version":"202"`))
	k, v := bought("1000007", "swg", `, "replicas": 9`)
	put(k, v)
	eventually(t, "a change is heard of", has(`"replicas":9`))
	put(accepted("1000007", "swg", "203"))
	eventually(t, "a change of status alone is heard of", has(`"version":"203"`))

	proxy.Set(etcdtest.Refuse)
	s.pass(20 * time.Second)
	if got := ask(h, "GET", "/v1/tenants/1000007"); got.Code != 200 || got.Header().Get("Sluice-Stale") == "" {
		t.Errorf("while etcd is away = %d, Sluice-Stale %q, want the last answer and its age", got.Code, got.Header().Get("Sluice-Stale"))
	}
	if _, err := direct.Client().Delete(t.Context(), k); err != nil {
		t.Fatal(err)
	}
	now, err := direct.Client().Get(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := direct.Client().Compact(t.Context(), now.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	proxy.Set(etcdtest.Pass)
	eventually(t, "what was deleted meanwhile is gone", func() bool {
		return ask(h, "GET", "/v1/tenants/1000007/products/swg").Code == http.StatusNotFound
	})
	if got := ask(h, "GET", "/v1/tenants/1000007"); got.Header().Get("Sluice-Stale") != "" {
		t.Errorf("Sluice-Stale = %q after etcd came back, want none", got.Header().Get("Sluice-Stale"))
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it does not become true that %s", what)
		}
	}
}
