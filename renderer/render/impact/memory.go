package impact

import (
	"slices"
	"strings"
	"sync"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/plan"
)

// memory is what is rendered before the change, read once however often it is
// asked, and at a head that may be later than the one that is stored.
type memory struct {
	*reading
	at *render.Head // nil is the stored one
}

var _ render.Memory = memory{}

// reading remembers what was read.
type reading struct {
	render.Stored
	head     func() (render.Head, error)
	tenants  func() ([]ident.Tenant, error)
	facts    known[ident.Tenant, authz.Facts]
	products known[ident.Tenant, map[ident.Product][]ident.Version]
	volumes  known[string, plan.Volumes]
}

func remember(s render.Stored) memory {
	return memory{reading: &reading{Stored: s, head: sync.OnceValues(s.Head), tenants: sync.OnceValues(s.Tenants)}}
}

// known is what is known of each key.
type known[K comparable, V any] struct{ values sync.Map }

func (k *known[K, V]) get(key K, read func() (V, error)) (V, error) {
	if v, ok := k.values.Load(key); ok {
		return v.(V), nil
	}
	v, err := read()
	if err == nil {
		k.values.Store(key, v)
	}
	return v, err
}

// Head is part of render.Memory.
func (m memory) Head() (render.Head, error) {
	if m.at != nil {
		return *m.at, nil
	}
	return m.head()
}

// Tenants is part of render.Memory.
func (m memory) Tenants() ([]ident.Tenant, error) { return m.tenants() }

// Facts is part of render.Memory.
func (m memory) Facts(id ident.Tenant) (authz.Facts, error) {
	return m.facts.get(id, func() (authz.Facts, error) { return m.Stored.Facts(id) })
}

// Kept is part of render.Memory.
func (m memory) Kept(id ident.Tenant) ([]authz.KeptClaims, error) {
	f, err := m.Facts(id)
	return f.Kept, err
}

// Products is part of render.Memory.
func (m memory) Products(id ident.Tenant) (map[ident.Product][]ident.Version, error) {
	return m.products.get(id, func() (map[ident.Product][]ident.Version, error) { return m.Stored.Products(id) })
}

// Volumes is part of render.Memory.
func (m memory) Volumes(dir string, sizes []string) (plan.Volumes, error) {
	sorted := slices.Sorted(slices.Values(sizes))
	return m.volumes.get(dir+"\x00"+strings.Join(sorted, "\x00"), func() (plan.Volumes, error) { return m.Stored.Volumes(dir, sizes) })
}
