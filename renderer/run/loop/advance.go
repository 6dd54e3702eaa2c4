package loop

import (
	"context"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Observer shows what became of grants.
type Observer interface {
	Observe(ctx context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error)
}

// progress is what a leader knows of the rollouts beside what Git holds.
type progress struct {
	ill     map[rollout.Key]time.Time
	reasons []rollout.Reason
	moves   []rollout.Move    // decided and not published
	start   *rollout.Rollouts // what they lead to, if only a full render brings it about
}

// UnseenError says why Argo CD showed nothing.
type UnseenError struct{ error }

// Unwrap returns the reason, which carries the hint.
func (u *UnseenError) Unwrap() error { return u.error }

// Reasons says why what does not move stands where it is, as of the last Advance.
func (c *Core) Reasons() []rollout.Reason { return c.reasons }

// Granted returns what the rings may run; nothing before the first render.
func (c *Core) Granted() rollout.Rollouts {
	if c.roster == nil {
		return rollout.Rollouts{}
	}
	_, r := c.roster.Rollouts()
	return r
}

// Moving reports whether looking at Argo CD may move something.
func (c *Core) Moving() bool {
	if c.config.Observer == nil || c.roster == nil {
		return false
	}
	in, r := c.roster.Rollouts()
	return len(c.reasons) > 0 || len(in.Moving(r)) > 0
}

// Advance looks at what Argo CD shows and publishes what the engine decides
// from it. What could not be published is tried again by the next Step.
func (c *Core) Advance(ctx context.Context, now time.Time) (Outcome, error) {
	if c.config.Observer == nil || c.roster == nil || c.unsure || c.roster.Changed() {
		return Outcome{}, nil
	}
	in, r := c.roster.Rollouts()
	seen, err := c.config.Observer.Observe(ctx, in, r)
	if err != nil {
		return Outcome{}, &UnseenError{fmt.Errorf("observing environment %q: %w", c.config.Environment, err)}
	}
	seen.Ill = c.ill
	res := rollout.Advance(in, r, seen, now)
	c.ill, c.reasons = res.Ill, res.Reasons
	if len(res.Moves) == 0 {
		return Outcome{}, nil
	}
	defer c.turn()() // not while it looks: another environment's Argo CD may be slow
	c.moves = res.Moves
	start, ok := c.ready.Renderer.Grant(c.roster, res.Rollouts)
	if ok {
		return c.window(ctx, now)
	}
	c.roster, c.start = nil, &start
	return c.full(ctx, now)
}

// forget drops what was decided for another head.
func (p *progress) forget() { p.moves, p.start = nil, nil }
