package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/render"
)

// argoCD is an API server with the Applications of a repository's tenants, by
// their rings: each is at once what main grants it and Healthy. It looks at one
// when it is asked to, an hour later by its clock.
type argoCD struct {
	t     *testing.T
	bare  string
	place manifest.Place
	of    map[string]string // rings by tenant

	mu      sync.Mutex
	now     time.Time
	looked  map[string]time.Time
	history map[string][]any
}

// argo serves an Argo CD and returns its kubeconfig.
func (r *runner) argo(of map[string]string) string {
	r.t.Helper()
	site, err := environments.Load(os.DirFS(filepath.Join(r.clone, "environments")), ident.Must[ident.EnvironmentKind]("local"))
	if err != nil {
		r.t.Fatal(err)
	}
	a := &argoCD{t: r.t, bare: r.bare, place: render.PlaceOf(site), of: of, now: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		looked: map[string]time.Time{}, history: map[string][]any{}}
	server := httptest.NewServer(a)
	r.t.Cleanup(server.Close)
	config := filepath.Join(r.t.TempDir(), "argocd.yaml")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: %q}}]\ncontexts: [{name: a, context: {cluster: a}}]\n", server.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return config
}

// ServeHTTP answers lists of Applications and the annotation that asks for a look.
func (a *argoCD) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case !strings.HasPrefix(r.URL.Path, "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"):
		http.Error(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}`, http.StatusNotFound)
	case r.Method == http.MethodPatch:
		a.now = a.now.Add(time.Hour)
		a.looked[path.Base(r.URL.Path)] = a.now
		_, _ = w.Write([]byte(`{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "x"}}`))
	default:
		items := []any{}
		for tenant, ring := range a.of {
			if app := a.application(tenant, ring); selected(r.URL.Query().Get("labelSelector"), app) {
				items = append(items, app)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "metadata": map[string]any{}, "items": items})
	}
}

// selected reports whether an Application has the labels that a selector asks for.
func selected(selector string, app map[string]any) bool {
	labels := app["metadata"].(map[string]any)["labels"].(map[string]any)
	for term := range strings.SplitSeq(selector, ",") {
		if key, value, equal := strings.Cut(term, "="); equal && labels[key] != value {
			return false
		}
	}
	return true
}

// application returns the one of a tenant's product hello.
func (a *argoCD) application(tenant, ring string) map[string]any {
	slice, err := gittest.TryGit(a.bare, nil, "show", "main:environments/local/fleet/rings/"+ring+".yaml")
	if err != nil {
		a.t.Error(err)
	}
	name, granted, err := manifest.ReadGrants([]byte(slice))
	if err != nil {
		a.t.Error(err)
	}
	id, hello := ident.Must[ident.TenantKind](tenant), ident.Must[ident.ProductKind]("hello")
	of := manifest.TenantBase{Place: a.place, Tenant: id, Ring: name, Namespace: "tenant-" + tenant, Path: "environments/local/" + manifest.TenantPath(id)}
	file := of.Application(manifest.TenantProduct{Name: hello, State: manifest.ActiveDir}, manifest.ProductVersion{Version: granted[hello]})
	var app map[string]any
	if err := yaml.Unmarshal(file.Encode(), &app); err != nil {
		a.t.Error(err)
	}
	spec := app["spec"].(map[string]any)
	stamp := func(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }
	at, seen := a.looked[file.Name]
	if !seen {
		at = a.now
		a.looked[file.Name] = at
	}
	now := map[string]any{"source": spec["source"], "destination": spec["destination"], "deployedAt": stamp(at)}
	if h := a.history[file.Name]; len(h) == 0 || fmt.Sprint(h[len(h)-1].(map[string]any)["source"]) != fmt.Sprint(spec["source"]) {
		a.history[file.Name] = append(h, now)
	}
	app["metadata"].(map[string]any)["creationTimestamp"] = "2026-11-01T00:00:00Z"
	app["status"] = map[string]any{
		"sync":           map[string]any{"status": "Synced", "comparedTo": now},
		"health":         map[string]any{"status": "Healthy", "lastTransitionTime": stamp(at)},
		"operationState": map[string]any{"phase": "Succeeded", "startedAt": stamp(at), "finishedAt": stamp(at), "syncResult": now},
		"reconciledAt":   stamp(at),
		"history":        a.history[file.Name],
	}
	return app
}

// A schedule moves a rollout where nobody runs sluice: ring by ring, each when
// Argo CD shows the one before Healthy and soaked, with a commit for each step.
func TestPipelineAdvances(t *testing.T) {
	r := newRunner(t, "--renderer", "ci")
	r.tenants()
	config := r.argo(map[string]string{"1000001": "canary", "1000002": "main"})
	r.sh(r.clone, "sluice catalog new hello/2 && sluice catalog lock && sluice bump hello=2")
	r.push("Bump hello to 2", "main")
	r.passes("schedule", nil, "sluice-render-local")
	r.rendered("render local: 2 tenants")

	variables := []string{"SLUICE_KUBECONFIG=" + config}
	for _, step := range []string{"hello=2 is granted to ring canary", "hello=2 passed ring canary", "hello=2 is granted to ring main"} {
		for tries := 0; !strings.Contains(r.sh(r.bare, "git log --format=%B main"), step); tries++ {
			if tries == 4 {
				t.Fatalf("after %d advances it is not so that %s:\n%s", tries, step, r.sh(r.bare, "git log --format=%B main"))
			}
			r.passes("schedule", variables, "sluice-advance-local")
			r.sh(r.clone, "git fetch -q && git checkout -q -B main origin/main")
		}
		r.rendered("moves of rollouts")
	}
	if got := r.sh(r.bare, "git show main:environments/local/fleet/rings/main.yaml"); !strings.Contains(got, `hello: "2"`) {
		t.Errorf("ring main is rendered as\n%s", got)
	}
}
