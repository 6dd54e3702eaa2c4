package unblock_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// starter notes what is started.
type starter struct {
	apps    []unblock.Application
	refuse  error
	started map[string]int
}

func (s *starter) Unsynced(context.Context, string) ([]unblock.Application, error) {
	return s.apps, nil
}

func (s *starter) Start(_ context.Context, a unblock.Application, attempt int) error {
	if s.refuse != nil {
		return s.refuse
	}
	if s.started == nil {
		s.started = map[string]int{}
	}
	s.started[a.Name] = attempt
	return nil
}

func TestRetry(t *testing.T) {
	ended := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	erred := func(change func(*unblock.Application)) unblock.Application {
		return app("a", "ring", func(a *unblock.Application) {
			a.Phase, a.Erred, a.Finished, a.Automated, a.Synced = "Error", true, ended, true, false
			if change != nil {
				change(a)
			}
		})
	}
	cases := map[string]struct {
		reason string
		app    unblock.Application
		after  time.Duration
		want   map[string]int
	}{
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
			s := &starter{apps: []unblock.Application{tc.app}}
			got, err := unblock.Retry(t.Context(), s, env, ended.Add(tc.after))
			if err != nil || len(got) != len(tc.want) {
				t.Errorf("%s: Retry() = %v, %v, want %d", tc.reason, got, err, len(tc.want))
			}
			if diff := cmp.Diff(tc.want, s.started); diff != "" {
				t.Errorf("%s: started -want +got:\n%s", tc.reason, diff)
			}
		})
	}
	t.Run("Changed", func(t *testing.T) {
		s := &starter{apps: []unblock.Application{erred(nil)}, refuse: unblock.ErrChanged}
		if got, err := unblock.Retry(t.Context(), s, env, ended.Add(time.Hour)); err != nil || len(got) > 0 {
			t.Errorf("Retry() = %v, %v, want nothing: somebody was faster", got, err)
		}
	})
	t.Run("Refused", func(t *testing.T) {
		s := &starter{apps: []unblock.Application{erred(nil)}, refuse: errors.New("no")}
		if _, err := unblock.Retry(t.Context(), s, env, ended.Add(time.Hour)); err == nil {
			t.Error("Retry() = nil, want the error of the cluster")
		}
	})
}
