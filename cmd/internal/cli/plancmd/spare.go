package plancmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Most of what a plan holds stays until its end: to look through it for garbage
// is work for little, and for nothing while it is small.
const (
	spareBytes   = 400 << 20
	sparePercent = 40
)

// spare lets the process have so many bytes before it looks for garbage, or less
// where it is allowed less (GOMEMLIMIT). Once more than that would be let grow by
// percent, it is.
func spare(bytes int64, percent int) {
	allowed := debug.SetMemoryLimit(-1)
	bytes = min(bytes, allowed)
	debug.SetMemoryLimit(bytes)
	debug.SetGCPercent(-1)
	collected(func() bool {
		if live()*int64(100+percent)/100 < bytes {
			return true
		}
		debug.SetMemoryLimit(allowed)
		debug.SetGCPercent(percent)
		return false
	})
}

// collected calls f after collections until it says false.
func collected(f func() bool) {
	runtime.AddCleanup(&mark{}, func(f func() bool) {
		if f() {
			collected(f)
		}
	}, f)
}

// mark is garbage from the beginning.
type mark struct{ _ *mark }

// live returns the bytes that the last collection left.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
