package gitlab_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// Whatever breaks in whatever call, before or after it is done, and however
// often processes begin anew: when GitLab answers again there is one open merge
// request of the bump and one note in each.
func TestOneOfEach(t *testing.T) {
	short.Skip(t, "asks git and GitLab thousands of times")
	w := newWorld(t, gitlabtest.Options{})
	rapid.Check(t, func(rt *rapid.T) {
		w.server.Close()
		w.anew(gitlabtest.Options{Checks: 1})
		p, planner := w.bump("swg", "203"), &plans{base: "0"}
		notes := w.notes(planner)
		pushes := 0
		steps := map[string]func(){
			"fault": func() {
				w.fake.Fail(gitlabtest.Fault{
					Method: rapid.SampledFrom([]string{"GET", "POST", "PUT", "DELETE"}).Draw(rt, "method"),
					Path:   rapid.SampledFrom([]string{"", "/notes", "/merge_requests", "/user"}).Draw(rt, "path"),
					After:  rapid.IntRange(0, 3).Draw(rt, "after"), Times: rapid.IntRange(1, 8).Draw(rt, "times"),
					Status:  rapid.SampledFrom([]int{0, 429, 500, 502, 503}).Draw(rt, "status"),
					Written: rapid.Bool().Draw(rt, "written"),
				})
			},
			"propose": func() { _, _ = w.open().Propose(t.Context(), p) },
			"round":   func() { _ = notes.Round(t.Context()) },
			"restart": func() { notes = w.notes(planner) },
			"push": func() {
				pushes++
				w.push(p.Branch, map[string]string{fleetFile: fmt.Sprintf("rings: [swg203, %d]\n", pushes)})
			},
			"main":    func() { planner.base += "1" },
			"comment": func() { comment(w) },
		}
		for _, step := range rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(steps))), 1, 12).Draw(rt, "steps") {
			steps[step]()
		}
		w.fake.Heal()
		if _, err := w.open().Propose(t.Context(), p); err != nil {
			rt.Fatal(err)
		}
		if err := w.notes(planner).Round(t.Context()); err != nil {
			rt.Fatal(err)
		}
		all := w.fake.MergeRequests()
		if len(all) != 1 || all[0].State != "opened" {
			rt.Fatalf("%d merge requests, want one: %+v", len(all), all)
		}
		if got := ours(all[0]); len(got) != 1 || got[0] == "" {
			rt.Fatalf("%d notes of ours, want one: %q", len(got), got)
		}
	})
}

func comment(w *world) {
	if len(w.fake.MergeRequests()) > 0 {
		w.fake.Comment(1, "ann", "looks good")
	}
}

// An answer that was lost after its call was done is no failure: GitLab is asked.
func TestLostAnswers(t *testing.T) {
	short.Skip(t, "asks git again and again")
	for _, status := range []int{0, http.StatusInternalServerError, http.StatusBadGateway} {
		w := newWorld(t, gitlabtest.Options{})
		w.fake.Fail(gitlabtest.Fault{Method: "POST", Path: "/merge_requests", Written: true, Status: status})
		if done := w.propose(w.bump("swg", "203")); done.Number != 1 {
			t.Errorf("Propose() = %+v, want !1", done)
		}
		w.fake.Fail(gitlabtest.Fault{Method: "POST", Path: "/notes", Written: true, Status: status})
		if err := w.notes(&plans{}).Round(t.Context()); err != nil {
			t.Errorf("Round() with an answer %d that was lost = %v", status, err)
		}
		if got := ours(w.fake.MergeRequests()[0]); len(got) != 1 {
			t.Errorf("our notes are %q, want one", got)
		}
	}
}

// A note that GitLab wrote late, after it was written once more, is taken away.
func TestLateNote(t *testing.T) {
	short.Skip(t, "asks git again and again")
	w := newWorld(t, gitlabtest.Options{})
	w.push("by-hand", map[string]string{fleetFile: "rings: [swg203]\n"})
	w.fake.Open("ann", "An edit", "by-hand")
	if err := w.notes(&plans{}).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := ours(w.fake.MergeRequests()[0])[0]
	w.fake.Comment(1, "sluice-bot", first)
	w.fake.Comment(1, "sluice-bot", "a person uses this account, too")
	if err := w.notes(&plans{base: "new"}).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := ours(w.fake.MergeRequests()[0]); len(got) != 2 || got[0] == first {
		t.Errorf("our notes are %q, want the first, anew, and the person's", got)
	}
}

// One merge request whose notes GitLab refuses costs no other its own.
func TestRefusedNote(t *testing.T) {
	short.Skip(t, "asks git again and again")
	w := newWorld(t, gitlabtest.Options{})
	for _, branch := range []string{"one", "two"} {
		w.push(branch, map[string]string{fleetFile: "rings: [" + branch + "]\n"})
		w.fake.Open("ann", "An edit", branch)
	}
	w.fake.Fail(gitlabtest.Fault{Method: "POST", Path: "/merge_requests/2/notes", Status: http.StatusForbidden})
	if err := w.notes(&plans{}).Round(t.Context()); err == nil {
		t.Error("Round() = nil, want to be told of the refusal")
	}
	if got := ours(w.fake.MergeRequests()[0]); len(got) != 1 {
		t.Errorf("the other's notes are %q, want one", got)
	}
}
