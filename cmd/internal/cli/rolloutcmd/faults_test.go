package rolloutcmd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

const rolloutsFile = "environments/local/rollouts.yaml"

// What cannot be read is neither lifted nor taken for what a watch waits for.
func TestSpoiltRollouts(t *testing.T) {
	t.Parallel()
	o := newOrigin(t, underWay())
	o.wait = func() error {
		o.repo.Write(rolloutsFile, "spoilt")
		return nil
	}
	out, err := o.run("watch", "swg", "-o=name")
	if err == nil || errors.Is(err, exit.ErrWaiting) || !strings.Contains(err.Error(), "rollouts.yaml") || out != "swg/canary\nswg/main\n" {
		t.Errorf("watch of what is spoilt meanwhile = %q, %v, want what it saw, and the fault", out, err)
	}
	before := o.repo.Tip()
	if out, err := o.run("lift", "swg=202"); err == nil || !strings.Contains(err.Error(), "rollouts.yaml") || out != "" || o.repo.Tip() != before {
		t.Errorf("lift in a spoilt file = %q, %v, want the fault and no commit", out, err)
	}
}

// Advance looks until its time is up for what Argo CD may show soon, and not
// for what it will not.
func TestAdvanceLooksAgain(t *testing.T) {
	t.Parallel()
	rest := underWay()
	rest.Lanes[rollout.Key{Ring: main, Product: swg}] = rollout.Lane{At: at("202"), Good: versions("200", "202")}
	for name, tc := range map[string]struct {
		reason string
		r      rollout.Rollouts
		waits  int
		err    error
	}{
		"UnderWay": {"the half that has it is not proven yet", underWay(), 4, exit.ErrWaiting},
		"Done":     {"nothing is left to see", rest, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, waits := rendered(t, tc.r), 0
			o.wait = func() error { waits++; return nil }
			if _, err := o.run("advance", "--timeout=20s"); !errors.Is(err, tc.err) || waits != tc.waits {
				t.Errorf("advance = %v after %d waits, want %v after %d: %s", err, waits, tc.err, tc.waits, tc.reason)
			}
		})
	}
}
