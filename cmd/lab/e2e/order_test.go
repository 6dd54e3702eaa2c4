//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/lab"
	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

func (s *site) namespace(tenant string) string { return s.name + "-" + tenant }

func (s *site) shared() string { return s.name + "-shared" }

// application is the state of the Application <environment><suffix>.
func (s *site) application(now map[timeline.Object]timeline.State, suffix string) timeline.State {
	return now[timeline.Object{Kind: "Application", Namespace: lab.Namespace, Name: s.name + suffix}]
}

// runs says what is missing until tenants run a product at a version: "" when nothing is.
func (s *site) runs(now map[timeline.Object]timeline.State, product, version string, tenants ...string) string {
	for _, tenant := range tenants {
		suffix := "-" + tenant + "-" + product
		app := s.application(now, suffix)
		if app.Version != product+"="+version || !resting(app) {
			return fmt.Sprintf("Application %s%s at %s is %+v", s.name, suffix, version, app)
		}
		found := false
		for o, state := range now {
			if o.Kind != "Deployment" || o.Namespace != s.namespace(tenant) || !strings.HasPrefix(o.Name, product+"-") {
				continue
			}
			found = true
			if state.Version != product+"-"+version || state.Health != timeline.Healthy {
				return fmt.Sprintf("%s at %s is %+v", o, version, state)
			}
		}
		if !found && product != "note" && product != "memo" {
			return "no Deployment of " + s.name + suffix
		}
	}
	return ""
}

// resting tells an Application that is as Git says and does nothing, whatever its last operation met.
func resting(app timeline.State) bool {
	return app.Health == timeline.Healthy && (slices.Contains([]string{"Synced Succeeded", "Synced Failed", "Synced Error"}, app.Detail))
}

// quiet says which Application is not Synced and Healthy.
func (s *site) quiet(now map[timeline.Object]timeline.State) string {
	if _, ok := now[timeline.Object{Kind: "Application", Namespace: lab.Namespace, Name: s.name}]; !ok {
		return "the fleet"
	}
	for o, state := range now {
		if o.Kind == "Application" && !resting(state) {
			return fmt.Sprintf("%s is %+v", o, state)
		}
	}
	return ""
}

// all joins conditions.
func all(conditions ...string) string {
	for _, c := range conditions {
		if c != "" {
			return c
		}
	}
	return ""
}

// since are the events after the last mark with the text.
func (s *site) since(mark string) timeline.Events {
	return s.log.Events().After(timeline.Match{Mark: mark})
}

// ordered reports an order that was broken.
func (s *site) ordered(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Errorf("%s: %v", what, err)
	}
}

// healthy chooses Deployments of a namespace that are healthy at a version; pods chooses the pods of it.
func healthy(namespace, name, version string) timeline.Match {
	return timeline.Match{Kind: "Deployment", Namespace: namespace, Name: name, Version: version, Health: timeline.Healthy}
}

func pods(namespace, name, version string) timeline.Match {
	return timeline.Match{Kind: "Pod", Namespace: namespace, Name: name, Version: version}
}

// inBuckets demands the order of the buckets of web at a version in one tenant, and its routes last.
func (s *site) inBuckets(events timeline.Events, tenant, version string) {
	s.t.Helper()
	n, v := s.namespace(tenant), "web-"+version
	s.ordered("store before api of "+n, events.AllBefore(healthy(n, "web-store", v), pods(n, "web-api-*", v)))
	s.ordered("api before front of "+n, events.AllBefore(healthy(n, "web-api", v), pods(n, "web-front-*", v)))
}

// inRings demands that no ring's pods of a version show before the ring ahead is healthy at it.
func (s *site) inRings(events timeline.Events, product, version string) {
	s.t.Helper()
	v := product + "-" + version
	for i := range len(members) - 1 {
		for _, ahead := range members[i] {
			for _, behind := range members[i+1] {
				s.ordered(fmt.Sprintf("%s %s in tenant %s before tenant %s", product, version, ahead, behind),
					events.AllBefore(healthy(s.namespace(ahead), product+"-*", v), pods(s.namespace(behind), product+"-*", v)))
			}
		}
	}
}

// soaked demands that a ring's first pod of a version shows at least d after the ring ahead got healthy at it.
func (s *site) soaked(events timeline.Events, product, version string, d time.Duration) {
	s.t.Helper()
	v := product + "-" + version
	for i := range len(members) - 1 {
		var ready, moved time.Time
		for _, tenant := range members[i] {
			if e, ok := events.Last(healthy(s.namespace(tenant), product+"-*", v)); ok && e.At.After(ready) {
				ready = e.At
			}
		}
		for _, tenant := range members[i+1] {
			if e, ok := events.First(pods(s.namespace(tenant), product+"-*", v)); ok && (moved.IsZero() || e.At.Before(moved)) {
				moved = e.At
			}
		}
		if ready.IsZero() || moved.IsZero() || moved.Sub(ready) < d {
			s.t.Errorf("ring %d moved %s after the ring ahead was healthy, want %s at least", i+1, moved.Sub(ready), d)
		}
	}
}
