package web

import (
	"context"
	"errors"
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

// History keeps the moves that the commits of a branch tell of an environment.
// A commit is read once: what comes later is added.
type History struct {
	env   ident.Environment
	head  git.Head
	moves []Move // oldest first
}

// NewHistory returns a history that has read nothing yet.
func NewHistory(env ident.Environment) *History { return &History{env: env} }

// Moves returns the moves up to a head that are not older than window.
func (h *History) Moves(ctx context.Context, r *git.Repo, head git.Head, now time.Time) ([]Move, error) {
	since := now.Add(-window)
	var fresh []Move
	var faults error
	again, walked := false, 0
	_, err := r.Nearest(ctx, head, func(c git.Head) bool {
		if walked++; c.Commit == h.head.Commit || walked > mostCommits {
			again = again || c.Commit == h.head.Commit
			return true
		}
		moved := publish.MovesOf(c, h.env)
		if len(moved) == 0 {
			return false
		}
		by, at, err := r.Committer(c)
		if faults = errors.Join(faults, err); err != nil || at.Before(since) {
			return true
		}
		for _, m := range slices.Backward(moved) {
			product, version, _ := strings.Cut(m.Rollout, "=")
			fresh = append(fresh, Move{At: at, Product: product, Version: version, Ring: m.Ring, Did: m.Did, To: m.To, Reason: m.Reason, By: by})
		}
		return false
	})
	if err = errors.Join(err, faults); err != nil {
		return nil, err
	}
	slices.Reverse(fresh)
	slices.SortStableFunc(fresh, func(a, b Move) int { return a.At.Compare(b.At) })
	if !again { // the first time, or the branch was written anew
		h.moves = nil
	}
	h.head, h.moves = head, slices.DeleteFunc(slices.Concat(h.moves, fresh), func(m Move) bool { return m.At.Before(since) })
	return h.moves, nil
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
