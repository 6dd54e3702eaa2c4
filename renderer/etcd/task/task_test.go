package task

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/etcdtest"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T) string {
	t.Helper()
	s, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Endpoints()[0]
}

func dial(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	s, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{endpoint}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Client()
}

// hand is a clock that moves when it is told to.
type hand struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{}
}

func newHand(at time.Time) *hand { return &hand{now: at, moved: make(chan struct{})} }

func (h *hand) read() (time.Time, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now, h.moved
}

func (h *hand) move(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	close(h.moved)
	h.moved = make(chan struct{})
}

func (h *hand) sleep(ctx context.Context, d time.Duration) error {
	began, moved := h.read()
	for now := began; now.Sub(began) < d; now, moved = h.read() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
		}
	}
	return ctx.Err()
}

// fleet is replicas of one task over one etcd.
type fleet struct {
	t      *testing.T
	direct *clientv3.Client
	clock  *hand
	all    sync.WaitGroup

	mu      sync.Mutex
	runs    map[string]int // by fire time
	effects map[string]int
	lost    int // leases
}

// start runs a replica behind a proxy of its own until the function it
// returns kills it: from one moment to the next etcd hears no more of it.
func (f *fleet) start(endpoint, id string, skew time.Duration, work func(context.Context, *clientv3.Client, Claim)) (kill func()) {
	f.t.Helper()
	proxy, err := etcdtest.NewProxy(endpoint)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = proxy.Close() })
	client := dial(f.t, proxy.Endpoint())
	r := New(Options{Client: client, ID: id, TTL: 2 * time.Second, Sleep: f.clock.sleep,
		Now: func() time.Time { now, _ := f.clock.read(); return now.Add(skew) }})
	ctx, cancel := context.WithCancel(f.t.Context())
	f.all.Go(func() {
		err := r.Run(ctx, Task{Name: "sweep", Schedule: parse(f.t, "* * * * *", "Europe/Berlin"), Do: func(ctx context.Context, c Claim) error {
			f.mu.Lock()
			f.runs[stamp(c.Due)]++
			f.mu.Unlock()
			work(ctx, client, c)
			return ctx.Err()
		}})
		if err != nil {
			f.t.Errorf("Run() = %v", err)
		}
	})
	return func() { proxy.Set(etcdtest.Refuse); cancel() }
}

// effect writes once under the claim's guard, and says whether etcd took it.
func (f *fleet) effect(c Claim) bool {
	resp, err := f.direct.Txn(f.t.Context()).If(c.Guard()).Then(clientv3.OpPut("/effect", stamp(c.Due))).Commit()
	if err != nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if resp.Succeeded {
		f.effects[stamp(c.Due)]++
	}
	return resp.Succeeded
}

// claims reads the history of etcd: how often each claim was made.
func (f *fleet) claims() map[string]int {
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	now, err := f.direct.Get(ctx, "x")
	if err != nil {
		f.t.Fatal(err)
	}
	made := map[string]int{}
	prefix := DefaultPrefix + "/sweep/"
	if _, err := f.direct.Put(ctx, prefix+"end", ""); err != nil {
		f.t.Fatal(err)
	}
	for resp := range f.direct.Watch(ctx, prefix, clientv3.WithPrefix(), clientv3.WithRev(1)) {
		for _, e := range resp.Events {
			name := strings.TrimPrefix(string(e.Kv.Key), prefix)
			if e.Kv.ModRevision > now.Header.Revision {
				return made
			}
			if e.IsCreate() && name != running {
				made[name]++
			}
		}
	}
	f.t.Fatal("the watch ended")
	return nil
}

// Five replicas whose clocks differ by up to 50 s, of which some are killed in
// the middle of a run and some lose their lease: each fire time has one claim.
func TestOneClaimPerFireTime(t *testing.T) {
	short.Skip(t, "takes as long as etcd takes for leases")
	t.Parallel()
	endpoint := serve(t)
	f := &fleet{t: t, direct: dial(t, endpoint), clock: newHand(moment(t, "2027-10-31T00:30:10Z")), runs: map[string]int{}, effects: map[string]int{}}
	t.Cleanup(f.all.Wait) // after the connections are closed
	lost := make(chan Claim, 1)
	work := func(ctx context.Context, _ *clientv3.Client, c Claim) {
		if !f.effect(c) && ctx.Err() == nil {
			t.Errorf("the effect of %v was refused, in a run that has its lease", c.Due)
		}
		if c.Due.Minute()%4 != 3 {
			return
		}
		select {
		case lost <- c: // one at a time loses its lease, and goes on as if it had not
			resp, err := f.direct.Get(t.Context(), c.guard)
			if err != nil || len(resp.Kvs) == 0 {
				t.Errorf("the run of %v has no lease: %v", c.Due, err)
				return
			}
			if _, err := f.direct.Revoke(t.Context(), clientv3.LeaseID(resp.Kvs[0].Lease)); err != nil {
				t.Error(err)
			}
			f.mu.Lock()
			f.lost++
			f.mu.Unlock()
			if f.effect(c) {
				t.Errorf("etcd took an effect of %v, whose lease was gone", c.Due)
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Second):
				t.Errorf("the run of %v is not told that its lease is gone", c.Due)
			}
			<-lost
		default:
		}
	}
	stuck := make(chan struct{}, 1)
	hang := func(ctx context.Context, _ *clientv3.Client, c Claim) {
		f.effect(c)
		select {
		case stuck <- struct{}{}:
		default:
		}
		<-ctx.Done()
	}
	skews := []time.Duration{-50 * time.Second, -7 * time.Second, 0, 11 * time.Second, 45 * time.Second}
	for i, skew := range skews[:4] {
		f.start(endpoint, fmt.Sprint(i), skew, work)
	}
	kill := f.start(endpoint, "4", skews[4], hang) // the fastest is first, and hangs in its run
	ticks := 600
	if testing.Short() {
		ticks = 300
	}
	for i := range ticks {
		f.clock.move(5 * time.Second)
		time.Sleep(15 * time.Millisecond)
		if _, err := f.direct.Put(t.Context(), "/tick", ""); err != nil { // no faster than etcd
			t.Fatal(err)
		}
		if len(stuck) > 0 {
			<-stuck
			kill()
			kill = f.start(endpoint, "4", skews[4], map[bool]func(context.Context, *clientv3.Client, Claim){true: hang, false: work}[i < ticks/3])
		}
	}
	for range 8 { // who was killed last is gone, and all catch up
		f.clock.move(time.Minute)
		time.Sleep(300 * time.Millisecond)
	}
	made := f.claims()
	f.check(made, ticks)
}

func (f *fleet) check(made map[string]int, ticks int) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for due, n := range made {
		if n != 1 || f.runs[due] > 1 || f.effects[due] > 1 {
			f.t.Errorf("%s: %d claims, %d runs, %d effects, want one at most", due, n, f.runs[due], f.effects[due])
		}
	}
	for due := range f.runs {
		if made[due] == 0 {
			f.t.Errorf("%s: ran without a claim", due)
		}
	}
	if f.lost == 0 {
		f.t.Error("no run lost its lease, want some")
	}
	if minutes := ticks * 5 / 60; len(made) < minutes/4 {
		f.t.Errorf("%d fire times of %d were claimed, want a quarter at least, for a kill costs its lease: %v", len(made), minutes, slices.Sorted(maps.Keys(made)))
	}
	resp, err := f.direct.Get(f.t.Context(), DefaultPrefix+"/sweep/2", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil || resp.Count > kept+5 {
		f.t.Errorf("%d claims are kept (%v), want about %d", resp.Count, err, kept)
	}
	f.t.Logf("%d claims, %d kept, %d leases lost", len(made), resp.Count, f.lost)
}

// What was missed while nobody was there.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t))
	for name, tc := range map[string]struct {
		reason string
		catch  CatchUp
		held   []string // claims that are there
		at     string
		want   []string // claims afterwards that were not
	}{
		"None":      {"what was missed passes", None, []string{"2027-03-01T03:00:00Z"}, "2027-03-04T10:00:00Z", nil},
		"Last":      {"the newest is made up for, and only that", Last, []string{"2027-03-01T03:00:00Z"}, "2027-03-04T10:00:00Z", []string{"2027-03-04T03:00:00Z"}},
		"LastTaken": {"it was claimed before we were gone", Last, []string{"2027-03-04T03:00:00Z"}, "2027-03-04T10:00:00Z", nil},
		"LastNew":   {"a task that is new was not missed", Last, nil, "2027-03-04T10:00:00Z", nil},
		"Now":       {"a task that is new begins when it is due", None, nil, "2027-03-04T03:00:20Z", []string{"2027-03-04T03:00:00Z"}},
		"Behind":    {"a clock that was set back claims nothing twice", Last, []string{"2027-03-09T03:00:00Z"}, "2027-03-04T03:00:00Z", nil},
		"Running":   {"not while a run lasts", Last, []string{"2027-03-01T03:00:00Z", running}, "2027-03-04T10:00:00Z", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := client.Delete(t.Context(), DefaultPrefix, clientv3.WithPrefix()); err != nil {
				t.Fatal(err)
			}
			for _, k := range tc.held {
				if _, err := client.Put(t.Context(), DefaultPrefix+"/nightly/"+k, "{}"); err != nil {
					t.Fatal(err)
				}
			}
			clock := newHand(moment(t, tc.at))
			asleep := make(chan struct{})
			ctx, cancel := context.WithCancel(t.Context())
			r := New(Options{Client: client, ID: "one", TTL: time.Second, Now: func() time.Time { now, _ := clock.read(); return now },
				Sleep: func(ctx context.Context, _ time.Duration) error { close(asleep); <-ctx.Done(); return ctx.Err() }})
			var all sync.WaitGroup
			all.Go(func() {
				_ = r.Run(ctx, Task{Name: "nightly", Schedule: parse(t, "0 3 * * *", "UTC"), CatchUp: tc.catch, Do: func(context.Context, Claim) error { return nil }})
			})
			<-asleep
			cancel()
			all.Wait()
			resp, err := client.Get(t.Context(), DefaultPrefix+"/nightly/", clientv3.WithPrefix())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, kv := range resp.Kvs {
				if k := strings.TrimPrefix(string(kv.Key), DefaultPrefix+"/nightly/"); !slices.Contains(tc.held, k) {
					got = append(got, k)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("claims = %v, want %v: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// The record says who ran and how it ended.
func TestRecord(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t))
	clock := newHand(moment(t, "2027-03-04T03:00:01Z"))
	heard := make(chan error, 2)
	r := New(Options{Client: client, ID: "one", TTL: time.Second, Now: func() time.Time { now, _ := clock.read(); return now }, Sleep: clock.sleep,
		Hear: func(_ Claim, err error) { heard <- err }})
	broken := errors.New("broken")
	var fences []int64
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		_ = r.Run(ctx, Task{Name: "minutely", Schedule: parse(t, "* * * * *", ""), Do: func(_ context.Context, c Claim) error {
			if fences = append(fences, c.Fence); len(fences) > 1 {
				return broken
			}
			return nil
		}})
	})
	first := <-heard
	clock.move(time.Minute)
	second := <-heard
	cancel()
	all.Wait()
	if first != nil || !errors.Is(second, broken) || fences[1] <= fences[0] {
		t.Errorf("runs ended with %v and %v under fences %v, want nil, broken, and fences that grow", first, second, fences)
	}
	for at, want := range map[string]string{"2027-03-04T03:00:00Z": `"result":"done"`, "2027-03-04T03:01:00Z": `"result":"failed"`} {
		resp, err := client.Get(t.Context(), DefaultPrefix+"/minutely/"+at)
		if err != nil || len(resp.Kvs) != 1 || !strings.Contains(string(resp.Kvs[0].Value), want) {
			t.Errorf("claim of %s = %v, %v, want %s", at, resp.Kvs, err, want)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	work := func(context.Context, Claim) error { return nil }
	nightly := parse(t, "@daily", "")
	for name, tc := range map[string]struct {
		reason string
		tasks  []Task
	}{
		"Slash":      {"it would be a folder of another task", []Task{{Name: "a/b", Schedule: nightly, Do: work}}},
		"Twice":      {"one name, one task", []Task{{Name: "a", Schedule: nightly, Do: work}, {Name: "a", Schedule: nightly, Do: work}}},
		"NoSchedule": {"never due", []Task{{Name: "a", Do: work}}},
		"NoWork":     {"nothing to do", []Task{{Name: "a", Schedule: nightly}}},
	} {
		if err := New(Options{}).Run(t.Context(), tc.tasks...); err == nil {
			t.Errorf("%s: Run() = nil, want an error: %s", name, tc.reason)
		}
	}
}

// A run whose lease is gone ends, and says so; its record stays without a result.
func TestLostLeaseEndsTheRun(t *testing.T) {
	t.Parallel()
	client := dial(t, serve(t))
	clock := newHand(moment(t, "2027-03-04T03:00:01Z"))
	heard := make(chan error, 1)
	r := New(Options{Client: client, ID: "one", TTL: 2 * time.Second, Now: func() time.Time { now, _ := clock.read(); return now }, Sleep: clock.sleep,
		Hear: func(_ Claim, err error) { heard <- err }})
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		_ = r.Run(ctx, Task{Name: "sweep", Schedule: parse(t, "@daily", ""), Do: func(context.Context, Claim) error { return nil }},
			Task{Name: "long", Schedule: parse(t, "* * * * *", ""), Do: func(ctx context.Context, c Claim) error {
				resp, err := client.Get(ctx, c.guard)
				if err != nil || len(resp.Kvs) != 1 {
					return fmt.Errorf("no lease: %w", err)
				}
				if _, err := client.Revoke(ctx, clientv3.LeaseID(resp.Kvs[0].Lease)); err != nil {
					return err
				}
				<-ctx.Done()
				return nil
			}})
	})
	select {
	case err := <-heard:
		if !errors.Is(err, ErrLost) {
			t.Errorf("the run ended with %v, want %v", err, ErrLost)
		}
	case <-time.After(20 * time.Second):
		t.Error("the run does not end though its lease is gone")
	}
	cancel()
	all.Wait()
	resp, err := client.Get(t.Context(), DefaultPrefix+"/long/", clientv3.WithPrefix())
	if err != nil || len(resp.Kvs) != 1 || strings.Contains(string(resp.Kvs[0].Value), "result") {
		t.Errorf("claims = %v, %v, want one without a result", resp.Kvs, err)
	}
}

// A fire time while etcd is away is claimed when it is back, unless that is late.
func TestEtcdAway(t *testing.T) {
	short.Skip(t, "waits while etcd is away")
	t.Parallel()
	for name, tc := range map[string]struct {
		reason string
		step   time.Duration // of the clock, while etcd is away for half a second
		want   string
	}{
		"Short": {"it comes back in time", 100 * time.Millisecond, "2027-03-04T03:00:00Z"},
		"Long":  {"the fire time has passed", time.Minute, ""},
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := serve(t)
			direct := dial(t, endpoint)
			proxy, err := etcdtest.NewProxy(endpoint)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = proxy.Close() })
			client := dial(t, proxy.Endpoint())
			clock := newHand(moment(t, "2027-03-04T02:59:59Z"))
			r := New(Options{Client: client, ID: "one", TTL: time.Second, Now: func() time.Time { now, _ := clock.read(); return now }, Sleep: clock.sleep})
			ctx, cancel := context.WithCancel(t.Context())
			var all sync.WaitGroup
			all.Go(func() {
				_ = r.Run(ctx, Task{Name: "nightly", Schedule: parse(t, "0 3 * * *", "UTC"), Do: func(context.Context, Claim) error { return nil }})
			})
			proxy.Set(etcdtest.Refuse)
			clock.move(time.Second)
			for range 10 {
				time.Sleep(50 * time.Millisecond)
				clock.move(tc.step)
			}
			proxy.Set(etcdtest.Pass)
			got := ""
			for range 100 {
				time.Sleep(50 * time.Millisecond)
				clock.move(100 * time.Millisecond)
				resp, err := direct.Get(t.Context(), DefaultPrefix+"/nightly/2", clientv3.WithPrefix())
				if err != nil {
					t.Fatal(err)
				}
				if len(resp.Kvs) > 0 {
					got = strings.TrimPrefix(string(resp.Kvs[0].Key), DefaultPrefix+"/nightly/")
					break
				}
			}
			cancel()
			all.Wait()
			if got != tc.want {
				t.Errorf("claim = %q, want %q: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// What a list says of a run follows from its claim, its lease and its result.
func TestList(t *testing.T) {
	t.Parallel()
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: []string{serve(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	record := func(result string) string { return Record{By: "a", Result: result}.encode() }
	txn := func(pairs ...string) {
		t.Helper()
		var ops []clientv3.Op
		for i := 0; i < len(pairs); i += 2 {
			ops = append(ops, clientv3.OpPut(DefaultPrefix+"/"+pairs[i], pairs[i+1]))
		}
		if _, err := store.Client().Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	txn("pull/2027-03-01T02:30:00Z", record("done"))
	txn("pull/2027-03-02T02:30:00Z", record(""))
	txn("pull/2027-03-03T02:30:00Z", record(""), "pull/"+running, "a")
	txn("clear/2027-03-03T02:30:00Z", record("failed"))
	txn("pull/soon", record("done"))
	runs, err := List(t.Context(), store, "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range runs {
		got = append(got, fmt.Sprint(r.Task, " ", r.Due.Format("02"), " ", r.Result, " ", r.Running))
	}
	want := []string{"clear 03 failed false", "pull 03  true", "pull 02  false", "pull 01 done false"}
	if !slices.Equal(got, want) {
		t.Errorf("List() = %q, want %q", got, want)
	}
}
