package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

// watchFigures are the figures of the watching renderer.
func watchFigures() []figure {
	return []figure{
		{name: "watch-bytes-per-authorisation", unit: "B", bound: 2048, run: watchBytes,
			about: "live memory of copy and fleet at 100,000 tenants with 4 products, over idle, by authorisation"},
		{name: "watch-ready-vs-range-read", unit: "x", bound: 3, run: watchReady,
			about: "start to a complete copy that watches, over a range read of the same 500,000 records"},
		{name: "put-to-push-p99-ms", unit: "ms", bound: 100, run: putToPushP99,
			about: "etcd put to pushed commit in a local bare repository, 100,000 tenants, single changes"},
		{name: "put-to-push-100k-vs-100", unit: "x", bound: 1.5, run: putToPushRatio,
			about: "median of the same, over that of 100 tenants"},
		{name: "sustained-2000-lag-s", unit: "s", bound: 10, run: sustained,
			about: "time until Git agrees with etcd after 2,000 changes a second for 60 s at 10,000 tenants"},
	}
}

// plant is an etcd of its own with a fleet in it.
type plant struct {
	dir    string
	server *embedded.Server
	store  *etcd.Store
}

func (p *plant) close() {
	_ = p.store.Close()
	_ = p.server.Close()
	_ = os.RemoveAll(p.dir)
}

// newPlant fills an etcd with n tenants and the given products.
func newPlant(ctx context.Context, n int, products ...string) (*plant, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	p := &plant{dir: dir}
	if p.server, err = embedded.Start(ctx, filepath.Join(dir, "etcd")); err != nil {
		return nil, err
	}
	if p.store, err = etcd.Dial(ctx, etcd.Config{Endpoints: p.server.Endpoints()}); err != nil {
		return nil, err
	}
	var changes []authz.Change
	for i := range n {
		one, err := records(i, 1+i%20, products...)
		if err != nil {
			return nil, err
		}
		changes = append(changes, one...)
	}
	return p, p.store.Records(authz.DefaultPrefix).Apply(ctx, changes, nil)
}

// records returns the changes that write a tenant with its products.
func records(i, replicas int, products ...string) ([]authz.Change, error) {
	f := tenant(i, replicas, products...)
	own, err := f.Tenant.Put(authz.AnyRevision)
	all := []authz.Change{own}
	for _, a := range f.Tenant.Authorisations {
		c, e := a.Put(authz.Key{Tenant: f.Tenant.ID, Product: a.Product}, authz.AnyRevision)
		all, err = append(all, c), errors.Join(err, e)
	}
	return all, err
}

// live returns the bytes of the heap that are in use.
func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// hundred returns the large plant.
func hundred(ctx context.Context) (*plant, error) {
	return newPlant(ctx, 100_000, "dsa", "seg", "swg", "ucwi")
}

// watchBytes counts the copy of 400,000 authorisations and the fleet that a
// full render of them leaves; etcd itself runs in this process, so its memory
// is measured before and after the copy alone.
func watchBytes(ctx context.Context) (float64, error) {
	p, err := hundred(ctx)
	if err != nil {
		return 0, err
	}
	defer p.close()
	before := live()
	mirror, stop, _, err := follow(ctx, p)
	if err != nil {
		return 0, err
	}
	defer stop()
	copied := live() - before
	r, err := newRenderer()
	if err != nil {
		return 0, err
	}
	all := tenants(100_000, "dsa", "seg", "swg", "ucwi")
	before = live()
	fleet, _, err := r.Full(ctx, all, nothing{}, nil, void{})
	if err != nil {
		return 0, err
	}
	held := int64(live()) - int64(before)
	runtime.KeepAlive(all) // counted before and after
	runtime.KeepAlive(fleet)
	runtime.KeepAlive(mirror)
	fmt.Fprintf(os.Stderr, "# copy %d MB, fleet %d MB\n", copied>>20, held>>20)
	return float64(int64(copied)+held) / 400_000, nil
}

// follow starts a watcher and returns when its copy is complete.
func follow(ctx context.Context, p *plant) (*watch.Mirror, func(), time.Duration, error) {
	mirror := watch.NewMirror(authz.DefaultPrefix, time.Now)
	watcher := watch.New(p.store, mirror, watch.Options{})
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	began := time.Now()
	done.Go(func() { watcher.Run(ctx) })
	stop := func() { cancel(); done.Wait() }
	if err := watcher.Sync(ctx); err != nil {
		stop()
		return nil, nil, 0, err
	}
	return mirror, stop, time.Since(began), nil
}

// watchReady compares with a paged read that looks at no record.
func watchReady(ctx context.Context) (float64, error) {
	p, err := hundred(ctx)
	if err != nil {
		return 0, err
	}
	defer p.close()
	read, ready := time.Hour, time.Hour
	for range 3 {
		began := time.Now()
		if _, err := p.store.Scan(ctx, authz.DefaultPrefix, func() {}, func(string, []byte, int64) {}); err != nil {
			return 0, err
		}
		read = min(read, time.Since(began))
		_, stop, took, err := follow(ctx, p)
		if err != nil {
			return 0, err
		}
		stop()
		ready = min(ready, took)
	}
	fmt.Fprintf(os.Stderr, "# ready %v, range read %v\n", ready.Round(time.Millisecond), read.Round(time.Millisecond))
	return ready.Seconds() / read.Seconds(), nil
}

// factory is a loop that runs over a plant into a bare repository.
type factory struct {
	*plant
	mu       sync.Mutex
	arrived  *sync.Cond
	revision int64 // that Git agrees with
	commits  int
	last     publish.Mark
	broken   error
	stop     func()
	config   loop.Config
}

// agrees renders everything anew and fails if Git holds anything else.
func (f *factory) agrees(ctx context.Context) error {
	o, err := loop.NewCore(f.config).Step(ctx, time.Now())
	if err == nil && o.Changed {
		err = fmt.Errorf("a full render changes %+v files of what was pushed", o.Files)
	}
	return err
}

// newFactory renders n tenants with one product and goes on.
func newFactory(ctx context.Context, n int) (*factory, error) {
	p, err := newPlant(ctx, n, "swg")
	if err != nil {
		return nil, err
	}
	path, err := bare(p.dir)
	if err != nil {
		return nil, err
	}
	repo, err := git.Open(ctx, path, git.Options{Branch: "main"})
	if err != nil {
		return nil, err
	}
	if err := people(ctx, repo); err != nil {
		return nil, err
	}
	f := &factory{plant: p}
	f.arrived = sync.NewCond(&f.mu)
	mirror := watch.NewMirror(authz.DefaultPrefix, time.Now)
	watcher := watch.New(p.store, mirror, watch.Options{})
	f.config = loop.Config{Environment: local, Pipeline: pipeline.New(), Branch: repo, Source: mirror}
	l := loop.New(loop.NewCore(f.config), loop.Options{Feed: mirror, Sync: watcher.Sync, Clock: loop.NewTrusted(loop.System(), time.Minute), Hear: f.hear})
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { watcher.Run(ctx) })
	done.Go(func() { _ = l.Run(ctx) })
	f.stop = func() { cancel(); done.Wait(); _ = repo.Close(); f.close() }
	now, err := p.store.Now(ctx, authz.DefaultPrefix)
	if err == nil {
		err = f.wait(now.Revision)
	}
	return f, err
}

// people commits the catalog and the example environment.
func people(ctx context.Context, repo *git.Repo) error {
	_, err := git.Update(ctx, repo, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
			if err := tx.PutFS(dir, from); err != nil {
				return git.Message{}, err
			}
		}
		return git.Message{Subject: "begin"}, nil
	}, git.RetryOptions{})
	return err
}

func (f *factory) hear(_ context.Context, o loop.Outcome, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.broken = err
	case o.Changed && o.Mark.From != f.last.Revision+1:
		f.broken = fmt.Errorf("commit covers %d to %d after %d", o.Mark.From, o.Mark.Revision, f.last.Revision)
	case o.Changed:
		f.last = o.Mark
		f.commits++
	}
	f.revision = max(f.revision, o.Revision)
	f.arrived.Broadcast()
}

// wait returns when Git agrees with etcd at a revision.
func (f *factory) wait(revision int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.revision < revision && f.broken == nil {
		f.arrived.Wait()
	}
	return f.broken
}

// put changes one tenant's right and returns its revision.
func (f *factory) put(ctx context.Context, i, replicas int) (int64, error) {
	all, err := records(i, replicas, "swg")
	if err != nil {
		return 0, err
	}
	resp, err := f.store.Client().Put(ctx, authz.FormatKey(authz.DefaultPrefix, all[1].Key), string(all[1].Value))
	if err != nil {
		return 0, err
	}
	return resp.Header.Revision, nil
}

// latencies returns the sorted times from put to push of single changes.
func latencies(ctx context.Context, n int) ([]time.Duration, error) {
	f, err := newFactory(ctx, n)
	if err != nil {
		return nil, err
	}
	defer f.stop()
	var times []time.Duration
	for i := range 400 {
		began := time.Now()
		revision, err := f.put(ctx, i*7919%n, 100+i)
		if err != nil {
			return nil, err
		}
		if err := f.wait(revision); err != nil {
			return nil, err
		}
		if i >= 50 { // warm
			times = append(times, time.Since(began))
		}
	}
	slices.Sort(times)
	fmt.Fprintf(os.Stderr, "# %d tenants: median %v, p99 %v\n", n, times[len(times)/2], times[len(times)*99/100])
	return times, nil
}

func putToPushP99(ctx context.Context) (float64, error) {
	times, err := latencies(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	return float64(times[len(times)*99/100].Microseconds()) / 1000, nil
}

func putToPushRatio(ctx context.Context) (float64, error) {
	large, err := latencies(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	small, err := latencies(ctx, 100)
	if err != nil {
		return 0, err
	}
	return large[len(large)/2].Seconds() / small[len(small)/2].Seconds(), nil
}

// most bounds how much the heap may grow, at any moment of that minute: the
// backlog is one record a tenant, not one a change.
const most = 512 << 20

// peak keeps the largest heap until ctx ends.
func peak(ctx context.Context, largest *atomic.Uint64) {
	for tick := time.NewTicker(250 * time.Millisecond); ctx.Err() == nil; <-tick.C {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		largest.Store(max(largest.Load(), m.HeapAlloc))
	}
}

// sustained writes 2,000 changes a second for a minute, a hundred in each of
// twenty transactions, and returns how long Git takes to agree afterwards. It
// fails when a revision is in no commit or in two, when Git is not what a full
// render gives, or when memory is not bounded.
func sustained(ctx context.Context) (float64, error) {
	const n, seconds, transactions = 10_000, 60, 20
	f, err := newFactory(ctx, n)
	if err != nil {
		return 0, err
	}
	defer f.stop()
	began, before := time.Now(), live()
	var largest atomic.Uint64
	watching, done := context.WithCancel(ctx)
	defer done()
	go peak(watching, &largest)
	var last int64
	for k := range seconds * transactions {
		var ops []clientv3.Op
		for j := range 2000 / transactions {
			all, err := records((k*100+j)*7%n, 1+k%900, "swg")
			if err != nil {
				return 0, err
			}
			ops = append(ops, clientv3.OpPut(authz.FormatKey(authz.DefaultPrefix, all[1].Key), string(all[1].Value)))
		}
		resp, err := f.store.Client().Txn(ctx).Then(ops...).Commit()
		if err != nil {
			return 0, err
		}
		last = resp.Header.Revision
		if k+1 < seconds*transactions {
			time.Sleep(time.Until(began.Add(time.Duration(k+1) * time.Second / transactions)))
		}
	}
	wrote := time.Since(began)
	if err := f.wait(last); err != nil {
		return 0, err
	}
	lag := time.Since(began) - wrote
	if err := f.agrees(ctx); err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "# wrote for %v, %d commits, heap %d MB before, at most %d MB, and %d MB after, etcd's included\n",
		wrote.Round(time.Millisecond), f.commits, before>>20, largest.Load()>>20, live()>>20)
	if largest.Load() > before+most {
		return 0, fmt.Errorf("the heap grew to %d bytes from %d", largest.Load(), before)
	}
	return lag.Seconds(), nil
}

// void is a Sink that keeps nothing.
type void struct{}

func (void) Guard(tree.Guard)             {}
func (void) Reset(string)                 {}
func (void) Put(string, *tree.Dir) error  { return nil }
func (void) PutFile(string, []byte) error { return nil }
