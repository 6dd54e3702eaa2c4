package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/edited"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

// adopt is what `sluice rollout adopt` was asked for.
type adopt struct {
	deps            Deps
	env             ident.Environment
	place           Place
	fromGit, dryRun bool
	yes             bool
	timeout         time.Duration
	output          output.Options
	source          source
}

func (d Deps) adopt() *cobra.Command {
	repo := d.Repo()
	a := &adopt{deps: d}
	var env string
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Write rollouts.yaml anew, when it was lost, edited or never there",
		Long: `Adopt writes rollouts.yaml and renders with it, in one commit. It moves nobody:

- by itself it takes the file of the last commit that sluice made, for one that
  was lost, edited or left in a conflict since;
- with --kubeconfig or --context it takes what the live Applications are asked to
  run. Use it after Git was restored, and for a fleet whose rings waited inside a
  sync operation: that operation is ended first, so stop its sluice run before;
- with --from-git it takes what the rings in Git are granted. That is right only
  for a fleet at rest, where every Application has what Git says.

What was proven is forgotten in the last two: a version counts as good where a
later ring runs it.`,
		Example: `  # somebody edited rollouts.yaml
  sluice rollout adopt --env local

  # move a running fleet of the first edition over
  sluice rollout adopt --env local --kubeconfig argocd.yaml --dry-run

  # nothing is under way, and no Argo CD is near
  sluice rollout adopt --env local --from-git`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if a.env, err = parseEnv(env); err != nil {
				return err
			}
			if a.fromGit && a.place.Named() {
				return fault.Hintf("leave one of them out", "reading --from-git: --kubeconfig and --context name another source")
			}
			place, err := repo.Place(cmd.Context())
			if err != nil {
				return err
			}
			if err = only(cmd.Context(), place, &a.env); err == nil {
				err = a.run(cmd, repo, place)
			}
			return errors.Join(err, place.Close())
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	flags := cmd.Flags()
	a.place.Add(flags, "without it Argo CD is not asked")
	flags.BoolVar(&a.fromGit, "from-git", false, "the fleet is at rest: take what the rings in Git are granted")
	flags.DurationVar(&a.timeout, "timeout", 5*time.Minute, "longest wait until the fleet's operation has ended")
	flags.BoolVar(&a.dryRun, "dry-run", false, "write nothing and end nothing; show what would be granted")
	flags.BoolVar(&a.yes, "yes", false, "do not ask before it is written")
	a.output.AddFlags(flags)
	return cmd
}

func (a *adopt) run(cmd *cobra.Command, repo repoflags.Repository, place publish.Place) error {
	ctx := cmd.Context()
	files, err := place.Files(ctx)
	if err != nil {
		return err
	}
	rows, err := a.look(ctx, repo, files)
	if err != nil {
		return err
	}
	if a.dryRun {
		if _, err := place.Compare(ctx, a.fill); err != nil {
			return err
		}
		return output.Print(cmd.OutOrStdout(), a.output, rows, statusColumns())
	}
	if !a.yes {
		if err := ask(cmd, rows, statusColumns(), "Write rollouts.yaml so?"); err != nil {
			return err
		}
	}
	if _, err := fs.Stat(files, rolloutsPath(a.env)); errors.Is(err, fs.ErrNotExist) && a.place.Named() {
		if err := a.end(ctx); err != nil {
			return err
		}
		if rows, err = a.look(ctx, repo, files); err != nil { // it may have moved until then
			return err
		}
	}
	if _, err := place.Write(ctx, a.fill); err != nil {
		return err
	}
	return output.Print(cmd.OutOrStdout(), a.output, rows, statusColumns())
}

// look finds the source and shows what it says.
func (a *adopt) look(ctx context.Context, repo repoflags.Repository, files fs.FS) (rows []statusRow, err error) {
	switch {
	case a.fromGit:
		a.source = inGit{}
	case a.place.Named():
		a.source, err = a.live(ctx)
	default:
		a.source, err = a.history(ctx, repo, files)
	}
	if err != nil {
		return nil, err
	}
	return a.rows(files)
}

// end ends the operation of a fleet that was never rendered with rollouts: it
// waits for rings, and goes on to the next as soon as one is healthy.
func (a *adopt) end(ctx context.Context) error {
	cluster, closed, err := a.deps.Open(a.place)
	if err != nil {
		return err
	}
	defer closed()
	return unblock.Unblock(ctx, cluster, a.env.String(), unblock.Options{Abort: true, Timeout: a.timeout})
}

// rows shows the rollouts that are adopted.
func (a *adopt) rows(files fs.FS) ([]statusRow, error) {
	w, err := readBroken(files, a.env)
	if err != nil {
		return nil, err
	}
	start, _, err := a.source.rollouts(w, files)
	if err != nil {
		return nil, err
	}
	if w, err = read(edited.FS{FS: files, File: rolloutsPath(a.env), Data: start.Encode()}, a.env); err != nil {
		return nil, err
	}
	return w.rows(a.deps.Now()), nil
}

// fill renders with what was adopted.
func (a *adopt) fill(ctx context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
	w, err := readBroken(files, a.env)
	if err != nil {
		return publish.Commit{}, err
	}
	start, before, err := a.source.rollouts(w, files)
	if err != nil {
		return publish.Commit{}, err
	}
	view := edited.FS{FS: files, File: rolloutsPath(a.env), Data: before.Encode()}
	summary, err := a.deps.Pipeline.Render(ctx, view, a.env, sink, pipeline.Options{Start: &start})
	if err != nil {
		return publish.Commit{}, err
	}
	c := publish.Of(summary, a.deps.Version)
	c.What = fmt.Sprintf("adopt rollouts from %s", a.source)
	return c, nil
}
