package watch

import (
	"slices"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Take returns the tenants that changed since the last Take or All, and those
// of extra, as etcd held them at the copy's revision. Nothing is taken while
// the first reading is not complete.
func (m *Mirror) Take(extra map[ident.Tenant]struct{}) (Window, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.loaded {
		return Window{}, false
	}
	w := m.window()
	for id := range m.dirty {
		m.add(&w, id)
	}
	for id := range extra {
		if _, twice := m.dirty[id]; !twice {
			m.add(&w, id)
		}
	}
	m.settle()
	return w, true
}

// All returns all tenants that have a record.
func (m *Mirror) All() (Window, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.loaded {
		return Window{}, false
	}
	w := m.window()
	w.Records = slices.Grow(w.Records, m.keys)
	for id := range m.held {
		m.add(&w, id)
	}
	m.settle()
	return w, true
}

func (m *Mirror) window() Window {
	w := Window{Cluster: m.cluster, Revision: m.revision, Since: m.since, Keys: m.keys, Replaced: m.replaced}
	for key, r := range m.bad {
		w.Records = append(w.Records, authz.Record{Key: key, Value: []byte(r.value), Revision: r.mod})
	}
	return w
}

func (m *Mirror) add(w *Window, id ident.Tenant) {
	w.Tenants = append(w.Tenants, id)
	for _, r := range m.held[id] {
		w.Records = append(w.Records, authz.Record{
			Key:   m.form.Format(m.prefix, authz.Key{Tenant: id, Product: r.product}),
			Value: []byte(r.value), Revision: r.mod})
	}
}

func (m *Mirror) settle() {
	for id := range m.dirty {
		if list := m.held[id]; m.lean && len(list) > 0 {
			for i := range list {
				list[i].value = ""
			}
			m.held[id] = slices.Clone(list) // a reading makes it longer than it has to be
		}
	}
	if len(m.dirty) > burst {
		m.dirty = map[ident.Tenant]struct{}{}
	}
	clear(m.dirty)
	m.since, m.replaced = time.Time{}, false
}

// burst is from how many changed tenants on their set is given back.
const burst = 10_000
