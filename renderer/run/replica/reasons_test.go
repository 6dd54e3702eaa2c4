package replica

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/guard"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// The reasons that alerts ask for are those that failures are counted under.
func TestReasonsOfAlerts(t *testing.T) {
	t.Parallel()
	given := map[string]bool{}
	for want, err := range map[string]error{
		"removals-blocked": &guard.Refusal{Err: errors.New("x")}, "moved": git.ErrMoved, "refused": git.ErrRefused,
		"behind": publish.ErrBehind, "fenced": election.ErrLost, "loading": loop.ErrLoading, "retry": fault.New(fault.Retry, "", "x"),
	} {
		if got := reason(err); got != want && want != "retry" {
			t.Errorf("reason(%v) = %q, want %q", err, got, want)
		}
		given[reason(err)] = true
	}
	rules, err := os.ReadFile("../../install/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`reason="([^"]*)"`).FindAllSubmatch(rules, -1)
	for _, m := range asked {
		if !given[string(m[1])] {
			t.Errorf("an alert asks for the reason %q, which nothing is counted under", m[1])
		}
	}
	if len(asked) == 0 {
		t.Error("no alert asks for a reason")
	}
}

// The codes of rollouts that alerts ask for are those that the engine gives.
func TestCodesOfAlerts(t *testing.T) {
	t.Parallel()
	rules, err := os.ReadFile("../../install/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`reason=~"([^"]*)"`).FindAllStringSubmatch(string(rules), -1)
	for _, m := range asked {
		for code := range strings.SplitSeq(m[1], "|") {
			if !slices.Contains(rollout.Codes(), rollout.Code(code)) {
				t.Errorf("an alert asks for the code %q, which no rollout waits for", code)
			}
		}
	}
	if len(asked) == 0 {
		t.Error("no alert asks for a code")
	}
}
