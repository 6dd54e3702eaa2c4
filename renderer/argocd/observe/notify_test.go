package observe_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	apppath "github.com/argoproj/argo-cd/v2/util/app/path"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
)

// Argo CD's own matcher decides which Applications a notice wakes.
func TestArgoCDReadsTheNotice(t *testing.T) {
	// What Argo CD's affectedRevisionInfo takes from GitLab's event, by the names in its parser.
	var event struct {
		Before, After, Ref string
		Project            struct {
			WebURL        string `json:"web_url"`
			DefaultBranch string `json:"default_branch"`
		}
		Commits []struct{ Added, Modified, Removed []string }
	}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	hook, err := notify.NewWebhook(server.URL, "", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	push := notify.Push{RepoURL: "https://git.example/fleet.git", Branch: "main", Before: "a", After: "b", Paths: []string{"environments/local/rings/main/sluice.yaml"}}
	if err := hook.Send(t.Context(), push); err != nil {
		t.Fatal(err)
	}
	if event.Project.WebURL != "https://git.example/fleet" || event.After != "b" || event.Before != "" || len(event.Commits) != 1 {
		t.Fatalf("Argo CD reads %+v", event)
	}
	for dir, want := range map[string]bool{"environments/local/rings/main": true, "environments/local/rings/main-0f": false, "environments/local/tenants/06/00/1000006/base": false} {
		if got := apppath.AppFilesHaveChanged([]string{dir}, event.Commits[0].Modified); got != want {
			t.Errorf("an Application of %q is woken: %t, want %t", dir, got, want)
		}
	}
}
