package status

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// batch is how many records one transaction writes; etcd takes 128 operations.
const batch = 100

// page is how many records one request reads.
const page = 5000

// Options configure a Writer. Client and Environment are required.
type Options struct {
	Client      *clientv3.Client
	Environment string
	// Prefix is where the records are; DefaultPrefix when empty.
	Prefix string
	// Guard is the condition under which anything is written; nil for none.
	Guard *clientv3.Cmp
	// Logger hears about failures; nil is silent.
	Logger *slog.Logger
	// Hear is told how many records a transaction wrote, or its error. May be nil.
	Hear func(written int, err error)
}

// Writer writes records in the background, newest first wins. Make one with
// New for each term, call Put from anywhere and Run once.
type Writer struct {
	o     Options
	known map[string]map[string]Record // ours by tenant and product, as etcd has them; owned by Run

	mu      sync.Mutex
	pending map[ident.Tenant]Update
	wake    chan struct{}
}

type key struct{ tenant, product string }

// New returns a writer.
func New(o Options) *Writer {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(int, error) {}
	}
	return &Writer{o: o, pending: map[ident.Tenant]Update{}, wake: make(chan struct{}, 1)}
}

// Put asks for updates to be written; it never waits.
func (w *Writer) Put(updates []Update) {
	w.mu.Lock()
	for _, u := range updates {
		u.Touch = u.Touch || w.pending[u.Tenant].Touch
		w.pending[u.Tenant] = u
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run writes until ctx ends or the guard does not hold any more.
func (w *Writer) Run(ctx context.Context) {
	pauses := backoff.New(200*time.Millisecond, 30*time.Second)
	for {
		err := w.flush(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			w.o.Hear(0, err)
			w.o.Logger.Warn("writing status", "error", err)
			if fault.ClassOf(err) == fault.Wait {
				return
			}
			if backoff.Sleep(ctx, pauses.Next()) != nil {
				return
			}
			continue
		}
		pauses.Reset()
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
	}
}

// flush writes everything that is pending.
func (w *Writer) flush(ctx context.Context) error {
	if w.known == nil {
		if err := w.load(ctx); err != nil {
			return err
		}
	}
	w.mu.Lock()
	updates := w.pending
	w.pending = map[ident.Tenant]Update{}
	w.mu.Unlock()
	var changes []change
	for _, u := range updates {
		changes = append(changes, w.changes(u)...)
	}
	for len(changes) > 0 {
		n := min(batch, len(changes))
		if err := w.write(ctx, changes[:n]); err != nil {
			w.again(updates)
			return err
		}
		changes = changes[n:]
	}
	return nil
}

// again puts back what was not written, unless there is newer.
func (w *Writer) again(updates map[ident.Tenant]Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, u := range updates {
		if _, newer := w.pending[id]; !newer {
			w.pending[id] = u
		}
	}
}

// change is one record to write; nil removes it.
type change struct {
	key    key
	record *Record
}

// changes returns what differs between an update and what etcd has.
func (w *Writer) changes(u Update) []change {
	var all []change
	for product, r := range u.Records {
		k := key{u.Tenant.String(), product.String()}
		old, ok := w.known[k.tenant][k.product]
		if ok && old.same(r) {
			if !u.Touch || r.Commit == "" || r.Commit == old.Commit {
				continue
			}
		}
		if r.Commit == "" {
			r.Commit = old.Commit
		}
		all = append(all, change{k, &r})
	}
	for product := range w.known[u.Tenant.String()] {
		p, err := ident.Parse[ident.ProductKind](product)
		if err != nil {
			continue
		}
		if _, stays := u.Records[p]; !stays {
			all = append(all, change{key{u.Tenant.String(), product}, nil})
		}
	}
	return all
}

// write writes one transaction. Keys that somebody else made meanwhile are
// left alone: a record is only made where there is none.
func (w *Writer) write(ctx context.Context, changes []change) error {
	var ops []clientv3.Op
	for _, c := range changes {
		name := w.o.Prefix + "/" + c.key.tenant + "/" + c.key.product
		op := clientv3.OpDelete(name)
		if c.record != nil {
			op = clientv3.OpPut(name, c.record.encode())
		}
		if _, ours := w.known[c.key.tenant][c.key.product]; !ours {
			op = clientv3.OpTxn([]clientv3.Cmp{clientv3.Compare(clientv3.CreateRevision(name), "=", 0)}, []clientv3.Op{op}, nil)
		}
		ops = append(ops, op)
	}
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	txn := w.o.Client.Txn(limited)
	if w.o.Guard != nil {
		txn = txn.If(*w.o.Guard)
	}
	resp, err := txn.Then(ops...).Commit()
	if err != nil {
		return fault.New(fault.Retry, "", "writing %d status records: %w", len(changes), err)
	}
	if !resp.Succeeded {
		return fault.New(fault.Wait, "", "writing %d status records: the leader's term has ended", len(changes))
	}
	for i, c := range changes {
		if made := resp.Responses[i].GetResponseTxn(); made != nil && !made.Succeeded {
			continue
		}
		w.note(c)
	}
	w.o.Hear(len(changes), nil)
	return nil
}

func (w *Writer) note(c change) {
	if c.record == nil {
		delete(w.known[c.key.tenant], c.key.product)
		return
	}
	remember(w.known, c.key, *c.record)
}

func remember(known map[string]map[string]Record, k key, r Record) {
	if known[k.tenant] == nil {
		known[k.tenant] = map[string]Record{}
	}
	known[k.tenant][k.product] = r
}

// load reads the environment's own records. A record that cannot be read
// belongs to somebody else.
func (w *Writer) load(ctx context.Context) error {
	known := map[string]map[string]Record{}
	from, end := w.o.Prefix+"/", clientv3.GetPrefixRangeEnd(w.o.Prefix+"/")
	for {
		limited, cancel := context.WithTimeout(ctx, 30*time.Second)
		resp, err := w.o.Client.Get(limited, from, clientv3.WithRange(end), clientv3.WithLimit(page))
		cancel()
		if err != nil {
			return fault.New(fault.Retry, "", "reading status records: %w", err)
		}
		for _, kv := range resp.Kvs {
			tenant, product, ok := strings.Cut(strings.TrimPrefix(string(kv.Key), w.o.Prefix+"/"), "/")
			var r Record
			if ok && json.Unmarshal(kv.Value, &r) == nil && r.Environment == w.o.Environment {
				remember(known, key{tenant, product}, r)
			}
		}
		if !resp.More {
			w.known = known
			return nil
		}
		from = string(resp.Kvs[len(resp.Kvs)-1].Key) + "\x00"
	}
}

// Key returns the etcd key of a status record.
func Key(prefix string, tenant ident.Tenant, product ident.Product) string {
	return fmt.Sprintf("%s/%s/%s", prefix, tenant, product)
}
