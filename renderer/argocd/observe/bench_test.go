package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// crowd is an Argo CD of many tenants that are all alike: one Application of 20
// objects, with the id replaced.
type crowd struct {
	template []byte
	size     int
	peak     uint64 // of the heap, while it hands over
}

func newCrowd(t testing.TB, size int) *crowd {
	a := newArgo(t)
	app := a.product(0, swg, main, "202")
	a.product(0, swg, main, "203")
	var objects []any
	for name := range strings.FieldsSeq("gateway spe agent console store queue ca dns scanner proxy") {
		for _, kind := range []string{"Deployment", "Service"} {
			objects = append(objects, fields{"group": "apps", "version": "v1", "kind": kind, "namespace": "t-1000000", "name": name, "status": "Synced",
				"health": fields{"status": "Healthy", "message": "all replicas are updated and available"}, "syncWave": 10})
		}
	}
	set(app, objects, "status", "resources")
	set(app, objects, "status", "operationState", "syncResult", "resources")
	set(app, fields{"images": strings.Repeat("registry.example/gatorcloud/swg/gateway:203@sha256:0123456789abcdef", 30)}, "status", "summary")
	data, err := json.Marshal(app)
	if err != nil {
		t.Fatal(err)
	}
	return &crowd{template: data, size: size}
}

func (c *crowd) Each(_ context.Context, selector string, see func([]byte)) error {
	if !strings.Contains(selector, "level=product") {
		return nil
	}
	var m runtime.MemStats
	for i := range c.size {
		see(bytes.ReplaceAll(c.template, []byte("1000000"), []byte(tenant(i).String())))
		if i%1000 == 999 {
			runtime.ReadMemStats(&m)
			c.peak = max(c.peak, m.HeapAlloc)
		}
	}
	return nil
}

func (c *crowd) Refresh(context.Context, string) error { return nil }

// fleet is tenants of one ring with four products each, of which one moves.
func fleet(size int) (*rollout.Input, rollout.Rollouts) {
	products := []ident.Product{swg, dsa, ident.Must[ident.ProductKind]("ucwi"), ident.Must[ident.ProductKind]("seg")}
	in := &rollout.Input{Fleet: &rollout.Fleet{Rings: []rollout.Ring{{Name: main, Versions: map[ident.Product]ident.Version{}}}},
		Catalog: rollout.Catalog{swg: {version("202"): {}, version("203"): {}}}}
	r := rollout.Rollouts{Lanes: map[rollout.Key]rollout.Lane{}}
	for _, p := range products {
		in.Fleet.Rings[0].Versions[p] = version("203")
		r.Lanes[rollout.Key{Ring: main, Product: p}] = rollout.Lane{At: []rollout.Segment{{To: rollout.End, Version: version("203")}}, Good: []ident.Version{version("203")}}
	}
	r.Lanes[key] = rollout.Lane{At: r.Lanes[key].At, Good: []ident.Version{version("202")}}
	all := make([]rollout.Tenant, size)
	for i := range all {
		all[i] = rollout.Tenant{ID: tenant(i), Was: main, Place: rollout.PlaceOf(tenant(i)), Products: map[ident.Product]rollout.Holding{}}
		for _, p := range products {
			all[i].Products[p] = rollout.Holding{Active: true, Ran: version("203")}
		}
	}
	in.Census = rollout.NewCensus(all)
	return in, r
}

// measure returns what is in use on the heap.
func measure() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// One look at 10,000 tenants with a rollout in motion keeps little, and needs
// little while it looks.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 120 MB of JSON")
	}
	in, r := fleet(10000)
	c := newCrowd(t, 10000)
	o := observe.New(c, place)
	before := measure()
	seen, err := o.Observe(t.Context(), in, r)
	kept := measure() - before
	if got := sum(seen.Slices[key]); err != nil || got.Looked != 10000 {
		t.Fatalf("observed %+v, %v, want 10000 looked for", got, err)
	}
	t.Logf("%d bytes an Application; kept %d KiB, at most %d KiB while looking", len(c.template), kept>>10, (c.peak-before)>>10)
	if kept > 8<<20 || c.peak-before > 64<<20 {
		t.Errorf("kept %d KiB, at most %d KiB while looking, want <= 8 and 64 MiB", kept>>10, (c.peak-before)>>10)
	}
	runtime.KeepAlive(o)
	runtime.KeepAlive(in)
}

func BenchmarkObserve(b *testing.B) {
	in, r := fleet(10000)
	c := newCrowd(b, 10000)
	o := observe.New(c, place)
	before := measure()
	b.ResetTimer()
	for b.Loop() {
		if _, err := o.Observe(b.Context(), in, r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(c.peak-min(c.peak, before))/(1<<20), "peak-MiB")
	b.ReportMetric(float64(max(measure(), before)-before)/(1<<20), "kept-MiB")
	b.SetBytes(int64(len(c.template) * c.size))
	runtime.KeepAlive(in)
}
