package wire

import (
	"context"
	"os"

	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// embed runs etcd inside this process, and ends it when etcd can go on no more.
func embed(ctx context.Context, dir string) ([]string, func() error, error) {
	s, err := embedded.StartOr(ctx, dir, func(err error) {
		exit.Print(os.Stderr, err)
		os.Exit(exit.Code(err))
	})
	if err != nil {
		return nil, nil, err
	}
	return s.Endpoints(), s.Close, nil
}

// source returns what opens the etcd of flags for reading.
func source(flags *etcdflags.Flags) func(context.Context) (pipeline.Source, func() error, error) {
	open := opener(flags)
	return func(ctx context.Context) (pipeline.Source, func() error, error) {
		store, stop, err := open(ctx)
		if err != nil {
			return nil, nil, err // a nil store in an interface is not nil
		}
		return store, stop, nil
	}
}
