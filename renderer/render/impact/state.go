package impact

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/facts"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// state is an environment at one state of people's files.
type state struct {
	site *environments.Site
	// now is what tenants run once these files are rendered.
	now render.Head
	// end is what runs when the engine has moved all that it can.
	end     *render.Survey
	outlook rollout.Outlook
	skipped []string // what the renderer leaves out
	// then is what runs now, where that was asked for.
	then *render.Running
}

// looker looks at an environment in trees of a repository.
type looker struct {
	pipeline *pipeline.Pipeline
	memory   memory
	env      ident.Environment
	options  Options
}

// both looks at the environment before and after a change, at once: each for
// itself is mostly one thing after another. What both read is read meanwhile.
func (l looker) both(ctx context.Context, t Trees) (was, is *state, err error) {
	var before error
	var g sync.WaitGroup
	g.Go(func() { was, before = l.look(ctx, t.Before, true) })
	g.Go(l.memory.ahead)
	is, err = l.look(ctx, joined{rendered: t.Before, people: t.After}, false)
	g.Wait()
	if before != nil {
		return nil, nil, fmt.Errorf("before the change: %w", before)
	}
	return was, is, err
}

// look returns the state of the environment in files, and with then what runs
// there before the engine moves anything; nil if it is not there.
func (l looker) look(ctx context.Context, files fs.FS, then bool) (*state, error) {
	root, err := fs.Sub(files, manifest.Root)
	if err != nil {
		return nil, err
	}
	if names, err := environments.List(root); err != nil || !slices.Contains(names, l.env) {
		return nil, err
	}
	ready, err := l.pipeline.Prepare(files, l.env, pipeline.Options{Workers: l.options.Workers})
	if err != nil {
		return nil, err
	}
	all, err := facts.Recall(l.memory, l.options.Now, facts.Life(ready.Site.Life))
	if err != nil {
		return nil, err
	}
	s := &state{site: ready.Site}
	in, now, err := ready.Renderer.Settled(all, l.memory)
	if err != nil {
		return nil, err
	}
	s.now, s.outlook = now, rollout.Forecast(in, now.Rollouts, l.options.Now)
	survey := func(r rollout.Rollouts) (*render.Survey, error) {
		return ready.Renderer.Survey(ctx, all, memory{l.memory.reading, &now}, &r)
	}
	var g errgroup.Group
	g.Go(func() (err error) {
		s.end, err = survey(s.outlook.Rollouts)
		return err
	})
	if then && s.moves() {
		g.Go(func() error {
			at, err := survey(now.Rollouts)
			if err == nil {
				s.then = at.Running
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if s.then == nil {
		s.then = s.end.Running
	}
	s.skip(pipeline.Summary{Report: s.end.Report, Catalog: ready.Faults, Grants: ready.Grants})
	return s, nil
}

// runs returns what a tenant runs of a product now; zero for nothing.
func (s *state) runs(id ident.Tenant, p ident.Product) ident.Version {
	return s.now.Ran(s.now.Rollouts, id, p)
}

// moves reports whether the engine has anything to grant.
func (s *state) moves() bool {
	return slices.ContainsFunc(s.outlook.Moves, func(m rollout.Forecasted) bool { return m.What != rollout.Noted && m.What != rollout.Agreed })
}

// longestFault is how many bytes of a fault are shown: catalogs are quoted in them.
const longestFault = 600

func (s *state) skip(all pipeline.Summary) {
	for _, err := range all.Skipped() {
		s.skipped = append(s.skipped, within(err.Error(), longestFault))
	}
}

// missing are what is skipped in s and was not in before.
func (s *state) missing(before *state) []string {
	if before == nil {
		return s.skipped
	}
	return slices.DeleteFunc(slices.Clone(s.skipped), func(line string) bool { return slices.Contains(before.skipped, line) })
}
