// Package rolloutcmd is `sluice rollout`: end what hangs in an environment's rollout.
package rolloutcmd

import (
	"fmt"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/spf13/cobra"
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
		Short: "End what hangs in an environment's rollout",
		Long: `An operation of Argo CD that waits for something which becomes neither healthy
nor degraded keeps its Application from everything newer, even from the revert.
These commands end such operations from the fleet down and wait until every
Application has taken up its present source. What runs is decided by Git alone.`,
	}
	cmd.AddCommand(
		d.command(cobra.Command{
			Use:   "unblock",
			Short: "End operations that work on what is no longer asked for",
			Long: `Unblock ends the fleet's operation if a newer commit waits for it, and every
operation below whose source is no longer that of its Application. Operations
that do what is asked for go on, however long they wait.`,
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
	cmd, o := &form, &options{}
	cmd.Args = cobra.NoArgs
	flags := cmd.Flags()
	flags.StringVar(&o.env, "env", "", "environment (required)")
	flags.StringVar(&o.place.Kubeconfig, "kubeconfig", "", "kubeconfig `file` of the cluster that Argo CD runs in, or in-cluster (KUBECONFIG; default ~/.kube/config)")
	flags.StringVar(&o.place.Context, "context", "", "`name` of the kubeconfig's context; the current one by default")
	flags.StringVar(&o.place.Namespace, "argocd-namespace", "argocd", "`namespace` of Argo CD's Applications")
	flags.DurationVar(&o.timeout, "timeout", 5*time.Minute, "longest wait until nothing is in motion")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return d.run(cmd, o, abort) }
	return cmd
}

func (d Deps) run(cmd *cobra.Command, o *options, abort bool) error {
	env, err := ident.Parse[ident.EnvironmentKind](o.env)
	if err != nil {
		return fault.Hintf("name the environment with --env", "reading --env: %w", err)
	}
	if o.timeout <= 0 {
		return fault.Hintf("use 5m, for example", "timeout %s is not positive", o.timeout)
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
