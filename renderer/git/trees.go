package git

import (
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// treeCacheBytes bounds each of the two generations of the tree cache.
const treeCacheBytes = 16 << 20

// treeCache keeps trees that were read or made lately. It has two
// generations: when the young one is full it becomes the old one, and what is
// used again comes back. Trees never change, so nothing is ever stale.
type treeCache struct {
	mu         sync.RWMutex
	young, old map[object.Hash]object.Encoded
	bytes      int
}

func newTreeCache() *treeCache { return &treeCache{young: map[object.Hash]object.Encoded{}} }

func (c *treeCache) get(h object.Hash) (object.Encoded, bool) {
	c.mu.RLock()
	t, ok := c.young[h]
	if ok {
		c.mu.RUnlock()
		return t, true
	}
	t, ok = c.old[h]
	c.mu.RUnlock()
	if ok {
		c.put(h, t)
	}
	return t, ok
}

// put keeps t, which must not change afterwards.
func (c *treeCache) put(h object.Hash, t object.Encoded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[h]; ok {
		return
	}
	const overhead = 100 // of a map entry
	c.bytes += len(t) + overhead
	if c.bytes > treeCacheBytes {
		c.old, c.young, c.bytes = c.young, map[object.Hash]object.Encoded{}, len(t)+overhead
	}
	c.young[h] = t
}

// emptyTree names the tree without entries, which git knows without storing it.
func emptyTree() object.Hash {
	return object.Hash{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}
}

// tree returns the tree h; the zero Hash is an empty tree.
func (r *Repo) tree(h object.Hash) (object.Encoded, error) {
	if h.IsZero() || h == emptyTree() {
		return nil, nil
	}
	if t, ok := r.trees.get(h); ok {
		return t, nil
	}
	data, err := r.read(object.Tree, h)
	if err != nil {
		return nil, err
	}
	r.trees.put(h, data)
	return data, nil
}

// lookup returns the entry at a path below the tree root, or the zero Entry.
func (r *Repo) lookup(root object.Hash, segments []string) (object.Entry, error) {
	e := object.Entry{Mode: object.ModeDir, Hash: root}
	for _, name := range segments {
		if !e.Mode.IsDir() {
			return object.Entry{}, nil
		}
		t, err := r.tree(e.Hash)
		if err != nil {
			return object.Entry{}, err
		}
		if e, err = t.Find(name); err != nil || e.IsZero() {
			return object.Entry{}, err
		}
	}
	return e, nil
}
