package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/git"
)

// acks are the writes that etcd confirmed.
type acks struct {
	mu  sync.Mutex
	all []event
	n   int
}

// add notes the puts and deletions of single keys; deletions of what was not
// there are no event.
func (a *acks) add(revision int64, puts []event) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	for _, e := range puts {
		e.revision = revision
		a.all = append(a.all, e)
	}
}

// write adds, changes, renews and removes authorisations at random.
func (w *world) write(ctx context.Context, random *rand.Rand) {
	for ctx.Err() == nil {
		i := random.IntN(tenants)
		product := []string{"swg", "dsa", "ucwi"}[random.IntN(3)]
		right := rightRecord(i, product, 1+random.IntN(1000), drawEnd(random))
		var ops []clientv3.Op
		var puts []event
		put := func(key, value string) {
			ops = append(ops, clientv3.OpPut(key, value))
			puts = append(puts, event{key: key, value: []byte(value)})
		}
		switch random.IntN(12) {
		case 0:
			ops = append(ops, clientv3.OpDelete(right[0]))
		case 1: // the tenant with all it has
			ops = append(ops, clientv3.OpDelete(tenantRecord(i)[0]), clientv3.OpDelete(tenantRecord(i)[0]+"/", clientv3.WithPrefix()))
		case 2:
			put(right[0], `{"bad`)
		default:
			tenant := tenantRecord(i)
			put(tenant[0], tenant[1])
			put(right[0], right[1])
		}
		limited, cancel := context.WithTimeout(ctx, 2*time.Second)
		if resp, err := w.client.Txn(limited).Then(ops...).Commit(); err == nil {
			w.acks.add(resp.Header.Revision, puts)
		}
		cancel()
		pause(ctx, time.Duration(random.IntN(60))*time.Millisecond)
	}
}

// drawEnd returns when a right ends: never, long from now (renewed), within
// seconds, or yesterday. None of them is over so long that it would go.
func drawEnd(random *rand.Rand) time.Time {
	switch random.IntN(6) {
	case 0:
		return time.Date(2040+random.IntN(50), 1, 1, 0, 0, 0, 0, time.UTC)
	case 1:
		return time.Now().Add(time.Duration(1+random.IntN(4)) * time.Second)
	case 2:
		return time.Now().AddDate(0, 0, -1)
	}
	return time.Time{}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// peopleCommit edits the fleet and unrelated files.
func (w *world) peopleCommit(ctx context.Context, random *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		pause(ctx, time.Duration(500+random.IntN(2500))*time.Millisecond)
		edit := random.IntN(3) == 0
		err := w.commit(func(tx *git.Tx, files fs.FS) error {
			if !edit {
				return tx.PutFile("notes.txt", fmt.Appendf(nil, "%d\n", n))
			}
			const fleet = "environments/local/fleet.yaml"
			data, err := fs.ReadFile(files, fleet)
			if err != nil {
				return err
			}
			for old := range bytes.Lines(data) {
				if bytes.Contains(old, []byte("soakSeconds:")) {
					data = bytes.Replace(data, old, fmt.Appendf(nil, "  soakSeconds: %d\n", 30+n), 1)
				}
			}
			return tx.PutFile(fleet, data)
		})
		if err != nil {
			w.t.Errorf("people cannot commit: %v", err)
		}
	}
}
