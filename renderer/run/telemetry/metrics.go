// Package telemetry shows a running renderer to its operators: metrics, health
// and readiness over HTTP.
//
// It has a registry and a mux of its own, so nothing that a library registers
// elsewhere is served. It holds no tenant's data: labels are environments,
// rings, products, causes and classes, so the number of series does not grow
// with the fleet.
package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics are the metrics of a process.
type Metrics struct {
	registry *prometheus.Registry

	// Leader is 1 while this process leads an environment.
	Leader *prometheus.GaugeVec
	// WatchRevision is the etcd revision that the copy holds, PushedRevision
	// the one that Git agrees with.
	WatchRevision, PushedRevision *prometheus.GaugeVec
	// WatchLag is the age in seconds of the oldest change that is not pushed.
	WatchLag *prometheus.GaugeVec
	// ChangeToPush is the time from hearing of a change to its pushed commit.
	ChangeToPush *prometheus.HistogramVec
	// Pushes counts commits by kind: window or full.
	Pushes *prometheus.CounterVec
	// Retries counts failed steps by reason.
	Retries *prometheus.CounterVec
	// Rereads counts readings of etcd by cause, Corrections the records that they mended.
	Rereads, Corrections *prometheus.CounterVec
	// Quarantined is how many records are left out now.
	Quarantined *prometheus.GaugeVec
	// GrantsRefused is how many versions of fleet.yaml the rings did not get.
	GrantsRefused *prometheus.GaugeVec
	// RemovalsBlocked is 1 while a guard against mass removal holds.
	RemovalsBlocked *prometheus.GaugeVec
	// LastSuccess is when Git was last known to agree with etcd, in Unix seconds.
	LastSuccess *prometheus.GaugeVec
	// Tenants and Records are the size of an environment.
	Tenants, Records *prometheus.GaugeVec
	// ClockJump is by how many seconds the wall clock is off the trusted time.
	ClockJump prometheus.Gauge
	// Status counts status records by result, Notices the notices of pushes
	// to Argo CD.
	Status, Notices *prometheus.CounterVec
	// Moves counts what the engine of rollouts did, by kind.
	Moves *prometheus.CounterVec
	// ObserverFailing is 1 while nothing is seen of an environment's Argo CD, so
	// that its rollouts stand still.
	ObserverFailing *prometheus.GaugeVec
	// Restarts counts operations of Argo CD that were started again, and looks
	// for those that need help that failed, Ends those that were ended.
	Restarts, Ends *prometheus.CounterVec

	waiting, granted *series
}

// New returns metrics with their own registry.
func New(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_" + name, Help: help}, labels)
		m.registry.MustRegister(g)
		return g
	}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_" + name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	const env = "environment"
	m.Leader = gauge("leader", "1 while this process leads the environment.", env)
	m.WatchRevision = gauge("watch_revision", "etcd revision that the copy of the authorisations holds.", env)
	m.PushedRevision = gauge("pushed_revision", "etcd revision that the branch agrees with.", env)
	m.WatchLag = gauge("watch_lag_seconds", "Age of the oldest change that is not pushed.", env)
	m.ChangeToPush = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_change_to_push_seconds",
		Help:    "Time from hearing of a change to its pushed commit.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}}, []string{env})
	m.registry.MustRegister(m.ChangeToPush)
	m.Pushes = counter("pushes_total", "Pushed commits by kind.", env, "kind")
	m.Retries = counter("retries_total", "Failed steps by reason.", env, "reason")
	m.Rereads = counter("rereads_total", "Readings of all authorisations by cause.", env, "cause")
	m.Corrections = counter("reread_corrections_total", "Records that a reading found the watch had missed.", env)
	m.Quarantined = gauge("quarantined_records", "Records that are left out now.", env)
	m.GrantsRefused = gauge("refused_grants", "Versions of fleet.yaml that rings ask for and did not get: not published, or dropped while tenants have them.", env)
	m.RemovalsBlocked = gauge("removals_blocked", "1 while a guard against mass removal holds the environment.", env)
	m.LastSuccess = gauge("last_success_timestamp_seconds", "When the branch was last known to agree with etcd.", env)
	m.Tenants = gauge("tenants", "Tenants that the branch holds.", env)
	m.Records = gauge("records", "Records below the environment's prefix.", env)
	m.Status = counter("status_records_total", "Status records by result.", env, "result")
	m.Notices = counter("argocd_notices_total", "Notices of pushes to Argo CD by result.", "result")
	m.Moves = counter("rollout_moves_total", "What the engine of rollouts did, by kind.", env, "kind")
	m.ObserverFailing = gauge("rollout_observer_failing", "1 while nothing is seen of the environment's Argo CD, so that its rollouts stand still.", env)
	m.waiting = &series{gauge: gauge("rollout_waiting", "1 for each product in a ring that does not move, by the code of the reason.", env, "ring", "product", "reason")}
	m.granted = &series{gauge: gauge("rollout_granted_ratio", "Share of a ring's places that may run a version of a product.", env, "ring", "product", "version")}
	m.Restarts = counter("operation_restarts_total", "Operations of Argo CD started again that ended without a verdict or by one that holds no longer, and looks at operations that failed, by result.", env, "result")
	m.Ends = counter("operation_ends_total", "Operations of Argo CD ended that worked on what is no longer asked for.", env)
	m.ClockJump = prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_clock_jump_seconds",
		Help: "How far the wall clock is off the time that is trusted since it jumped."})
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_build_info", Help: "Always 1.",
		ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.ClockJump, info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Environment makes an environment's series, so that alerts see zeros and not nothing.
func (m *Metrics) Environment(name string) {
	for _, g := range []*prometheus.GaugeVec{m.Leader, m.WatchRevision, m.PushedRevision, m.WatchLag, m.Quarantined, m.GrantsRefused, m.RemovalsBlocked, m.Tenants, m.Records, m.ObserverFailing} {
		g.WithLabelValues(name)
	}
	for _, kind := range []string{"window", "full"} {
		m.Pushes.WithLabelValues(name, kind)
	}
	m.ChangeToPush.WithLabelValues(name)
	m.Corrections.WithLabelValues(name)
}

// Wait is a product in a ring that does not move.
type Wait struct{ Ring, Product, Reason string }

// Waiting shows what waits in an environment now, and no longer what did.
func (m *Metrics) Waiting(environment string, now []Wait) {
	all := map[point]float64{}
	for _, w := range now {
		all[point{w.Ring, w.Product, w.Reason}] = 1
	}
	m.waiting.show(environment, all)
}

// Grant is a version of a product with its share of a ring.
type Grant struct {
	Ring, Product, Version string
	Share                  float64
}

// Granted shows what is granted in an environment now, and no longer what was.
func (m *Metrics) Granted(environment string, now []Grant) {
	all := map[point]float64{}
	for _, g := range now {
		all[point{g.Ring, g.Product, g.Version}] = g.Share
	}
	m.granted.show(environment, all)
}

// Bool returns 1 for true.
func Bool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Seconds returns the Unix time of at.
func Seconds(at time.Time) float64 { return float64(at.UnixNano()) / 1e9 }
