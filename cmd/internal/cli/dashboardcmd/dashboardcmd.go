// Package dashboardcmd is `sluice dashboard`: the page, from this machine, with
// the rights of whoever runs it.
//
// It hears of Argo CD what changes, as `sluice run` does, reads the repository
// and etcd while somebody looks at the page, and writes nothing.
package dashboardcmd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/webflags"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Deps are what the command needs from outside, beside what status does.
type Deps struct {
	reportcmd.Deps
	// Watch connects to the cluster in which Argo CD runs.
	Watch func(p rolloutcmd.Place) (there Argo, closed func(), err error)
}

// Argo is an Argo CD, as the page needs it.
type Argo interface {
	observe.Watcher
	// Review says whose a token is, and whether he may get an Application.
	Review(ctx context.Context, token, application string) (user string, may bool, err error)
}

// options are the flags.
type options struct {
	*reportcmd.Sources
	deps Deps
	web  webflags.Flags
	envs []string
}

// New returns `sluice dashboard`.
func New(d Deps) *cobra.Command {
	o := &options{deps: d}
	cmd := &cobra.Command{
		Use:   "dashboard",
		Short: "Serve the page: who runs what, and why not",
		Long: `Dashboard serves the page on this machine until it is ended: the verdict, versions
by ring, who is stuck and why, what moved in the last 72 hours and what comes
next. It is live, right without JavaScript, and reads only; what can be done
stands there as the command to copy.

On 127.0.0.1 it is for who runs it, with his rights. On another address it wants a
certificate or a proxy that has one, and callers show a token of the cluster, as a
bearer or as the password that the browser asks for: they see an environment if
they may get its Application. The cluster must let sluice ask that: the role
system:auth-delegator. sluice run serves the same page with --web-listen.`,
		Example: `  # from a checkout, with Argo CD's cluster of the kubeconfig
  sluice dashboard --context argocd

  # for others
  sluice dashboard --repo https://git.example/fleet.git --branch main --kubeconfig in-cluster \
    --listen 0.0.0.0:8443 --cert tls.crt --key tls.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)), func(address string) {
				fmt.Fprintln(cmd.OutOrStdout(), address)
			})
		},
	}
	o.add(cmd.Flags())
	return cmd
}

func (o *options) add(flags *pflag.FlagSet) {
	o.Sources = o.deps.Sources(flags)
	o.AddDestination(flags)
	o.web.Add(flags, "", "127.0.0.1:8090")
	flags.StringSliceVar(&o.envs, "env", nil, "environment to show; all of the branch by default")
}

// run serves until ctx ends, which is no failure.
func (o *options) run(ctx context.Context, log *slog.Logger, say func(address string)) (err error) {
	envs, err := o.environments(ctx)
	if err != nil {
		return err
	}
	behind, closed, err := o.Behind()
	if err != nil {
		return err
	}
	defer closed()
	metrics, err := o.Metrics.Client()
	if err != nil {
		return err
	}
	project, err := o.Project()
	if err != nil {
		return err
	}
	var argo observe.Watcher
	var review func(ctx context.Context, token, application string) (string, bool, error)
	if o.Argo.Named() {
		there, closed, err := o.deps.Watch(o.Argo)
		if err != nil {
			return err
		}
		defer closed()
		argo, review = there, there.Review
	}
	var all []webflags.Environment
	for _, env := range envs {
		eyes := reportcmd.NewEyes(reportcmd.Ports{Environment: env, Head: o.head, Records: o.Etcd.Open, Argo: argo, Behind: behind, Requests: project, Prometheus: metrics, Now: o.deps.Now})
		all = append(all, webflags.Environment{Name: env, Eyes: eyes, Review: webflags.Of(env, review)})
	}
	address, stop, err := o.web.Serve(ctx, all, o.deps.Now, log)
	if err != nil {
		return err
	}
	say(address)
	<-ctx.Done()
	return stop()
}

// head opens the repository at its branch.
func (o *options) head(ctx context.Context) (*git.Repo, git.Head, func() error, error) {
	repo, head, err := o.Repo.History(ctx)
	if err != nil {
		return nil, head, nil, err
	}
	return repo, head, repo.Close, nil
}

// environments returns those that are named, or all that the branch has.
func (o *options) environments(ctx context.Context) (all []ident.Environment, err error) {
	if all, err = envflag.Parse(o.envs); err != nil || len(all) > 0 {
		return all, err
	}
	repo, head, closed, err := o.head(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closed()) }()
	return envflag.All(repo.FS(head))
}
