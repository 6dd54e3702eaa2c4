package plancmd

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
)

// The collector looks for nothing until the process is large, and once what is
// left is so much that a share of it is more, it collects by that.
func TestSpare(t *testing.T) {
	const floor = 64 << 20
	for name, tc := range map[string]struct {
		holds, percent, limit int64
	}{
		"Little": {1 << 20, -1, floor},
		"Much":   {floor * 3 / 4, 40, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			before := debug.SetGCPercent(100)
			defer debug.SetGCPercent(before)
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
			holds := make([]byte, tc.holds)
			spare(floor, 40)
			for i := 0; i < 10 || percent() != tc.percent && i < 200; i++ {
				runtime.GC()
			}
			if got := percent(); got != tc.percent {
				t.Errorf("with %d bytes the heap grows by %d per cent, want %d", len(holds), got, tc.percent)
			}
			if got := debug.SetMemoryLimit(-1); got != tc.limit {
				t.Errorf("with %d bytes the limit is %d, want %d", len(holds), got, tc.limit)
			}
			runtime.KeepAlive(holds)
		})
	}
}

// percent returns by how much the heap may grow; -1 is without bounds.
func percent() int64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// Who allows less is obeyed.
func TestSpareIsAllowedLess(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(48 << 20))
	spare(64<<20, 40)
	if got := debug.SetMemoryLimit(-1); got != 48<<20 {
		t.Errorf("the limit is %d, want the %d that are allowed", got, 48<<20)
	}
}
