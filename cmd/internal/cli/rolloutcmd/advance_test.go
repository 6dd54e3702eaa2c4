package rolloutcmd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// rendered is a fleet in the middle of a rollout, as the engine writes it.
func rendered(t *testing.T, r rollout.Rollouts) origin {
	t.Helper()
	o := newOrigin(t, r)
	o.write(renderAll)
	o.argo = &argo{apps: map[string]map[string]string{}, said: map[string]map[string]string{}}
	o.wait = func() error { return nil }
	return o
}

func second() rollout.Rollouts {
	r := underWay()
	r.Lanes[rollout.Key{Ring: main, Product: swg}] = rollout.Lane{At: at("200"), Good: versions("200")}
	return r
}

// A person's word moves a ring that nobody observes, one step, and the commit
// says whose it was.
func TestPromote(t *testing.T) {
	t.Parallel()
	o := rendered(t, second())
	before := o.repo.Tip()
	if out, err := o.run("promote", "--ring=main", "--by=anna", "--dry-run", "-o=name"); !errors.Is(err, exit.ErrWaiting) || !strings.Contains(out, "swg/main\n") || o.repo.Tip() != before {
		t.Fatalf("promote --dry-run = %q, %v, want the lane and no commit", out, err)
	}
	if _, err := o.run("promote", "--ring=main", "--by=anna", "--reason=seen healthy"); !errors.Is(err, exit.ErrWaiting) {
		t.Fatal(err)
	}
	if got := o.rollouts().Lanes[rollout.Key{Ring: main, Product: swg}].At[0].Version; got != versions("202")[0] {
		t.Errorf("main is granted %s, want 202", got)
	}
	if app := o.repo.Git("show", "main:environments/local/fleet/rings/main.yaml"); !strings.Contains(app, `swg: "202"`) {
		t.Errorf("ring main is rendered as\n%s\nwant it to be granted swg 202", app)
	}
	if message := o.repo.Git("log", "-1", "--format=%B", "main"); !strings.Contains(message, "Rollout: swg=202\nDid: granted\nRing: main\nTo: 100%\nReason: promoted by anna: seen healthy\n") {
		t.Errorf("the commit says\n%s\nwant who promoted it, and why", message)
	}
}

func TestAdvanceRefuses(t *testing.T) {
	t.Parallel()
	o := rendered(t, second())
	before := o.repo.Tip()
	for name, tc := range map[string]struct {
		reason, want string
		args         []string
	}{
		"NoRing":  {"a ring is a person's word about it", "--ring", []string{"promote", "--by=anna"}},
		"OddRing": {"no such ring", `"mian"`, []string{"promote", "--ring=mian", "--by=anna"}},
		"Nobody":  {"a word is somebody's", "--by", []string{"promote", "--ring=main"}},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := o.run(tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) || fault.HintOf(err) == "" || o.repo.Tip() != before {
				t.Errorf("%q = %q, %v, want an error with %s, a hint and no commit: %s", tc.args, out, err, tc.want, tc.reason)
			}
		})
	}
}

// Silence moves nothing, and an Argo CD that does not answer is an error.
func TestAdvanceOnSilence(t *testing.T) {
	t.Parallel()
	o := rendered(t, underWay())
	before := o.repo.Tip()
	if out, err := o.run("advance", "-o=name", "--timeout=0s"); !errors.Is(err, exit.ErrWaiting) || o.repo.Tip() != before || !strings.Contains(out, "swg/main\n") {
		t.Errorf("advance = %q, %v, want that it waits, and no commit", out, err)
	}
	o.argo.deny = errors.New("no answer")
	if _, err := o.run("advance"); err == nil || errors.Is(err, exit.ErrWaiting) || o.repo.Tip() != before {
		t.Errorf("advance without an answer = %v, want its error and no commit", err)
	}
}

// A step that lost the race is decided again on the new head.
func TestAdvanceAgain(t *testing.T) {
	short.Skip(t, "renders the example again and again")
	t.Parallel()
	o := rendered(t, second())
	looks := 0
	o.argo.looks = func() {
		if looks++; looks == 1 {
			o.repo.Write("README.md", "somebody was faster")
		}
	}
	if _, err := o.run("promote", "--ring=main", "--by=anna", "--kubeconfig=x"); !errors.Is(err, exit.ErrWaiting) {
		t.Fatal(err)
	}
	if got := o.rollouts().Lanes[rollout.Key{Ring: main, Product: swg}].At[0].Version; got != versions("202")[0] || looks < 2 {
		t.Errorf("main is granted %s after %d lists, want 202 on top of the other commit", got, looks)
	}
	if subject := o.repo.Git("log", "-1", "--skip=1", "--format=%s", "main"); subject != "foreign" {
		t.Errorf("the step is on top of %q", subject)
	}
}

// The words are those of the actions in Argo CD's UI, on the first slice.
func TestSay(t *testing.T) {
	t.Parallel()
	o := rendered(t, underWay())
	for i, paused := range []string{`"gatorcloud.io/paused": "true"`, `"gatorcloud.io/paused": "false"`, ""} {
		name := fmt.Sprintf("local-main-0%d", i)
		o.argo.put("ring", name, "", paused, `"swg": "202", "dsa": "31"`)
	}
	for name, tc := range map[string]struct {
		reason string
		args   []string
		want   string
		on     string
		key    string
		value  string
	}{
		"Approve": {"one press approves every product", []string{"approve"}, "local-main-00 dsa=31,swg=202", "local-main-00", "gatorcloud.io/approved", "dsa=31,swg=202"},
		"Pause":   {"a pause of one is one of the ring", []string{"pause"}, "local-main-00", "local-main-00", "gatorcloud.io/paused", "true"},
		"Resume":  {"only where it is paused", []string{"resume"}, "local-main-00", "local-main-00", "gatorcloud.io/paused", "false"},
		"DryRun":  {"nothing is said", []string{"pause", "--dry-run"}, "local-main-00", "local-main-00", "gatorcloud.io/paused", ""},
	} {
		t.Run(name, func(t *testing.T) {
			clear(o.argo.said)
			out, err := o.run(append(tc.args, "--ring=main", "--no-headers")...)
			if got := strings.Join(strings.Fields(strings.ReplaceAll(out, " - ", " ")), " "); err != nil || strings.TrimSuffix(got, " -") != tc.want || o.argo.said[tc.on][tc.key] != tc.value {
				t.Errorf("%q = %q, %v and says %v, want %q: %s", tc.args, out, err, o.argo.said, tc.want, tc.reason)
			}
		})
	}
	o.argo.deny = fault.Hintf("get, list and patch are needed", "forbidden")
	if _, err := o.run("pause", "--ring=main"); fault.HintOf(err) == "" {
		t.Errorf("pause without the right = %v, want what is missing", err)
	}
	o.argo.deny = nil
	if _, err := o.run("pause", "--ring=none"); err == nil || fault.HintOf(err) == "" {
		t.Errorf("pause of no ring = %v, want an error with a hint", err)
	}
}
