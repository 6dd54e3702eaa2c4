package chaos

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// observer keeps the whole history of etcd, which compaction takes from it: it
// tells up to where etcd may be compacted.
type observer struct {
	mu        sync.Mutex
	revision  int64
	events    []event // of the records
	elections []event
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
			for resp := range c.Watch(ctx, "", clientv3.WithPrefix(), clientv3.WithRev(o.reached()+1), clientv3.WithProgressNotify()) {
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
		seen := event{string(e.Kv.Key), e.Kv.Value, e.Kv.ModRevision}
		if e.Type == clientv3.EventTypeDelete {
			seen.value = nil
		}
		switch {
		case strings.HasPrefix(seen.key, prefix+"/"):
			o.events = append(o.events, seen)
		case strings.HasPrefix(seen.key, election.DefaultPrefix+"/local/"):
			o.elections = append(o.elections, seen)
		}
		o.revision = e.Kv.ModRevision
	}
	if resp.IsProgressNotify() {
		o.revision = max(o.revision, resp.Header.Revision)
	}
}

// reached returns up to where the history is complete.
func (o *observer) reached() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.revision
}

// last returns the revision of the last change of a record.
func (o *observer) last() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.events) == 0 {
		return 0
	}
	return o.events[len(o.events)-1].revision
}

// fences returns the creation revisions of the election keys that were the
// oldest of their election at some time, with the replica that made them.
func (o *observer) fences() map[int64]string {
	o.mu.Lock()
	defer o.mu.Unlock()
	leaders, alive := map[int64]string{}, map[string]event{}
	for _, e := range o.elections {
		if e.value == nil {
			delete(alive, e.key)
		} else if _, again := alive[e.key]; !again {
			alive[e.key] = e
		}
		var oldest event
		for _, a := range alive {
			if oldest.revision == 0 || a.revision < oldest.revision {
				oldest = a
			}
		}
		if oldest.revision > 0 {
			leaders[oldest.revision] = string(oldest.value)
		}
	}
	return leaders
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
