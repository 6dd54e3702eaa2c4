package git

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
)

// What git itself says of two commits is what is touched.
func TestTouched(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	r := medium{server: repo, url: repo.Dir}.open(t)
	update(t, r, func(tx *Tx) {
		for _, path := range []string{"env/a/x", "env/a/y", "env/b/x", "env/gone/deep/x", "env/same/x", "env/turns", "env/folder/x", "other/x"} {
			putFile(t, tx, path, "1")
		}
	})
	before := head(t, r)
	update(t, r, func(tx *Tx) {
		putFile(t, tx, "env/a/x", "2")
		putFile(t, tx, "env/new/deep/x", "1")
		putFile(t, tx, "other/x", "2")
		put(t, tx, "env/gone", nil)
		putFile(t, tx, "env/turns/x", "1")
		putFile(t, tx, "env/folder", "1")
	})
	after := head(t, r)
	want := strings.Fields(repo.Git("diff", "--name-only", "--no-renames", before.Commit.String(), after.Commit.String(), "--", "env"))
	slices.Sort(want)
	got, all, err := r.Touched(before, after, Touching{Dir: "env", Most: 100})
	if err != nil || !all || !slices.Equal(got, want) || len(want) < 7 {
		t.Errorf("Touched() = %q, %t, %v, want %q", got, all, err, want)
	}
	if got, all, err := r.Touched(before, after, Touching{Dir: "env", Most: len(want)}); err != nil || !all || len(got) != len(want) {
		t.Errorf("Touched() of as many = %q, %t, %v, want all of them", got, all, err)
	}
	if got, all, err := r.Touched(before, after, Touching{Dir: "env", Most: 3}); err != nil || all || len(got) != 3 {
		t.Errorf("Touched() of three = %q, %t, %v, want three and that there are more", got, all, err)
	}
	for _, same := range [][2]Head{{after, after}, {Head{}, Head{}}} {
		if got, all, err := r.Touched(same[0], same[1], Touching{Dir: "env", Most: 3}); err != nil || !all || len(got) != 0 {
			t.Errorf("Touched() of the same = %q, %t, %v, want nothing", got, all, err)
		}
	}
	if got, _, err := r.Touched(Head{}, after, Touching{Dir: "other", Most: 100}); err != nil || !slices.Equal(got, []string{"other/x"}) {
		t.Errorf("Touched() since nothing = %q, %v, want all files", got, err)
	}
}
