package loop

import (
	"context"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
)

// Commits of people to what is rendered from have everything rendered anew;
// others are built upon as they are.
func TestWhatPeopleCommit(t *testing.T) {
	t.Parallel()
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
			s.change(r, 0, 2)
			r.Refetch()
			if o := advance(t, s, r); o.Full != tc.full || !o.Changed {
				t.Errorf("Step() = %+v, want it pushed by a full render: %t: %s", o, tc.full, tc.reason)
			}
			if d := s.differences(s.now); len(d) > 0 {
				t.Errorf("a render from nothing changes %q", d)
			}
		})
	}
}

// What was not published stays pending, with the moment at which it was heard.
func TestChangeSurvivesAFailedPush(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]string{"Broken": "before", "Raced": "race"} {
		t.Run(name, func(t *testing.T) {
			s, r := settled(t, 2, false)
			heard := s.now
			s.change(r, 0, 2)
			r.git.next, r.git.race = how, func() { s.commit("x", func(tx *git.Tx) error { return tx.PutFile("notes", []byte("x")) }) }
			if o, err := r.Step(context.Background(), s.now); err == nil || r.Pending() != 1 {
				t.Fatalf("Step() = %+v, %v with %d pending, want it to fail and the tenant to wait", o, err, r.Pending())
			}
			s.now = s.now.Add(time.Minute)
			s.change(r, 1, 2)
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
