package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
)

// ingestFigures are the figures of what comes from SPS.
func ingestFigures() []figure {
	return []figure{
		{name: "notify-p99-vs-txn", unit: "x", bound: 3, run: notifyP99,
			about: "p99 of signed notices over HTTP, each durable when answered, over that of a bare etcd transaction of two keys"},
		{name: "pull-unchanged-100k", unit: "ms", bound: 1000, run: pullUnchanged,
			about: "a reading of the list of 100,000 tenants when nothing is new: one 304, and an error if anything is written"},
		{name: "pull-changed-100k", unit: "s", bound: 30, run: pullChanged,
			about: "the same when 1,000 have changed: an error unless 1,000 transactions wrote tenants, and one which list it was"},
	}
}

// notifyP99 sends notices and makes transactions in turns, so that both have
// the same machine.
func notifyP99(ctx context.Context) (float64, error) {
	p, err := newPlant(ctx, 0)
	if err != nil {
		return 0, err
	}
	defer p.close()
	key := notify.Key("a key of more than twenty-four bytes")
	server := httptest.NewServer(notify.NewHandler(notify.Options{Marker: ingest.NewStore(ingest.Place{Etcd: p.store}), Rate: 1 << 20,
		Keys: func() []notify.Key { return []notify.Key{key} }, Read: sps.Mapping{}.ReadNotice, Now: time.Now}))
	defer server.Close()
	kv := p.store.Client()
	var bare, notices []time.Duration
	for i := range 3000 {
		began := time.Now()
		name := fmt.Sprintf("/bench/%d", i)
		_, err := kv.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(name), "=", 0)).
			Then(clientv3.OpPut(name, ""), clientv3.OpPut("/bench/dirty", "")).Commit()
		if err != nil {
			return 0, err
		}
		bare = append(bare, time.Since(began))
		began = time.Now()
		code, err := spstest.Notice{ID: fmt.Sprint("n", i), At: began, Tenant: fmt.Sprint(i % 100), Keys: [][]byte{key}}.Send(ctx, server.URL)
		if err != nil || code != http.StatusAccepted {
			return 0, fmt.Errorf("notice %d is answered %d: %w", i, code, err)
		}
		notices = append(notices, time.Since(began))
	}
	slices.Sort(bare)
	slices.Sort(notices)
	at := len(bare) * 99 / 100
	fmt.Fprintf(os.Stderr, "# p99 of a notice %v, of a transaction %v\n", notices[at], bare[at])
	return notices[at].Seconds() / bare[at].Seconds(), nil
}

// inflow is an SPS whose 100,000 tenants are in etcd.
type inflow struct {
	*plant
	sps    *spstest.Server
	worker *ingest.Worker
}

func (f *inflow) close() {
	f.worker.Close()
	_ = f.sps.Close()
	f.plant.close()
}

// subscription is what SPS says of a tenant.
func subscription(i, replicas int) (string, string) {
	id := fmt.Sprint(1_000_000 + i)
	return id, fmt.Sprintf(`{"tenantId": %q, "tenantName": "tenant %d", "tenantCode": "c%d", "authorisations": [`+
		`{"product": "swg", "replicas": %d, "storage": "80Gi", "startTime": "2024-06-18T00:00:00Z"}]}`, id, i, i, replicas)
}

func newInflow(ctx context.Context, n int) (*inflow, error) {
	p, err := newPlant(ctx, 0)
	if err != nil {
		return nil, err
	}
	f := &inflow{plant: p, sps: spstest.New()}
	if err := f.sps.Start("127.0.0.1:0"); err != nil {
		return nil, err
	}
	for i := range n {
		if err := f.sps.Put(subscription(i, 2)); err != nil {
			return nil, err
		}
	}
	client, err := sps.NewClient(sps.Options{URL: f.sps.URL()})
	if err != nil {
		return nil, err
	}
	f.worker = ingest.New(ingest.Options{Store: ingest.NewStore(ingest.Place{Etcd: p.store}), Source: client, ID: "bench"})
	began := time.Now()
	done, err := f.worker.Pull(ctx)
	if err == nil && done.Outcomes[ingest.Written] != n {
		err = fmt.Errorf("the first list brought %v, want %d tenants", done.Outcomes, n)
	}
	fmt.Fprintf(os.Stderr, "# %d new tenants came in %v\n", n, time.Since(began))
	return f, err
}

// pull reads the list and returns how long that took and how many transactions wrote.
func (f *inflow) pull(ctx context.Context) (time.Duration, int64, error) {
	before, err := revision(ctx, f.store)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	if _, err := f.worker.Pull(ctx); err != nil {
		return 0, 0, err
	}
	took := time.Since(began)
	after, err := revision(ctx, f.store)
	return took, after - before, err
}

func revision(ctx context.Context, s *etcd.Store) (int64, error) {
	at, err := s.Now(ctx, ingest.DefaultPrefix)
	return at.Revision, err
}

func pullUnchanged(ctx context.Context) (float64, error) {
	f, err := newInflow(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	defer f.close()
	took, writes, err := f.pull(ctx)
	if err == nil && writes != 0 {
		err = fmt.Errorf("%d transactions wrote, want none", writes)
	}
	return float64(took.Microseconds()) / 1000, err
}

func pullChanged(ctx context.Context) (float64, error) {
	const changed = 1000
	f, err := newInflow(ctx, 100_000)
	if err != nil {
		return 0, err
	}
	defer f.close()
	for i := range changed {
		if err := f.sps.Put(subscription(i*100, 3)); err != nil {
			return 0, err
		}
	}
	took, writes, err := f.pull(ctx)
	if err == nil && writes != changed+1 {
		err = fmt.Errorf("%d transactions wrote, want %d", writes, changed+1)
	}
	return took.Seconds(), err
}
