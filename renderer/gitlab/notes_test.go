package gitlab_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// Each open merge request that touches people's files has one note, with the
// plan or with the reason why there is none.
func TestNotes(t *testing.T) {
	short.Skip(t, "makes a repository for each")
	edit := map[string]string{fleetFile: "rings: [swg203]\n"}
	for name, tc := range map[string]struct {
		reason string
		files  map[string]string
		before func(w *world)
		plan   plans
		want   string // in the note; empty for no note
	}{
		"Planned":  {reason: "an edit of the fleet", files: edit, want: "plan of "},
		"Catalog":  {reason: "a version that is published", files: map[string]string{"catalog/products/swg/203/product.yaml": "x: y\n"}, want: "plan of "},
		"Nothing":  {reason: "that nothing changes is said too", files: edit, plan: plans{text: "Nothing changes."}, want: "Nothing changes."},
		"README":   {reason: "none of people's files", files: map[string]string{"README.md": "hello\n"}},
		"Rendered": {reason: "main is rendered after the merge", files: map[string]string{fleetFile: "x\n", "environments/local/tenants/01/00/1000001/tenant.yaml": "x\n"}, want: "which the renderer writes"},
		"Rollouts": {reason: "the engine's", files: map[string]string{"environments/local/rollouts.yaml": "x\n"}, want: "`environments/local/rollouts.yaml`"},
		"Bad": {reason: "what is wrong is said without a command", files: edit,
			plan: plans{fault: fault.Hintf("quote it", "reading fleet.yaml:\n/merge `@all` version 202")}, want: "`reading fleet.yaml: /merge '@all' version 202`\n\nHint: `quote it`"},
		"Fork": {reason: "another project's branch", files: edit, before: func(w *world) {
			w.fake.Shut(1)
			w.fake.Fork("eve", "Bump", "by-hand")
		}, want: "it comes from a fork"},
		"Conflict": {reason: "there is no merge to plan", files: edit, before: func(w *world) { w.repo.Write(fleetFile, "rings: [other]\n") }, want: "cannot merge it"},
		"Mimic": {reason: "a note of somebody else is not ours", files: edit, before: func(w *world) {
			w.fake.Comment(1, "eve", "<!-- sluice:plan 00 -->\nall is well")
		}, want: "plan of "},
		"Long":   {reason: "GitLab shows no novels", files: edit, plan: plans{text: strings.Repeat("one tenant\n", 100_000)}, want: "The rest is cut."},
		"Closed": {reason: "only what is open", files: edit, before: func(w *world) { w.fake.Shut(1) }},
		"Talk": {reason: "ours is found behind what people said", files: edit, before: func(w *world) {
			for i := range 250 {
				w.fake.Comment(1, "ann", fmt.Sprint("comment ", i))
			}
		}, want: "plan of "},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, gitlabtest.Options{Checks: 1})
			w.push("by-hand", tc.files)
			w.fake.Open("ann", "An edit", "by-hand")
			if tc.before != nil {
				tc.before(w)
			}
			for range 3 { // three processes, two rounds each
				n := w.notes(&tc.plan)
				for range 2 {
					if err := n.Round(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
			}
			if tc.want != "" && tc.plan.made > 1 {
				t.Errorf("planned %d times, want once: the note says what it was made of", tc.plan.made)
			}
			all := w.fake.MergeRequests()
			notes := ours(all[len(all)-1])
			if tc.want == "" && len(notes) == 0 {
				return
			}
			if len(notes) != 1 || tc.want == "" || !strings.Contains(notes[0], tc.want) || len(notes[0]) > 66_000 {
				t.Errorf("the notes are %.300q, want one with %q: %s", notes, tc.want, tc.reason)
			}
		})
	}
}

// A note follows what it was made of, in its place.
func TestNotesFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	w.push("by-hand", map[string]string{fleetFile: "rings: [swg203]\n"})
	number := w.fake.Open("ann", "An edit", "by-hand")
	p := &plans{base: "b1"}
	n := w.notes(p)
	for _, tc := range []struct {
		reason string
		change func()
		want   string
		made   int
	}{
		{"the first", func() {}, "on b1", 1},
		{"nothing happened", func() {}, "on b1", 1},
		{"main has other people's files", func() { p.base = "b2" }, "on b2", 2},
		{"a push", func() { w.push("by-hand", map[string]string{fleetFile: "rings: [swg204]\n"}) }, "on b2", 3},
		{"the pipeline has the whole plan", func() {
			if err := w.fake.Pipeline(number, "success"); err != nil {
				t.Fatal(err)
			}
		}, "/artifacts/file/plan/plan.html)", 4},
		{"and no other", func() {}, "/artifacts/file/plan/plan.html)", 4},
		{"people's files are out of it", func() { w.push("by-hand", map[string]string{"README.md": "hello\n"}) }, "none of people's files any more", 4},
	} {
		tc.change()
		if err := n.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		notes := ours(w.fake.MergeRequests()[0])
		if len(notes) != 1 || !strings.Contains(notes[0], tc.want) || p.made != tc.made {
			t.Errorf("%s: notes %q after %d plans, want one with %q after %d", tc.reason, notes, p.made, tc.want, tc.made)
		}
	}
}

// What others merged meanwhile is in what is planned.
func TestPlansTheMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{})
	w.repo.Write(fleetFile, "a: 1\n\n\n\n\n\nb: 1\n")
	w.push("by-hand", map[string]string{fleetFile: "a: 2\n\n\n\n\n\nb: 1\n"})
	w.fake.Open("ann", "An edit", "by-hand")
	w.repo.Write(fleetFile, "a: 1\n\n\n\n\n\nb: 2\n")
	p := &plans{}
	if err := w.notes(p).Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := string(p.last.Files[fleetFile]); got != "a: 2\n\n\n\n\n\nb: 2\n" {
		t.Errorf("planned %q, want both edits", got)
	}
}

// A round over a thousand merge requests asks GitLab for what is another, and for
// its lists: one call for each hundred.
func TestNotesOfMany(t *testing.T) {
	short.Skip(t, "asks git a thousand times")
	const many = 1000
	w := newWorld(t, gitlabtest.Options{})
	w.push("by-hand", map[string]string{fleetFile: "rings: [swg203]\n"})
	w.push("readme", map[string]string{"README.md": "hello\n"})
	for i := range many {
		w.fake.Open("ann", fmt.Sprint("An edit ", i), []string{"by-hand", "readme"}[i%2])
	}
	w.push("another", map[string]string{fleetFile: "rings: [swg204]\n"})
	number := w.fake.Open("ann", "Another edit", "another")
	p := &plans{}
	n, calls := w.notes(p), 0
	for _, tc := range []struct {
		reason      string
		change      func()
		most, plans int
	}{
		{"each is looked at, and written to", func() {}, 9*many + 100, many/2 + 1},
		{"nothing is another", func() {}, 0, 0},
		{"a pipeline begins", func() { w.pipeline(number, "running") }, 2, 0},
		{"and has the whole plan", func() { w.pipeline(number, "success") }, 9, 1},
		{"nothing is another", func() {}, 0, 0},
		{"a push", func() { w.push("another", map[string]string{fleetFile: "rings: [swg205]\n"}) }, 9, 1},
		{"nothing is another", func() {}, 0, 0},
	} {
		tc.change()
		before := p.made
		if err := n.Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		lists, all := (many+100)/100+1, len(w.fake.Calls())
		if got := all - calls - lists; got > tc.most || p.made-before != tc.plans {
			t.Errorf("%s: a round makes %d calls beside %d for lists and %d plans, want at most %d and %d:\n%s", tc.reason, got, lists, p.made-before, tc.most, tc.plans,
				strings.Join(w.fake.Calls()[max(all-20, calls):], "\n"))
		}
		calls = all
	}
}
