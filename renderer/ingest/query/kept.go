package query

import (
	"slices"
	"sync"
	"time"
)

const (
	// mostKept is how many views are kept for lists that are being read.
	mostKept = 8
	// keepFor is how long a list may pause between two pages.
	keepFor = 2 * time.Minute
)

// keeper keeps views whose pages are still asked for.
type keeper struct {
	mu    sync.Mutex
	views []kept // the last asked for at the end
}

type kept struct {
	*view
	until time.Time
}

// keep keeps a view, in place of the one that was asked for longest ago.
func (k *keeper) keep(v *view, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.views = slices.DeleteFunc(k.views, func(o kept) bool { return o.point == v.point || now.After(o.until) })
	if len(k.views) == mostKept {
		k.views = slices.Delete(k.views, 0, 1)
	}
	k.views = append(k.views, kept{v, now.Add(keepFor)})
}

// get returns the view of a point, or nil.
func (k *keeper) get(at point, now time.Time) *view {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, o := range k.views {
		if o.point == at && !now.After(o.until) {
			return o.view
		}
	}
	return nil
}
