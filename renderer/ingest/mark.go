package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// A notice's stamp may be five minutes ahead and is taken for five more, so
	// an id is remembered for more than ten. One lease serves all ids of a while.
	seenFor    = 20 * time.Minute
	seenShared = 5 * time.Minute
)

// seenLease is the lease of the ids that are remembered now.
type seenLease struct {
	mu    sync.Mutex
	id    clientv3.LeaseID
	begun time.Time
}

// lease returns a lease that lasts long enough, other than the given one.
func (s *Store) lease(ctx context.Context, not clientv3.LeaseID) (clientv3.LeaseID, error) {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	if s.seen.id != 0 && s.seen.id != not && time.Since(s.seen.begun) < seenShared {
		return s.seen.id, nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	begun := time.Now()
	grant, err := s.etcd.Client().Grant(ctx, int64(seenFor/time.Second))
	if err != nil {
		return 0, s.etcd.Explain("getting a lease", err)
	}
	s.seen.id, s.seen.begun = grant.ID, begun
	return grant.ID, nil
}

// Mark makes a tenant dirty for a notice, unless the notice's id was seen
// before, which it reports. When it returns without an error the notice is
// durable, and can be acknowledged. The id is a part of a key: it has been
// checked.
func (s *Store) Mark(ctx context.Context, id ident.Tenant, notice string) (bool, error) {
	var lost clientv3.LeaseID
	for {
		lease, err := s.lease(ctx, lost)
		if err != nil {
			return false, err
		}
		key := s.place.seen(notice)
		resp, err := s.commit(ctx, fmt.Sprintf("noting a notice of tenant %q", id), txn{
			guards: []clientv3.Cmp{absent(key)},
			then:   []clientv3.Op{clientv3.OpPut(key, "", clientv3.WithLease(lease)), s.soil(id)},
		})
		switch {
		case err == nil:
			return resp.Succeeded, nil
		case errors.Is(err, rpctypes.ErrLeaseNotFound) && lost == 0:
			lost = lease // etcd was restored, or stood still for long
		default:
			return false, err
		}
	}
}
