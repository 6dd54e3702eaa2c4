package runcmd

import (
	"context"
	"log/slog"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/envflag"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/webflags"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/replica"
)

// page are the flags of the page.
type page struct {
	webflags.Flags
	destination string
}

func (p *page) add(set *pflag.FlagSet) {
	p.Add(set, "web-", "")
	set.StringVar(&p.destination, "web-destination-kubeconfig", "", "kubeconfig `file` of the cluster that tenants run in; without it the page does not tell what is behind an object")
}

// show serves the page until the function that it returns is called. It looks
// through the replica's own repository, store and clusters.
func (o *options) show(ctx context.Context, c *replica.Config, log *slog.Logger) (closed func() error, err error) {
	if o.page.Address == "" {
		return func() error { return nil }, nil
	}
	envs, err := o.shown(ctx, c)
	if err != nil {
		return nil, err
	}
	behind, letGo := report.Cluster(nil), func() {}
	if o.page.destination != "" {
		if behind, letGo, err = o.deps.Destination(rolloutcmd.Place{Kubeconfig: o.page.destination}); err != nil {
			return nil, err
		}
	}
	var all []webflags.Environment
	for _, env := range envs {
		ports := reportcmd.Ports{Environment: env, Records: o.deps.Records(c.Store), Behind: behind, Now: c.Clock.Now,
			Head: func(ctx context.Context) (*git.Repo, git.Head, func() error, error) {
				head, err := c.Repo.Head(ctx)
				return c.Repo, head, func() error { return nil }, err
			}}
		if ports.Prometheus = o.argo.prometheus; o.merging.project != nil {
			ports.Requests = o.merging.project
		}
		e := webflags.Environment{Name: env}
		if place, ok := o.argo.clusters.Of(env); ok {
			there := o.argo.apps[place]
			ports.Argo, e.Review = there, webflags.Of(env, there.Review)
		}
		e.Eyes = reportcmd.NewEyes(ports)
		all = append(all, e)
	}
	address, stop, err := o.page.Serve(ctx, all, c.Clock.Now, log)
	if err != nil {
		letGo()
		return nil, err
	}
	log.Info("serving", "what", "web-listen", "address", address)
	return func() error {
		defer letGo()
		return stop()
	}, nil
}

// shown returns the environments of the page: those that the replica renders.
func (o *options) shown(ctx context.Context, c *replica.Config) ([]ident.Environment, error) {
	if len(c.Environments) > 0 {
		return c.Environments, nil
	}
	head, err := c.Repo.Head(ctx)
	if err != nil {
		return nil, err
	}
	return envflag.All(c.Repo.FS(head))
}
