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
