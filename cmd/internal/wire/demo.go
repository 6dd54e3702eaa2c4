package wire

import (
	"context"
	"io"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/authzcmd"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// list prints what a store holds, as `sluice authz list` does.
func list(ctx context.Context, store *etcd.Store, w io.Writer) error {
	cmd := authzcmd.New(authzcmd.Deps{
		Open: func(context.Context) (authzcmd.Store, func() error, error) {
			return records(store, authz.DefaultPrefix, status.DefaultPrefix), func() error { return nil }, nil
		},
		Flags: func(*pflag.FlagSet) {},
		Now:   time.Now,
		Life:  authz.DefaultLife(),
	})
	cmd.SetArgs([]string{"list"})
	cmd.SetOut(w)
	return cmd.ExecuteContext(ctx)
}
