package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"

	"github.com/gatorcloud/sluice/renderer/etcd/election"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Errors of a claim that was not made.
var (
	errTaken = errors.New("another replica has claimed it")
	errBusy  = errors.New("the task still runs")
)

// ErrLost says that the lease of a run ended before the run.
var ErrLost = fault.New(fault.Retry, "", "the lease of the task was lost")

// running is the key, beside the claims, that a lease holds during a run. It
// sorts after every fire time, so one condition covers it and later claims.
const running = "running"

// kept is how many claims of a task stay.
const kept = 10

// stamp is how a fire time is written in a key: in the order of time.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Claim is a fire time of a task that is this process's own.
type Claim struct {
	Task string
	Due  time.Time
	// Fence is the revision of the claim; it grows from run to run of a task.
	Fence int64
	guard string
}

// Guard returns the condition that holds while the run has its lease, for
// transactions that write to etcd.
func (c Claim) Guard() clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(c.guard), "=", c.Fence)
}

// Record is the value of a claim.
type Record struct {
	// By is who has it, and Claimed when that was by its clock.
	By      string    `json:"by"`
	Claimed time.Time `json:"claimed"`
	// Result is done or failed, and empty while it runs or when it was killed.
	Result string `json:"result,omitempty"`
}

// encode returns the record's value.
func (r Record) encode() string {
	data, err := json.Marshal(r)
	if err != nil { // strings and a time of our own
		return ""
	}
	return string(data)
}

// held is a claim with what ends it.
type held struct {
	Claim
	record  Record
	session *concurrency.Session
}

func (r *Runner) key(task, rest string) string { return r.o.Prefix + "/" + task + "/" + rest }

// newest returns the last key of a task: running, the stamp of its newest
// claim, or nothing.
func (r *Runner) newest(ctx context.Context, task string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.TTL)
	defer cancel()
	resp, err := r.o.Client.Get(ctx, r.key(task, ""), clientv3.WithLastKey()...)
	if err != nil {
		return "", fmt.Errorf("reading claims of task %q: %w", task, err)
	}
	if len(resp.Kvs) == 0 {
		return "", nil
	}
	return strings.TrimPrefix(string(resp.Kvs[0].Key), r.key(task, "")), nil
}

// claim makes a claim, or says why it is not to be had.
func (r *Runner) claim(ctx context.Context, task string, due time.Time) (*held, error) {
	session, err := election.Session(ctx, r.o.Client, r.o.TTL)
	if err != nil {
		return nil, fmt.Errorf("getting a lease: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, r.o.TTL)
	defer cancel()
	h := &held{Claim{task, due, 0, r.key(task, running)}, Record{By: r.o.ID, Claimed: r.o.Now().UTC()}, session}
	name := r.key(task, stamp(due))
	free := clientv3.Compare(clientv3.CreateRevision(name), "=", 0).WithRange(clientv3.GetPrefixRangeEnd(r.key(task, "")))
	resp, err := r.o.Client.Txn(limited).If(free).Then(
		clientv3.OpPut(name, h.record.encode()),
		clientv3.OpPut(h.guard, r.o.ID, clientv3.WithLease(session.Lease())),
	).Else(clientv3.OpGet(h.guard, clientv3.WithCountOnly())).Commit()
	switch {
	case err != nil:
		err = fmt.Errorf("claiming task %q: %w", task, err)
	case resp.Succeeded:
		h.Fence = resp.Header.Revision
		return h, nil
	case resp.Responses[0].GetResponseRange().Count > 0:
		err = errBusy
	default:
		err = errTaken
	}
	_ = session.Close()
	return nil, err
}

// do does the work under its lease and notes how it ended.
func (r *Runner) do(ctx context.Context, t Task, h *held) error {
	// Giving the lease back lets the next run begin at once.
	defer h.session.Close()
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-h.session.Done():
			cancel(ErrLost)
		case <-done:
		}
	}()
	err := t.Do(work, h.Claim)
	if cause := context.Cause(work); cause != nil {
		err = errors.Join(cause, err)
	}
	h.record.Result = "done"
	if err != nil {
		h.record.Result = "failed"
	}
	return errors.Join(err, r.finish(context.WithoutCancel(ctx), h))
}

// finish notes the result if the lease still lasts, and clears old claims away.
func (r *Runner) finish(ctx context.Context, h *held) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.TTL)
	defer cancel()
	resp, err := r.o.Client.Txn(ctx).If(h.Guard()).Then(
		clientv3.OpPut(r.key(h.Task, stamp(h.Due)), h.record.encode()),
		clientv3.OpDelete(h.guard),
		clientv3.OpGet(r.key(h.Task, ""), clientv3.WithRange(r.key(h.Task, running)), clientv3.WithKeysOnly()),
	).Commit()
	if err != nil {
		return fmt.Errorf("ending task %q: %w", h.Task, err)
	}
	if !resp.Succeeded {
		return ErrLost
	}
	if claims := resp.Responses[2].GetResponseRange().Kvs; len(claims) > kept {
		_, err = r.o.Client.Delete(ctx, r.key(h.Task, ""), clientv3.WithRange(string(claims[len(claims)-kept].Key)))
	}
	return err
}
