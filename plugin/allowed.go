package plugin

import (
	"crypto/sha256"
	"sync"
)

// allowed remembers the manifests that the rules of authority let pass, by
// their bytes and where they go: Argo CD asks for the same ones again and
// again, and to read them is dear. What was refused is read anew each time. It
// is safe for concurrent use and forgets everything when it is full; nil
// remembers nothing.
type allowed struct {
	mu    sync.Mutex
	known map[[sha256.Size]byte]struct{}
}

// maxAllowed bounds the memory of a long-running plugin to some megabytes: five
// such objects of 10,000 tenants.
const maxAllowed = 50_000

// key is the identity of a manifest among others with the same rules.
func (r rules) key(doc []byte) [sha256.Size]byte {
	h := sha256.New()
	for _, text := range append([]string{r.namespace, r.hosts.Domain}, r.hosts.Names...) {
		h.Write([]byte(text))
		h.Write([]byte{0, 0})
	}
	if r.cluster {
		h.Write([]byte{1})
	}
	h.Write([]byte{0})
	h.Write(doc)
	return [sha256.Size]byte(h.Sum(nil))
}

func (a *allowed) has(key [sha256.Size]byte) bool {
	if a == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.known[key]
	return ok
}

func (a *allowed) add(key [sha256.Size]byte) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= maxAllowed {
		a.known = map[[sha256.Size]byte]struct{}{}
	}
	a.known[key] = struct{}{}
}
