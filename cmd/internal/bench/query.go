package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/query"
	"github.com/gatorcloud/sluice/renderer/model/authz"
)

// queryFigures are the figures of what other services ask.
func queryFigures() []figure {
	return []figure{
		{name: "query-vs-etcd-range", unit: "x", bound: 3, atLeast: true, run: queryCost,
			about: "processor time of an etcd range of one tenant, over that of a query; client, server and load in one process"},
		{name: "query-bytes-per-tenant", unit: "B", bound: 1024, run: queryBytes,
			about: "live memory of the copy that answers, 100,000 tenants with 2 products and their status records"},
	}
}

// asked is a copy over a plant, and the address where it is asked.
type asked struct {
	*plant
	url  string
	stop func()
	held uint64 // bytes
}

// newAsked writes n tenants with two products and serves queries.
func newAsked(ctx context.Context, n int) (*asked, error) {
	p, err := newPlant(ctx, n, "swg", "ucwi")
	if err != nil {
		return nil, err
	}
	if err := p.tell(ctx, n, "swg", "ucwi"); err != nil {
		return nil, err
	}
	before := live()
	m := query.NewMirror(query.MirrorOptions{})
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { m.Run(ctx, p.store) })
	for !m.Complete() {
		time.Sleep(50 * time.Millisecond)
	}
	a := &asked{plant: p, held: live() - before}
	server, err := caller.Listen(ctx, caller.Listener{Address: "127.0.0.1:0"}, query.Handler(query.Options{Mirror: m}))
	a.stop = func() {
		cancel()
		done.Wait()
		if server != nil {
			_ = server.Close(context.Background())
		}
		p.close()
	}
	if err != nil {
		a.stop()
		return nil, err
	}
	a.url = "http://" + server.Address()
	return a, nil
}

// tell writes a status record for each product.
func (p *plant) tell(ctx context.Context, n int, products ...string) error {
	value, err := json.Marshal(status.Record{Environment: "local", AcceptedVersion: "202", Ring: "main", Commit: strings.Repeat("9", 40), State: "active"})
	if err != nil {
		return err
	}
	var ops []clientv3.Op
	for i := range n {
		for _, product := range products {
			id := tenant(i, 1, product).ID
			ops = append(ops, clientv3.OpPut(status.DefaultPrefix+"/"+id.String()+"/"+product, string(value)))
		}
		if len(ops) >= 100 || i == n-1 {
			if _, err := p.store.Client().Txn(ctx).Then(ops...).Commit(); err != nil {
				return err
			}
			ops = ops[:0]
		}
	}
	return nil
}

// queryBytes counts the copy and what it is made from.
func queryBytes(ctx context.Context) (float64, error) {
	const n = 100_000
	a, err := newAsked(ctx, n)
	if err != nil {
		return 0, err
	}
	defer a.stop()
	fmt.Fprintf(os.Stderr, "# copy %d MB\n", a.held>>20)
	return float64(a.held) / n, nil
}

// queryCost has eight workers ask for tenants all over a fleet of 10,000.
func queryCost(ctx context.Context) (float64, error) {
	const n, asks = 10_000, 40_000
	a, err := newAsked(ctx, n)
	if err != nil {
		return 0, err
	}
	defer a.stop()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	id := func(i int) string { return tenant(i*7919%n, 1).ID.String() }
	get := func(i int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url+"/v1/tenants/"+id(i), http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		size, err := io.Copy(io.Discard, resp.Body)
		if err = errors.Join(err, resp.Body.Close()); err == nil && (resp.StatusCode != http.StatusOK || size < 400) {
			err = fmt.Errorf("asking for tenant %s: %s with %d bytes", id(i), resp.Status, size)
		}
		return err
	}
	read := func(i int) error {
		key := authz.DefaultPrefix + "/" + id(i)
		resp, err := a.store.Client().Get(ctx, key, clientv3.WithRange(key+"0")) // its own record, and what is below it
		if err == nil && len(resp.Kvs) != 3 {
			err = fmt.Errorf("reading tenant %s: %d records, want 3", id(i), len(resp.Kvs))
		}
		return err
	}
	queried, perSecond, err := cost(asks, get)
	if err != nil {
		return 0, err
	}
	ranged, rangesPerSecond, err := cost(asks, read)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "# query %v of processor and %.0f a second, range %v and %.0f a second\n", queried, perSecond, ranged, rangesPerSecond)
	return ranged.Seconds() / queried.Seconds(), nil
}

// cost returns the processor time of one call, and how many there are in a second.
func cost(calls int, do func(int) error) (time.Duration, float64, error) {
	for i := range calls / 10 { // warm
		if err := do(i); err != nil {
			return 0, 0, err
		}
	}
	before, began := used(), time.Now()
	const workers = 8
	failed := make(chan error, workers)
	for w := range workers {
		go func() {
			for i := w; i < calls; i += workers {
				if err := do(i); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	var err error
	for range workers {
		err = errors.Join(err, <-failed)
	}
	return (used() - before) / time.Duration(calls), float64(calls) / time.Since(began).Seconds(), err
}

// used is the processor time of this process.
func used() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r) // which cannot fail for oneself
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
