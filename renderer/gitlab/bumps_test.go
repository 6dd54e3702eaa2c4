package gitlab_test

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// What bumps opened is found with what GitLab waits for; what is merged, a
// fork's or no bump is not.
func TestBumps(t *testing.T) {
	short.Skip(t, "asks git again and again")
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	w.propose(w.bump("swg", "203"))
	w.propose(w.bump("dsa", "32"))
	w.bump("ucwi", "112")
	w.fake.Open("ann", "My own experiment", "sluice/bump/local/ucwi-112")
	w.fake.Fork("eve", "Bump swg to 203 in local", "sluice/bump/local/swg-203")
	if err := w.fake.Merge(2, "ann"); err != nil {
		t.Fatal(err)
	}
	w.fake.Rename(1, "Draft: Bump swg to 203 in local")
	p := w.open()
	got, err := p.Bumps(t.Context())
	for range 5 { // GitLab checks in its own time
		if len(got) == 1 && got[0].Waits == "GitLab is checking it" {
			got, err = p.Bumps(t.Context())
		}
	}
	if err != nil || len(got) != 1 || got[0].Number != 1 || !slices.Equal(got[0].Subjects, []string{"local/swg"}) || got[0].Waits != "it is a draft" || got[0].Since.IsZero() {
		t.Errorf("Bumps() = %+v, %v, want the draft alone", got, err)
	}
}
