package cli

import (
	"math"
	"testing"
)

// All requests together stay within half of the memory, on a machine of any size,
// and each has room for what an overlay is many times over.
func TestBounded(t *testing.T) {
	for _, memory := range []int64{200 << 20, 900 << 20, 4 << 30} {
		for cpus := 1; cpus <= 128; cpus *= 2 {
			b := bounded(4*cpus, memory)
			all := int64(b.concurrency) * int64(int(b.archives.Kept)+2*b.builds.Growth)
			if all > memory/2 || b.builds.Growth < leastGrowth || b.concurrency < 1 || b.concurrency > 4*cpus {
				t.Errorf("bounded(%d, %d MiB) = %+v: %d MiB together", 4*cpus, memory>>20, b, all>>20)
			}
		}
	}
	if b := bounded(8, math.MaxInt64); b.concurrency != 8 || b.builds.Growth != 0 || b.archives.Kept != 0 {
		t.Errorf("bounded() without a limit = %+v, want the defaults", b)
	}
}
