package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/etcd"
)

// Causes of a reading.
const (
	Start     = "start"
	Scheduled = "scheduled"
	Compacted = "compacted"
	NoLeader  = "no-leader"
	Cancelled = "cancelled"
	Silent    = "silent"
	Asked     = "asked"
	Restored  = "restored" // a reading beside the watch found another etcd, or an earlier revision
)

// Reading is what a Watcher reports of one reading.
type Reading struct {
	Cause string
	Took  time.Duration
	Keys  int
	Correction
	Err error
}

// Options tune a Watcher. The zero value works.
type Options struct {
	// Resync is the mean time between readings while the watch is well; 10 min when zero.
	Resync time.Duration
	// Progress is how often etcd is asked how far the watch is; 5 s when zero. A
	// watch that says nothing three times is made anew.
	Progress time.Duration
	// Logger hears about readings and breaks; nil is silent.
	Logger *slog.Logger
	// Hear is told of every reading. May be nil.
	Hear func(Reading)
}

// Watcher keeps a Mirror true. Make one with New and Run it.
type Watcher struct {
	store  *etcd.Store
	mirror *Mirror
	o      Options
	asked  chan struct{}
}

// New returns a watcher that feeds mirror from store.
func New(store *etcd.Store, mirror *Mirror, o Options) *Watcher {
	if o.Resync <= 0 {
		o.Resync = 10 * time.Minute
	}
	if o.Progress <= 0 {
		o.Progress = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(Reading) {}
	}
	return &Watcher{store: store, mirror: mirror, o: o, asked: make(chan struct{}, 1)}
}

// Run reads and watches until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	cause := Start
	failed, short := backoff.New(100*time.Millisecond, 10*time.Second), backoff.New(50*time.Millisecond, 5*time.Second)
	for ctx.Err() == nil {
		from, _, err := w.read(ctx, cause)
		if err != nil {
			_ = backoff.Sleep(ctx, failed.Next()) // the loop asks ctx
			continue
		}
		failed.Reset()
		began := time.Now()
		cause = w.follow(ctx, from)
		if ctx.Err() != nil {
			return
		}
		w.o.Logger.Warn("the watch ended", "cause", cause, "revision", from)
		if time.Since(began) < time.Second { // what ends at once does not end faster by haste
			_ = backoff.Sleep(ctx, short.Next())
		} else {
			short.Reset()
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// read makes one reading and returns its revision and what it corrected.
func (w *Watcher) read(ctx context.Context, cause string) (int64, Correction, error) {
	began := time.Now()
	revision, correction, err := w.scan(ctx)
	r := Reading{Cause: cause, Took: time.Since(began), Keys: w.mirror.Keys(), Correction: correction, Err: err}
	if ctx.Err() != nil {
		return 0, Correction{}, ctx.Err()
	}
	w.o.Hear(r)
	if err != nil {
		w.o.Logger.Warn("reading etcd", "cause", cause, "error", err)
		return 0, Correction{}, err
	}
	w.o.Logger.Info("read etcd", "cause", cause, "revision", revision, "keys", r.Keys, "took", r.Took,
		"added", r.Added, "changed", r.Changed, "vanished", r.Vanished)
	if r.Replaced {
		w.o.Logger.Error("etcd is another one or was restored; all was read anew", "revision", revision)
	}
	return revision, correction, nil
}

func (w *Watcher) scan(ctx context.Context) (int64, Correction, error) {
	cluster, held, _ := w.mirror.State() // before etcd is asked, whose answer is not behind it but after a restore
	now, err := w.store.Now(ctx, w.mirror.Prefix())
	if err != nil {
		return 0, Correction{}, err
	}
	begin := w.mirror.Begin
	if cluster == now.Cluster && now.Revision < held {
		begin = w.mirror.BeginAnew
	}
	var load *Load
	revision, err := w.store.Scan(ctx, w.mirror.Prefix(), func() { load = begin(now.Cluster) }, func(key string, value []byte, mod int64) {
		load.Add(key, value, mod)
	})
	if err != nil {
		return 0, Correction{}, err
	}
	return revision, load.Done(revision), nil
}

// follow watches from the revision after from until the watch ends, and
// returns why it did. Scheduled readings are made beside it.
func (w *Watcher) follow(ctx context.Context, from int64) string {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	w.mirror.Follow()
	f := follower{Watcher: w, done: make(chan bool, 1)}
	defer f.stop()
	defer cancel()
	client := w.store.Client()
	// A prefix without its slash would also watch its siblings.
	events := client.Watch(ctx, w.mirror.Prefix()+"/", clientv3.WithPrefix(), clientv3.WithRev(from+1),
		clientv3.WithProgressNotify(), clientv3.WithFragment(), clientv3.WithCreatedNotify())
	progress := time.NewTicker(w.o.Progress)
	defer progress.Stop()
	resync := time.NewTimer(backoff.Jitter(w.o.Resync))
	defer resync.Stop()
	quiet := 0
	for {
		select {
		case resp, ok := <-events:
			if cause := w.heard(resp, ok); cause != "" {
				return cause
			}
			quiet = 0
		case <-progress.C:
			if quiet++; quiet > 3 {
				return Silent
			}
			go func() { _ = client.RequestProgress(ctx) }() // which blocks while the connection is broken
		case <-resync.C:
			resync.Reset(backoff.Jitter(w.o.Resync))
			f.reread(ctx, Scheduled)
		case <-w.asked:
			f.reread(ctx, Asked)
		case replaced := <-f.done:
			f.running = false
			if replaced { // this watch waits for revisions of before
				return Restored
			}
		}
	}
}

// heard takes in one response of the watch; it returns why the watch ended, if it did.
func (w *Watcher) heard(resp clientv3.WatchResponse, ok bool) string {
	err := resp.Err()
	switch {
	case !ok:
		return Cancelled
	case resp.CompactRevision != 0 || errors.Is(err, rpctypes.ErrCompacted):
		return Compacted
	case errors.Is(err, rpctypes.ErrNoLeader):
		return NoLeader
	case err != nil:
		return Cancelled
	case resp.Created:
		return "" // its revision is that of the watch's making, not of what was sent
	}
	events := make([]Event, 0, len(resp.Events))
	for _, e := range resp.Events {
		value := e.Kv.Value
		if e.Type == clientv3.EventTypeDelete {
			value = nil
		} else if value == nil {
			value = []byte{}
		}
		events = append(events, Event{Key: string(e.Kv.Key), Value: value, Revision: e.Kv.ModRevision})
	}
	w.mirror.Apply(events, complete(resp))
	return ""
}

// complete returns up to which revision a response is complete: a progress
// notification up to its header's; events up to the last of them, for the
// header of events may name a revision whose events come later.
func complete(resp clientv3.WatchResponse) int64 {
	if resp.IsProgressNotify() {
		return resp.Header.Revision
	}
	if n := len(resp.Events); n > 0 {
		return resp.Events[n-1].Kv.ModRevision
	}
	return 0
}

// follower is the scheduled reading beside a watch: one at a time.
type follower struct {
	*Watcher
	done    chan bool // whether the copy was replaced
	running bool
}

func (f *follower) reread(ctx context.Context, cause string) {
	if f.running {
		return
	}
	f.running = true
	go func() {
		_, c, _ := f.read(ctx, cause) // if it failed, the next one is due anyhow
		f.done <- c.Replaced
	}()
}

// stop waits for the reading under way; its context has ended.
func (f *follower) stop() {
	if f.running {
		<-f.done
	}
}

// Reread asks for a reading beside the watch.
func (w *Watcher) Reread() {
	select {
	case w.asked <- struct{}{}:
	default:
	}
}

// Sync returns when the copy holds everything that etcd had confirmed when it
// was called.
func (w *Watcher) Sync(ctx context.Context) error {
	now, err := w.store.Now(ctx, w.mirror.Prefix())
	if err != nil {
		return err
	}
	for tries := 0; ; tries++ {
		cluster, revision, loaded := w.mirror.State()
		if loaded && cluster == now.Cluster && revision >= now.Revision {
			return nil
		}
		switch {
		case tries%100 == 99: // a second has passed: the watch is not well
			w.Reread()
		case tries%20 == 0:
			go func() { _ = w.store.Client().RequestProgress(clientv3.WithRequireLeader(ctx)) }()
		}
		wait(ctx, 10*time.Millisecond)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("waiting for revision %d of etcd: %w", now.Revision, err)
		}
	}
}
