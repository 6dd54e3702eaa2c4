package gitlab_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// A merge request merges when its pipeline is green, at the commit that was
// proposed, and not before there is a pipeline.
func TestMerge(t *testing.T) {
	short.Skip(t, "makes a repository for each")
	pipeline := func(w *world, status string) {
		if err := w.fake.Pipeline(1, status); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		reason string
		before func(w *world)
		merged bool
		class  fault.Class
		says   string
		state  string // in the end
	}{
		"Green":      {reason: "merges at once", before: func(w *world) { pipeline(w, "success") }, merged: true, state: "merged"},
		"Running":    {reason: "GitLab merges later", before: func(w *world) { pipeline(w, "running") }, state: "opened"},
		"NoPipeline": {reason: "a project without pipelines proves nothing", before: func(*world) {}, class: fault.Wait, says: "it has no pipeline yet", state: "opened"},
		"Red":        {reason: "nothing waits for that", before: func(w *world) { pipeline(w, "failed") }, class: fault.Person, says: "its pipeline is failed", state: "opened"},
		"Draft": {reason: "a person says when it is ready", before: func(w *world) { w.fake.Rename(1, "Draft: x"); pipeline(w, "success") },
			class: fault.Person, says: "draft_status", state: "opened"},
		"Conflict": {reason: "main went on", before: func(w *world) { pipeline(w, "success"); w.repo.Write(fleetFile, "rings: [other]\n") }, class: fault.Person, says: "conflict", state: "opened"},
		"Closed":   {reason: "people said no", before: func(w *world) { w.fake.Shut(1) }, class: fault.Person, says: "it is closed", state: "closed"},
		"Moved": {reason: "another commit than the one that was looked at", before: func(w *world) {
			w.push("sluice/bump/local/swg-203", map[string]string{fleetFile: "rings: [evil]\n"})
			pipeline(w, "success")
		}, class: fault.Wait, says: "has not seen the pushed commit", state: "opened"},
		"MergedMeanwhile": {reason: "a refusal may mean that it is done", before: func(w *world) {
			pipeline(w, "success")
			w.fake.Fail(gitlabtest.Fault{Method: "PUT", Path: "/merge", Written: true, Status: http.StatusMethodNotAllowed})
		}, merged: true, state: "merged"},
		"CutAfter": {reason: "the answer was lost, the merge was not", before: func(w *world) {
			pipeline(w, "success")
			w.fake.Fail(gitlabtest.Fault{Method: "PUT", Path: "/merge", Written: true})
		}, merged: true, state: "merged"},
		"Refused": {reason: "GitLab says why not for as long as we ask", before: func(w *world) {
			pipeline(w, "success")
			w.fake.Fail(gitlabtest.Fault{Method: "PUT", Path: "/merge", Status: http.StatusMethodNotAllowed, Times: 1000})
		}, class: fault.Wait, says: "GitLab does not merge it", state: "opened"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, gitlabtest.Options{Checks: 2, NeedPipeline: true})
			done := w.propose(w.bump("swg", "203"))
			tc.before(w)
			merged, err := w.open().Merge(t.Context(), 1, done.Head, gitlab.AutoMerge{Patience: time.Second, Poll: 5 * time.Millisecond})
			if merged != tc.merged || fault.ClassOf(err) != tc.class || err != nil && !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("Merge() = %t, %v, want %t, class %v: %s", merged, err, tc.merged, tc.class, tc.reason)
			}
			if got := w.fake.MergeRequests()[0]; got.State != tc.state {
				t.Errorf("it is %s, want %s: %s", got.State, tc.state, tc.reason)
			}
		})
	}
}

// What GitLab was asked to merge later, it merges when the pipeline is green.
func TestMergesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, gitlabtest.Options{NeedPipeline: true})
	done := w.propose(w.bump("swg", "203"))
	if err := w.fake.Pipeline(1, "running"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking twice is asking once
		if _, err := w.open().Merge(t.Context(), 1, done.Head, gitlab.AutoMerge{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.fake.Pipeline(1, "success"); err != nil {
		t.Fatal(err)
	}
	if got := w.repo.Git("show", "main:"+fleetFile); got != "rings: [swg203]" {
		t.Errorf("main has %q, want the bump", got)
	}
}
