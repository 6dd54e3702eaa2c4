package etcd

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// One operation reads 20,000 tenants with four products: 100,000 records.
func BenchmarkSnapshot(b *testing.B) {
	s := open(b)
	var tenants []authz.Tenant
	for i := range 20000 {
		tenants = append(tenants, tenant(fmt.Sprint(1000000+i), "dsa", "seg", "swg", "ucwi"))
	}
	begin := time.Now()
	write(b, s, tenants...)
	b.ReportMetric(time.Since(begin).Seconds(), "s/load")
	b.ReportAllocs()
	for b.Loop() {
		if got := snapshot(b, s); got.Keys != 100000 {
			b.Fatalf("%d keys", got.Keys)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	snap := snapshot(b, s)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(snap.Keys), "B/record")
}
