package observe_test

import (
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	synccommon "github.com/argoproj/gitops-engine/pkg/sync/common"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// Argo CD's own types write what unblock reads: every field is read where Argo
// CD has it.
func TestArgoCDWritesForUnblock(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	source := v1alpha1.ApplicationSource{RepoURL: "https://git.example/fleet.git", Path: "fleet", TargetRevision: "main",
		Plugin: &v1alpha1.ApplicationSourcePlugin{Name: "sluice", Parameters: v1alpha1.ApplicationSourcePluginParameters{{Name: "version"}}}}
	app := v1alpha1.Application{
		TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Application"},
		ObjectMeta: metav1.ObjectMeta{Name: "pop-main", ResourceVersion: "7", Labels: map[string]string{"gatorcloud.io/level": "ring"},
			Annotations: map[string]string{v1alpha1.AnnotationKeyRefresh: string(v1alpha1.RefreshTypeNormal)}},
		Spec: v1alpha1.ApplicationSpec{Source: &source,
			SyncPolicy: &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: true}, SyncOptions: v1alpha1.SyncOptions{"ServerSideApply=true"}}},
		Status: v1alpha1.ApplicationStatus{
			Sync:         v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusCodeSynced, Revision: "c2", ComparedTo: v1alpha1.ComparedTo{Source: source}},
			ReconciledAt: &metav1.Time{Time: noon.Add(time.Minute)}, ResourceHealthSource: v1alpha1.ResourceHealthLocationAppTree,
			Health: v1alpha1.HealthStatus{LastTransitionTime: &metav1.Time{Time: noon.Add(time.Second)}},
			OperationState: &v1alpha1.OperationState{
				Operation: v1alpha1.Operation{Info: []*v1alpha1.Info{{Name: "gatorcloud.io/attempt", Value: "2"}}},
				Phase:     synccommon.OperationFailed, Message: "one or more objects failed to apply", StartedAt: metav1.Time{Time: noon.Add(-time.Second)}, FinishedAt: &metav1.Time{Time: noon},
				SyncResult: &v1alpha1.SyncOperationResult{Revision: "c1", Source: source, Resources: v1alpha1.ResourceResults{{Status: synccommon.ResultCodeSyncFailed}}},
			},
		},
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var answer any = app
		if !strings.HasSuffix(r.URL.Path, "/pop-main") {
			answer = v1alpha1.ApplicationList{TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "ApplicationList"}, Items: []v1alpha1.Application{app}}
		}
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	c, err := argocd.New(&rest.Config{Host: s.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, "argocd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	const text = `{"path":"fleet","plugin":{"name":"sluice","parameters":[{"name":"version"}]},"repoURL":"https://git.example/fleet.git","targetRevision":"main"}`
	want := []unblock.Application{{
		Name: "pop-main", Version: "7", Level: "ring", Source: text, Compared: text, Syncing: text, Revision: "c2", Operated: "c1", Synced: true, Refreshing: true,
		Phase: "Failed", Message: "one or more objects failed to apply", Erred: true, Started: noon.Add(-time.Second), Finished: noon, Looked: noon.Add(time.Minute), Attempt: 2, Automated: true, Syncs: true, Blind: true, Options: []string{"ServerSideApply=true"}, Prune: true,
	}}
	got, err := c.Applications(t.Context(), "pop")
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Applications() = %v, -want +got:\n%s", err, diff)
	}
}
