package wire

import (
	"context"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/authzcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/renderer/authz"
)

// defaultLife is that of an environment which says nothing else. `sluice
// authz` knows no environment.
var defaultLife = authz.Life{SuspendFor: 14 * 24 * time.Hour, GraceFor: 30 * 24 * time.Hour}

// authorisations returns what `sluice authz` needs, with etcd flags of its own.
func authorisations() authzcmd.Deps {
	flags := &etcdflags.Flags{}
	return authzcmd.Deps{
		Open: func(ctx context.Context) (authzcmd.Store, func() error, error) {
			settings, err := flags.Resolve(os.Getenv)
			if err != nil {
				return nil, nil, err
			}
			store, stop, err := settings.Open(ctx, embed)
			if err != nil {
				return nil, nil, err
			}
			return store.Records(settings.Prefix), stop, nil
		},
		Flags: func(set *pflag.FlagSet) {
			flags.Add(set)
			flags.AddPrefix(set)
		},
		Now:  time.Now,
		Life: defaultLife,
	}
}
