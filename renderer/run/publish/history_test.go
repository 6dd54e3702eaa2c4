package publish

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/google/go-cmp/cmp"
)

func TestMovesOf(t *testing.T) {
	const trailers = "Sluice-Environment: local\nRollout: swg=203\nDid: granted\nRing: early\nTo: 6.25%\nrollout: swg=201\nDid: back\nReason: 3 of 80: Degraded\nSluice-Tenants: 9\n"
	granted := Moved{Rollout: "swg=203", Did: "granted", Ring: "early", To: "6.25%"}
	back := Moved{Rollout: "swg=201", Did: "back", Reason: "3 of 80: Degraded"}
	for name, tc := range map[string]struct {
		reason, message string
		want            []Moved
	}{
		"Several":     {"each move has its trailers", "render local: swg\n\n" + trailers, []Moved{granted, back}},
		"Body":        {"what stands in the text is no trailer", "render\n\nRollout: swg=9\n\n" + trailers, []Moved{granted, back}},
		"Elsewhere":   {"a commit is of one environment", "render\n\nSluice-Environment: pop\nRollout: swg=203\n", nil},
		"People":      {"a commit of people moves nothing", "Bump swg\n\nRollout: swg=203\n", nil},
		"None":        {"most commits move nothing", "render\n\nSluice-Environment: local\n", nil},
		"NotAllLines": {"a paragraph of text", "render\n\nSluice-Environment: local\nRollout: swg=203\nand more\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := MovesOf(git.Head{Message: tc.message}, ident.Must[ident.EnvironmentKind]("local"))
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("MovesOf(): %s (-want +got):\n%s", tc.reason, d)
			}
		})
	}
}
