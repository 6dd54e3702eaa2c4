// Package bumpcmd is `sluice bump`: it moves products to other versions by an
// edit of fleet.yaml, which people review before it counts.
//
// It edits people's files only, and renders nothing. Bytes that the edit does
// not concern stay, and the same bump twice is an edit of nothing. Whatever the
// engine could never grant is refused: see refuse.go. What it does beyond Git
// it does through two ports, one that tells what the edit does to the clusters
// and one that opens the merge request.
package bumpcmd

import (
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/cmd/internal/cli/output"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/spf13/cobra"
)

// Deps are what the command needs from outside.
type Deps struct {
	Repo repoflags.Repository
	// Without the desk's plan the rings that the edit moves are listed.
	mergereq.Desk
}

type options struct {
	env, ring, through, tenant string
	reason, message            string
	dryRun                     bool
	request                    mergereq.Flags
	output                     output.Options
}

// New returns `sluice bump`.
func New(d Deps) *cobra.Command {
	o := &options{}
	cmd := &cobra.Command{
		Use:   "bump PRODUCT=VERSION...",
		Short: "Move products to other versions by an edit of fleet.yaml",
		Long: `Bump writes into fleet.yaml which versions rings shall want, and prints what that
does. Comments, order and form of the file stay as they are, and the same bump
twice changes nothing. Nothing is rendered: that follows when people have agreed.

A checkout is edited in place and left for you to commit. In a bare repository and
behind a URL the edit is one commit on a branch of its own, which begins at the
branch that --branch names and holds people's files only. When it is there already
it is moved to the newest commit, unless others committed to it.

Without --ring and --through all rings move. Rings that do not offer the product
are left alone, unless none of those meant offers it. What the engine could never
grant is refused: versions that are not published, or blocked; ways that no edges
lead; a ring that would want more than the ring before it. Stops that upgradesFrom
requires are no reason: they are named, and made.

What is printed is the plan, as sluice plan gives it; -o wide, json, yaml and name
list the rings that move.`,
		Example: `  # what would it do
  sluice bump swg=203 --env local --dry-run

  # the canary first
  sluice bump swg=203 --env local --ring canary

  # one tenant, whatever its ring runs
  sluice bump swg=200 --env local --tenant 1000009 --reason "waits for their audit"

  # a merge request that merges when its pipeline is green
  sluice bump swg=203 --env pop-sha1 --repo https://git.example/clouds/fleet.git --mr --auto-merge

  # without a work tree: a branch to review
  sluice bump swg=203 dsa=32 --env pop-sha1 --repo https://git.example/fleet.git`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := parse(o, args)
			if err != nil {
				return err
			}
			return d.run(cmd, o, r)
		},
	}
	d.Repo.Flags(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.env, "env", "", envflag.Usage)
	f.StringVar(&o.ring, "ring", "", "ring to move; all by default")
	f.StringVar(&o.through, "through", "", "last ring to move; those before it move too")
	f.StringVar(&o.tenant, "tenant", "", "tenant to pin, in place of rings")
	f.StringVar(&o.reason, "reason", "", "why the tenant is pinned (required with --tenant)")
	f.StringVarP(&o.message, "message", "m", "", "why, for whoever reads the commit")
	f.BoolVar(&o.dryRun, "dry-run", false, "write nothing; show what it would do")
	o.request.Add(f, d.Desk, "sluice/bump/ENV/PRODUCT-VERSION")
	o.output.AddFlags(f)
	cmd.MarkFlagsMutuallyExclusive("ring", "through", "tenant")
	return cmd
}

func (d Deps) run(cmd *cobra.Command, o *options, r request) error {
	if err := o.request.Check(cmd, d.Desk, d.Repo.Location()); err != nil {
		return err
	}
	ctx := cmd.Context()
	place, err := d.Repo.Place(ctx)
	if err != nil {
		return err
	}
	defer place.Close()
	files, err := place.Files(ctx)
	if err != nil {
		return err
	}
	b, err := r.on(files)
	if err != nil {
		return err
	}
	// Told first: a directory is its own present.
	if err := d.tell(cmd, o, b, files); err != nil || o.dryRun || len(b.rows) == 0 {
		return err
	}
	done, err := place.Propose(ctx, r.edit)
	if err != nil {
		return err
	}
	switch {
	case done.Base == "":
		fmt.Fprintf(cmd.ErrOrStderr(), "%s is written: commit it on a branch and let it be reviewed\n", fleetPath(b.env))
	case !done.Changed:
		fmt.Fprintf(cmd.ErrOrStderr(), "branch %s has it already, on its way to %s\n", r.branchOf(b.env), done.Base)
	default:
		fmt.Fprintf(cmd.ErrOrStderr(), "branch %s is pushed: let it be reviewed on its way to %s\n", r.branchOf(b.env), done.Base)
	}
	if !o.request.MR {
		return nil
	}
	return d.Open(cmd, &o.request, mergereq.Proposal{
		Repository: d.Repo.Location(), Branch: r.branchOf(b.env), Base: done.Base, Commit: done.Commit,
		Title: r.title(b.env), Message: r.message, Files: []string{fleetPath(b.env)}, Environment: b.env, Wanted: r.wanted, Tenant: r.tenant,
	}, b.change(files))
}

// tell prints what the edit does: by the plan where there is one, unless the
// rings are asked for.
func (d Deps) tell(cmd *cobra.Command, o *options, b *bump, files fs.FS) error {
	if len(b.rows) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "nothing to change")
	}
	switch table := o.output.Format == output.Table; {
	case table && len(b.rows) == 0:
		return nil
	case table && d.Plan != nil:
		return d.Plan(cmd.Context(), b.change(files), cmd.OutOrStdout(), false)
	}
	return output.Print(cmd.OutOrStdout(), o.output, b.rows, columns)
}
