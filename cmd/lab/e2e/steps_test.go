//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/lab/internal/timeline"
)

// slice is an Application of a ring and who is in it.
type slice struct {
	name    string
	tenants []string
}

// steps proves the pace inside a ring of 60 tenants, cut into 16 slices of which
// some may be empty: the first slice of a step moves alone, then four at a time,
// each when all tenants of those ahead have the version. A soak is between the
// steps.
func (r *rig) steps(t *testing.T) {
	if os.Getenv("LAB_LONG") == "" {
		t.Skip("brings up 60 tenants, some minutes of both cores; LAB_LONG=1 runs it")
	}
	const parallel, stepSoak = 4, 5
	s := r.site(t, "steps", []ring{{Name: "main", Versions: map[string]string{"note": "1"}, Steps: []int{10, 50}, StepSoak: stepSoak, Parallel: parallel}})
	tenants := s.many(60, "note")
	s.rise(tenants, "note")
	cut := s.sliced()
	if len(cut) < 12 {
		t.Fatalf("the ring has %d slices with tenants, want nearly 16", len(cut))
	}
	s.led("note")
	s.change("note 2", move("note", "2"))
	s.await("everybody runs note 2", func(now map[timeline.Object]timeline.State) string {
		return all(s.runs(now, "note", "2", tenants...), s.quiet(now))
	})
	events := s.since("pushed: note 2")
	var ahead []slice
	for _, end := range []string{"main-02", "main-08", "main-10"} { // 10, 50 and 100 per cent of 16, in whole slices
		n := slices.IndexFunc(cut, func(of slice) bool { return of.name >= end })
		if n < 0 {
			n = len(cut)
		}
		step := cut[:n]
		cut = cut[n:]
		if ahead != nil {
			s.spaced(events, ahead, step, stepSoak*time.Second)
		}
		for _, grant := range append([][]slice{step[:1]}, slices.Collect(slices.Chunk(step[1:], parallel))...) {
			s.follows(events, ahead, grant)
			ahead = grant
		}
	}
}

// sliced are the slices with tenants, in order.
func (s *site) sliced() (cut []slice) {
	s.t.Helper()
	s.pull()
	rings := filepath.Join(s.work, "environments", s.name, "rings")
	dirs, err := os.ReadDir(rings)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range dirs {
		files, err := filepath.Glob(filepath.Join(rings, d.Name(), "[0-9]*.yaml"))
		if err != nil {
			s.t.Fatal(err)
		}
		one := slice{name: d.Name()}
		for _, f := range files {
			one.tenants = append(one.tenants, strings.TrimSuffix(filepath.Base(f), ".yaml"))
		}
		if len(one.tenants) > 0 {
			cut = append(cut, one)
		}
	}
	return cut
}

// given chooses the Application of a slice once it is granted note 2.
func (s *site) given(of slice) timeline.Match {
	return timeline.Match{Kind: "Application", Name: s.name + "-" + of.name, Version: "note=2"}
}

// follows demands that slices were granted note 2 together, after everybody of those ahead had it.
func (s *site) follows(events timeline.Events, ahead, grant []slice) {
	s.t.Helper()
	for _, next := range grant {
		for _, a := range ahead {
			for _, tenant := range a.tenants {
				s.ordered("tenant "+tenant+" of "+a.name+" before "+next.name, events.AllBefore(s.took(tenant, "note", "2"), s.given(next)))
			}
		}
		for _, beside := range grant {
			s.ordered(beside.name+" with "+next.name, events.AllBefore(s.given(beside), s.took(next.tenants[0], "note", "2")))
		}
	}
}

// spaced demands a soak between the last tenant of a step and the first slice of the next.
func (s *site) spaced(events timeline.Events, ahead, step []slice, soak time.Duration) {
	s.t.Helper()
	next, found := events.First(s.given(step[0]))
	for _, a := range ahead {
		for _, tenant := range a.tenants {
			if took, ok := events.First(s.took(tenant, "note", "2")); !ok || !found || next.At.Sub(took.At) < soak {
				s.t.Errorf("%s was granted %s after tenant %s took the version, want %s at least", step[0].name, next.At.Sub(took.At), tenant, soak)
			}
		}
	}
}
