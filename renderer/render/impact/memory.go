package impact

import (
	"slices"
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
	everyone func() (everyone, error)
	held     known[ident.Tenant, []ident.Product]

	parameters known[string, [][]byte] // of overlays, by their folder
}

func remember(s render.Stored) memory {
	return memory{reading: &reading{Stored: s, head: sync.OnceValues(s.Head), everyone: sync.OnceValues(func() (everyone, error) { return all(s) })}}
}

// ahead reads what is asked for later, or keeps its error until then.
func (r *reading) ahead() {
	_, _ = r.everyone()
	_, _ = r.head()
}

// everyone is the facts of all tenants.
type everyone struct {
	ids   []ident.Tenant // sorted
	facts map[ident.Tenant]authz.Facts
}

func all(s render.Stored) (everyone, error) {
	facts, err := s.Everyone()
	e := everyone{facts: make(map[ident.Tenant]authz.Facts, len(facts))}
	for _, f := range facts {
		e.ids = append(e.ids, f.Tenant.ID)
		e.facts[f.Tenant.ID] = f
	}
	return e, err
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
func (m memory) Tenants() ([]ident.Tenant, error) {
	e, err := m.everyone()
	return e.ids, err
}

// Facts is part of render.Memory.
func (m memory) Facts(id ident.Tenant) (authz.Facts, error) {
	e, err := m.everyone()
	if f, ok := e.facts[id]; ok || err != nil {
		return f, err
	}
	return m.Stored.Facts(id)
}

// Kept is part of render.Memory.
func (m memory) Kept(id ident.Tenant) ([]authz.KeptClaims, error) {
	f, err := m.Facts(id)
	return f.Kept, err
}

// Products is part of render.Memory. A tenant mostly has all that his folder has.
func (m memory) Products(id ident.Tenant, has func(ident.Product) bool) (map[ident.Product][]ident.Version, error) {
	held, err := m.held.get(id, func() ([]ident.Product, error) { return m.Held(id) })
	if err != nil || !slices.ContainsFunc(held, func(p ident.Product) bool { return !has(p) }) {
		return nil, err
	}
	return m.Stored.Products(id, has)
}

// Volumes is part of render.Memory.
func (m memory) Volumes(dir string, sizes []string) (plan.Volumes, error) {
	all, err := m.parameters.get(dir, func() ([][]byte, error) { return m.Parameters(dir) })
	return render.Volumes(all, sizes), err
}
