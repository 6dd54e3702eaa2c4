package cmpserver

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gatorcloud/sluice/plugin"
)

// Metrics counts what the server does. Metrics of one server belong to one registry.
type Metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	refusals *prometheus.CounterVec
	bases    *prometheus.CounterVec
	received prometheus.Counter
	inFlight prometheus.Gauge
}

// NewMetrics returns metrics that are registered with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_cmp_requests_total",
			Help: "Requests by method, level and outcome (ok, refused, failed, busy, timeout, canceled)."}, []string{"method", "level", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_cmp_request_seconds",
			Help:    "Seconds from the first byte to the answer, waiting included.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}}, []string{"method", "level"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_cmp_refusals_total",
			Help: "Refused requests by reason."}, []string{"reason"}),
		bases: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_cmp_bases_total",
			Help: "Overlays generated, by whether their base was known (hit) or new (miss)."}, []string{"cache"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{Name: "sluice_cmp_received_bytes_total",
			Help: "Compressed bytes of archives received."}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_cmp_in_flight",
			Help: "Requests that were accepted and not yet answered, waiting ones included."}),
	}
	r.MustRegister(m.requests, m.seconds, m.refusals, m.bases, m.received, m.inFlight)
	return m
}

// record counts one finished request.
func (m *Metrics) record(c call, took time.Duration) {
	m.requests.WithLabelValues(c.method, string(c.level), c.outcome).Inc()
	m.seconds.WithLabelValues(c.method, string(c.level)).Observe(took.Seconds())
	m.received.Add(float64(c.received))
	if c.reason != "" {
		m.refusals.WithLabelValues(string(c.reason)).Inc()
	}
	if c.outcome == outcomeOK && (c.level == plugin.LevelProduct || c.level == plugin.LevelShared) && c.method == methodGenerate {
		m.bases.WithLabelValues(map[bool]string{true: "hit", false: "miss"}[c.known]).Inc()
	}
}
