package watch

import (
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Load is one reading of the whole prefix at one revision, which may take long
// while events go on coming. The copy changes when it is done and not before.
//
// Reading and copy are compared record by record by modification revision, so
// that neither what events brought meanwhile nor what they failed to bring is
// lost, wherever the reading's revision lies among them.
type Load struct {
	mirror  *Mirror
	cluster uint64
	began   int64 // the copy's revision when the reading began; zero for another etcd
	seen    map[ident.Tenant][]record
	bad     map[string]record
	deleted map[string]int64 // by key: revisions of deletions that events brought meanwhile
}

// Correction says what a reading found that the copy did not know.
type Correction struct {
	Added, Changed, Vanished int
	// Replaced is set when the copy was of another etcd or of a later revision
	// than the reading, as after a restore: then all of it was replaced.
	Replaced bool
}

// Any reports whether there was anything.
func (c Correction) Any() bool { return c != Correction{} }

// Begin begins a reading of an etcd cluster; one that was begun before is forgotten.
func (m *Mirror) Begin(cluster uint64) *Load {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.load = &Load{mirror: m, cluster: cluster, bad: map[string]record{}, deleted: map[string]int64{},
		seen: make(map[ident.Tenant][]record, len(m.held))}
	if m.loaded && cluster == m.cluster {
		m.load.began = m.revision
	}
	return m.load
}

// BeginAnew begins a reading of an etcd that is behind the copy: it was
// restored, and the same revision may be of another value now.
func (m *Mirror) BeginAnew(cluster uint64) *Load {
	l := m.Begin(cluster)
	l.began = 0
	return l
}

// usual is how many records a tenant has.
const usual = 5

// Add takes in one record of the reading.
func (l *Load) Add(key string, value []byte, mod int64) {
	m := l.mirror
	m.mu.Lock()
	defer m.mu.Unlock()
	k, err := m.form.Parse(m.prefix, key)
	if err != nil {
		l.bad[key] = record{value: string(value), mod: mod}
		return
	}
	r := record{product: m.product(k.Product), mod: mod}
	if held, ok := m.get(k); ok && l.began > 0 && held.mod == mod {
		r.value = held.value
	} else {
		r.value = string(value)
	}
	list := l.seen[k.Tenant]
	if list == nil {
		list = make([]record, 0, usual)
	}
	l.seen[k.Tenant] = append(list, r)
}

func (m *Mirror) get(k authz.Key) (record, bool) {
	list := m.held[k.Tenant]
	if i := find(list, k.Product); i >= 0 {
		return list[i], true
	}
	return record{}, false
}

// Done makes the reading, which was made at revision, part of the copy. It
// does nothing when another reading was begun since.
func (l *Load) Done(revision int64) Correction {
	m := l.mirror
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.load != l {
		return Correction{}
	}
	m.load, m.heard = nil, m.now()
	var c Correction
	if l.began == 0 || revision < l.began { // a linearizable read is never behind what came before it
		c.Replaced, m.stale = m.loaded, m.loaded
		l.replace(revision)
	} else {
		l.correct(&c, revision)
		m.revision = max(m.revision, revision)
	}
	m.tell()
	return c
}

// replace makes the reading the copy.
func (l *Load) replace(revision int64) {
	m := l.mirror
	for id := range m.held {
		m.mark(id)
	}
	m.cluster, m.revision, m.loaded, m.replaced = l.cluster, revision, true, true
	m.held, m.bad, m.keys = l.seen, l.bad, len(l.bad)
	for id, list := range m.held {
		m.keys += len(list)
		m.mark(id)
	}
}

// correct changes what differs between the reading and the copy.
func (l *Load) correct(c *Correction, revision int64) {
	m := l.mirror
	gone := l.vanished(revision)
	for id, list := range l.seen {
		for _, r := range list {
			l.compare(c, authz.Key{Tenant: id, Product: r.product}, r)
		}
	}
	for key, r := range l.bad {
		if m.bad[key].mod < r.mod && l.deleted[key] < r.mod {
			m.put(key, r)
		}
	}
	for _, key := range gone {
		m.remove(key)
		c.Vanished++
	}
}

func (l *Load) compare(c *Correction, k authz.Key, r record) {
	m := l.mirror
	held, ok := m.get(k)
	if ok && held.mod >= r.mod {
		return
	}
	key := m.form.Format(m.prefix, k)
	if l.deleted[key] > r.mod {
		return
	}
	if ok {
		c.Changed++
	} else {
		c.Added++
	}
	m.put(key, r)
}

// vanished returns the keys that the copy holds from before the reading's
// revision and that the reading does not hold.
func (l *Load) vanished(revision int64) []string {
	m := l.mirror
	var gone []string
	for id, list := range m.held {
		for _, r := range list {
			if r.mod <= revision && !slices.ContainsFunc(l.seen[id], func(s record) bool { return s.product == r.product }) {
				gone = append(gone, m.form.Format(m.prefix, authz.Key{Tenant: id, Product: r.product}))
			}
		}
	}
	for key, r := range m.bad {
		if _, there := l.bad[key]; !there && r.mod <= revision {
			gone = append(gone, key)
		}
	}
	return gone
}
