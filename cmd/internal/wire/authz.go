package wire

import (
	"context"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/authzcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// authorisations returns what `sluice authz` needs, with etcd flags of its own.
func authorisations() authzcmd.Deps {
	flags, statusPrefix := &etcdflags.Flags{}, ""
	return authzcmd.Deps{
		Open: func(ctx context.Context) (authzcmd.Store, func() error, error) {
			settings, err := flags.Resolve(os.Getenv)
			if err != nil {
				return nil, nil, err
			}
			place, err := status.Prefix(statusPrefix, settings.Prefix)
			if err != nil {
				return nil, nil, err
			}
			store, stop, err := settings.Open(ctx, embed)
			if err != nil {
				return nil, nil, err
			}
			return records(store, settings.Prefix, place), stop, nil
		},
		Flags: func(set *pflag.FlagSet) {
			flags.Add(set)
			flags.AddPrefix(set)
			set.StringVar(&statusPrefix, "status-prefix", "", "where the status records are (default beside --etcd-prefix: "+status.DefaultPrefix+" for "+authz.DefaultPrefix+")")
		},
		Now:  time.Now,
		Life: authz.DefaultLife(),
	}
}

// records returns the authorisations below one prefix of a store with their
// status below another.
func records(store *etcd.Store, prefix, place string) authzcmd.Store {
	return struct {
		*etcd.Records
		status.Reader
	}{store.Records(prefix), status.Reader{Scanner: store, Place: place}}
}
