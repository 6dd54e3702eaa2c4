package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/etcd/task"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Pauses between tries of one tenant.
const (
	firstPause = 400 * time.Millisecond
	mostPause  = 10 * time.Minute
	// busyPause is how long to wait for another replica, or for notices to end.
	busyPause = time.Second
	// leastPull is what a list may take whatever its period: an SPS that drips
	// does not keep the next one from being read for ever.
	leastPull = 30 * time.Minute
)

// TaskName is the reading of the list among scheduled tasks.
const TaskName = "list-of-sps"

// queue holds the tenants that this replica knows to be dirty. The keys in
// etcd are the truth; this is in which order and when they are looked at.
type queue = workqueue.TypedRateLimitingInterface[ident.Tenant]

// Run fetches what is dirty and reads the list now and then, until ctx ends.
// Fetches under way end then too; their tenants stay dirty.
func (w *Worker) Run(ctx context.Context) {
	q := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[ident.Tenant](firstPause, mostPause))
	var all sync.WaitGroup
	all.Go(func() { w.listen(ctx, q) })
	for range w.o.Workers {
		all.Go(func() {
			for w.next(ctx, q) {
			}
		})
	}
	switch {
	case w.o.Schedule != nil:
		all.Go(func() { w.scheduled(ctx) })
	case w.o.Pull > 0:
		all.Go(func() { wait.JitterUntilWithContext(ctx, w.pullDue, w.o.Pull, 0.5, true) })
	}
	<-ctx.Done()
	q.ShutDown()
	all.Wait()
	w.Close()
}

// next works on one tenant, and reports whether there may be more.
func (w *Worker) next(ctx context.Context, q queue) bool {
	id, shut := q.Get()
	if shut {
		return false
	}
	defer q.Done(id)
	outcome, err := w.Work(ctx, id)
	if ctx.Err() != nil {
		return true
	}
	w.o.Hear(outcome)
	switch {
	case outcome == Busy && err == nil, outcome == Overtaken:
		q.AddAfter(id, backoff.Jitter(busyPause))
	case err != nil:
		q.AddRateLimited(id)
		// The reason stands in etcd; it may quote what SPS says of the tenant.
		w.o.Logger.Warn("fetching a tenant", "tenant", id.String(), "outcome", string(outcome), "attempts", q.NumRequeues(id))
	default:
		q.Forget(id)
	}
	return true
}

// pullDue reads the list unless another replica did so a short while ago.
func (w *Worker) pullDue(ctx context.Context) {
	last, _, err := w.store.full(ctx)
	if err == nil && w.store.moment().Sub(last.Completed).Abs() < w.o.Pull/2 {
		return
	}
	_ = w.list(ctx) // is told, and the next list makes up for it
}

// scheduled reads the list when it is due, in one replica.
func (w *Worker) scheduled(ctx context.Context) {
	r := task.New(task.Options{Client: w.store.etcd.Client(), ID: w.id, TTL: w.o.Lease, Logger: w.o.Logger})
	err := r.Run(ctx, task.Task{Name: TaskName, Schedule: *w.o.Schedule, CatchUp: task.Last,
		Do: func(ctx context.Context, c task.Claim) error { return w.list(ctx, c.Guard()) }})
	if err != nil && ctx.Err() == nil {
		w.o.Logger.Error("the list is not read any more", "error", brief(err))
	}
}

// list reads the list in bounded time and tells what came of it.
func (w *Worker) list(ctx context.Context, also ...clientv3.Cmp) error {
	limited, cancel := context.WithTimeout(ctx, max(w.o.Pull, leastPull))
	defer cancel()
	done, err := w.Pull(limited, also...)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.o.Pulled(done, err)
	for outcome, n := range done.Outcomes {
		w.o.Logger.Debug("list of SPS", "outcome", string(outcome), "tenants", n)
	}
	if err != nil {
		w.o.Logger.Warn("reading the list of SPS", "error", brief(err))
	}
	return err
}

// listen keeps the queue true: it reads the dirty keys, watches them, and
// reads them again after a while, because a watch is a hint.
func (w *Worker) listen(ctx context.Context, q queue) {
	pauses := backoff.New(100*time.Millisecond, 10*time.Second)
	for ctx.Err() == nil {
		revision, err := w.reread(ctx, q)
		if err == nil {
			err = w.watch(ctx, revision+1, q)
		}
		if err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("watching the queue", "error", brief(err))
			_ = backoff.Sleep(ctx, pauses.Next()) // the loop asks ctx
			continue
		}
		pauses.Reset()
	}
}

// watch hears of dirty tenants until it is time to read them again.
func (w *Worker) watch(ctx context.Context, from int64, q queue) error {
	ctx, cancel := context.WithTimeout(clientv3.WithRequireLeader(ctx), backoff.Jitter(w.o.Reread))
	defer cancel()
	s := w.store
	for resp := range s.etcd.Client().Watch(ctx, s.place.all("dirty"), clientv3.WithPrefix(), clientv3.WithRev(from)) {
		if err := resp.Err(); err != nil && ctx.Err() == nil {
			return s.etcd.Explain("watching etcd", err)
		}
		for _, e := range resp.Events {
			id, ok := s.place.tenant("dirty", string(e.Kv.Key))
			if ok && e.Type == clientv3.EventTypePut {
				w.hear(q, id, e.IsCreate(), e.Kv.Value)
			}
		}
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil
	}
	return errors.New("the watch ended")
}

// hear queues a tenant: at once when it became dirty, and after the pause that
// its failures ask for. A notice for one that is dirty already adds nothing:
// somebody has it in hand.
func (w *Worker) hear(q queue, id ident.Tenant, created bool, value []byte) {
	d := state{dirty: stored{value: value}}.work(w.store.moment())
	switch {
	case d.Attempts > 0:
		q.AddAfter(id, backoff.Jitter(backoff.Pauses{First: firstPause, Most: mostPause}.After(d.Attempts)))
	case created:
		q.Add(id)
	}
}
