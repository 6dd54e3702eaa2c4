package gitlab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Change is what a merge request makes of people's files.
type Change struct {
	// Head is its commit.
	Head string
	// Files are what it touches, by path, as they are after the merge; nil for one
	// that is gone then.
	Files map[string][]byte
}

// Planner says what changes do.
type Planner interface {
	// Base names what plans are made against: with another name every plan is made again.
	Base(ctx context.Context) (string, error)
	// Plan returns, as Markdown that is safe to show, what a change does on top
	// of base. An error of class fault.Person says what is wrong with the change.
	Plan(ctx context.Context, base string, c Change) (string, error)
}

// NotesOptions configure Notes. Project, Branch and Plan are required.
type NotesOptions struct {
	Project *Project
	// Branch is the one that merge requests go to.
	Branch string
	Plan   Planner
	// Every is the mean time between two rounds; 30 s when zero.
	Every time.Duration
	// Hear is told what came of each round. May be nil.
	Hear func(error)
}

// Notes keeps one note in each open merge request that touches people's files:
// its plan, or why there is none. A round asks for the lists of merge requests
// and of pipelines, and for more only of what is another than in the round before.
type Notes struct {
	o      NotesOptions
	seen   map[int64]noted
	latest time.Time // change of a pipeline that was seen, by GitLab's clock
}

// noted is what a note was made of. Its artifact is looked for again when its
// pipeline is another.
type noted struct {
	key    string
	linked bool
}

// NewNotes returns what keeps notes.
func NewNotes(o NotesOptions) *Notes {
	if o.Every <= 0 {
		o.Every = 30 * time.Second
	}
	if o.Hear == nil {
		o.Hear = func(error) {}
	}
	return &Notes{o: o, seen: map[int64]noted{}}
}

// Run keeps the notes until ctx ends; poke begins a round at once.
func (n *Notes) Run(ctx context.Context, poke <-chan struct{}) {
	for ctx.Err() == nil {
		err := n.Round(ctx)
		if ctx.Err() == nil {
			n.o.Hear(err)
		}
		wait := time.NewTimer(backoff.Jitter(n.o.Every))
		select {
		case <-ctx.Done():
		case <-poke:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// Round looks at every open merge request once. A note that GitLab refuses
// costs no other its own; when GitLab does not answer, the round ends.
func (n *Notes) Round(ctx context.Context) error {
	base, err := n.o.Plan.Base(ctx)
	if err != nil {
		return err
	}
	of := api.ListProjectMergeRequestsOptions{State: new(opened), TargetBranch: &n.o.Branch, OrderBy: new("created_at"), Sort: new("desc")}
	open, err := all(n.o.Project.list(ctx, of))
	if err != nil {
		return err
	}
	ran, latest, err := n.o.Project.runs(ctx, n.latest)
	if err != nil {
		return err
	}
	there := map[int64]noted{}
	var faults []error
	for _, m := range open {
		last := n.seen[m.IID]
		if key := m.SHA + " " + base; last.key == key && (last.linked || !ran.of(m)) {
			there[m.IID] = last
			continue
		}
		now, err := n.keep(ctx, m, base, last)
		there[m.IID] = now
		if err == nil {
			continue
		}
		faults = append(faults, err)
		if fault.ClassOf(err) != fault.Person {
			break
		}
	}
	if n.seen = there; len(faults) == 0 {
		n.latest = latest
	}
	return errors.Join(faults[:min(len(faults), 3)]...)
}

// keep writes the note of a merge request if it is not as it should be.
func (n *Notes) keep(ctx context.Context, m *api.BasicMergeRequest, base string, last noted) (noted, error) {
	p, key := n.o.Project, m.SHA+" "+base
	whole, err := p.get(ctx, m.IID)
	if err != nil {
		return last, err
	}
	link, err := p.artifact(ctx, whole)
	if err != nil {
		return last, err
	}
	now := noted{key, link != ""}
	if last == now {
		return now, nil
	}
	ours, err := p.ours(ctx, m.IID, prefix(kindPlan))
	if err != nil || len(ours) == 1 && stamped(ours[0].Body) == stamp(key, link) {
		return now, err
	}
	body, err := n.body(ctx, whole, base)
	switch {
	case err != nil:
		return last, err
	case body == "" && len(ours) == 0:
		return now, nil
	case body == "":
		body = "This merge request touches none of people's files any more."
	case link != "":
		body += "\n\n[The whole plan](" + link + ")"
	}
	return now, p.noted(ctx, m.IID, kindPlan, stamp(key, link), body)
}

// body returns the text of a note; none for a merge request that does not
// touch people's files.
func (n *Notes) body(ctx context.Context, m *api.MergeRequest, base string) (string, error) {
	p := n.o.Project
	paths, whole, err := p.changes(ctx, m)
	if err != nil {
		return "", err
	}
	var theirs []string
	reason := ""
	for _, path := range paths {
		switch manifest.OwnerOf(path) {
		case manifest.People:
			theirs = append(theirs, path)
		case manifest.Renderer:
			reason = "it touches " + quoted(path) + ", which the renderer writes: take it out, main is rendered after the merge"
		case manifest.Nobody:
		}
	}
	switch {
	case !whole:
		reason = "it touches more files than GitLab lists: people's files are few, and rendered ones belong in no merge request"
	case len(theirs) == 0 && reason == "":
		return "", nil
	case m.SourceProjectID != m.TargetProjectID:
		reason = "it comes from a fork: push the branch to this project"
	}
	if reason != "" {
		return "**Not planned:** " + reason + ".", nil
	}
	merge, err := p.mergeRef(ctx, m.IID)
	if errors.Is(err, errUnmergeable) {
		return "**Not planned:** GitLab cannot merge it into the branch as it is now.", nil
	}
	if err != nil {
		return "", err
	}
	files, err := p.files(ctx, merge, theirs)
	if err != nil {
		return "", err
	}
	plan, err := n.o.Plan.Plan(ctx, base, Change{Head: m.SHA, Files: files})
	if fault.ClassOf(err) == fault.Person {
		text := "**Not planned:** " + quoted(err.Error())
		if hint := fault.HintOf(err); hint != "" {
			text += "\n\nHint: " + quoted(hint)
		}
		return text, nil
	}
	if err != nil {
		return "", fmt.Errorf("planning merge request !%d: %w", m.IID, err)
	}
	return cmp.Or(plan, "Nothing changes in any cluster."), nil
}
