package rolloutcmd

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/wanted"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
)

func (d Deps) lift() *cobra.Command {
	repo := d.Repo()
	var env, reason string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "lift PRODUCT=VERSION",
		Short: "Let a version be granted again that the engine took back",
		Long: `Lift records a person's word that a version which failed and was taken back may be
granted once more; every gate is asked again. It fails when the version was not
taken back. What people blocked in fleet.yaml they take out there.`,
		Example: "  # the database was the cause, not the version\n  sluice rollout lift swg=203 --env local --reason 'disk was full'",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := parseEnv(env)
			if err != nil {
				return err
			}
			w, err := wanted.Parse(args[0])
			if err != nil {
				return err
			}
			fill := d.lifting(&name, rollout.Move{Key: rollout.Key{Product: w.Product}, What: rollout.Lifted, Version: w.Version, Reason: reason})
			return record(cmd, repo, said{&name, fill, args[0], dryRun})
		},
	}
	repo.Flags(cmd.Flags())
	addEnv(cmd, &env)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever reads the history")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "write nothing")
	return cmd
}

// said is what people said of a version.
type said struct {
	env     *ident.Environment // filled in before fill is called, if it was not named
	fill    publish.Fill
	version string
	dryRun  bool
}

// record writes what people said in one commit, or tries to, and prints the version.
func record(cmd *cobra.Command, repo repoflags.Repository, s said) error {
	place, err := repo.Place(cmd.Context())
	if err != nil {
		return err
	}
	defer place.Close()
	if err := only(cmd.Context(), place, s.env); err != nil {
		return err
	}
	if s.dryRun {
		_, err = place.Compare(cmd.Context(), s.fill)
	} else {
		_, err = place.Write(cmd.Context(), s.fill)
	}
	if err == nil {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), s.version)
	}
	return err
}

// lifting writes rollouts.yaml alone: what is granted does not change.
func (d Deps) lifting(env *ident.Environment, m rollout.Move) publish.Fill {
	return func(_ context.Context, files fs.FS, sink tree.Sink) (publish.Commit, error) {
		w, err := read(files, *env)
		if err == nil {
			err = w.need()
		}
		if err != nil {
			return publish.Commit{}, err
		}
		lifted, ok := w.Rollouts.Lift(m.Product, m.Version)
		if !ok {
			return publish.Commit{}, fault.Hintf("see `sluice rollout status`", "%s=%s was not taken back, or is lifted already", m.Product, m.Version)
		}
		return publish.Commit{Environment: *env, What: fmt.Sprintf("lift %s=%s", m.Product, m.Version),
			Tenants: len(w.Tenants), Moves: []rollout.Move{m}, Version: d.Version}, sink.PutFile(rolloutsPath(*env), lifted.Encode())
	}
}
