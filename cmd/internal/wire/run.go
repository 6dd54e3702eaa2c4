package wire

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/doctorcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/runcmd"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/loop"
)

// running returns what `sluice run` needs, with etcd flags of its own.
func running(p *pipeline.Pipeline) runcmd.Deps {
	flags := &etcdflags.Flags{}
	return runcmd.Deps{
		Repo: repository(),
		Etcd: placed(flags), EtcdFlags: placing(flags),
		Pipeline: p, Clock: loop.System(), Poke: hangups, Show: showing(p), Getenv: os.Getenv, Version: Version(),
		ArgoCD:  func(c argoflags.Cluster) (runcmd.Applications, func(), error) { return applications(c) },
		Records: opened, Destination: destination,
	}
}

// applications connects to an Argo CD whose Applications are asked for by name.
func applications(place argoflags.Cluster) (*argocd.Named, func(), error) {
	c, err := client(rolloutcmd.Place(place))
	if err != nil {
		return nil, nil, err
	}
	return &argocd.Named{Client: c}, c.Close, nil
}

// examining returns what `sluice doctor` needs, with etcd flags of its own.
func examining() doctorcmd.Deps {
	flags := &etcdflags.Flags{}
	return doctorcmd.Deps{Repo: repository(), Etcd: opener(flags), EtcdFlags: flags.Add, Now: time.Now,
		ArgoCD: func(c argoflags.Cluster) (doctorcmd.Applications, func(), error) { return applications(c) }}
}

// opener returns what opens the etcd of flags for reading and writing.
func opener(flags *etcdflags.Flags) func(context.Context) (*etcd.Store, func() error, error) {
	return func(ctx context.Context) (*etcd.Store, func() error, error) {
		store, _, stop, err := placed(flags)(ctx)
		return store, stop, err
	}
}

// placed returns what opens the etcd of flags and says where the records are.
func placed(flags *etcdflags.Flags) func(context.Context) (*etcd.Store, string, func() error, error) {
	return func(ctx context.Context) (*etcd.Store, string, func() error, error) {
		settings, err := flags.Resolve(os.Getenv)
		if err != nil {
			return nil, "", nil, err
		}
		store, stop, err := settings.Open(ctx, embed)
		return store, settings.Prefix, stop, err
	}
}

// placing returns what adds the flags of an etcd and of the records in it.
func placing(flags *etcdflags.Flags) func(*pflag.FlagSet) {
	return func(set *pflag.FlagSet) {
		flags.Add(set)
		flags.AddPrefix(set)
	}
}

// hangups passes SIGHUP on until ctx ends.
func hangups(ctx context.Context, poke chan<- struct{}) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP)
	defer signal.Stop(signals)
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		select {
		case <-ctx.Done():
			return
		case poke <- struct{}{}:
		}
	}
}
