package git

import (
	"sync"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/odb"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
)

// written knows which objects a transaction need not write: those that its
// pack holds and those that the store holds. A tree that is there stands for
// everything below it, as it does for git.
//
// In a mirror nothing is stored before the server has it, so what the store
// holds is never missing there.
type written struct {
	pack  *pack.Writer
	store *odb.Store

	mu    sync.RWMutex
	found map[object.Hash]struct{} // in the store, and freshened
}

// has reports whether the object is there.
func (w *written) has(h object.Hash) bool {
	if w.pack.Has(h) {
		return true
	}
	w.mu.RLock()
	_, ok := w.found[h]
	w.mu.RUnlock()
	if ok {
		return true
	}
	if !w.store.Freshen(h) {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found[h] = struct{}{}
	return true
}
