package git

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
	"weak"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// memo remembers the names of directories that are put again and again, such
// as the base of a version, for as long as the directory lives. Most
// directories are put once, so only the second sight of a pointer is worth an
// entry; a small table of the pointers seen last tells the second from the first.
type memo struct {
	seen [4096]atomic.Uintptr

	mu    sync.RWMutex
	known map[weak.Pointer[tree.Dir]]sum
}

// sum is what is remembered of a directory.
type sum struct {
	hash  object.Hash // zero when there is no file in it
	files int
}

func newMemo() *memo { return &memo{known: map[weak.Pointer[tree.Dir]]sum{}} }

// slot returns the place of d in the table. The address is compared and never
// followed; one that the collector gave to another directory costs an entry
// too many and nothing else.
func (m *memo) slot(d *tree.Dir) (*atomic.Uintptr, uintptr) {
	at := uintptr(unsafe.Pointer(d))
	return &m.seen[(at>>4^at>>16)%uintptr(len(m.seen))], at
}

func (m *memo) get(d *tree.Dir) (sum, bool) {
	if slot, at := m.slot(d); slot.Load() != at {
		return sum{}, false
	}
	key := weak.Make(d)
	m.mu.RLock()
	defer m.mu.RUnlock()
	s, ok := m.known[key]
	return s, ok
}

func (m *memo) put(d *tree.Dir, s sum) {
	if slot, at := m.slot(d); slot.Swap(at) != at {
		return
	}
	key := weak.Make(d)
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.known[key]; !ok {
		m.known[key] = s
		runtime.AddCleanup(d, m.forget, key)
	}
}

func (m *memo) forget(key weak.Pointer[tree.Dir]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, key)
}
