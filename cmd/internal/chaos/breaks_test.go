package chaos

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
)

// breakThings breaks one thing after another, two at a time now and then.
func (w *world) breakThings(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	pause(ctx, 2*time.Second) // somebody leads
	for ctx.Err() == nil {
		r := w.replicas[w.random.IntN(len(w.replicas))]
		long := time.Duration(100+w.random.IntN(3000)) * time.Millisecond
		what := breaks[w.random.IntN(len(breaks))]
		all.Go(func() { what(ctx, w, r, long) })
		pause(ctx, time.Duration(300+w.random.IntN(2500))*time.Millisecond)
	}
}

// breaks are the ways to break something. Each is given a replica; one thing
// at a time is broken of each.
var breaks = []func(context.Context, *world, *replica, time.Duration){
	pauseReplica, pauseLeader, killReplica, killLeader, restartReplica,
	partitionEtcd, refuseEtcd, partitionGit, cutGit, compact, pauseEtcd, killEtcd, pauseGit, killGit,
}

// alone does f unless something else is broken of p.
func (p *process) alone(f func()) {
	if p.breaking.TryLock() {
		defer p.breaking.Unlock()
		f()
	}
}

func pauseReplica(ctx context.Context, _ *world, r *replica, long time.Duration) {
	r.alone(func() { r.stop(ctx, long) })
}

// pauseLeader stops the leader beyond its lease.
func pauseLeader(ctx context.Context, w *world, r *replica, long time.Duration) {
	r = w.leader(ctx, r)
	r.alone(func() { r.stop(ctx, 2*time.Second+long/2) })
}

func killReplica(ctx context.Context, _ *world, r *replica, long time.Duration) {
	r.alone(func() { r.again(ctx, syscall.SIGKILL, long/3) })
}

func killLeader(ctx context.Context, w *world, r *replica, long time.Duration) {
	killReplica(ctx, w, w.leader(ctx, r), long)
}

// restartReplica ends one as Kubernetes does.
func restartReplica(ctx context.Context, _ *world, r *replica, long time.Duration) {
	r.alone(func() { r.again(ctx, syscall.SIGTERM, long/3) })
}

func partitionEtcd(ctx context.Context, _ *world, r *replica, long time.Duration) {
	r.alone(func() { set(ctx, r.etcd, etcdtest.Swallow, long) })
}

func refuseEtcd(ctx context.Context, _ *world, r *replica, long time.Duration) {
	r.alone(func() { set(ctx, r.etcd, etcdtest.Refuse, long/2) })
}

func partitionGit(ctx context.Context, _ *world, r *replica, long time.Duration) {
	if r.git != nil {
		r.alone(func() { set(ctx, r.git, etcdtest.Swallow, long) })
	}
}

// cutGit cuts in the middle of whatever goes on.
func cutGit(ctx context.Context, _ *world, r *replica, _ time.Duration) {
	if r.git != nil {
		r.alone(func() {
			for range 5 {
				r.git.Cut()
				pause(ctx, 50*time.Millisecond)
			}
		})
	}
}

func compact(ctx context.Context, w *world, _ *replica, _ time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, _ = w.client.Compact(ctx, w.log.reached())
}

func pauseEtcd(ctx context.Context, w *world, _ *replica, long time.Duration) {
	w.etcd.alone(func() { w.etcd.stop(ctx, long/2) })
}

func killEtcd(ctx context.Context, w *world, _ *replica, long time.Duration) {
	w.etcd.alone(func() { w.etcd.again(ctx, syscall.SIGKILL, long/4) })
}

func pauseGit(ctx context.Context, w *world, _ *replica, long time.Duration) {
	w.git.alone(func() { w.git.stop(ctx, long) })
}

func killGit(ctx context.Context, w *world, _ *replica, long time.Duration) {
	w.git.alone(func() { w.git.again(ctx, syscall.SIGKILL, long/2) })
}

// stop pauses the process.
func (p *process) stop(ctx context.Context, long time.Duration) {
	p.signal(syscall.SIGSTOP)
	pause(ctx, long)
	p.signal(syscall.SIGCONT)
}

// again ends the process and begins it again.
func (p *process) again(ctx context.Context, how syscall.Signal, after time.Duration) {
	p.end(how)
	pause(ctx, after)
	p.start()
}

func set(ctx context.Context, p *etcdtest.Proxy, m etcdtest.Mode, long time.Duration) {
	p.Set(m)
	pause(ctx, long)
	p.Set(etcdtest.Pass)
}

// leader returns the replica that leads, or the given one while none is known.
func (w *world) leader(ctx context.Context, r *replica) *replica {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	id, err := election.Leader(ctx, w.client, election.DefaultPrefix, "local")
	if err != nil {
		return r
	}
	for _, other := range w.replicas {
		if other.name == id {
			return other
		}
	}
	return r
}

// heal mends everything.
func (w *world) heal() {
	w.mend(w.replicas)
	w.upstream.heal(w)
	w.etcd.signal(syscall.SIGCONT)
	w.git.signal(syscall.SIGCONT)
}

func (w *world) mend(replicas []*replica) {
	for _, r := range replicas {
		r.signal(syscall.SIGCONT)
		r.etcd.Set(etcdtest.Pass)
		if r.git != nil {
			r.git.Set(etcdtest.Pass)
		}
	}
}
