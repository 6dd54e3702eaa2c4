package loop

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// A product that a tenant has bought for later starts by time alone, though
// the tenant's facts say nothing of it before.
func TestPendingProductOfAnActiveTenantStarts(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	for name, window := range map[string]bool{"HeardInAWindow": true, "SeenByAFullRender": false} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 1, false)
			start := s.now.Add(time.Hour)
			s.sell(0, right{product: "dsa", start: start})
			if !window {
				r = s.replica(0, false)
			}
			if err := s.settle(r); err != nil {
				t.Fatal(err)
			}
			if got := r.Next(); !got.Equal(start) {
				t.Fatalf("Next() = %v, want the start of the product at %v", got, start)
			}
			s.now = start
			if o := advance(t, s, r); !o.Changed || len(o.Facts) != 1 || len(o.Facts[0].States) != 2 || o.Facts[0].States[0] != authz.Active {
				t.Errorf("Step() at the start = %+v, want both products active", o.Facts)
			}
		})
	}
}

// Another leader has changed a tenant and changed it back, so that all that a
// loop knows of the branch holds but how far it has come.
func TestWindowIsNotBehindGit(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason    string
		delivered int // of the four events of there and back
		want      error
	}{
		"Behind": {"Git holds a later revision than the copy", 2, publish.ErrBehind},
		"Fenced": {"the copy has it all, but another leads", 4, publish.ErrFenced},
	} {
		t.Run(name, func(t *testing.T) {
			s, old := settled(t, 1, false)
			old.config.Fence = 5
			next := s.replica(9, false)
			for _, replicas := range []int{2, 0} { // there and back
				s.sell(0, right{product: "swg", replicas: replicas, start: s.now.AddDate(-1, 0, 0)})
				if err := s.settle(next); err != nil {
					t.Fatal(err)
				}
			}
			before := s.head()
			old.feed.deliver(tc.delivered)
			old.Refetch()
			_, err := old.Step(context.Background(), s.now)
			if !errors.Is(err, tc.want) || s.head().Commit != before.Commit {
				t.Errorf("Step() = %v, want %v and nothing pushed: %s", err, tc.want, tc.reason)
			}
			if old.roster == nil {
				t.Error("everything is rendered anew, want a window: nothing differs")
			}
			s.checkMarks(t.Errorf)
		})
	}
}

// A tenant whose facts somebody broke stays as it stands. What it shares with
// all, which the window cannot know, must not go.
func TestKeptTenantKeepsWhatIsShared(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.sell(0, right{product: "swg", start: s.now.AddDate(-1, 0, 0)})
	r := s.replica(0, false)
	if err := s.settle(r); err != nil {
		t.Fatal(err)
	}
	s.etcd.change("/1000000", "{bad")
	s.commit("by hand", func(tx *git.Tx) error {
		return tx.PutFile("environments/local/tenants/00/00/1000000/tenant.yaml", []byte("x"))
	})
	if err := s.settle(r); err != nil {
		t.Fatal(err)
	}
	const part = "environments/local/shared/license"
	if _, err := fs.Stat(s.people.FS(s.head()), part); err != nil {
		t.Fatal(err)
	}
	s.etcd.change("/1000000", "{worse")
	o := advance(t, s, r.fed())
	if !o.Full || len(o.Faults) == 0 {
		t.Errorf("Step() = %+v, want a full render that says what it left out", o)
	}
	if _, err := fs.Stat(s.people.FS(s.head()), part); err != nil {
		t.Errorf("what the tenant shares is gone: %v", err)
	}
	if d := s.differences(s.now); len(d) > 0 {
		t.Errorf("a render from nothing changes %q", d)
	}
}

// A step with nothing to do says how far the copy is, in whichever cluster:
// Git agrees with it.
func TestIdleStepNamesTheRevision(t *testing.T) {
	t.Parallel()
	s, r := settled(t, 1, false)
	for _, cluster := range []uint64{7, 8} {
		l := r.feed.Begin(cluster)
		for key, e := range s.etcd.now {
			l.Add(key, e.Value, e.Revision)
		}
		l.Done(s.etcd.revision())
		advance(t, s, r)
		r.feed.Follow()
		s.etcd.change("elsewhere", "")
		r.feed.Apply(nil, s.etcd.revision())
		if o := advance(t, s, r); !o.Idle() || o.Revision != s.etcd.revision() {
			t.Errorf("Step() = %+v, want nothing done at revision %d of cluster %d", o, s.etcd.revision(), cluster)
		}
	}
}
