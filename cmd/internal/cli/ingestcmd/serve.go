package ingestcmd

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gatorcloud/sluice/renderer/etcd/task"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/ingest/caller"
	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// service is one running replica.
type service struct {
	opened
	client   *sps.Client
	schedule *task.Schedule // nil when each replica reads the list
	keys     *keyring       // nil when no notices are taken
	gate     *caller.Gate   // nil when no queries are answered
	log      *slog.Logger
	metrics  *telemetry.Metrics
	counts   *telemetry.Ingest // of metrics
	health   *telemetry.Health
}

// serve runs the replica behind its HTTP servers.
func (o *options) serve(ctx context.Context, s service) (err error) {
	m := s.counts
	stop, err := o.answer(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, l := range []struct {
		flag, address string
		handler       http.Handler
	}{{"listen", o.listen, telemetry.Handler(s.metrics, s.health)}, {"notify-listen", o.notify, o.routes(s)}} {
		if l.address == "" || l.handler == nil {
			continue
		}
		server, err := telemetry.Listen(ctx, l.address, l.handler)
		if err != nil {
			return fault.Hintf("use another --"+l.flag, "%w", err)
		}
		defer server.Close()
		s.log.Info("serving", "what", l.flag, "address", server.Address())
	}
	s.log.Info("running", "id", o.name(), "version", o.deps.Version, "notices", s.keys != nil, "queries", s.gate != nil)
	ingest.New(ingest.Options{
		Store: s.store, Source: s.client, ID: o.name(), Workers: o.workers, Lease: o.lease, Reread: o.reread, Pull: o.pull, Schedule: s.schedule, Logger: s.log,
		Hear: func(outcome ingest.Outcome) { m.Fetches.WithLabelValues(string(outcome)).Inc() },
		Pulled: func(done ingest.Pulled, err error) {
			s.health.Note("sps", err)
			m.Lists.WithLabelValues(result(done, err)).Inc()
			for outcome, n := range done.Outcomes {
				m.Listed.WithLabelValues(string(outcome)).Add(float64(n))
			}
		},
		Measured: func(stats ingest.Stats, err error) {
			s.health.Set("etcd", err)
			s.health.Beat("queue", 10*o.reread)
			if err == nil {
				o.measure(m, stats)
			}
		},
	}).Run(ctx)
	s.log.Info("stopped", "id", o.name())
	return nil
}

// routes serves what SPS calls; nil when it may call nothing.
func (o *options) routes(s service) http.Handler {
	if s.keys == nil {
		return nil
	}
	for _, cause := range notify.Causes() {
		s.counts.Notices.WithLabelValues(cause)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /v1/notify", notify.NewHandler(notify.Options{
		Marker: s.store, Keys: s.keys.now, Read: o.sps.Mapping.ReadNotice, Now: o.deps.Now, Rate: o.rate,
		Hear: func(cause string) { s.counts.Notices.WithLabelValues(cause).Inc() },
	}))
	return mux
}

func (o *options) measure(m *telemetry.Ingest, stats ingest.Stats) {
	m.Dirty.Set(float64(stats.Dirty))
	m.DirtyAge.Set(0)
	if !stats.Oldest.IsZero() {
		m.DirtyAge.Set(max(0, o.deps.Now().Sub(stats.Oldest).Seconds()))
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
