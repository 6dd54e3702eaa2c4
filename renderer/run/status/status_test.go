package status

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/plan"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

var (
	one = ident.Must[ident.TenantKind]("1000006")
	swg = ident.Must[ident.ProductKind]("swg")
	dsa = ident.Must[ident.ProductKind]("dsa")
)

func outcome(products ...ident.Product) loop.Outcome {
	f := authz.Facts{Tenant: authz.Tenant{ID: one, Name: "a", Code: "c5cb27eb"}}
	for _, p := range products {
		f.Tenant.Authorisations = append(f.Tenant.Authorisations, authz.Authorisation{Product: p})
		f.States = append(f.States, authz.Active)
	}
	return loop.Outcome{Changed: true, Commit: "c1", Facts: []authz.Facts{f}}
}

func site(t *testing.T) *environments.Site {
	t.Helper()
	s, err := environments.Load(environments.Example(), ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOf(t *testing.T) {
	bad := fault.Hintf("write it again", "record\nis bad")
	for name, tc := range map[string]struct {
		reason string
		change func(*loop.Outcome)
		want   Record
	}{
		"Accepted": {"the ring's version is what is rendered", func(*loop.Outcome) {},
			Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: "c1", State: "active"}},
		"Quarantined": {"the last good record is still rendered", func(o *loop.Outcome) {
			o.Quarantined = []authz.Quarantine{{Tenant: one, Product: swg, Err: bad}}
		}, Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: "c1", State: "active", Error: "record is bad; write it again"}},
		"Fault": {"the version asked for is not", func(o *loop.Outcome) {
			o.Faults = []plan.Fault{{Tenant: one, Product: swg, Err: bad}}
		}, Record{Environment: "local", Ring: "main", Commit: "c1", State: "active", Error: "record is bad; write it again"}},
		"Long": {"hostile errors are bounded", func(o *loop.Outcome) {
			o.Faults = []plan.Fault{{Tenant: one, Product: swg, Err: errors.New(strings.Repeat("x", 9000))}}
		}, Record{Environment: "local", Ring: "main", Commit: "c1", State: "active", Error: strings.Repeat("x", maxError) + "..."}},
	} {
		o := outcome(swg)
		tc.change(&o)
		got := Of(o, site(t))
		if len(got) != 1 || got[0].Records[swg] != tc.want {
			t.Errorf("%s: Of() = %+v, want %+v: %s", name, got, tc.want, tc.reason)
		}
	}
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
	put := func(o loop.Outcome) int64 {
		t.Helper()
		w.Put(Of(o, site(t)))
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		resp, err := c.Get(t.Context(), "x")
		if err != nil {
			t.Fatal(err)
		}
		return resp.Header.Revision
	}
	first := put(outcome(swg, dsa))
	got := get(t, c)
	if got["/1000006/dsa"] != foreign || !strings.Contains(got["/1000006/swg"], `"acceptedVersion":"202"`) {
		t.Fatalf("status = %v, want ours beside the other's", got)
	}
	full := outcome(swg, dsa)
	full.Full, full.Commit = true, "c2"
	if again := put(full); again != first {
		t.Errorf("revision %d after a full render that changed nothing, want %d", again, first)
	}
	w = New(Options{Client: c, Environment: "local"}) // after a restart
	if again := put(full); again != first {
		t.Errorf("revision %d after a restart, want %d", again, first)
	}
	window := outcome(swg, dsa)
	window.Commit = "c3"
	if put(window); !strings.Contains(get(t, c)["/1000006/swg"], `"commit":"c3"`) {
		t.Errorf("status = %v, want the commit that changed the tenant", get(t, c))
	}
	put(loop.Outcome{Changed: true, Commit: "c4", Removed: []ident.Tenant{one}})
	if got := get(t, c); len(got) != 1 || got["/1000006/dsa"] != foreign {
		t.Errorf("status = %v, want the other's record alone", got)
	}
}

func TestLostTermWritesNothing(t *testing.T) {
	c := client(t)
	gone := clientv3.Compare(clientv3.CreateRevision("/sluice/leader/local/1"), "=", 7)
	w := New(Options{Client: c, Environment: "local", Guard: &gone})
	w.Put(Of(outcome(swg), site(t)))
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
