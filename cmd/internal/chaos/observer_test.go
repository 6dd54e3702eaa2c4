package chaos

import (
	"context"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/authz"
)

// observer keeps the whole history of the records, which compaction takes
// from etcd: it tells up to where etcd may be compacted.
type observer struct {
	mu       sync.Mutex
	revision int64
	events   []event
}

type event struct {
	key      string
	value    []byte // nil: deleted
	revision int64
}

func observe(t *testing.T, c *clientv3.Client) *observer {
	o := &observer{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			o.mu.Lock()
			from := o.revision + 1
			o.mu.Unlock()
			for resp := range c.Watch(ctx, prefix+"/", clientv3.WithPrefix(), clientv3.WithRev(from), clientv3.WithProgressNotify()) {
				if err := resp.Err(); err != nil {
					if resp.CompactRevision > 0 {
						t.Errorf("the observer was compacted: %v", err)
						return
					}
					break
				}
				o.add(resp)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return o
}

func (o *observer) add(resp clientv3.WatchResponse) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range resp.Events {
		value := e.Kv.Value
		if e.Type == clientv3.EventTypeDelete {
			value = nil
		}
		o.events = append(o.events, event{string(e.Kv.Key), value, e.Kv.ModRevision})
		o.revision = e.Kv.ModRevision
	}
	if resp.IsProgressNotify() {
		o.revision = max(o.revision, resp.Header.Revision)
	}
}

// last returns the revision of the last change.
func (o *observer) last() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.events) == 0 {
		return 0
	}
	return o.events[len(o.events)-1].revision
}

// history replays the events.
type history struct {
	events []event
	state  map[string]event
	at     int
}

func (o *observer) history() *history {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &history{events: append([]event(nil), o.events...), state: map[string]event{}}
}

// forward goes to a revision, which must not be before the last one.
func (h *history) forward(revision int64) authz.Snapshot {
	for ; h.at < len(h.events) && h.events[h.at].revision <= revision; h.at++ {
		e := h.events[h.at]
		if e.value == nil {
			delete(h.state, e.key)
		} else {
			h.state[e.key] = e
		}
	}
	a := authz.NewAssembler(prefix)
	for _, e := range h.state {
		a.Add(authz.Record{Key: e.key, Value: e.value, Revision: e.revision})
	}
	return a.Snapshot(revision)
}
