package cmpserver_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/cmpserver/apiclient"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/plugin/cmpserver"
	"github.com/gatorcloud/sluice/plugin/plugintest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// gate is a generator that counts who is inside and lets nobody out before it opens.
type gate struct {
	open         chan struct{}
	inside, most atomic.Int64
	entered      chan struct{}
	ended        atomic.Int64 // left because the request ended
}

func newGate() *gate { return &gate{open: make(chan struct{}), entered: make(chan struct{}, 10_000)} }

func (g *gate) Generate(ctx context.Context, _ plugin.Request) (plugin.Result, error) {
	n := g.inside.Add(1)
	defer g.inside.Add(-1)
	for most := g.most.Load(); n > most; most = g.most.Load() {
		if g.most.CompareAndSwap(most, n) {
			break
		}
	}
	g.entered <- struct{}{}
	select {
	case <-g.open:
		return plugin.Result{Level: plugin.LevelRing, Documents: [][]byte{[]byte("kind: X\n")}}, nil
	case <-ctx.Done():
		g.ended.Add(1)
		return plugin.Result{}, ctx.Err()
	}
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if f() {
			return
		}
	}
	t.Fatalf("%s: not so after two minutes", what)
}

// A thousand requests at once are all answered right, few at a time.
func TestThousandRequestsAtOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the server")
	}
	s := start(t, cmpserver.Options{Concurrency: 4})
	a := product()
	root, expected := repository(t, map[string]*tree.Dir{a.path: a.dir}), want(t, a)
	clients := make([]apiclient.ConfigManagementPluginServiceClient, 50) // connections cost the client most
	for i := range clients {
		clients[i] = s.dial(t)
	}
	var wg sync.WaitGroup
	var wrong atomic.Int64
	for i := range 1000 {
		wg.Go(func() {
			if got, err := generate(t.Context(), clients[i%len(clients)], a, root, a.path); err != nil || got != expected {
				if wrong.Add(1) == 1 {
					t.Errorf("GenerateManifest = %d bytes, %v, want %d bytes", len(got), err, len(expected))
				}
			}
		})
	}
	wg.Wait()
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d of 1,000 requests went wrong", n)
	}
	if got := s.metric(t, "sluice_cmp_requests_total", "outcome", "ok"); got != 1000 {
		t.Errorf("sluice_cmp_requests_total{outcome=ok} = %v, want 1000", got)
	}
}

// No more than Concurrency work, no more than Queue wait, and one more is told so.
func TestConcurrencyIsBounded(t *testing.T) {
	g := newGate()
	s := start(t, cmpserver.Options{Generator: g, Concurrency: 3, Queue: 5})
	a := product()
	root, client := repository(t, map[string]*tree.Dir{a.path: a.dir}), s.dial(t)
	answers := make(chan error, 20)
	ask := func() {
		_, err := generate(t.Context(), client, a, root, a.path)
		answers <- err
	}
	for range 9 {
		go ask()
	}
	var err error
	select {
	case err = <-answers: // the only answer while nobody gets out
	case <-time.After(2 * time.Minute):
	}
	if status.Code(err) != codes.ResourceExhausted {
		t.Errorf("one request of nine = %v, want ResourceExhausted", err)
	}
	readsWell(t, err)
	for range 3 {
		<-g.entered
	}
	close(g.open)
	for range 8 {
		if err := <-answers; err != nil {
			t.Errorf("request = %v, want nil", err)
		}
	}
	if most := g.most.Load(); most != 3 {
		t.Errorf("%d requests worked at once, want 3", most)
	}
	if got := s.metric(t, "sluice_cmp_requests_total", "outcome", "busy"); got != 1 {
		t.Errorf("sluice_cmp_requests_total{outcome=busy} = %v, want 1", got)
	}
}

// Told to stop under load, the server finishes what it accepted, takes no more, and leaves nothing.
func TestStopsGracefullyUnderLoad(t *testing.T) {
	g := newGate()
	s := start(t, cmpserver.Options{Generator: g, Concurrency: 8})
	a := product()
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	answers := make(chan error, 100)
	for range 20 {
		client := s.dial(t)
		go func() {
			_, err := generate(context.Background(), client, a, root, a.path)
			answers <- err
		}()
	}
	eventually(t, "20 requests are in flight", func() bool { return s.metric(t, "sluice_cmp_in_flight") == 20 })
	s.stop()
	eventually(t, "no new connection is taken", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := apiclient.NewConfigManagementPluginServiceClient(s.plain(t)).CheckPluginConfiguration(ctx, &emptypb.Empty{})
		return err != nil
	})
	select {
	case err := <-s.done:
		t.Fatalf("Serve = %v before the requests were answered", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(g.open)
	for range 20 {
		if err := <-answers; err != nil {
			t.Errorf("request = %v, want nil", err)
		}
	}
	if err := <-s.done; err != nil {
		t.Errorf("Serve = %v, want nil", err)
	}
	s.done <- nil // for the cleanup
	if _, err := cmpserver.Listen(s.socket); err != nil {
		t.Errorf("Listen(where the server was) = %v, want nil", err)
	}
}

// Nothing of a server is left behind: not of requests that were answered,
// refused, stalled or left alone, and not of the server.
func TestLeavesNoGoroutine(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := start(t, cmpserver.Options{})
	conn := s.plain(t)
	client := apiclient.NewConfigManagementPluginServiceClient(conn)
	a := product()
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	if _, err := generate(t.Context(), client, a, root, a.path); err != nil {
		t.Error(err)
	}
	if err := send(t.Context(), client, chunk([]byte("x"))); err == nil {
		t.Error("request without metadata = nil, want an error")
	}
	hasty := start(t, cmpserver.Options{Timeout: 200 * time.Millisecond})
	second := hasty.plain(t)
	stalled, err := apiclient.NewConfigManagementPluginServiceClient(second).GenerateManifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stalled.Send(header("a", sum(nil), 1000)); err != nil {
		t.Fatal(err)
	}
	var m struct{}
	if err := stalled.RecvMsg(&m); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("stalled request = %v, want DeadlineExceeded", err)
	}
	conn.Close()
	second.Close()
	for _, s := range []*running{s, hasty} {
		s.stop()
		if err := <-s.done; err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
		s.done <- nil // for the cleanup
	}
	goleak.VerifyNone(t, before)
}

// What does not finish in time is cut off, and Serve says so.
func TestDrainIsBounded(t *testing.T) {
	g := newGate()
	s := start(t, cmpserver.Options{Generator: g, Drain: 200 * time.Millisecond})
	a := product()
	root, client := repository(t, map[string]*tree.Dir{a.path: a.dir}), s.dial(t)
	answer := make(chan error, 1)
	go func() {
		_, err := generate(t.Context(), client, a, root, a.path)
		answer <- err
	}()
	<-g.entered
	begin := time.Now()
	s.stop()
	err := <-s.done
	if took := time.Since(begin); err == nil || took > 5*time.Second {
		t.Errorf("Serve = %v after %v, want an error soon after 200 ms", err, took)
	}
	s.done <- nil
	if err := <-answer; err == nil {
		t.Error("request = nil, want an error")
	}
	eventually(t, "the work has ended", func() bool { return g.inside.Load() == 0 && g.ended.Load() == 1 })
}

// A client that goes away ends its work and gives its slot back.
func TestClientGone(t *testing.T) {
	g := newGate()
	s := start(t, cmpserver.Options{Generator: g, Concurrency: 1})
	a := product()
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	t.Run("WhileGenerating", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		go generate(ctx, s.dial(t), a, root, a.path)
		<-g.entered
		cancel()
		eventually(t, "the work has ended", func() bool { return g.inside.Load() == 0 && g.ended.Load() == 1 })
	})
	t.Run("WhileSending", func(t *testing.T) {
		conn := s.plain(t)
		stream, err := apiclient.NewConfigManagementPluginServiceClient(conn).GenerateManifest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(stream.Send(header("a", sum(nil), 1000)), stream.Send(chunk([]byte("half a gzip header")))); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the request is in flight", func() bool { return s.metric(t, "sluice_cmp_in_flight") == 1 })
		conn.Close()
	})
	eventually(t, "nothing is in flight", func() bool { return s.metric(t, "sluice_cmp_in_flight") == 0 })
	if got := s.metric(t, "sluice_cmp_requests_total", "outcome", "canceled"); got != 2 {
		t.Errorf("sluice_cmp_requests_total{outcome=canceled} = %v, want 2", got)
	}
	close(g.open)
	if _, err := generate(t.Context(), s.dial(t), a, root, a.path); err != nil {
		t.Errorf("the next request = %v, want nil", err)
	}
}

// A client that stops sending does not hold its slot for ever.
func TestStalledClient(t *testing.T) {
	g := newGate()
	close(g.open)
	s := start(t, cmpserver.Options{Generator: g, Concurrency: 1, Timeout: 300 * time.Millisecond})
	stalled, err := s.dial(t).GenerateManifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := stalled.Send(header("a", sum(nil), 1000)); err != nil {
		t.Fatal(err)
	}
	var m struct{}
	err = stalled.RecvMsg(&m)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("stalled request = %v, want DeadlineExceeded", err)
	}
	readsWell(t, err)
	a, late := product(), 0.0
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	eventually(t, "a next request is answered", func() bool {
		_, err := generate(t.Context(), s.dial(t), a, root, a.path)
		if err != nil { // too late, on a busy machine
			late++
		}
		return err == nil
	})
	if got := s.metric(t, "sluice_cmp_requests_total", "outcome", "timeout"); got < 1 || got > 1+late {
		t.Errorf("sluice_cmp_requests_total{outcome=timeout} = %v, want 1 and at most %v more", got, late)
	}
}

// The client's own deadline is kept a little early, so that the reason arrives.
func TestDeadlineOfClient(t *testing.T) {
	s := start(t, cmpserver.Options{Generator: newGate()})
	a := product()
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	eventually(t, "DeadlineExceeded arrives with a hint", func() bool { // the client's own, without one, wins on a busy machine
		ctx, cancel := context.WithTimeout(t.Context(), 600*time.Millisecond)
		defer cancel()
		_, err := generate(ctx, s.dial(t), a, root, a.path)
		if err == nil {
			t.Fatal("request = nil, want an error")
		}
		return status.Code(err) == codes.DeadlineExceeded && strings.Contains(err.Error(), "sluice: hint")
	})
	eventually(t, "the log names the Application", func() bool {
		return strings.Contains(s.log.String(), `"app":"pop-sha1-1000006-swg","level":"","outcome":"timeout"`)
	})
}

type panicking struct{ once sync.Once }

func (p *panicking) Generate(context.Context, plugin.Request) (r plugin.Result, err error) {
	p.once.Do(func() { panic("secret detail") })
	return plugin.Result{Documents: [][]byte{[]byte("kind: X\n")}}, nil
}

// A panic fails one request, tells the log and not the client, and nothing else.
func TestPanicFailsOneRequest(t *testing.T) {
	s := start(t, cmpserver.Options{Generator: &panicking{}, Concurrency: 1})
	a := product()
	root := repository(t, map[string]*tree.Dir{a.path: a.dir})
	_, err := generate(t.Context(), s.dial(t), a, root, a.path)
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
		t.Errorf("request = %v, want Internal without the panic's value", err)
	}
	if !strings.Contains(s.log.String(), "secret detail") || !strings.Contains(s.log.String(), "load_test.go") {
		t.Errorf("log = %s, want the panic and its stack", s.log)
	}
	if _, err := generate(t.Context(), s.dial(t), a, root, a.path); err != nil {
		t.Errorf("the next request = %v, want nil", err)
	}
}

// A server under load keeps no memory of the repositories that were sent.
func TestWholeRepositoriesCostNoMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("sends whole repositories")
	}
	s := start(t, cmpserver.Options{Concurrency: 8, Timeout: 10 * time.Minute}) // the race detector takes its time
	a := product()
	dirs := map[string]*tree.Dir{a.path: a.dir}
	for i := range 20 {
		dirs[fmt.Sprintf("big/%d", i)] = plugintest.Files(map[string]string{"blob": strings.Repeat(fmt.Sprint(i), 1<<20)})
	}
	root := repository(t, dirs)
	if _, err := generate(t.Context(), s.dial(t), a, root, ""); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := generate(t.Context(), s.dial(t), a, root, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("heap grew by %d bytes over 16 requests of 20 MiB, want at most 8 MiB", grown)
	}
}
