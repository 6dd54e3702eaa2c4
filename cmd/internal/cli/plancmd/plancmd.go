// Package plancmd is `sluice plan`: what a change of people's files does to the
// clusters, in the forms that people, pipelines and GitLab read.
package plancmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/cmd/internal/cli/progress"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ranged"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// Deps is what the command needs from the outside.
type Deps struct {
	Repo     repoflags.Repository
	Pipeline *pipeline.Pipeline
	Now      func() time.Time
}

type options struct {
	Deps
	against, now, dir string
	envs              []string
	format            format
	bytes             int
}

// New returns `sluice plan`.
func New(deps Deps) *cobra.Command {
	o := &options{Deps: deps, format: formatText}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a change of people's files does to the clusters",
		Long: `Plan takes fleet.yaml, environment.yaml and catalog/ of this directory, or of
--branch, merged into the revision --against, and shows what that does to the
clusters once the engine has moved all that it can: which tenants move, ring by
ring, when at the earliest and what is in the way; and every distinct change of
an object with its impact, the worst first. Tenants whose objects change alike
are counted once. What differs in version labels and the like is counted alone.
Argo CD's Applications are objects too, but for the versions that they hand down,
which are the rollouts.

Nothing is written, no server is asked, and what is rendered is read from the
revision: a branch, origin/main, a tag, HEAD~1 or an id. Where both sides changed
people's files since they parted, each file is that of the side that changed it.
Of a repository on a server the revision is a branch and the files of --branch
are taken as they are.

The exit code is 0 without effect, 1 with one, 2 after an error, and 3 when a
change breaks something and the version does not declare it (migrations in
product.yaml): an immutable field, lost data.`,
		Example: `  # what the edits in this checkout do
  sluice plan

  # what merging this branch does, for the note of a merge request
  sluice plan --against origin/main -o markdown

  # in a pipeline: plan.md, plan.json, plan.html and a report for each ring
  sluice plan --against origin/main --artifacts plan`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			spare(spareBytes, sparePercent)
			plans, err := o.plan(cmd.Context(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := o.print(cmd.OutOrStdout(), plans); err != nil {
				return err
			}
			return verdict(plans)
		},
	}
	deps.Repo.Flags(cmd.Flags())
	cmd.Flags().StringVar(&o.against, "against", "HEAD", "revision of the same repository that the change is merged into, such as main, origin/main or HEAD~1")
	cmd.Flags().StringSliceVar(&o.envs, "env", nil, "environment to plan; all by default")
	cmd.Flags().StringVar(&o.now, "now", "", "moment from which rollouts are forecast, as 2006-01-02 or RFC 3339; the clock by default")
	cmd.Flags().VarP(&o.format, "output", "o", "output format: text|markdown|json|html|terraform")
	cmd.Flags().StringVar(&o.dir, "artifacts", "", "directory to write plan.md, plan.json, plan.html and terraform-<env>-<ring>.json into")
	ranged.Int(cmd.Flags(), "bytes", ranged.Bounds[int]{Into: &o.bytes, Default: 60000, Least: 2000, Most: 1000000}, "most bytes of Markdown")
	return cmd
}

// plan plans every environment.
func (o *options) plan(ctx context.Context, stderr io.Writer) ([]*impact.Plan, error) {
	now := o.Now()
	if o.now != "" {
		t, err := authz.ParseMoment(o.now)
		if err != nil {
			return nil, fmt.Errorf("reading --now: %w", err)
		}
		now = t
	}
	place, err := o.Repo.Place(ctx)
	if err != nil {
		return nil, err
	}
	defer place.Close()
	source, err := place.Files(ctx)
	if err != nil {
		return nil, err
	}
	target, merged, closed, err := o.merged(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("comparing with %s: %w", fault.Clip(o.against), err)
	}
	defer closed()
	envs, err := o.environments(merged)
	if err != nil {
		return nil, err
	}
	plans := make([]*impact.Plan, 0, len(envs))
	for _, env := range envs {
		bar := progress.New(stderr, "planning "+env.String())
		p, err := impact.Of(ctx, o.Pipeline, impact.Trees{Before: target, After: merged, Environment: env}, impact.Options{Now: now.UTC(), Progress: bar.Set})
		bar.Clear()
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// merged returns the files of the revision, and those that a merge leaves.
func (o *options) merged(ctx context.Context, source fs.FS) (target, merged fs.FS, closed func(), err error) {
	at, began, err := o.Repo.Parted(ctx, o.against)
	if err != nil {
		return nil, nil, nil, err
	}
	closed = func() { _, _ = began.Close(), at.Close() } // nothing was written
	if target, err = at.Files(ctx); err != nil {
		closed()
		return nil, nil, nil, err
	}
	base, err := began.Files(ctx)
	if err == nil {
		merged, err = impact.Merged(target, base, source)
	}
	if err != nil {
		closed()
	}
	return target, merged, closed, err
}

// environments are those that are asked for, all of the files by default.
func (o *options) environments(files fs.FS) ([]ident.Environment, error) {
	if envs, err := envflag.Parse(o.envs); err != nil || len(envs) > 0 {
		return envs, err
	}
	return envflag.All(files)
}

// verdict returns the exit code of plans, with what is refused.
func verdict(plans []*impact.Plan) error {
	var faults []error
	effect := false
	for _, p := range plans {
		effect = effect || p.Effect()
		for _, c := range p.Refused() {
			faults = append(faults, refusal(p, c))
		}
	}
	switch {
	case len(faults) > 0:
		return errors.Join(append([]error{exit.ErrRefused}, faults...)...)
	case effect:
		return exit.ErrDifferent
	}
	return nil
}

// refusal says what breaks and how it may be done all the same.
func refusal(p *impact.Plan, c impact.Change) error {
	for _, f := range c.Fields {
		if f.Breaks != "" && f.How == "" {
			return fault.Hintf(fmt.Sprintf("leave it as it was, or declare it in the version's product.yaml: migrations: [{change: %s, how: what people do}]", fault.Clip(join(c.Object, f.Name))),
				"environment %q: %s: %s: %s", p.Environment, c.Of, join(c.Object, f.Name), f.Breaks)
		}
	}
	return nil
}

func join(object, field string) string {
	if field == "" {
		return object
	}
	return object + " " + field
}
