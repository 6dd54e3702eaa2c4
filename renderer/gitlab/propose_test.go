package gitlab_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// Whatever happened before, a proposal ends in one merge request, or says why not.
func TestPropose(t *testing.T) { //nolint:gocyclo // a table of what each shall find
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		before func(w *world)
		change func(p *gitlab.Proposal)
		class  fault.Class
		hint   string
		want   func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest)
	}{
		"New": {reason: "made as asked", change: func(p *gitlab.Proposal) { p.Reviewers = []string{"ann", "ghost"} },
			before: func(w *world) { w.fake.User("ann") },
			want: func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest) {
				m := all[0]
				if !done.Created || len(all) != 1 || m.Title != "Bump swg to 203 in local" || !slices.Equal(m.Labels, []string{"bump", "sluice"}) ||
					!slices.Equal(m.Reviewers, []string{"ann"}) || !slices.Equal(done.Unknown, []string{"ghost"}) || !strings.HasSuffix(done.URL, "/-/merge_requests/1") {
					t.Errorf("Propose() = %+v, %+v", done, all)
				}
			}},
		"Twice": {reason: "the same once more changes nothing", before: func(w *world) { w.propose(w.bump("swg", "203")) },
			want: func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest) {
				if done.Created || len(all) != 1 {
					t.Errorf("Propose() = %+v, %+v", done, all)
				}
			}},
		"Updated": {reason: "labels of people and the draft stay, the description follows", before: func(w *world) {
			p := w.bump("swg", "203")
			p.Labels, p.Description = []string{"urgent"}, "an older plan"
			w.propose(p)
			w.fake.Rename(1, "Draft: Bump swg to 203 in local")
		}, want: func(t *testing.T, _ gitlab.Proposed, all []gitlabtest.MergeRequest) {
			if m := all[0]; len(all) != 1 || !slices.Equal(m.Labels, []string{"bump", "sluice", "urgent"}) || !strings.HasPrefix(m.Title, "Draft:") || !strings.Contains(m.Description, "the plan") {
				t.Errorf("it is %+v", m)
			}
		}},
		"Wider": {reason: "the canary first, then everybody: it is the same branch", before: func(w *world) {
			p := w.bump("swg", "203")
			p.Title = "Bump swg to 203 in ring canary of local"
			w.propose(p)
			w.fake.Rename(1, "Draft: "+p.Title)
		}, want: func(t *testing.T, _ gitlab.Proposed, all []gitlabtest.MergeRequest) {
			if len(all) != 1 || all[0].Title != "Draft: Bump swg to 203 in local" {
				t.Errorf("they are %+v", all)
			}
		}},
		"Closed": {reason: "people said no", before: func(w *world) { w.propose(w.bump("swg", "203")); w.fake.Shut(1) }, class: fault.Person, hint: "--again"},
		"Again": {reason: "and yes", before: func(w *world) { w.propose(w.bump("swg", "203")); w.fake.Shut(1) },
			change: func(p *gitlab.Proposal) { p.Again = true },
			want: func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest) {
				if len(all) != 1 || all[0].State != "opened" || !done.Created {
					t.Errorf("it is %+v", all)
				}
			}},
		"Merged": {reason: "after a revert the same bump is another one", before: func(w *world) {
			w.propose(w.bump("swg", "203"))
			if err := w.fake.Merge(1, "ann"); err != nil {
				w.t.Fatal(err)
			}
		}, want: func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest) {
			if len(all) != 2 || done.Number != 2 {
				t.Errorf("they are %+v", all)
			}
		}},
		"Foreign": {reason: "what is somebody's is not overwritten", before: func(w *world) {
			w.bump("swg", "203")
			w.fake.Open("ann", "My own experiment", "sluice/bump/local/swg-203")
		}, class: fault.Person, hint: "close it"},
		"Fork": {reason: "a fork's branch of that name is another", before: func(w *world) {
			w.bump("swg", "203")
			w.fake.Fork("eve", "Bump swg to 203 in local", "sluice/bump/local/swg-203")
		}, want: func(t *testing.T, done gitlab.Proposed, all []gitlabtest.MergeRequest) {
			if done.Number != 2 {
				t.Errorf("it is !%d of %+v", done.Number, all)
			}
		}},
		"Long": {reason: "old servers take 25,000 characters", change: func(p *gitlab.Proposal) { p.Description = strings.Repeat("a tenant\n", 9000) },
			want: func(t *testing.T, _ gitlab.Proposed, all []gitlabtest.MergeRequest) {
				if n := len(all[0].Description); n > 25_000 || n < 20_000 || !strings.HasSuffix(all[0].Description, "The rest is cut.") {
					t.Errorf("the description has %d characters", n)
				}
			}},
		"NoBranch": {reason: "nothing was pushed", change: func(p *gitlab.Proposal) { p.Branch = "nowhere" }, class: fault.Person},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, gitlabtest.Options{MaxDescription: 25_000})
			if tc.before != nil {
				tc.before(w)
			}
			p := w.bump("swg", "203")
			if tc.change != nil {
				tc.change(&p)
			}
			done, err := w.open().Propose(t.Context(), p)
			if fault.ClassOf(err) != tc.class || !strings.Contains(fault.HintOf(err), tc.hint) {
				t.Fatalf("Propose() = %v, hint %q, want class %v: %s", err, fault.HintOf(err), tc.class, tc.reason)
			}
			if tc.want != nil {
				tc.want(t, done, w.fake.MergeRequests())
			}
		})
	}
}

func (w *world) propose(p gitlab.Proposal) gitlab.Proposed {
	w.t.Helper()
	done, err := w.open().Propose(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// A bump ends our older ones of the same product, and nobody else's.
func TestSupersedes(t *testing.T) {
	short.Skip(t, "asks git again and again")
	w := newWorld(t, gitlabtest.Options{})
	both := w.bump("swg", "201")
	both.Subjects = append(both.Subjects, "local/ucwi")
	w.propose(both)
	w.propose(w.bump("swg", "202"))
	w.propose(w.bump("swg-lite", "7"))
	w.push("by-hand", map[string]string{fleetFile: "x: y\n"})
	w.fake.Open("ann", "Bump swg to 199 in local", "by-hand")
	done := w.propose(w.bump("swg", "203"))
	if !slices.Equal(done.Superseded, []int64{2}) {
		t.Errorf("Propose() supersedes %v, want !2 alone", done.Superseded)
	}
	all := w.fake.MergeRequests()
	for i, want := range []string{"opened", "closed", "opened", "opened", "opened"} {
		if all[i].State != want {
			t.Errorf("!%d %s is %s, want %s", all[i].Number, all[i].Title, all[i].State, want)
		}
	}
	if notes := ours(all[1]); len(notes) != 1 || !strings.Contains(notes[0], "Superseded by !5") {
		t.Errorf("!2 says %q, want a link to !5", notes)
	}
}

// Our own are found behind a thousand others.
func TestManyOpen(t *testing.T) {
	short.Skip(t, "asks git again and again")
	w := newWorld(t, gitlabtest.Options{})
	w.propose(w.bump("swg", "202"))
	for i := range 1000 {
		w.fake.Open("ann", "Something else", "by-hand-"+string(rune('a'+i%26)))
	}
	if done := w.propose(w.bump("swg", "203")); !slices.Equal(done.Superseded, []int64{1}) {
		t.Errorf("Propose() supersedes %v, want !1", done.Superseded)
	}
}
