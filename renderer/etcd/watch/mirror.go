package watch

import (
	"slices"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Event is one change of one key.
type Event struct {
	Key      string
	Value    []byte // nil: the key was deleted
	Revision int64
}

// Window is what etcd held of some tenants at one revision.
type Window struct {
	// Cluster is the id of the etcd cluster that Revision counts in.
	Cluster  uint64
	Revision int64
	// Since is when the oldest change in it was heard; zero for none.
	Since time.Time
	// Tenants are the tenants that were asked for and those that changed, in
	// no order. One without records is not in etcd.
	Tenants []ident.Tenant
	// Records are all records of these tenants and all whose key names none.
	Records []authz.Record
	// Keys is how many records the whole prefix has.
	Keys int
	// Replaced is set when the window is all there is, of the first reading or
	// of another history: revisions of windows before mean nothing in it.
	Replaced bool
}

// Form is how keys below a prefix name what they hold.
type Form struct {
	Parse  func(prefix, key string) (authz.Key, error)
	Format func(prefix string, k authz.Key) string
}

// Mirror is a copy of the records below a prefix. It is safe for concurrent use.
type Mirror struct {
	prefix string
	form   Form
	lean   bool
	now    func() time.Time

	mu       sync.Mutex
	cluster  uint64
	revision int64
	loaded   bool
	held     map[ident.Tenant][]record
	bad      map[string]record // by key; keys that name no tenant
	keys     int
	products map[ident.Product]ident.Product // one copy of each name
	dirty    map[ident.Tenant]struct{}
	since    time.Time
	load     *Load // the reading under way
	replaced bool  // since the last Take or All
	stale    bool  // events are of a watch on what was before the copy was replaced
	heard    time.Time
	changed  chan struct{}
}

// record is one record of a tenant; the zero product is the tenant's own.
type record struct {
	product ident.Product
	value   string
	mod     int64
}

// NewMirror returns an empty copy of the records below prefix; now stamps changes.
func NewMirror(prefix string, now func() time.Time) *Mirror {
	return &Mirror{prefix: prefix, form: Form{authz.ParseKey, authz.FormatKey}, now: now, held: map[ident.Tenant][]record{}, bad: map[string]record{},
		products: map[ident.Product]ident.Product{}, dirty: map[ident.Tenant]struct{}{}, changed: make(chan struct{}, 1)}
}

// NewLeanMirror returns a copy for whoever keeps what was taken in a form of
// its own: it forgets each value once it is taken, and All returns none. A
// record whose revision is that of the window before has not changed, and its
// value is empty.
func NewLeanMirror(prefix string, form Form, now func() time.Time) *Mirror {
	m := NewMirror(prefix, now)
	m.form, m.lean = form, true
	return m
}

// Prefix returns the prefix of the records.
func (m *Mirror) Prefix() string { return m.prefix }

// Changed is sent to when there is something to take, or the revision moved.
func (m *Mirror) Changed() <-chan struct{} { return m.changed }

// State says how far the copy is: false until the first reading is complete.
func (m *Mirror) State() (cluster uint64, revision int64, loaded bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cluster, m.revision, m.loaded
}

// Heard returns when etcd last said anything of the records: a reading, an
// event, or that there is none. It is zero before the first reading.
func (m *Mirror) Heard() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heard
}

// Pending returns how many tenants have changed and since when.
func (m *Mirror) Pending() (int, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.dirty), m.since
}

// Keys returns how many records the copy holds.
func (m *Mirror) Keys() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.keys
}

// Follow says that events come of a watch that was made anew, after the copy's
// revision.
func (m *Mirror) Follow() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stale = false
}

// Apply takes in events of the watch in their order, and that the copy is
// complete up to revision. Events that the copy has already are skipped, and
// so are all after a reading that replaced the copy, until Follow: their
// revisions count in another history.
func (m *Mirror) Apply(events []Event, revision int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stale {
		return
	}
	m.heard = m.now()
	for _, e := range events {
		if e.Revision <= m.revision {
			continue
		}
		if e.Value == nil {
			if m.load != nil {
				m.load.deleted[e.Key] = e.Revision
			}
			m.remove(e.Key)
		} else {
			m.put(e.Key, record{value: string(e.Value), mod: e.Revision})
		}
	}
	m.advance(revision)
}

// advance notes that the copy is complete up to revision.
func (m *Mirror) advance(revision int64) {
	if revision <= m.revision && len(m.dirty) == 0 {
		return
	}
	m.revision = max(m.revision, revision)
	m.tell()
}

func (m *Mirror) tell() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// put keeps a record and marks its tenant.
func (m *Mirror) put(key string, r record) {
	k, err := m.form.Parse(m.prefix, key)
	if err != nil {
		if _, ok := m.bad[key]; !ok {
			m.keys++
		}
		m.bad[key] = r
		return
	}
	r.product = m.product(k.Product)
	list := m.held[k.Tenant]
	if i := find(list, k.Product); i >= 0 {
		list[i] = r
	} else {
		m.keys++
		m.held[k.Tenant] = append(slices.Clip(list), r)
	}
	m.mark(k.Tenant)
}

// maxProducts bounds what hostile keys can make the copy remember.
const maxProducts = 4096

// product returns the copy's own string of a name, so that a record does not
// keep the key that it came with.
func (m *Mirror) product(p ident.Product) ident.Product {
	if own, ok := m.products[p]; ok {
		return own
	}
	if len(m.products) < maxProducts {
		m.products[p] = p
	}
	return p
}

// remove forgets a record and marks its tenant.
func (m *Mirror) remove(key string) {
	k, err := m.form.Parse(m.prefix, key)
	if err != nil {
		if _, ok := m.bad[key]; ok {
			m.keys--
			delete(m.bad, key)
		}
		return
	}
	list := m.held[k.Tenant]
	i := find(list, k.Product)
	if i < 0 {
		return
	}
	m.keys--
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(m.held, k.Tenant)
	} else {
		m.held[k.Tenant] = list
	}
	m.mark(k.Tenant)
}

func find(list []record, p ident.Product) int {
	return slices.IndexFunc(list, func(r record) bool { return r.product == p })
}

func (m *Mirror) mark(id ident.Tenant) {
	if len(m.dirty) == 0 {
		m.since = m.now()
	}
	m.dirty[id] = struct{}{}
}
