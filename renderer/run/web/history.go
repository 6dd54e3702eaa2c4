package web

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// mostCommits bounds how far back moves are looked for: a branch in which nothing
// moves is long.
const mostCommits = 10000

// History keeps the moves that the commits of a branch tell of an environment,
// and the bumps of people among them. A commit is read once: what comes later is added.
type History struct {
	env   ident.Environment
	head  git.Head
	known map[git.Hash]bool // the commits that were read
	moves []Move            // oldest first
}

// NewHistory returns a history that has read nothing yet.
func NewHistory(env ident.Environment) *History {
	return &History{env: env, known: map[git.Hash]bool{}}
}

// Moves returns the moves up to a head that are not older than window.
func (h *History) Moves(ctx context.Context, r *git.Repo, head git.Head, now time.Time) ([]Move, error) {
	w := &walk{History: h, since: now.Add(-window), requests: map[string]request{}, walked: map[git.Hash]bool{}}
	if _, err := r.Nearest(ctx, head, w.end); err != nil {
		return nil, err
	}
	slices.Reverse(w.fresh)
	slices.SortStableFunc(w.fresh, func(a, b Move) int { return a.At.Compare(b.At) })
	if !w.again { // the first time, or the branch was written anew
		h.moves, h.known = nil, map[git.Hash]bool{}
	}
	maps.Copy(h.known, w.walked)
	h.head = head
	h.moves = slices.DeleteFunc(slices.Concat(h.moves, w.fresh), func(m Move) bool { return m.At.Before(w.since) })
	return h.moves, nil
}

// walk is one way back from a head.
type walk struct {
	*History
	since    time.Time
	requests map[string]request // merge requests whose merge was met, by title
	fresh    []Move             // newest first
	walked   map[git.Hash]bool
	again    bool // what is known was met
}

// request is a merge request that was merged.
type request struct {
	number, by string
	at         time.Time
}

// end takes in a commit, and reports whether the line of history ends for us. A
// bump is of when it was merged; the branch that it was on began before what is
// known, which ends that line too.
func (w *walk) end(c git.Head) bool {
	w.again = w.again || c.Commit == w.head.Commit
	if w.known[c.Commit] || len(w.walked) > mostCommits {
		return true
	}
	w.walked[c.Commit] = true
	at, by := c.Committed, c.Committer
	old := !at.IsZero() && at.Before(w.since) // one that says no time hides nothing behind it
	if title, number, merge := publish.Merged(c); merge {
		w.requests[title] = request{number, by, at}
		return old
	}
	moved := slices.Concat(publish.MovesOf(c, w.env), publish.BumpsOf(c, w.env))
	for _, m := range slices.Backward(moved) {
		product, version, _ := strings.Cut(m.Rollout, "=")
		one := Move{At: at, Product: product, Version: version, Ring: m.Ring, Did: m.Did, To: m.To, Reason: m.Reason, By: by}
		if r, ok := w.requests[publish.Title(c)]; ok && m.Did == publish.Bumped {
			one.At, one.Reason = r.at, one.Reason+", merge request "+r.number+", merged by "+r.by
		}
		w.fresh = append(w.fresh, one)
	}
	return old
}

// Ahead returns the moves that come next if all stays healthy, and the freezes
// that people wrote.
func Ahead(in *rollout.Input, r rollout.Rollouts, now time.Time) (next []Move, freezes []Freeze) {
	for _, f := range rollout.Forecast(in, r, now).Moves {
		subject := f.Product.String()
		if !f.Component.IsZero() {
			subject = f.Component.String()
		}
		m := Move{At: f.At, Product: subject, Version: f.Version.String(), Ring: f.Ring.String(), Did: string(f.What), Reason: f.Reason}
		if f.To > 0 {
			m.To = publish.Percent(f.To)
		}
		next = append(next, m)
	}
	for _, f := range in.Fleet.Freezes {
		freezes = append(freezes, Freeze{f.From, f.To, f.Reason})
	}
	return next, freezes
}
