package wire

import (
	"context"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestcmd"
	"github.com/gatorcloud/sluice/renderer/etcd"
)

// ingesting returns what `sluice ingest` needs, with etcd flags of its own.
func ingesting() ingestcmd.Deps {
	flags := &etcdflags.Flags{}
	return ingestcmd.Deps{
		Etcd: func(ctx context.Context) (*etcd.Store, string, func() error, error) {
			settings, err := flags.Resolve(os.Getenv)
			if err != nil {
				return nil, "", nil, err
			}
			store, stop, err := settings.Open(ctx, embed)
			return store, settings.Prefix, stop, err
		},
		EtcdFlags: func(set *pflag.FlagSet) {
			flags.Add(set)
			flags.AddPrefix(set)
		},
		Now: time.Now, Version: Version(),
	}
}
