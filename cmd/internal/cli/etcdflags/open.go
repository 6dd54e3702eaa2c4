package etcdflags

import (
	"context"
	"errors"

	"github.com/gatorcloud/sluice/renderer/etcd"
)

// Embed runs etcd in a directory; it returns the endpoints and what stops it.
type Embed func(ctx context.Context, dir string) (endpoints []string, stop func() error, err error)

// Open connects to the etcd of the settings, and runs it first if it is an
// embedded one. The returned function ends both.
func (s Settings) Open(ctx context.Context, embed Embed) (*etcd.Store, func() error, error) {
	config, stop := s.Store, func() error { return nil }
	if s.Embedded() {
		var err error
		if config.Endpoints, stop, err = embed(ctx, s.Dir); err != nil {
			return nil, nil, err
		}
	}
	store, err := etcd.Dial(ctx, config)
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return store, func() error { return errors.Join(store.Close(), stop()) }, nil
}
