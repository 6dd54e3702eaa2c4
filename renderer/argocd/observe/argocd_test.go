package observe_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/gitops-engine/pkg/health"
	"github.com/argoproj/gitops-engine/pkg/sync/common"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

// What links Argo CD itself stands in this test binary for the whole wing: that
// costs seconds each time something below is changed.

// Argo CD's own types write the Applications: every field is read where Argo
// CD has it.
func TestArgoCDWritesTheApplication(t *testing.T) {
	s := newScene(t, 3)
	s.proven(ten)
	minute := func(n int) *metav1.Time { return &metav1.Time{Time: ten.Add(time.Duration(n) * time.Minute)} }
	write := func(name string, change func(app *v1alpha1.Application)) {
		data, err := json.Marshal(s.apps[name])
		var app v1alpha1.Application
		if err == nil {
			err = json.Unmarshal(data, &app)
		}
		if err != nil {
			t.Fatal(err)
		}
		source := *app.Spec.Source
		app.Status = v1alpha1.ApplicationStatus{
			Sync:         v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusCodeSynced, ComparedTo: v1alpha1.ComparedTo{Source: source, Destination: app.Spec.Destination}},
			Health:       v1alpha1.HealthStatus{Status: health.HealthStatusHealthy, LastTransitionTime: minute(1)},
			ReconciledAt: minute(3),
			Resources:    []v1alpha1.ResourceStatus{{Kind: "Service", Name: "gateway", Status: v1alpha1.SyncStatusCodeSynced, Health: &v1alpha1.HealthStatus{Status: health.HealthStatusHealthy}}},
			OperationState: &v1alpha1.OperationState{Phase: common.OperationSucceeded, StartedAt: *minute(1), FinishedAt: minute(2),
				SyncResult: &v1alpha1.SyncOperationResult{Source: source, Resources: v1alpha1.ResourceResults{{Status: common.ResultCodeSynced, HookPhase: common.OperationSucceeded}}}},
			History: v1alpha1.RevisionHistories{{Source: source, DeployedAt: *minute(2), DeployStartedAt: minute(1)}},
		}
		change(&app)
		if data, err = json.Marshal(app); err == nil {
			var object fields
			err = json.Unmarshal(data, &object)
			s.apps[name] = object
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("pop-1000000-swg", func(app *v1alpha1.Application) { // moved, in its first minute
		old := app.Status.History[0]
		old.Source.Path, old.DeployedAt = "old", *minute(-60)
		app.Status.History = append(v1alpha1.RevisionHistories{old}, app.Status.History...)
	})
	write("pop-1000001-swg", func(app *v1alpha1.Application) { // a bucket became Degraded
		app.Status.Health.Status, app.Status.Sync.Status = health.HealthStatusDegraded, v1alpha1.SyncStatusCodeOutOfSync
		app.Status.OperationState.Phase = common.OperationFailed
		app.Status.OperationState.SyncResult.Resources[0].HookPhase = common.OperationFailed
	})
	write("pop-1000002-swg", func(app *v1alpha1.Application) { // created after the first was moved
		app.CreationTimestamp = *minute(3)
		app.Status.Health.Status = health.HealthStatusProgressing
	})
	want := rollout.Slice{Version: version("203"), Looked: 3, Proven: 1, Degraded: 1, Excused: 1, Sick: 2}
	if got := s.observe(); got != want {
		t.Errorf("observed %+v, want %+v", got, want)
	}
	write("pop-1000000-swg", func(app *v1alpha1.Application) {
		app.Status.Conditions = []v1alpha1.ApplicationCondition{{Type: v1alpha1.ApplicationConditionComparisonError}}
	})
	write("pop-1000001-swg", func(app *v1alpha1.Application) { app.Annotations[v1alpha1.AnnotationKeyRefresh] = "normal" })
	write("pop-1000002-swg", func(app *v1alpha1.Application) { app.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{}} })
	if got := s.observe(); got.Proven != 1 || got.Looked != 3 {
		t.Errorf("observed %+v, want only the one without an error or an operation proven", got)
	}
	s.proven(time.Time{})
	s.Observer = observe.New(s.argo, place)
	if s.observe(); slices.Contains(s.asked, "pop-1000001-swg") || len(s.asked) != 2 {
		t.Errorf("asked for %q, want those that nobody has asked for", s.asked)
	}
}
