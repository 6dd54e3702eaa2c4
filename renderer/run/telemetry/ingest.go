package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Ingest are the metrics of a process that takes subscriptions from SPS.
type Ingest struct {
	// Notices counts answers to notices by cause.
	Notices *prometheus.CounterVec
	// Refused counts queries of callers that were refused by cause.
	Refused *prometheus.CounterVec
	// Fetches counts fetches of single tenants by outcome, Listed the tenants
	// of lists; Lists counts lists by result.
	Fetches, Listed, Lists *prometheus.CounterVec
	// Dirty tenants wait for a fetch, the oldest for DirtyAge seconds.
	Dirty, DirtyAge prometheus.Gauge
	// Quarantined tenants are described in a way that is not to be used; Held
	// ones wait for a person.
	Quarantined, Held prometheus.Gauge
	// LastList is when a list was read whole last, in Unix seconds.
	LastList prometheus.Gauge
}

// Ingest adds the metrics of ingest to those of the process.
func (m *Metrics) Ingest() *Ingest {
	counter := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sluice_ingest_" + name, Help: help}, []string{label})
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string) prometheus.Gauge {
		g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_ingest_" + name, Help: help})
		m.registry.MustRegister(g)
		return g
	}
	return &Ingest{
		Notices:     counter("notices_total", "Answers to notices of SPS by cause.", "cause"),
		Refused:     counter("refused_queries_total", "Queries of other services that were refused by cause.", "cause"),
		Fetches:     counter("fetches_total", "Fetches of single tenants by outcome.", "outcome"),
		Listed:      counter("listed_total", "Tenants of lists by outcome.", "outcome"),
		Lists:       counter("lists_total", "Lists of all tenants by result.", "result"),
		Dirty:       gauge("dirty_tenants", "Tenants that wait for a fetch."),
		DirtyAge:    gauge("dirty_age_seconds", "How long the oldest of them waits."),
		Quarantined: gauge("quarantined_tenants", "Tenants that SPS describes in a way that is not to be used."),
		Held:        gauge("held_tenants", "Tenants of which changes wait for a person."),
		LastList:    gauge("last_list_timestamp_seconds", "When a list was read whole last."),
	}
}
