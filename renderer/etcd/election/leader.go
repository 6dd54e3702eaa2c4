// Package election elects one of several processes to do a piece of work, over
// etcd, and tells the work when it must end.
//
// Invariants:
//   - The work's context ends when the lease does, and the next term begins with
//     a new session and a new election: neither is used again after a loss.
//   - A term begins only when etcd confirms, after the campaign, that our key
//     is there with the revision of our campaign and is the oldest of the
//     election. A campaign that returns after its lease was lost (a phantom)
//     begins none.
//   - Every write to etcd of a term can be guarded by the term's key, whose
//     creation revision is the fence. Fences grow from term to term.
//
// An election alone keeps nobody from writing elsewhere: a process that was
// paused does not know that its lease ran out. Check asks etcd right before
// such a write, and what is written carries the fence.
package election

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/gatorcloud/sluice/renderer/backoff"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// DefaultPrefix is where elections are.
const DefaultPrefix = "/sluice/leader"

// ErrLost says that this process is not the leader any more.
var ErrLost = fault.New(fault.Retry, "", "the lease of the leader was lost")

// Options configure an Elector. Client and Name are required.
type Options struct {
	Client *clientv3.Client
	// Prefix is where elections are; DefaultPrefix when empty.
	Prefix string
	// Name names the election, such as an environment.
	Name string
	// ID names this process to people.
	ID string
	// TTL is how long a leader that is gone blocks the next; 10 s when zero.
	TTL time.Duration
	// Logger hears about terms; nil is silent.
	Logger *slog.Logger
}

// Elector takes part in one election again and again.
type Elector struct{ o Options }

// New returns an elector.
func New(o Options) *Elector {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.TTL <= 0 {
		o.TTL = 10 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Elector{o}
}

// Term is one time as leader.
type Term struct {
	// Fence is the creation revision of the leader's key.
	Fence int64
	key   string
	o     *Options
}

// Guard returns the condition that holds while the term lasts, for
// transactions that write to etcd.
func (t Term) Guard() clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(t.key), "=", t.Fence)
}

// Check asks etcd whether the term still lasts; its error is ErrLost if not.
func (t Term) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, t.o.TTL)
	defer cancel()
	resp, err := t.o.Client.Get(ctx, t.key, clientv3.WithKeysOnly())
	if err != nil {
		return fault.New(fault.Retry, "", "asking for the leader's key: %w", err)
	}
	if len(resp.Kvs) == 0 || resp.Kvs[0].CreateRevision != t.Fence {
		return ErrLost
	}
	return nil
}

// Run campaigns, and does the work whenever it is elected, until ctx ends.
// The work's context ends with the term; a work that returns ends the term,
// and its error is logged.
func (e *Elector) Run(ctx context.Context, work func(ctx context.Context, t Term) error) {
	pauses := backoff.New(50*time.Millisecond, e.o.TTL/2)
	for ctx.Err() == nil {
		began := time.Now()
		err := e.term(ctx, work)
		if ctx.Err() != nil {
			return
		}
		e.o.Logger.Warn("not leading", "election", e.o.Name, "error", err)
		if time.Since(began) > e.o.TTL {
			pauses.Reset()
		}
		_ = backoff.Sleep(ctx, pauses.Next()) // the loop asks ctx
	}
}

// term takes part in one campaign and does the work if it is won.
func (e *Elector) term(ctx context.Context, work func(context.Context, Term) error) error {
	session, err := Session(ctx, e.o.Client, e.o.TTL)
	if err != nil {
		return fmt.Errorf("getting a lease: %w", err)
	}
	// Giving the lease back lets the next leader begin at once.
	defer session.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-session.Done():
			cancel(ErrLost)
		case <-done:
		}
	}()
	election := concurrency.NewElection(session, e.o.Prefix+"/"+e.o.Name)
	if err := election.Campaign(ctx, e.o.ID); err != nil {
		return fmt.Errorf("campaigning: %w", errors.Join(context.Cause(ctx), err))
	}
	t := Term{Fence: election.Rev(), key: election.Key(), o: &e.o}
	if err := e.confirm(ctx, t); err != nil {
		return err
	}
	e.o.Logger.Info("leading", "election", e.o.Name, "id", e.o.ID, "fence", t.Fence)
	err = work(ctx, t)
	if cause := context.Cause(ctx); cause != nil && errors.Is(cause, ErrLost) {
		return ErrLost
	}
	return err
}

// Session makes a lease and keeps it alive. Its context is not ctx, which has
// ended when the lease is to be given back.
func Session(ctx context.Context, c *clientv3.Client, ttl time.Duration) (*concurrency.Session, error) {
	seconds := leaseSeconds(ttl)
	limited, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	lease, err := c.Grant(limited, seconds)
	if err != nil {
		return nil, err
	}
	return concurrency.NewSession(c, concurrency.WithLease(lease.ID), concurrency.WithTTL(int(seconds)),
		concurrency.WithContext(context.WithoutCancel(ctx)))
}

// leaseSeconds returns the TTL in etcd's unit. A lease may be longer than it was
// asked for, but a shorter one would end while its leader is well.
func leaseSeconds(ttl time.Duration) int64 {
	return max(1, int64((ttl+time.Second-1)/time.Second))
}

// confirm makes sure that the campaign was won and not only ended.
func (e *Elector) confirm(ctx context.Context, t Term) error {
	resp, err := e.o.Client.Get(ctx, e.o.Prefix+"/"+e.o.Name+"/", clientv3.WithFirstCreate()...)
	if err != nil {
		return fmt.Errorf("confirming the campaign: %w", err)
	}
	if len(resp.Kvs) == 0 || string(resp.Kvs[0].Key) != t.key || resp.Kvs[0].CreateRevision != t.Fence {
		return fmt.Errorf("confirming the campaign: %w", ErrLost)
	}
	return ctx.Err()
}

// Leader returns the id of the present leader of an election; empty for none.
func Leader(ctx context.Context, c *clientv3.Client, prefix, name string) (string, error) {
	resp, err := c.Get(ctx, prefix+"/"+name+"/", clientv3.WithFirstCreate()...)
	if err != nil {
		return "", fmt.Errorf("asking for the leader of %q: %w", name, err)
	}
	if len(resp.Kvs) == 0 {
		return "", nil
	}
	return string(resp.Kvs[0].Value), nil
}
