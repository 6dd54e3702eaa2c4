package status

import (
	"context"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var (
	one = ident.Must[ident.TenantKind]("1000006")
	swg = ident.Must[ident.ProductKind]("swg")
	dsa = ident.Must[ident.ProductKind]("dsa")
)

// update is what a step tells of one tenant: the given products at a commit.
func update(commit string, products ...ident.Product) []Update {
	u := Update{Tenant: one, Records: map[ident.Product]Record{}, Touch: true}
	for _, p := range products {
		u.Records[p] = Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: commit, State: "active"}
	}
	return []Update{u}
}

func client(t *testing.T) *clientv3.Client {
	t.Helper()
	server, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: server.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store.Client()
}

func get(t *testing.T, c *clientv3.Client) map[string]string {
	t.Helper()
	resp, err := c.Get(t.Context(), DefaultPrefix, clientv3.WithPrefix())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, kv := range resp.Kvs {
		all[strings.TrimPrefix(string(kv.Key), DefaultPrefix)] = string(kv.Value)
	}
	return all
}

// Records are written once, again only when they differ, and leave with their
// product; those of others stay as they are.
func TestWriter(t *testing.T) {
	c := client(t)
	foreign := `{"environment":"other"}`
	if _, err := c.Put(t.Context(), DefaultPrefix+"/1000006/dsa", foreign); err != nil {
		t.Fatal(err)
	}
	w := New(Options{Client: c, Environment: "local"})
	put := func(all []Update) int64 {
		t.Helper()
		w.Put(all)
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		resp, err := c.Get(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		return resp.Header.Revision
	}
	first := put(update("c1", swg, dsa))
	got := get(t, c)
	if got["/1000006/dsa"] != foreign || !strings.Contains(got["/1000006/swg"], `"acceptedVersion":"202"`) {
		t.Fatalf("status = %v, want ours beside the other's", got)
	}
	full := update("c2", swg, dsa)
	full[0].Touch = false
	if again := put(full); again != first {
		t.Errorf("revision %d after a full render that changed nothing, want %d", again, first)
	}
	w = New(Options{Client: c, Environment: "local"}) // after a restart
	if again := put(full); again != first {
		t.Errorf("revision %d after a restart, want %d", again, first)
	}
	if put(update("c3", swg, dsa)); !strings.Contains(get(t, c)["/1000006/swg"], `"commit":"c3"`) {
		t.Errorf("status = %v, want the commit that changed the tenant", get(t, c))
	}
	put(update("c4"))
	if got := get(t, c); len(got) != 1 || got["/1000006/dsa"] != foreign {
		t.Errorf("status = %v, want the other's record alone", got)
	}
}

func TestLostTermWritesNothing(t *testing.T) {
	c := client(t)
	gone := clientv3.Compare(clientv3.CreateRevision("/sluice/leader/local/1"), "=", 7)
	w := New(Options{Client: c, Environment: "local", Guard: &gone})
	w.Put(update("c1", swg))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	w.Run(ctx) // ends by itself
	if ctx.Err() != nil {
		t.Error("Run goes on without a term")
	}
	if got := get(t, c); len(got) != 0 {
		t.Errorf("status = %v, want nothing", got)
	}
}
