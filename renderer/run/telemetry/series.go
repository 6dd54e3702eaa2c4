package telemetry

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// series are those of a gauge that come and go, for each environment apart.
type series struct {
	gauge *prometheus.GaugeVec
	mu    sync.Mutex
	shown map[string]map[point]float64
}

// point is a series but for its environment: the values of its labels.
type point [3]string

// show shows what is there now, and no longer what was. What stays is never
// missing meanwhile, so that no alert begins anew.
func (s *series) show(environment string, now map[point]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p, v := range now {
		s.gauge.WithLabelValues(environment, p[0], p[1], p[2]).Set(v)
	}
	for p := range s.shown[environment] {
		if _, still := now[p]; !still {
			s.gauge.DeleteLabelValues(environment, p[0], p[1], p[2])
		}
	}
	if s.shown == nil {
		s.shown = map[string]map[point]float64{}
	}
	s.shown[environment] = now
}
