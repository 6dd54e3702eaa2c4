package watch

import (
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// A lean copy gives each value once, keeps revisions, and takes the form of
// its keys from whoever made it.
func TestLeanMirror(t *testing.T) {
	t.Parallel()
	now := time.Unix(100, 0)
	m := NewLeanMirror("/tenant/status", Form{status.ParseKey, status.FormatKey}, func() time.Time { return now })
	if !m.Heard().IsZero() {
		t.Errorf("Heard() = %v before the first reading", m.Heard())
	}
	load := m.Begin(1)
	load.Add("/tenant/status/1000001/swg", []byte("a"), 3)
	load.Add("/tenant/status/1000001/ucwi", []byte("b"), 4)
	load.Done(5)
	take := func() map[string]authz.Record {
		t.Helper()
		w, ok := m.Take(nil)
		if !ok {
			t.Fatal("nothing to take")
		}
		all := map[string]authz.Record{}
		for _, r := range w.Records {
			all[r.Key] = r
		}
		return all
	}
	if got := take(); len(got) != 2 || string(got["/tenant/status/1000001/swg"].Value) != "a" {
		t.Errorf("first window = %v, want both with their values", got)
	}
	now = now.Add(time.Minute)
	m.Apply([]Event{{Key: "/tenant/status/1000001/ucwi", Value: []byte("c"), Revision: 7}}, 7)
	got := take()
	if r := got["/tenant/status/1000001/ucwi"]; string(r.Value) != "c" || r.Revision != 7 {
		t.Errorf("changed record = %q at %d, want c at 7", r.Value, r.Revision)
	}
	if r := got["/tenant/status/1000001/swg"]; len(r.Value) != 0 || r.Revision != 3 {
		t.Errorf("unchanged record = %q at %d, want no value at 3", r.Value, r.Revision)
	}
	if !m.Heard().Equal(now) {
		t.Errorf("Heard() = %v, want %v", m.Heard(), now)
	}
	load = m.Begin(1)
	load.Add("/tenant/status/1000001/swg", []byte("a"), 3)
	load.Add("/tenant/status/1000001/ucwi", []byte("c"), 7)
	if c := load.Done(8); c.Any() {
		t.Errorf("a reading of the same corrects %+v, want nothing", c)
	}
	if got := take(); len(got) != 0 {
		t.Errorf("window after a reading of the same = %v, want none", got)
	}
}

// A restored etcd gives the same revisions to other values.
func TestRestoredValuesAreRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason  string
		cluster uint64
		begin   func(*Mirror, uint64) *Load
	}{
		"Another": {"another etcd", 2, (*Mirror).Begin},
		"Earlier": {"the same one, of before", 1, (*Mirror).BeginAnew},
	} {
		for kind, m := range map[string]*Mirror{"whole": NewMirror(prefix, time.Now), "lean": NewLeanMirror(prefix, Form{authz.ParseKey, authz.FormatKey}, time.Now)} {
			load := m.Begin(1)
			load.Add(prefix+"/1000001", []byte("before"), 3)
			load.Done(9)
			if w, _ := m.Take(nil); !w.Replaced {
				t.Errorf("%s: the first window of a %s copy is not said to be all there is", name, kind)
			}
			m.Apply([]Event{{Key: prefix + "/1000002", Value: []byte("before"), Revision: 10}}, 10)
			if w, _ := m.Take(nil); w.Replaced {
				t.Errorf("%s: a window of changes of a %s copy is said to be all there is", name, kind)
			}
			load = tc.begin(m, tc.cluster)
			load.Add(prefix+"/1000001", []byte("restored"), 3)
			load.Done(4)
			w, _ := m.Take(nil)
			if len(w.Records) != 1 || string(w.Records[0].Value) != "restored" || !w.Replaced {
				t.Errorf("%s: window of a %s copy = %+v, want what was restored: %s", name, kind, w, tc.reason)
			}
		}
	}
}
