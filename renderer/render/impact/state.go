package impact

import (
	"context"
	"io/fs"
	"slices"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
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
	in  *rollout.Input
	now render.Head
	// end is what runs when the engine has moved all that it can.
	end     *render.Survey
	outlook rollout.Outlook
	skipped []string // what the renderer leaves out

	renderer *render.Renderer
	all      []authz.Facts
}

// looker looks at an environment in trees of a repository.
type looker struct {
	pipeline *pipeline.Pipeline
	memory   memory
	env      ident.Environment
	options  Options
}

// look returns the state of the environment in files; nil if it is not there.
func (l looker) look(ctx context.Context, files fs.FS) (*state, error) {
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
	s := &state{site: ready.Site, renderer: ready.Renderer, all: all}
	if s.in, s.now, err = s.renderer.Settled(all, l.memory); err != nil {
		return nil, err
	}
	s.outlook = rollout.Forecast(s.in, s.now.Rollouts, l.options.Now)
	if s.end, err = l.survey(ctx, s, s.outlook.Rollouts); err != nil {
		return nil, err
	}
	s.skip(pipeline.Summary{Report: s.end.Report, Catalog: ready.Faults, Grants: ready.Grants})
	return s, nil
}

// survey returns what a render after that of these files leaves, with rollouts
// that were made from those of then.
func (l looker) survey(ctx context.Context, s *state, r rollout.Rollouts) (*render.Survey, error) {
	return s.renderer.Survey(ctx, s.all, memory{l.memory.reading, &s.now}, &r)
}

// runs returns what a tenant runs of a product now; zero for nothing.
func (s *state) runs(id ident.Tenant, p ident.Product) ident.Version {
	return s.now.Ran(s.now.Rollouts, id, p)
}

// moves reports whether the engine has anything to grant.
func (s *state) moves() bool {
	return slices.ContainsFunc(s.outlook.Moves, func(m rollout.Forecasted) bool { return m.What != rollout.Noted && m.What != rollout.Agreed })
}

func (s *state) skip(all pipeline.Summary) {
	for _, err := range all.Skipped() {
		s.skipped = append(s.skipped, err.Error())
	}
}

// missing are what is skipped in s and was not in before.
func (s *state) missing(before *state) []string {
	if before == nil {
		return s.skipped
	}
	return slices.DeleteFunc(slices.Clone(s.skipped), func(line string) bool { return slices.Contains(before.skipped, line) })
}
