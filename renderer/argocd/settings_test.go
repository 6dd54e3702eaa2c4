package argocd_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		code   int
		body   string
		want   map[string]string
		may    bool
		fails  bool
	}{
		"There":     {"what is set", 200, `{"kind": "ConfigMap", "data": {"a": "b"}}`, map[string]string{"a": "b"}, true, false},
		"Empty":     {"a stock argocd-cm of 2.14", 200, `{"kind": "ConfigMap"}`, nil, true, false},
		"Absent":    {"Argo CD then runs with its defaults", 404, "", nil, true, false},
		"Forbidden": {"the renderer's own account", 403, "", nil, false, false},
		"Unknown":   {"a token that is refused is no right that is missing", 401, "", nil, false, true},
		"Busy":      {"try again", 503, "", nil, false, true},
		"Other":     {"something answers for the API server", 200, `{"kind": "Secret", "data": {"a": "b"}}`, nil, false, true},
		"Numbers":   {"no ConfigMap has them", 200, `{"kind": "ConfigMap", "data": {"a": 1}}`, nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/api/v1/namespaces/argocd/configmaps/argocd-cm" || r.Method != http.MethodGet {
					t.Errorf("%s %s, want argocd-cm read", r.Method, r.URL.Path)
				}
				if tc.code != 200 {
					refuse(w, tc.code)
					return
				}
				fmt.Fprint(w, tc.body)
			})
			got, may, err := c.Settings(t.Context(), "argocd-cm")
			if diff := cmp.Diff(tc.want, got); diff != "" || may != tc.may || (err != nil) != tc.fails {
				t.Errorf("%s: Settings() = %t, %v, want %t and an error: %t; -want +got:\n%s", tc.reason, may, err, tc.may, tc.fails, diff)
			}
		})
	}
}

func TestProject(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		code   int
		body   string
		want   map[string]any
		may    bool
		fails  bool
	}{
		"There":     {"what it permits", 200, `{"kind": "AppProject", "spec": {"a": ["b"]}}`, map[string]any{"a": []any{"b"}}, true, false},
		"Absent":    {"nobody applied it", 404, "", nil, true, false},
		"Forbidden": {"the renderer's own account", 403, "", nil, false, false},
		"Busy":      {"try again", 503, "", nil, false, true},
		"Other":     {"something answers for the API server", 200, `{"kind": "Secret"}`, nil, false, true},
		"Empty":     {"no project is without a spec", 200, `{"kind": "AppProject"}`, nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/pop-fleet" || r.Method != http.MethodGet {
					t.Errorf("%s %s, want the project read", r.Method, r.URL.Path)
				}
				if tc.code != 200 {
					refuse(w, tc.code)
					return
				}
				fmt.Fprint(w, tc.body)
			})
			got, may, err := c.Project(t.Context(), "pop-fleet")
			if diff := cmp.Diff(tc.want, got); diff != "" || may != tc.may || (err != nil) != tc.fails {
				t.Errorf("%s: Project() = %t, %v, want %t and an error: %t; -want +got:\n%s", tc.reason, may, err, tc.may, tc.fails, diff)
			}
		})
	}
}

func TestTracked(t *testing.T) {
	const slice = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "%s", "labels": {%s}, "annotations": {%s}}}`
	const label, annotation = `"app.kubernetes.io/instance": "pop"`, `"argocd.argoproj.io/tracking-id": "pop:argoproj.io/Application:argocd/x"`
	code := 200
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query().Get("labelSelector"); got != "gatorcloud.io/environment=pop,gatorcloud.io/level=ring" {
			t.Errorf("asked for %q, want the slices", got)
		}
		if code != 200 {
			refuse(w, code)
			return
		}
		fmt.Fprintf(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "items": [`+slice+`,`+slice+`,`+slice+`]}`,
			"a", label, "", "b", label, annotation, "c", "", "")
	})
	got, err := c.Tracked(t.Context(), "pop")
	if want := (argocd.Tracked{Slices: 3, ByAnnotation: 1, ByLabel: 2}); got != want || err != nil {
		t.Errorf("Tracked() = %+v, %v, want %+v", got, err, want)
	}
	code = http.StatusForbidden
	if _, err := c.Tracked(t.Context(), "pop"); fault.ClassOf(err) != fault.Person {
		t.Errorf("Tracked() without the right = %v, want a person to grant it", err)
	}
}
