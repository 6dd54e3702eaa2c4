package argocd_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const table = `"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [{"name": "Name"}, {"name": "Sync Status"}, {"name": "Health Status"}]`

const ended = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "pop", "resourceVersion": "7", "labels": {"gatorcloud.io/level": "fleet"}},
  "spec": {"source": {"path": "fleet"}, "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["ServerSideApply=true"]}},
  "status": {"reconciledAt": "2026-11-02T09:01:00Z", "sync": {"status": "OutOfSync", "revision": "c1", "comparedTo": {"source": {"path": "fleet"}}},
    "operationState": {"phase": %q, "startedAt": "2026-11-02T08:59:00Z", "finishedAt": "2026-11-02T09:00:00Z", "operation": {"info": [%s]},
      "syncResult": {"revision": "c1", "source": {"path": "fleet"}, "resources": [{"status": "Synced"}, {"status": %q}]}}}}`

// one serves a table with one Application that differs, and that Application.
func one(t *testing.T, object string) *argocd.Client {
	return connect(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/applications/pop"):
			fmt.Fprint(w, object)
		case strings.Contains(r.URL.Path, "/applications/"): // gone
			refuse(w, http.StatusNotFound)
		case !strings.Contains(r.Header.Get("Accept"), "as=Table") || r.URL.Query().Get("includeObject") != "None":
			t.Errorf("request %s accepts %q, want a table without objects", r.URL, r.Header.Get("Accept"))
		case r.URL.Query().Get("continue") == "":
			fmt.Fprint(w, `{`+table+`, "metadata": {"continue": "more"}, "rows": [{"cells": ["calm", "Synced", "Healthy"]}, {"cells": ["short"]}, {"cells": [7, 7]}]}`)
		default:
			fmt.Fprint(w, `{`+table+`, "rows": [{"cells": ["gone", "OutOfSync", ""]}, {"cells": ["pop", "OutOfSync", null]}]}`)
		}
	})
}

func TestUnsettled(t *testing.T) {
	const source = `{"path":"fleet"}`
	cases := map[string]struct {
		reason  string
		object  string
		erred   bool
		attempt int
	}{
		"Error":     {"Argo CD's own error", fmt.Sprintf(ended, "Error", "", "Synced"), true, 0},
		"Unapplied": {"the cluster took something not", fmt.Sprintf(ended, "Failed", "", "SyncFailed"), true, 0},
		"Degraded":  {"a verdict", fmt.Sprintf(ended, "Failed", "", "Synced"), false, 0},
		"Succeeded": {"no error at all", fmt.Sprintf(ended, "Succeeded", "", "SyncFailed"), false, 0},
		"Again":     {"it was started again", fmt.Sprintf(ended, "Error", `{"name": "Reason", "value": "9"}, {"name": "gatorcloud.io/attempt", "value": "2"}`, "Synced"), true, 2},
		"Forged":    {"a number that cannot be ends the attempts", fmt.Sprintf(ended, "Error", `{"name": "gatorcloud.io/attempt", "value": "-5"}`, "Synced"), true, unblock.Attempts},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, _, err := one(t, tc.object).Unsettled(t.Context(), "pop", "")
			if err != nil || len(got) != 1 {
				t.Fatalf("Unsettled() = %v, %v, want one Application", got, err)
			}
			want := unblock.Application{Name: "pop", Version: "7", Level: "fleet", Source: source, Compared: source, Syncing: source, Revision: "c1", Operated: "c1",
				Phase: got[0].Phase, Finished: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Erred: tc.erred, Attempt: tc.attempt, Automated: true, Syncs: true, Started: time.Date(2026, 11, 2, 8, 59, 0, 0, time.UTC), Looked: time.Date(2026, 11, 2, 9, 1, 0, 0, time.UTC), Prune: true, Options: []string{"ServerSideApply=true"}}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Errorf("%s: Unsettled() -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// failed is an operation of a fleet whose shared part was refused first, as
// Argo CD leaves it: who began it, what became of the part and of what is applied
// with it, and how the part and the whole are now.
const failed = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "pop", "resourceVersion": "7", "labels": {"gatorcloud.io/level": "fleet"}},
  "spec": {"source": {"path": "fleet"}, "syncPolicy": {"automated": {"prune": true}}},
  "status": {"reconciledAt": %q, "sync": {"status": "OutOfSync", "revision": "c1", "comparedTo": {"source": {"path": "fleet"}}},
    "health": {"status": %q},
    "resources": [{"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "namespace": "argocd", "name": "pop-shared-policy", "status": "Synced"%s},
      {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "namespace": "argocd", "name": "pop-canary", "status": "OutOfSync", "health": {"status": "Healthy"}}],
    "operationState": {"phase": "Failed", "message": "one or more synchronization tasks completed unsuccessfully", "startedAt": "2026-11-02T08:59:00Z", "finishedAt": "2026-11-02T09:00:00Z",
      "operation": {"initiatedBy": {%s}, "retry": {}},
      "syncResult": {"revision": "c1", "source": {"path": "fleet"}, "resources": [
        {"group": "argoproj.io", "version": "v1alpha1", "kind": "Application", "namespace": "argocd", "name": %q, "status": "Synced", "hookPhase": %q, "syncPhase": "Sync"},
        {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "argocd", "name": "pop", "status": "Synced", "hookPhase": "Running", "syncPhase": "Sync"%s}]}}}}`

// A verdict holds until what it is of is Healthy; only what Argo CD began by
// itself is begun again.
func TestUnsettledHealed(t *testing.T) {
	const (
		after, before  = "2026-11-02T09:01:00Z", "2026-11-02T08:59:59Z"
		part, machine  = "pop-shared-policy", `"automated": true`
		well, ill      = `, "health": {"status": "Healthy"}`, `, "health": {"status": "Degraded"}`
		hook, unhooked = `, "hookType": "PostSync", "hookPhase": "Failed"`, ""
	)
	for name, tc := range map[string]struct {
		reason string
		object string
		healed bool
	}{
		"Healed":     {"the part is Healthy, whatever else is not", fmt.Sprintf(failed, after, "Degraded", well, machine, part, "Failed", unhooked), true},
		"SameSecond": {"Argo CD compares at once after an operation", fmt.Sprintf(failed, "2026-11-02T09:00:00Z", "Degraded", well, machine, part, "Failed", unhooked), true},
		"Ill":        {"the verdict holds", fmt.Sprintf(failed, after, "Degraded", ill, machine, part, "Failed", unhooked), false},
		"NotLooked":  {"the part was Healthy before it failed", fmt.Sprintf(failed, before, "Degraded", well, machine, part, "Failed", unhooked), false},
		"InRedis":    {"where no health is kept all of it is Healthy", fmt.Sprintf(failed, after, "Healthy", "", machine, part, "Failed", unhooked), true},
		"Somewhere":  {"something is Degraded, and nobody says what", fmt.Sprintf(failed, after, "Degraded", "", machine, part, "Failed", unhooked), false},
		"Silent":     {"no health at all", fmt.Sprintf(failed, after, "", "", machine, part, "Failed", unhooked), false},
		"Gone":       {"nobody knows how the part is", fmt.Sprintf(failed, after, "Healthy", well, machine, "pop-shared-gone", "Failed", unhooked), false},
		"Person":     {"who began it looks after it", fmt.Sprintf(failed, after, "Healthy", well, `"username": "ann"`, part, "Failed", unhooked), false},
		"Ended":      {"somebody ended it: nothing failed", fmt.Sprintf(failed, after, "Healthy", well, machine, part, "Running", unhooked), false},
		"Hook":       {"a hook that failed does not heal", fmt.Sprintf(failed, after, "Healthy", well, machine, part, "Failed", hook), false},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := one(t, tc.object).Unsettled(t.Context(), "pop", "")
			if err != nil || len(got) != 1 || got[0].Healed != tc.healed || got[0].Erred {
				t.Errorf("%s: Unsettled() = %+v, %v, want it healed: %t", tc.reason, got, err, tc.healed)
			}
		})
	}
}

// Whose operation failed and left nothing to apply is calm in every column; its
// parent alone calls it Degraded.
func TestUnsettledChildren(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		_, name, found := strings.Cut(r.URL.Path, "/applications/")
		switch {
		case !found:
			fmt.Fprintf(w, `{%s, "rows": [{"cells": ["pop", "OutOfSync", "Degraded"]}, {"cells": ["pop-main", "OutOfSync", "Degraded"]}, {"cells": ["pop-shared-policy", "Synced", "Healthy"]}]}`, table)
		case name == "pop":
			fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "pop"}, "status": {"resources": [
				{"group": "argoproj.io", "kind": "Application", "namespace": "argocd", "name": "pop-shared-policy", "health": {"status": "Degraded"}},
				{"group": "argoproj.io", "kind": "Application", "namespace": "argocd", "name": "pop-main", "health": {"status": "Degraded"}},
				{"group": "argoproj.io", "kind": "Application", "namespace": "argocd", "name": "pop-canary", "health": {"status": "Healthy"}},
				{"group": "argoproj.io", "kind": "Application", "namespace": "argocd", "name": "../pop", "health": {"status": "Degraded"}},
				{"group": "argoproj.io", "kind": "Application", "namespace": "argocd", "health": {"status": "Degraded"}},
				{"group": "argoproj.io", "kind": "Application", "namespace": "elsewhere", "name": "pop-else", "health": {"status": "Degraded"}},
				{"group": "apps", "kind": "Deployment", "name": "pop-door", "health": {"status": "Degraded"}}]}}`)
		default:
			fmt.Fprintf(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": %q}}`, name)
		}
	})
	apps, next, err := c.Unsettled(t.Context(), "pop", "")
	var names []string
	for _, a := range apps {
		names = append(names, a.Name)
	}
	if want := []string{"pop", "pop-main", "pop-shared-policy"}; err != nil || next != "" || !slices.Equal(names, want) {
		t.Errorf("Unsettled() = %q, %q, %v, want %q", names, next, err, want)
	}
}

// What Argo CD is not to sync by itself is not started.
func TestUnsettledAutomated(t *testing.T) {
	object := fmt.Sprintf(ended, "Error", "", "Synced")
	for name, replace := range map[string][2]string{
		"NoPolicy": {`"automated": {"prune": true}, `, ``},
		"Disabled": {`{"prune": true}`, `{"prune": true, "enabled": false}`},
		"Deleted":  {`"resourceVersion": "7"`, `"resourceVersion": "7", "deletionTimestamp": "2026-11-02T09:00:00Z"`},
		"AskedFor": {`"spec":`, `"operation": {"sync": {}}, "spec":`},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := one(t, strings.Replace(object, replace[0], replace[1], 1)).Unsettled(t.Context(), "pop", "")
			if err != nil || len(got) != 1 || got[0].Automated || got[0].Syncs != (name == "AskedFor") {
				t.Errorf("Unsettled() = %+v, %v, want one that is not automated", got, err)
			}
		})
	}
}

// What is Synced and waits for something may hang in an old operation.
func TestUnsettledIsUnhealthy(t *testing.T) {
	for health, want := range map[string]int{"Healthy": 0, "Progressing": 1, "Degraded": 1, "": 1} {
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/applications/pop") {
				fmt.Fprintf(w, ended, "Running", "", "Synced")
				return
			}
			fmt.Fprintf(w, `{%s, "rows": [{"cells": ["pop", "Synced", %q]}]}`, table, health)
		})
		if got, _, err := c.Unsettled(t.Context(), "pop", ""); err != nil || len(got) != want {
			t.Errorf("Unsettled() of one that is %q = %v, %v, want %d", health, got, err, want)
		}
	}
}

// More than one look reads all have their turn.
func TestUnsettledTurns(t *testing.T) {
	rows := make([]string, 450)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"cells": ["pop-%03d", "OutOfSync", ""]}`, i)
	}
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if _, name, found := strings.Cut(r.URL.Path, "/applications/"); found {
			fmt.Fprintf(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": %q}}`, name)
			return
		}
		fmt.Fprintf(w, `{%s, "rows": [%s]}`, table, strings.Join(rows, ","))
	})
	seen, after := map[string]int{}, ""
	for range 3 {
		apps, next, err := c.Unsettled(t.Context(), "pop", after)
		if err != nil || len(apps) != 200 {
			t.Fatalf("Unsettled(after %q) = %d, %v, want 200", after, len(apps), err)
		}
		for _, a := range apps {
			seen[a.Name]++
		}
		after = next
	}
	if len(seen) != len(rows) {
		t.Errorf("three looks saw %d Applications, want all %d", len(seen), len(rows))
	}
	rows = rows[:200]
	if apps, next, err := c.Unsettled(t.Context(), "pop", after); err != nil || len(apps) != 200 || next != "" {
		t.Errorf("Unsettled() of few = %d, %q, %v, want all of them and a look from the beginning next", len(apps), next, err)
	}
}

func TestUnsettledWithoutColumns(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": [{"name": "Name"}, {"name": "Sync Status"}], "rows": [{"cells": ["pop", "Synced"]}]}`)
	})
	if _, _, err := c.Unsettled(t.Context(), "pop", ""); fault.HintOf(err) == "" {
		t.Errorf("Unsettled() = %v, want an error with a hint", err)
	}
}

func TestStart(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"metadata":{"resourceVersion":"7"},"operation":{"info":[{"name":"gatorcloud.io/attempt","value":"2"}],` +
			`"initiatedBy":{"automated":true,"username":"sluice"},"sync":{"prune":true,"revision":"c1","syncOptions":["ServerSideApply=true"]}}}`
		if r.Method != http.MethodPatch || string(body) != want {
			t.Errorf("request = %s %s, want a patch %s", r.Method, body, want)
		}
		fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}`)
	})
	app := unblock.Application{Name: "pop", Version: "7", Revision: "c1", Prune: true, Options: []string{"ServerSideApply=true"}}
	if err := c.Start(t.Context(), app, 2); err != nil {
		t.Errorf("Start() = %v", err)
	}
}
