package ingestflags

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// stopTime is how long requests in hand may take when the replica ends.
const stopTime = 5 * time.Second

// Run takes subscriptions into the records below a prefix of an etcd, until ctx
// ends, which is no failure.
func (s *Service) Run(ctx context.Context, e *etcd.Store, records string) (err error) {
	store, err := s.flags.Place.Store(e, records, s.Now)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer s.client.Close()
	defer all.Wait()
	defer cancel()
	if handler := s.routes(store); handler != nil {
		l := s.flags.from
		l.CertificateRequired = l.ClientCAFile != ""
		stop, err := s.listen(ctx, "notify", l, handler)
		if err != nil {
			return err
		}
		defer stop()
	}
	if s.gate != nil {
		mirror, handler := s.copied(store, records, ctx.Done())
		stop, err := s.listen(ctx, "query", s.flags.at, handler)
		if err != nil {
			return err
		}
		defer stop()
		all.Go(func() { mirror.Run(ctx, e) })
	}
	s.Logger.Info("taking subscriptions", "id", s.ID, "notices", s.keys != nil, "queries", s.gate != nil)
	s.worker(store).Run(ctx)
	return nil
}

// listen serves at an address, if there is one, until the function is called.
func (s *Service) listen(ctx context.Context, what string, l caller.Listener, handler http.Handler) (func(), error) {
	if l.Address == "" {
		return func() {}, nil
	}
	l.Unread = s.unread
	server, err := caller.Listen(ctx, l, handler)
	if err != nil {
		hint := "give --" + what + "-cert and --" + what + "-key, use another --" + what + "-listen, or let others read along with --" + what + "-insecure-http"
		return nil, fault.Hintf(hint, "%w", err)
	}
	s.Logger.Info("serving", "what", what+"-listen", "address", server.Address())
	return func() {
		limited, done := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
		defer done()
		if err := server.Close(limited); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			s.Logger.Warn("ending a server", "what", what+"-listen", "error", err)
		}
	}, nil
}

// worker is the replica that fetches.
func (s *Service) worker(store *ingest.Store) *ingest.Worker {
	m, f := s.counts, s.flags
	return ingest.New(ingest.Options{
		Store: store, Source: s.client, ID: s.ID, Workers: f.workers, Lease: s.Lease, Reread: f.reread, Pull: f.pull, Schedule: s.schedule, Logger: s.Logger,
		Hear: func(outcome ingest.Outcome) { m.Fetches.WithLabelValues(string(outcome)).Inc() },
		Pulled: func(done ingest.Pulled, err error) {
			s.Health.Note("sps", err)
			m.Lists.WithLabelValues(result(done, err)).Inc()
			for outcome, n := range done.Outcomes {
				m.Listed.WithLabelValues(string(outcome)).Add(float64(n))
			}
		},
		Measured: func(stats ingest.Stats, err error) {
			s.Health.Set("etcd", err)
			s.Health.Beat("queue", 10*f.reread)
			if err == nil {
				s.measure(stats)
			}
		},
	})
}

func (s *Service) measure(stats ingest.Stats) {
	m := s.counts
	m.Dirty.Set(float64(stats.Dirty))
	m.DirtyAge.Set(0)
	if !stats.Oldest.IsZero() {
		m.DirtyAge.Set(max(0, s.Now().Sub(stats.Oldest).Seconds()))
	}
	m.Quarantined.Set(float64(stats.Quarantined))
	m.Held.Set(float64(stats.Held))
	if !stats.Listed.IsZero() {
		m.LastList.Set(telemetry.Seconds(stats.Listed))
	}
}

// result words a reading of the list for metrics.
func result(done ingest.Pulled, err error) string {
	switch {
	case err != nil:
		return "failed"
	case done.NotModified:
		return "unchanged"
	}
	return "whole"
}
