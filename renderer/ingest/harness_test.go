package ingest

import (
	"context"
	"fmt"
	"maps"
	"os"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// fixture is an SPS, an etcd, and a clock that the test turns.
type fixture struct {
	t     testing.TB
	sps   *spstest.Server
	store *Store
	now   atomic.Int64 // Unix seconds
}

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// serve runs an etcd of the test's own.
func serve(t testing.TB) *etcd.Store {
	t.Helper()
	dir, err := os.MkdirTemp("", "ingest")
	if err != nil {
		t.Fatal(err)
	}
	s, err := embedded.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: s.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = store.Close()
		_ = s.Close()
		_ = os.RemoveAll(dir)
	})
	return store
}

// fixtures counts prefixes, so that one etcd serves many histories.
var fixtures atomic.Int64

func newFixture(t testing.TB, store *etcd.Store, endCap int) *fixture {
	t.Helper()
	n := fixtures.Add(1)
	f := &fixture{t: t, sps: spstest.New()}
	f.now.Store(start.Unix())
	f.store = NewStore(Place{Etcd: store, Prefix: fmt.Sprintf("/sluice/ingest%d", n), Records: fmt.Sprintf("/tenant/info%d", n),
		Now: func() time.Time { return time.Unix(f.now.Load(), 0) }, EndCap: endCap})
	if err := f.sps.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) pass(d time.Duration) { f.now.Add(int64(d / time.Second)) }

func (f *fixture) worker() *Worker {
	client, err := sps.NewClient(sps.Options{URL: f.sps.URL(), Limit: 2})
	if err != nil {
		f.t.Fatal(err)
	}
	return New(Options{Store: f.store, Source: client, ID: "test", Lease: 5 * time.Second, Pull: -1, Reread: time.Second})
}

func tenantID(s string) ident.Tenant { return ident.Must[ident.TenantKind](s) }

// document is a tenant of SPS with products, each with 80Gi.
func document(id string, products ...string) map[string]any {
	rights := []any{}
	for _, p := range products {
		rights = append(rights, map[string]any{"product": p, "replicas": 2, "storage": "80Gi", "startTime": "2024-06-18T00:00:00Z"})
	}
	return map[string]any{"tenantId": id, "tenantName": "tenant " + id, "tenantCode": "c" + id, "authorisations": rights}
}

// with returns a document whose first authorisation has other fields.
func with(doc map[string]any, fields map[string]any) map[string]any {
	maps.Copy(doc["authorisations"].([]any)[0].(map[string]any), fields)
	return doc
}

func (f *fixture) put(id string, doc any) {
	f.t.Helper()
	if err := f.sps.Put(id, doc); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) remove(id string) {
	f.t.Helper()
	if err := f.sps.Remove(id); err != nil {
		f.t.Fatal(err)
	}
}

// bring puts a document into SPS and through to etcd.
func (f *fixture) bring(id string, doc any) {
	f.t.Helper()
	f.put(id, doc)
	if outcome := f.fetch(id); outcome != Written {
		f.t.Fatalf("bringing tenant %s: %s", id, outcome)
	}
}

// fetch has a tenant fetched once.
func (f *fixture) fetch(id string) Outcome {
	f.t.Helper()
	ctx := f.ctx()
	if err := f.store.Request(ctx, tenantID(id)); err != nil {
		f.t.Fatal(err)
	}
	w := f.worker()
	defer w.Close()
	outcome, err := w.Work(ctx, tenantID(id))
	if err != nil {
		f.t.Logf("fetching tenant %s: %s: %v", id, outcome, err)
	}
	return outcome
}

func (f *fixture) ctx() context.Context { return f.t.Context() }

// pull reads the list once.
func (f *fixture) pull() (Pulled, error) {
	w := f.worker()
	defer w.Close()
	return w.Pull(f.ctx())
}

// listing is what etcd holds.
func (f *fixture) listing() authz.Listing {
	f.t.Helper()
	l, err := f.store.etcd.Records(f.store.records).List(f.ctx())
	if err != nil {
		f.t.Fatal(err)
	}
	return l
}

// right returns an authorisation that etcd must hold.
func (f *fixture) right(id, product string) authz.Authorisation {
	f.t.Helper()
	for _, t := range f.listing().Tenants {
		for _, a := range t.Authorisations {
			if t.ID.String() == id && a.Product.String() == product {
				return a
			}
		}
	}
	f.t.Fatalf("etcd holds no authorisation %s/%s", id, product)
	return authz.Authorisation{}
}

// keys returns the names below a kind of this package's keys.
func (f *fixture) keys(kind string) []string {
	f.t.Helper()
	resp, err := f.store.kv.Get(f.ctx(), f.store.place.all(kind), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		f.t.Fatal(err)
	}
	var all []string
	for _, kv := range resp.Kvs {
		all = append(all, string(kv.Key)[len(f.store.place.all(kind)):])
	}
	return all
}

// revision is etcd's.
func (f *fixture) revision() int64 {
	f.t.Helper()
	resp, err := f.store.kv.Get(f.ctx(), "x")
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.Header.Revision
}

// live is whether a right goes on.
func (f *fixture) live(a authz.Authorisation) bool {
	return a.EndTime.IsZero() || a.EndTime.After(time.Unix(f.now.Load(), 0))
}
