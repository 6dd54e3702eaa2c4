package watch

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const prefix = authz.DefaultPrefix

// history is an etcd in memory: every change with its revision.
type history struct {
	events []Event
	now    map[string]Event
}

func (h *history) change(key string, value []byte) {
	e := Event{Key: key, Value: value, Revision: int64(len(h.events) + 2)}
	h.events = append(h.events, e)
	if value == nil {
		delete(h.now, key)
	} else {
		h.now[key] = e
	}
}

func (h *history) revision() int64 { return int64(len(h.events) + 1) }

// at returns what was there at a revision.
func (h *history) at(revision int64) map[string]Event {
	state := map[string]Event{}
	for _, e := range h.events[:revision-1] {
		if e.Value == nil {
			delete(state, e.Key)
		} else {
			state[e.Key] = e
		}
	}
	return state
}

func keys() []string {
	var all []string
	for i := range 4 {
		id := fmt.Sprintf("%s/%d", prefix, 1000000+i)
		all = append(all, id, id+"/rs/swg", id+"/rs/dsa")
	}
	return append(all, prefix+"/not a tenant", prefix+"/1000001/xx")
}

func records(w Window) map[string]string {
	got := map[string]string{}
	for _, r := range w.Records {
		got[r.Key] = fmt.Sprintf("%s@%d", r.Value, r.Revision)
	}
	return got
}

func whole(state map[string]Event) map[string]string {
	want := map[string]string{}
	for key, e := range state {
		want[key] = fmt.Sprintf("%s@%d", e.Value, e.Revision)
	}
	return want
}

// However readings, events and breaks of the watch interleave, what is taken
// is what etcd held at the copy's revision, and no changed tenant is missed.
func TestMirrorIsEtcdAtItsRevision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		h := &history{now: map[string]Event{}}
		m := NewMirror(prefix, func() time.Time { return time.Unix(1, 0) })
		taken := map[string]string{} // as a reader knows it, who sees taken tenants only
		var sent int                 // events that the watch delivered or lost
		var load *Load
		var reading map[string]Event
		var pinned int64
		step := map[string]func(*rapid.T){
			"change": func(rt *rapid.T) {
				key := rapid.SampledFrom(keys()).Draw(rt, "key")
				if _, ok := h.now[key]; ok && rapid.Bool().Draw(rt, "delete") {
					h.change(key, nil)
				} else {
					h.change(key, []byte(fmt.Sprint(len(h.events))))
				}
			},
			"deliver": func(rt *rapid.T) {
				if _, _, loaded := m.State(); !loaded {
					rt.Skip("there is no watch before the first reading")
				}
				to := rapid.IntRange(sent, len(h.events)).Draw(rt, "to")
				m.Apply(h.events[sent:to], int64(to+1))
				sent = to
			},
			"begin": func(rt *rapid.T) {
				load, pinned = m.Begin(7), h.revision()
				reading = h.at(pinned)
			},
			"done": func(rt *rapid.T) {
				if load == nil {
					rt.Skip("no reading")
				}
				for _, key := range slices.Sorted(maps.Keys(reading)) {
					load.Add(key, reading[key].Value, reading[key].Revision)
				}
				load.Done(pinned)
				load = nil
			},
			"break": func(rt *rapid.T) { // the watch loses events, so the next thing is a reading
				sent = rapid.IntRange(sent, len(h.events)).Draw(rt, "lost")
				load, pinned = m.Begin(7), h.revision()
				for key, e := range h.now {
					load.Add(key, e.Value, e.Revision)
				}
				load.Done(pinned)
				load, sent = nil, int(pinned-1)
			},
			"take": func(rt *rapid.T) {
				w, ok := m.Take(nil)
				if !ok {
					rt.Skip("not loaded")
				}
				for _, id := range w.Tenants {
					maps.DeleteFunc(taken, func(key, _ string) bool {
						k, err := authz.ParseKey(prefix, key)
						return err == nil && k.Tenant == id
					})
				}
				maps.DeleteFunc(taken, func(key, _ string) bool { _, err := authz.ParseKey(prefix, key); return err != nil })
				maps.Copy(taken, records(w))
				if d := cmp.Diff(whole(h.at(w.Revision)), taken); d != "" {
					rt.Fatalf("at revision %d (-etcd +taken):\n%s", w.Revision, d)
				}
				if w.Keys != len(taken) {
					rt.Fatalf("Keys = %d, want %d", w.Keys, len(taken))
				}
			},
		}
		rt.Repeat(step)
		if _, _, loaded := m.State(); !loaded {
			return
		}
		w, _ := m.All()
		if d := cmp.Diff(whole(h.at(w.Revision)), records(w)); d != "" {
			rt.Fatalf("All() at revision %d (-etcd +all):\n%s", w.Revision, d)
		}
	})
}

func TestAnotherClusterReplacesEverything(t *testing.T) {
	t.Parallel()
	m := NewMirror(prefix, time.Now)
	l := m.Begin(1)
	l.Add(prefix+"/1000001", []byte("a"), 90)
	l.Add(prefix+"/1000002", []byte("b"), 91)
	l.Done(100)
	m.Take(nil)
	for _, tc := range []struct {
		name, reason string
		cluster      uint64
	}{ // in this order: the second reading is of the cluster that the first made ours
		{"OtherCluster", "revisions of another etcd say nothing about ours", 2},
		{"RestoredBefore", "the same etcd at an earlier revision was restored", 2},
	} {
		name := tc.name
		l = m.Begin(tc.cluster)
		l.Add(prefix+"/1000001", []byte("c"), 5)
		c := l.Done(10)
		w, _ := m.Take(nil)
		if !c.Replaced && name == "OtherCluster" || w.Revision != 10 || w.Cluster != tc.cluster {
			t.Errorf("%s: Done() = %+v, window at %d of %d: %s", name, c, w.Revision, w.Cluster, tc.reason)
		}
		if got := records(w); name == "OtherCluster" && (len(w.Tenants) != 2 || got[prefix+"/1000001"] != "c@5") {
			t.Errorf("%s: Take() = %v, %v, want both tenants, one with its new record", name, w.Tenants, got)
		}
	}
	l = m.Begin(2)
	if c := l.Done(4); !c.Replaced {
		t.Errorf("Done() at an earlier revision = %+v, want everything replaced", c)
	}
}

func TestManyChangesOfOneTenantAreOneEntry(t *testing.T) {
	t.Parallel()
	m := NewMirror(prefix, time.Now)
	m.Begin(1).Done(1)
	for i := range 10000 {
		m.Apply([]Event{{Key: prefix + "/1000001", Value: []byte("x"), Revision: int64(i + 2)}}, int64(i+2))
	}
	if n, since := m.Pending(); n != 1 || since.IsZero() {
		t.Errorf("Pending() = %d since %v, want 1 since the first", n, since)
	}
	w, _ := m.Take(map[ident.Tenant]struct{}{ident.Must[ident.TenantKind]("1000001"): {}, ident.Must[ident.TenantKind]("1000002"): {}})
	if len(w.Tenants) != 2 || len(w.Records) != 1 || w.Revision != 10001 {
		t.Errorf("Take(extra) = %d tenants, %d records at %d, want 2, 1 at 10001", len(w.Tenants), len(w.Records), w.Revision)
	}
	if w, _ := m.Take(nil); len(w.Tenants) > 0 || !w.Since.IsZero() {
		t.Errorf("Take() after it = %v since %v, want nothing", w.Tenants, w.Since)
	}
}

// What events deleted while a reading of before went on is not brought back by
// it, whether its key is one of a tenant or of nobody.
func TestReadingBringsNothingBack(t *testing.T) {
	t.Parallel()
	for _, key := range []string{prefix + "/1000001", prefix + "/not a tenant"} {
		m := NewMirror(prefix, time.Now)
		m.Begin(1).Done(5)
		l := m.Begin(1)
		l.Add(key, []byte("a"), 9)
		m.Apply([]Event{{Key: key, Revision: 11}}, 11)
		if l.Done(10); m.Keys() != 0 {
			t.Errorf("%s is back after it was deleted", key)
		}
		m.Apply([]Event{{Key: key, Value: []byte("b"), Revision: 12}}, 12)
		if m.Keys() != 1 {
			t.Errorf("%s is not there after it was written again", key)
		}
	}
}

// A reading that another overtook brings nothing back that is gone since.
func TestOvertakenReadingIsForgotten(t *testing.T) {
	t.Parallel()
	m := NewMirror(prefix, time.Now)
	m.Begin(1).Done(5)
	slow := m.Begin(1)
	slow.Add(prefix+"/1000001", []byte("a"), 9)
	m.Begin(1).Done(20) // it was deleted at 15
	if c := slow.Done(10); c.Any() || m.Keys() != 0 {
		t.Errorf("Done() = %+v and %d records, want nothing done", c, m.Keys())
	}
}
