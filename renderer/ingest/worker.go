package ingest

import (
	"log/slog"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/task"
)

// Options configure a Worker. Store and Source are required.
type Options struct {
	Store  *Store
	Source Source
	// ID names this replica to people.
	ID string
	// Workers is how many tenants are fetched at once; 4 when zero.
	Workers int
	// Lease is how long claims of a replica that is gone keep others off; 15 s when zero.
	Lease time.Duration
	// Reread is the mean time between readings of the queue; 30 s when zero.
	Reread time.Duration
	// Pull is the mean time between readings of the whole list; 30 min when
	// zero, none when negative.
	Pull time.Duration
	// Schedule says when the list is read instead, in one of all replicas. May be nil.
	Schedule *task.Schedule
	// Logger hears about failures; nil is silent.
	Logger *slog.Logger
	// Hear is told of every outcome. May be nil.
	Hear func(Outcome)
	// Pulled is told of every reading of the list. May be nil.
	Pulled func(Pulled, error)
	// Measured is told of the queue whenever it was read. May be nil.
	Measured func(Stats, error)
}

// Worker is one replica.
type Worker struct {
	store   *Store
	source  Source
	session *session
	id      string
	o       Options
	// step is called between every two steps, so that tests can end a replica there.
	step func(name string) error
}

// New returns a replica.
func New(o Options) *Worker {
	if o.Workers <= 0 {
		o.Workers = 4
	}
	if o.Lease <= 0 {
		o.Lease = 15 * time.Second
	}
	if o.Reread <= 0 {
		o.Reread = 30 * time.Second
	}
	if o.Pull == 0 {
		o.Pull = 30 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Hear == nil {
		o.Hear = func(Outcome) {}
	}
	if o.Pulled == nil {
		o.Pulled = func(Pulled, error) {}
	}
	if o.Measured == nil {
		o.Measured = func(Stats, error) {}
	}
	return &Worker{store: o.Store, source: o.Source, id: o.ID, o: o, step: func(string) error { return nil },
		session: &session{client: o.Store.etcd.Client(), ttl: o.Lease}}
}

// Close gives the replica's claims back.
func (w *Worker) Close() { w.session.close() }
