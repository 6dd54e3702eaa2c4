package publish

import (
	"slices"
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// A bump is that of the environment at the end of its title.
func TestBumpsOf(t *testing.T) {
	local := ident.Must[ident.EnvironmentKind]("local")
	for name, tc := range map[string]struct {
		reason, title, trailer string
		want                   []string
	}{
		"Ring":   {"all rings of it", "Bump swg to 203 in local", "Sluice-Bump: swg=203", []string{"swg=203"}},
		"One":    {"one ring of it", "Bump swg to 203 in ring canary of local", "Sluice-Bump: swg=203", []string{"swg=203"}},
		"Many":   {"each is one", "Bump swg to 203, dsa to 32 in local", "Sluice-Bump: swg=203, dsa=32", []string{"swg=203", "dsa=32"}},
		"Other":  {"another environment's", "Bump swg to 203 in pop-local2", "Sluice-Bump: swg=203", nil},
		"Within": {"a name that ends alike", "Bump swg to 203 in pop-local", "Sluice-Bump: swg=203", nil},
		"Plain":  {"no bump", "Clean up in local", "Change-Id: 1", nil},
	} {
		var got []string
		for _, m := range BumpsOf(git.Head{Message: tc.title + "\n\nby hand\n\n" + tc.trailer + "\n"}, local) {
			if m.Did != Bumped || m.Reason != tc.title {
				t.Errorf("%s: BumpsOf() has %+v, want what it is and its title", name, m)
			}
			got = append(got, m.Rollout)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: BumpsOf(%q) = %q, want %q: %s", name, tc.title, got, tc.want, tc.reason)
		}
	}
}
