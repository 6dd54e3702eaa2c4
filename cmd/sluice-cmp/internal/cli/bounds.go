package cli

import (
	"math"

	"github.com/gatorcloud/sluice/plugin/unpack"
	"github.com/gatorcloud/sluice/renderer/render/overlay/hermetic"
)

// bounds is what requests may take together, so that the directories of one
// tenant, however they were made, do not end the process for all others.
type bounds struct {
	concurrency int
	archives    unpack.Limits
	builds      hermetic.Limits
}

// least is what each request gets: its directory, and its objects twice, as they
// are built and as they are answered.
const (
	leastKept   = 8 << 20
	leastGrowth = 8 << 20
)

// bounded divides half of the memory among requests; kustomize, which takes one
// turn at a time, works in the other half. Without a limit of memory requests
// have the limits that they have by default. Fewer work at once than were asked
// for when there would be too little for each.
func bounded(concurrency int, memory int64) bounds {
	b := bounds{concurrency: concurrency}
	if memory <= 0 || memory == math.MaxInt64 {
		return b
	}
	half := memory / 2
	b.concurrency = int(max(1, min(int64(concurrency), half/(leastKept+2*leastGrowth))))
	b.archives.Kept = leastKept
	b.builds.Growth = int(max(1, min(128<<20, (half/int64(b.concurrency)-leastKept)/2)))
	return b
}
