package loop

import (
	"context"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// catalogDir is the catalog's folder in a repository.
const catalogDir = "catalog"

// look reads the head of the branch and decides what of our knowledge still
// holds there.
func (c *Core) look(ctx context.Context) error {
	head, err := c.config.Branch.Head(ctx)
	if err != nil {
		return err
	}
	if head.IsZero() {
		return fault.Hintf("push catalog/ and environments/ to it first", "reading the branch: it has no commit")
	}
	if head.Commit == c.head.Commit && c.ready != nil {
		c.unsure, c.attempt = false, attempt{}
		return nil
	}
	if !c.attempt.head.IsZero() && head.Commit == c.attempt.head.Commit { // the push arrived, its answer did not
		// What is pending is rendered once more and found to be there, or differs
		// from what the fleet is now: as that push made it.
		c.moved(head, c.attempt.mark)
		if c.roster != nil {
			c.roster.Settle()
		}
		c.forget() // it is in that commit
		c.unsure, c.attempt = false, attempt{}
		return nil
	}
	return c.follow(ctx, head)
}

// follow goes to a head that somebody else made.
func (c *Core) follow(ctx context.Context, head git.Head) error {
	mark, err := publish.Last(ctx, c.config.Branch, head, c.config.Environment)
	if err != nil {
		return err
	}
	keep, err := c.untouched(head)
	if err != nil {
		return err
	}
	if keep {
		c.moved(head, mark)
		c.unsure, c.attempt = false, attempt{}
		return nil
	}
	ready, err := c.config.Pipeline.Prepare(c.config.Branch.FS(head), c.config.Environment, pipeline.Options{Workers: c.config.Workers})
	if err != nil {
		return err
	}
	if ready.Site.Etcd.Prefix != c.config.Source.Prefix() {
		return ErrPrefix
	}
	c.head, c.mark, c.ready, c.roster = head, mark, ready, nil
	c.forget()
	c.unsure, c.attempt = false, attempt{}
	return nil
}

// untouched reports whether what we know of the environment holds at a new
// head: neither it nor the catalog has changed.
func (c *Core) untouched(head git.Head) (bool, error) {
	if c.roster == nil || c.ready == nil {
		return false, nil
	}
	for _, path := range []string{catalogDir, manifest.EnvironmentPath(c.config.Environment)} {
		same, err := c.config.Branch.Same(c.head, head, path)
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}
