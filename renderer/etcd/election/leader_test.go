package election

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T) *embedded.Server {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func dial(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	s, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Client()
}

func TestLeaseSeconds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		ttl    time.Duration
		want   int64
	}{
		"Whole":   {"as asked for", 10 * time.Second, 10},
		"JustOne": {"the shortest", time.Second, 1},
		"Part":    {"never shorter than asked for", 1500 * time.Millisecond, 2},
		"Hardly":  {"by however little", 3*time.Second + 1, 4},
		"Less":    {"etcd has no lease of zero seconds", time.Millisecond, 1},
	} {
		if got := leaseSeconds(tc.ttl); got != tc.want {
			t.Errorf("%s: leaseSeconds(%v) = %d, want %d: %s", name, tc.ttl, got, tc.want, tc.reason)
		}
	}
}

// Terms never overlap, fences grow, and every candidate that gives up lets
// the next one in.
func TestOneLeadsAtATime(t *testing.T) {
	t.Parallel()
	server := serve(t)
	var leading, terms atomic.Int64
	var last atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var all sync.WaitGroup
	for i := range 3 {
		e := New(Options{Client: dial(t, server.Endpoints()[0]), Name: "local", ID: fmt.Sprint(i), TTL: time.Second})
		all.Go(func() {
			e.Run(ctx, func(ctx context.Context, term Term) error {
				if leading.Add(1) != 1 {
					t.Error("two lead at once")
				}
				defer leading.Add(-1)
				if before := last.Swap(term.Fence); term.Fence <= before {
					t.Errorf("fence %d after %d, want it to grow", term.Fence, before)
				}
				if err := term.Check(ctx); err != nil {
					t.Errorf("Check() = %v, want a term that lasts", err)
				}
				if terms.Add(1) == 12 {
					cancel()
				}
				return errors.New("enough")
			})
		})
	}
	all.Wait()
	if terms.Load() < 12 {
		t.Errorf("%d terms, want 12: a term that ended blocks the next", terms.Load())
	}
}

// A leader that etcd does not hear from is told, and the next one leads.
func TestLostLeaseEndsTheWork(t *testing.T) {
	t.Parallel()
	server := serve(t)
	proxy, err := etcdtest.NewProxy(server.Endpoints()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	far := New(Options{Client: dial(t, proxy.Endpoint()), Name: "local", ID: "far", TTL: time.Second})
	near := New(Options{Client: dial(t, server.Endpoints()[0]), Name: "local", ID: "near", TTL: time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began, ended, took := make(chan Term, 1), make(chan struct{}), make(chan Term, 1)
	var all sync.WaitGroup
	all.Go(func() {
		far.Run(ctx, func(ctx context.Context, term Term) error {
			select {
			case began <- term:
				<-ctx.Done()
				close(ended)
			default:
				<-ctx.Done()
			}
			return ctx.Err()
		})
	})
	first := <-began
	all.Go(func() {
		near.Run(ctx, func(ctx context.Context, term Term) error {
			took <- term
			<-ctx.Done()
			return nil
		})
	})
	proxy.Set(etcdtest.Swallow)
	select {
	case <-ended:
	case <-ctx.Done():
		t.Fatal("the work of a leader that etcd does not hear from goes on")
	}
	var second Term
	select {
	case second = <-took:
	case <-ctx.Done():
		t.Fatal("nobody leads after the lease ran out")
	}
	if second.Fence <= first.Fence {
		t.Errorf("fence %d after %d, want it to grow", second.Fence, first.Fence)
	}
	proxy.Set(etcdtest.Pass)
	client := dial(t, server.Endpoints()[0])
	resp, err := client.Txn(ctx).If(first.Guard()).Then(clientv3.OpPut("x", "y")).Commit()
	if err != nil || resp.Succeeded {
		t.Errorf("a write of the lost term succeeded: %v, %v", resp.Succeeded, err)
	}
	if err := first.Check(ctx); !errors.Is(err, ErrLost) {
		t.Errorf("Check() of the lost term = %v, want ErrLost", err)
	}
	cancel()
	all.Wait()
}

// A key that somebody deletes while its owner campaigns gives no term: the
// campaign may return all the same.
func TestPhantomDoesNotLead(t *testing.T) {
	t.Parallel()
	server := serve(t)
	client := dial(t, server.Endpoints()[0])
	e := New(Options{Client: client, Name: "local", ID: "x", TTL: time.Second})
	for name, term := range map[string]Term{
		"NoKey":      {Fence: 7, key: DefaultPrefix + "/local/1", o: &e.o},
		"OtherFence": {Fence: 1 << 40, key: DefaultPrefix + "/local/2", o: &e.o},
	} {
		if name == "OtherFence" {
			if _, err := client.Put(t.Context(), term.key, "x"); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.confirm(t.Context(), term); !errors.Is(err, ErrLost) {
			t.Errorf("%s: confirm() = %v, want ErrLost", name, err)
		}
		if err := term.Check(t.Context()); !errors.Is(err, ErrLost) {
			t.Errorf("%s: Check() = %v, want ErrLost", name, err)
		}
	}
}

// A candidate whose key vanishes while it waits wins its campaign when the
// leader before it goes, as etcd's client sees it. It must not lead so.
func TestPhantomCampaignBeginsNoTerm(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t).Endpoints()[0])
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	first, resign := context.WithCancel(ctx)
	leading, terms := make(chan struct{}), make(chan Term)
	all.Go(func() {
		New(Options{Client: client, Name: "local", ID: "first", TTL: 5 * time.Second}).Run(first, func(ctx context.Context, _ Term) error {
			close(leading)
			<-ctx.Done()
			return ctx.Err()
		})
	})
	<-leading
	all.Go(func() {
		New(Options{Client: client, Name: "local", ID: "second", TTL: 5 * time.Second}).Run(ctx, func(ctx context.Context, term Term) error {
			terms <- term
			<-ctx.Done()
			return ctx.Err()
		})
	})
	waiting := ""
	for waiting == "" && ctx.Err() == nil {
		resp, err := client.Get(ctx, DefaultPrefix+"/local/", clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		for _, kv := range resp.Kvs {
			if string(kv.Value) == "second" {
				waiting = string(kv.Key)
			}
		}
	}
	// Whether it waits for the leader's key to go by now or looks for it later is the same to it.
	if _, err := client.Delete(ctx, waiting); err != nil {
		t.Fatal(err)
	}
	resign()
	select {
	case term := <-terms:
		if err := term.Check(ctx); err != nil {
			t.Errorf("Check() of a term that has begun = %v: it is a phantom's", err)
		}
	case <-ctx.Done():
		t.Error("nobody leads")
	}
}
