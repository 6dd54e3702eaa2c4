package loop

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
)

// Commits of people to what is rendered from have everything rendered anew;
// others are built upon as they are.
func TestWhatPeopleCommit(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, path string
		full         bool
	}{
		"Catalog":     {"every overlay may differ", "catalog/notes.md", true},
		"Environment": {"what was edited by hand is put right", "environments/local/rings/canary/x.yaml", true},
		"Another":     {"another environment is none of ours", "environments/other/notes.md", false},
		"Elsewhere":   {"nor is anything else", "notes.md", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 1, false)
			s.commit("by hand", func(tx *git.Tx) error { return tx.PutFile(tc.path, []byte("x")) })
			s.sell(0, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
			r.Refetch()
			if o := advance(t, s, r.fed()); o.Full != tc.full || !o.Changed {
				t.Errorf("Step() = %+v, want it pushed by a full render: %t: %s", o, tc.full, tc.reason)
			}
			if d := s.differences(s.now); len(d) > 0 {
				t.Errorf("a render from nothing changes %q", d)
			}
		})
	}
}

// People have moved the records: the loop ends, for its copy is of what is not
// theirs any more.
func TestMovedRecordsEndTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := settled(t, 1, true)
		s.edit("environment.yaml", "repoURL:", "etcd: {prefix: /elsewhere}\nrepoURL:")
		before := s.head()
		r.Refetch()
		err := New(r.Core, Options{Feed: r.feed, Clock: fixed{s.now}}).Run(t.Context())
		if !errors.Is(err, ErrPrefix) || s.head().Commit != before.Commit {
			t.Errorf("Run() = %v, want ErrPrefix and nothing pushed", err)
		}
	})
}

// What was not published stays pending, with the moment at which it was heard.
func TestChangeSurvivesAFailedPush(t *testing.T) {
	for name, how := range map[string]string{"Broken": "before", "Raced": "race"} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 2, false)
			heard := s.now
			sell := func(i int) {
				s.sell(i, right{product: "swg", replicas: 2, start: s.now.AddDate(-1, 0, 0)})
				r.fed()
			}
			sell(0)
			r.git.next, r.git.race = how, func() { s.commit("x", func(tx *git.Tx) error { return tx.PutFile("notes", []byte("x")) }) }
			if o, err := r.Step(context.Background(), s.now); err == nil || r.Pending() != 1 {
				t.Fatalf("Step() = %+v, %v with %d pending, want it to fail and the tenant to wait", o, err, r.Pending())
			}
			s.now = s.now.Add(time.Minute)
			sell(1)
			if o := advance(t, s, r); !o.Changed || o.Full || len(o.Facts) != 2 || !o.Since.Equal(heard) {
				t.Errorf("Step() = %+v, want both tenants pushed, the first of %v", o, heard)
			}
			if d := s.differences(s.now); len(d) > 0 {
				t.Errorf("a render from nothing changes %q", d)
			}
			s.checkMarks(t.Errorf)
		})
	}
}
