package wire

import (
	"context"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/argoflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/dashboardcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/gitlabflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/gitlab"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/report"
)

// reporting returns what `sluice status` and `sluice why` need.
func reporting() reportcmd.Deps {
	return reportcmd.Deps{Repo: repository, Etcd: told, Argo: annotator, GitLab: waiting, Destination: destination, Now: time.Now, Wait: wait}
}

// told returns the records of a server that is named; sluice's own etcd is of
// one machine, and is not started to be read.
func told() reportcmd.Etcd {
	flags := &etcdflags.Flags{}
	return reportcmd.Etcd{
		Flags: func(set *pflag.FlagSet) { flags.Add(set) },
		Open: func(ctx context.Context, prefix string) (reportcmd.Records, func() error, error) {
			settings, err := flags.Resolve(os.Getenv)
			if err != nil || settings.Embedded() {
				return nil, nil, err
			}
			store, stop, err := settings.Open(ctx, embed)
			if err != nil {
				return nil, nil, err
			}
			return recorded(store, prefix), stop, nil
		},
	}
}

// waiting returns the project with merge requests, of flags of its own.
func waiting() reportcmd.GitLab {
	flags := gitlabflags.New(os.Getenv)
	return reportcmd.GitLab{
		Flags: func(set *pflag.FlagSet) {
			flags.Add(set, "whose open merge requests are told; without it none is asked")
		},
		Open: func(repository string) (reportcmd.Requests, error) {
			if !flags.Named() {
				return nil, nil
			}
			o, err := flags.Options(repository)
			if err != nil {
				return nil, err
			}
			return gitlab.Open(o)
		},
	}
}

// marked are the records of a store, and when they change.
type marked struct {
	*etcd.Records
	status.Reader
	*ingest.Store
	mark func(context.Context) (string, error)
}

// Mark is part of reportcmd.Records.
func (r marked) Mark(ctx context.Context) (string, error) { return r.mark(ctx) }

// recorded returns the records of a store.
func recorded(store *etcd.Store, prefix string) reportcmd.Records {
	beside, held := status.Beside(prefix), ingest.NewStore(ingest.Place{Etcd: store, Records: prefix})
	return marked{store.Records(prefix), status.Reader{Scanner: store, Place: beside}, held,
		func(ctx context.Context) (string, error) { return store.Mark(ctx, prefix, beside, held.HeldPrefix()) }}
}

// opened returns what opens the records of a store that is open already.
func opened(store *etcd.Store) func(context.Context, string) (reportcmd.Records, func() error, error) {
	return func(_ context.Context, prefix string) (reportcmd.Records, func() error, error) {
		return recorded(store, prefix), func() error { return nil }, nil
	}
}

// watched connects to what tells of Applications, and who may see what.
func watched(p rolloutcmd.Place) (dashboardcmd.Argo, func(), error) {
	return applications(argoflags.Cluster(p))
}

// destination connects to the cluster that tenants run in.
func destination(p rolloutcmd.Place) (report.Cluster, func(), error) {
	access, err := access(p)
	if err != nil {
		return nil, nil, err
	}
	d, err := argocd.NewDestination(access)
	if err != nil {
		return nil, nil, err
	}
	return d, d.Close, nil
}
