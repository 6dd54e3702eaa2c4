// Package rolloutcmd is `sluice rollout`: see how versions reach the rings of an
// environment, move them and take them back, and end what hangs in an old operation.
//
// Status, history, lift and rollback need Git alone. What Argo CD shows is the
// leader's to see; they name it where it is missing and guess nothing. Advance
// looks once in its place.
package rolloutcmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/mergereq"
	"github.com/gatorcloud/sluice/cmd/internal/cli/repoflags"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Place is the Argo CD that the flags name.
type Place struct {
	// Kubeconfig is a file, or in-cluster for the pod's own; empty is what
	// KUBECONFIG or the home folder has.
	Kubeconfig string
	// Context of the kubeconfig; empty is the current one.
	Context string
	// Namespace of Argo CD.
	Namespace string
}

// Deps are what the command needs from outside.
type Deps struct {
	// Open connects to the cluster in which Argo CD runs.
	Open func(p Place) (cluster unblock.Cluster, closed func(), err error)
	// Argo connects to the same, to look at single Applications and to say something on them.
	Argo func(p Place) (there observe.Annotator, closed func(), err error)
	// Who returns who gives the command, as far as that is known.
	Who func() string
	// Repo returns the repository of a command, with flags of its own.
	Repo func() repoflags.Repository
	// Pipeline renders what goes back.
	Pipeline *pipeline.Pipeline
	Now      func() time.Time
	// Wait waits, or returns why it was ended before.
	Wait func(context.Context, time.Duration) error
	// Version is the renderer's own, for the commit's trailer.
	Version string
	// Desk opens the merge request of what goes back.
	mergereq.Desk
}

type options struct {
	place   Place
	env     string
	timeout time.Duration
}

// New returns `sluice rollout`.
func New(d Deps) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollout",
		Short: "See, undo and unblock how versions reach the rings",
		Long: `What runs is decided by Git alone: what rings shall run stands in fleet.yaml, what
they may run in rollouts.yaml. Status and history read it; rollback,
expedite and lift change them; advance and promote make the engine's next step,
approve, pause and resume tell it what people think, and adopt writes
rollouts.yaml when it is lost.

An operation of Argo CD that waits for something which becomes neither healthy
nor degraded keeps its Application from everything newer, even from the revert.
Unblock and abort end such operations from the fleet down and wait until every
Application has taken up its present source.`,
	}
	cmd.AddCommand(
		d.status(), d.watching(), d.history(), d.advance(), d.promote(),
		d.say(observe.Approve, "Approve what a ring is granted now", approveLong), d.say(observe.Pause, "Hold a ring where it is", pauseLong),
		d.say(observe.Resume, "End the pause of a ring", resumeLong),
		d.rollback(), d.expedite(), d.lift(), d.adopt(),
		d.command(cobra.Command{
			Use:   "unblock",
			Short: "End operations that work on what is no longer asked for",
			Long: `Unblock ends the fleet's operation if a newer commit waits for it, and every
operation below whose source is no longer that of its Application. Operations
that do what is asked for go on, however long they wait. It returns when every
level has taken up its present source and handed it on. The leader of sluice run
ends such operations by itself; this is for who does not run it, or cannot wait.`,
			Example: "  # the revert is pushed and does not arrive\n  sluice rollout unblock --env pop-sha1",
		}, false),
		d.command(cobra.Command{
			Use:   "abort",
			Short: "Halt the rollout, and end what it left hanging",
			Long: `Abort ends the fleet's operation whatever it works on, so that no further ring
moves, and then does what unblock does. Rings that have moved stay where they
are until Git says otherwise; the fleet goes on with the next commit or a sync
by hand.`,
			Example: "  # no further ring moves\n  sluice rollout abort --env pop-sha1",
		}, true),
	)
	return cmd
}

func (d Deps) command(form cobra.Command, abort bool) *cobra.Command {
	cmd, o, repo := &form, &options{}, d.Repo()
	cmd.Args = cobra.NoArgs
	flags := cmd.Flags()
	repo.Flags(flags)
	addEnv(cmd, &o.env)
	o.place.Add(flags, "KUBECONFIG; default ~/.kube/config")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "longest wait until nothing is in motion")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return d.run(cmd, repo, o, abort) }
	return cmd
}

func (d Deps) run(cmd *cobra.Command, repo repoflags.Repository, o *options, abort bool) error {
	env, err := parseEnv(o.env)
	if err != nil {
		return err
	}
	if o.timeout <= 0 {
		return fault.Hintf("use 5m, for example", "timeout %s is not positive", o.timeout)
	}
	if err := onlyOf(cmd.Context(), repo, &env); err != nil {
		return err
	}
	cluster, closed, err := d.Open(o.place)
	if err != nil {
		return err
	}
	defer closed()
	ended := 0
	err = unblock.Unblock(cmd.Context(), cluster, env.String(), unblock.Options{
		Abort: abort, Timeout: o.timeout,
		Ended: func(a unblock.Application) {
			ended++
			fmt.Fprintln(cmd.OutOrStdout(), a.Name)
		},
		Waiting: func(moving []string) {
			fmt.Fprintf(cmd.ErrOrStderr(), "sluice: waiting for %s, giving up after %s in all (--timeout)\n", fault.List(moving), o.timeout)
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "ended %d operations; nothing hangs\n", ended)
	return nil
}

// Add adds the flags that name an Argo CD; without says what holds when there is none.
func (p *Place) Add(flags *pflag.FlagSet, without string) {
	flags.StringVar(&p.Kubeconfig, "kubeconfig", "", "kubeconfig `file` of the cluster that Argo CD runs in, or in-cluster ("+without+")")
	flags.StringVar(&p.Context, "context", "", "`name` of the kubeconfig's context; the current one by default")
	flags.StringVar(&p.Namespace, "argocd-namespace", "argocd", "`namespace` of Argo CD's Applications")
}

// Named reports whether a cluster was named.
func (p *Place) Named() bool { return p.Kubeconfig != "" || p.Context != "" }

func addEnv(cmd *cobra.Command, env *string) {
	cmd.Flags().StringVar(env, "env", "", envflag.Usage)
}

// parseEnv reads --env, before anything is opened; zero where it names none.
func parseEnv(name string) (env ident.Environment, err error) {
	if name == "" {
		return env, nil
	}
	return envflag.One(nil, name)
}

// only fills in an environment that was not named: the only one at the head of
// the branch.
func only(ctx context.Context, place publish.Place, env *ident.Environment) error {
	if !env.IsZero() {
		return nil
	}
	files, err := place.Files(ctx)
	if err == nil {
		*env, err = envflag.One(files, "")
	}
	return err
}

// onlyOf does that for who opens the repository for nothing else.
func onlyOf(ctx context.Context, repo repoflags.Repository, env *ident.Environment) error {
	if !env.IsZero() {
		return nil
	}
	place, err := repo.Place(ctx)
	if err != nil {
		return err
	}
	return errors.Join(only(ctx, place, env), place.Close())
}
