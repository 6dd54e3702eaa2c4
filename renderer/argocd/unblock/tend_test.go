package unblock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// tender notes what is started and ended.
type tender struct {
	apps    []unblock.Application
	refuse  error
	started map[string]int
	ended   []string
}

func (s *tender) Unsettled(_ context.Context, _, after string) ([]unblock.Application, string, error) {
	return s.apps, after + "+", nil
}

func (s *tender) Terminate(_ context.Context, a unblock.Application) error {
	if s.refuse == nil {
		s.ended = append(s.ended, a.Name)
	}
	return s.refuse
}

func (s *tender) Start(_ context.Context, a unblock.Application, attempt int) error {
	if s.refuse != nil {
		return s.refuse
	}
	if s.started == nil {
		s.started = map[string]int{}
	}
	s.started[a.Name] = attempt
	return nil
}

func TestTendStarts(t *testing.T) {
	ended := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	erred := func(change func(*unblock.Application)) unblock.Application {
		return app("a", "ring", func(a *unblock.Application) {
			a.Phase, a.Erred, a.Finished, a.Automated, a.Synced = "Error", true, ended, true, false
			if change != nil {
				change(a)
			}
		})
	}
	healed := func(change func(*unblock.Application)) unblock.Application {
		a := erred(change)
		a.Phase, a.Erred, a.Healed = "Failed", false, true
		return a
	}
	cases := map[string]struct {
		reason string
		app    unblock.Application
		after  time.Duration
		want   map[string]int
	}{
		"Healed":       {"its verdict holds no longer", healed(nil), 10 * time.Second, map[string]int{"a": 1}},
		"HealedEarly":  {"what flaps has its pause", healed(nil), 9 * time.Second, nil},
		"HealedAgain":  {"the pause doubles", healed(func(a *unblock.Application) { a.Attempt = 2 }), 39 * time.Second, nil},
		"HealedOften":  {"a person has to look", healed(func(a *unblock.Application) { a.Attempt = 3 }), time.Hour, nil},
		"HealedSynced": {"nothing is left to apply, and its health check says Degraded until a success", healed(func(a *unblock.Application) { a.Synced = true }), time.Hour, map[string]int{"a": 1}},
		"HealedOld":    {"Argo CD starts what is new by itself", healed(func(a *unblock.Application) { a.Syncing = "0" }), time.Hour, nil},
		"HealedByHand": {"nobody asked for syncs, or somebody for one", healed(func(a *unblock.Application) { a.Automated = false }), time.Hour, nil},
		"Erred":        {"it ended without a verdict", erred(nil), 10 * time.Second, map[string]int{"a": 1}},
		"TooEarly":     {"what caused it may last a while", erred(nil), 9 * time.Second, nil},
		"Second":       {"the pause doubles", erred(func(a *unblock.Application) { a.Attempt = 1 }), 20 * time.Second, map[string]int{"a": 2}},
		"SecondEarly":  {"the pause doubles", erred(func(a *unblock.Application) { a.Attempt = 1 }), 19 * time.Second, nil},
		"Third":        {"the last attempt", erred(func(a *unblock.Application) { a.Attempt = 2 }), 40 * time.Second, map[string]int{"a": 3}},
		"Enough":       {"a person has to look", erred(func(a *unblock.Application) { a.Attempt = 3 }), time.Hour, nil},
		"Verdict":      {"what is Degraded stays so", erred(func(a *unblock.Application) { a.Erred = false }), time.Hour, nil},
		"Manual":       {"nobody asked for syncs", erred(func(a *unblock.Application) { a.Automated = false }), time.Hour, nil},
		"Synced":       {"nothing is left to do", erred(func(a *unblock.Application) { a.Synced = true }), time.Hour, nil},
		"OtherSource":  {"Argo CD starts what is new by itself", erred(func(a *unblock.Application) { a.Syncing = "0" }), time.Hour, nil},
		"NotCompared":  {"nor is it known what differs", erred(func(a *unblock.Application) { a.Compared = "0" }), time.Hour, nil},
		"OtherCommit":  {"a branch that moved without a change of the source", erred(func(a *unblock.Application) { a.Operated = "c0" }), time.Hour, map[string]int{"a": 1}},
		"ClockBehind":  {"an end in the future has not passed", erred(nil), -time.Minute, nil},
		"NeverStarted": {"no operation ended", app("a", "ring", func(a *unblock.Application) { a.Synced, a.Automated = false, true }), time.Hour, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &tender{apps: []unblock.Application{tc.app}}
			got, err := unblock.Tend(t.Context(), s, env, "x", ended.Add(tc.after))
			if err != nil || len(got.Started) != len(tc.want) || len(got.Ended) > 0 || got.Next != "x+" {
				t.Errorf("%s: Tend() = %+v, %v, want %d started", tc.reason, got, err, len(tc.want))
			}
			if diff := cmp.Diff(tc.want, s.started); diff != "" {
				t.Errorf("%s: started -want +got:\n%s", tc.reason, diff)
			}
		})
	}
	t.Run("Changed", func(t *testing.T) {
		s := &tender{apps: []unblock.Application{erred(nil)}, refuse: unblock.ErrChanged}
		if got, err := unblock.Tend(t.Context(), s, env, "", ended.Add(time.Hour)); err != nil || len(got.Started) > 0 {
			t.Errorf("Tend() = %+v, %v, want nothing: somebody was faster", got, err)
		}
	})
	t.Run("Refused", func(t *testing.T) {
		s := &tender{apps: []unblock.Application{erred(nil)}, refuse: errors.New("no")}
		if _, err := unblock.Tend(t.Context(), s, env, "", ended.Add(time.Hour)); err == nil {
			t.Error("Tend() = nil, want the error of the cluster")
		}
	})
}

// An operation ends by itself when it works on what is no longer asked for, at
// every level, and no other does.
func TestTendEnds(t *testing.T) {
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	stale := func(level string, change func(*unblock.Application)) unblock.Application {
		return app("a", level, func(a *unblock.Application) {
			a.Phase, a.Syncing, a.Operated, a.Syncs, a.Started, a.Looked = "Running", "0", "c0", true, began, began.Add(time.Second)
			if change != nil {
				change(a)
			}
		})
	}
	newer := func(after time.Duration) unblock.Application {
		return stale("fleet", func(a *unblock.Application) { a.Syncing, a.Looked = "1", began.Add(after) })
	}
	for name, tc := range map[string]struct {
		reason string
		app    unblock.Application
		want   bool
	}{
		"Product":     {"its source moved on", stale("product", nil), true},
		"Tenant":      {"its source moved on", stale("tenant", nil), true},
		"Ring":        {"its source moved on", stale("ring", nil), true},
		"Shared":      {"its source moved on", stale("shared", nil), true},
		"Fleet":       {"a newer commit waits for it", newer(time.Minute), true},
		"FleetBusy":   {"it may come to its end by itself", newer(59 * time.Second), false},
		"FleetNew":    {"nobody knows since when", stale("fleet", func(a *unblock.Application) { a.Syncing, a.Started = "1", time.Time{} }), false},
		"Present":     {"it runs what is asked for, however long", stale("product", func(a *unblock.Application) { a.Syncing = "1" }), false},
		"NoResult":    {"it has just begun", stale("product", func(a *unblock.Application) { a.Syncing = "" }), false},
		"NotCompared": {"Argo CD has not seen the change", stale("product", func(a *unblock.Application) { a.Compared = "0" }), false},
		"ByHand":      {"nobody would start the next", stale("product", func(a *unblock.Application) { a.Syncs = false }), false},
		"Ended":       {"nothing hangs", stale("product", func(a *unblock.Application) { a.Phase = "Failed" }), false},
		"Told":        {"it was told to", stale("product", func(a *unblock.Application) { a.Phase = "Terminating" }), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := &tender{apps: []unblock.Application{tc.app}}
			got, err := unblock.Tend(t.Context(), s, env, "", began.Add(time.Hour))
			if err != nil || (len(got.Ended) == 1) != tc.want || len(s.ended) != len(got.Ended) || len(got.Started) > 0 {
				t.Errorf("Tend() = %+v, %v, want it ended: %t: %s", got, err, tc.want, tc.reason)
			}
		})
	}
	for name, refuse := range map[string]error{"Changed": unblock.ErrChanged, "Refused": errors.New("no")} {
		s := &tender{apps: []unblock.Application{stale("product", nil)}, refuse: refuse}
		if got, err := unblock.Tend(t.Context(), s, env, "", began); len(got.Ended) > 0 || (err == nil) != (name == "Changed") {
			t.Errorf("%s: Tend() = %+v, %v, want nothing ended", name, got, err)
		}
	}
}
