package overlay

import (
	"container/list"
	"sync"
	"weak"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// families keeps the families that were used last.
type families struct {
	mu    sync.Mutex
	max   int
	byKey map[familyKey]*list.Element // of *entry
	order list.List                   // most recently used first
}

// entry is a family with its key.
type entry struct {
	key    familyKey
	family *family
}

// get returns the family of key, a new one if it is not kept.
func (c *families) get(key familyKey) *family {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.byKey[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(*entry).family
	}
	f := &family{}
	c.byKey[key] = c.order.PushFront(&entry{key, f})
	if c.order.Len() > c.max {
		last := c.order.Back()
		delete(c.byKey, c.order.Remove(last).(*entry).key)
	}
	return f
}

// digests remembers the digests of directories by identity without keeping
// the directories: a Dir never changes.
type digests struct {
	mu    sync.RWMutex
	known map[weak.Pointer[tree.Dir]]string
}

// maxDigests bounds the memory of digests; they are forgotten all at once.
const maxDigests = 4096

// of returns the digest of d.
func (c *digests) of(d *tree.Dir) string {
	p := weak.Make(d)
	c.mu.RLock()
	digest, ok := c.known[p]
	c.mu.RUnlock()
	if ok {
		return digest
	}
	digest = tree.Digest(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxDigests {
		clear(c.known)
	}
	c.known[p] = digest
	return digest
}
