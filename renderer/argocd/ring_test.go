package argocd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/soak"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const ringPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/pop-main"

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestRing(t *testing.T) {
	const status = `"status": {"reconciledAt": "2026-11-22T12:00:30Z", "health": {"status": "Healthy", "lastTransitionTime": %q}, "operationState": {"finishedAt": %q, "phase": "Succeeded"}}`
	for name, tc := range map[string]struct {
		reason, object string
		want           soak.Ring
		fails          bool
	}{
		"Synced": {"the operation ended last", `{"metadata": {"annotations": {"gatorcloud.io/soak": "60"}}, ` + fmt.Sprintf(status, "2026-11-22T11:00:00Z", "2026-11-22T12:00:00Z") + `}`,
			soak.Ring{Soak: time.Minute, Since: at("2026-11-22T12:00:00Z"), Looked: at("2026-11-22T12:00:30Z")}, false},
		"Healed": {"the health changed last", `{"metadata": {"annotations": {"gatorcloud.io/soak": "60"}}, ` + fmt.Sprintf(status, "2026-11-22T12:00:10Z", "2026-11-22T12:00:00Z") + `}`,
			soak.Ring{Soak: time.Minute, Since: at("2026-11-22T12:00:10Z"), Looked: at("2026-11-22T12:00:30Z")}, false},
		"New":        {"nothing has happened yet", `{"metadata": {"annotations": {"gatorcloud.io/soak": "0.5"}}, "status": {"health": {"lastTransitionTime": null}, "reconciledAt": null}}`, soak.Ring{Soak: time.Second}, false},
		"Refreshing": {"asked already", `{"metadata": {"annotations": {"gatorcloud.io/soak": "60", "argocd.argoproj.io/refresh": "normal"}}}`, soak.Ring{Soak: time.Minute, Refreshing: true}, false},
		"NoSoak":     {"nothing to wait for", `{"metadata": {}}`, soak.Ring{}, false},
		"NoNumber":   {"the health check is Degraded then", `{"metadata": {"annotations": {"gatorcloud.io/soak": "1h"}}}`, soak.Ring{}, false},
		"Negative":   {"the health check is Degraded then", `{"metadata": {"annotations": {"gatorcloud.io/soak": "-1"}}}`, soak.Ring{}, false},
		"Infinite":   {"no duration", `{"metadata": {"annotations": {"gatorcloud.io/soak": "1e300"}}}`, soak.Ring{}, false},
		"NaN":        {"no duration", `{"metadata": {"annotations": {"gatorcloud.io/soak": "NaN"}}}`, soak.Ring{}, false},
		"BadTime":    {"no time", `{"status": {"reconciledAt": "yesterday"}}`, soak.Ring{}, true},
		"NoObject":   {"no JSON", `<html>`, soak.Ring{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != ringPath || r.Header.Get("Authorization") != "Bearer secret" {
					t.Errorf("request = %s %s", r.Method, r.URL.Path)
				}
				fmt.Fprint(w, strings.Replace(tc.object, "{", `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", `, 1))
			})
			got, err := argocd.Named{Client: c}.Ring(t.Context(), "pop-main")
			if got != tc.want || (err != nil) != tc.fails {
				t.Errorf("%s: Ring = %+v, %v, want %+v", tc.reason, got, err, tc.want)
			}
		})
	}
}

// kube keeps one Application and answers as an API server with a merge patch does.
type kube struct {
	t      *testing.T
	mu     sync.Mutex
	object map[string]any
	code   int
	forbid string // a method
}

func (k *kube) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Method == k.forbid {
		k.code = http.StatusForbidden
	}
	if k.code == 0 && r.URL.Path+"/pop-main" == ringPath && r.Method == http.MethodGet && r.URL.Query().Get("limit") == "1" {
		fmt.Fprint(w, `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationList","items":[]}`)
		return
	}
	if k.code != 0 || r.URL.Path != ringPath {
		if k.code == 0 {
			k.code = http.StatusNotFound
		}
		refuse(w, k.code)
		k.code = 0
		return
	}
	if r.Method == http.MethodPatch {
		if got := r.Header.Get("Content-Type"); got != "application/merge-patch+json" {
			w.WriteHeader(http.StatusUnsupportedMediaType)
			return
		}
		body, err := io.ReadAll(r.Body)
		var patch map[string]any
		if err != nil || json.Unmarshal(body, &patch) != nil {
			k.t.Errorf("patch %q: %v", body, err)
		}
		if r.URL.Query().Get("dryRun") != "All" {
			merge(k.object, patch)
		}
	}
	if err := json.NewEncoder(w).Encode(k.object); err != nil {
		k.t.Error(err)
	}
}

// merge is RFC 7386.
func merge(into, patch map[string]any) {
	for key, value := range patch {
		inner, ok := value.(map[string]any)
		if !ok {
			into[key] = value
			continue
		}
		if _, ok := into[key].(map[string]any); !ok {
			into[key] = map[string]any{}
		}
		merge(into[key].(map[string]any), inner)
	}
}

func TestRefreshAnnotatesAndNothingElse(t *testing.T) {
	k := &kube{t: t, object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": "pop-main", "annotations": map[string]any{"gatorcloud.io/soak": "60"}}, "spec": map[string]any{"project": "pop"}}}
	n := argocd.Named{Client: connect(t, k.ServeHTTP)}
	if err := n.Refresh(t.Context(), "pop-main"); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(k.object)
	const want = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal","gatorcloud.io/soak":"60"},"name":"pop-main"},"spec":{"project":"pop"}}`
	if err != nil || string(got) != want {
		t.Errorf("Application = %s, want %s", got, want)
	}
	if r, err := n.Ring(t.Context(), "pop-main"); err != nil || !r.Refreshing || r.Soak != time.Minute {
		t.Errorf("Ring = %+v, %v, want one that is being refreshed", r, err)
	}
	if err := n.Refresh(t.Context(), "pop-other"); err != nil {
		t.Errorf("Refresh of an Application that is not there = %v, want no error: it is looked at when it is made", err)
	}
	if _, err := n.Ring(t.Context(), "pop-other"); !errors.Is(err, soak.ErrAbsent) || fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), `"pop-other"`) {
		t.Errorf("Ring that is not there = %v, want a person to look", err)
	}
	for code, class := range map[int]fault.Class{403: fault.Person, 401: fault.Person, 429: fault.Retry, 500: fault.Retry} {
		k.code = code
		if err := n.Refresh(t.Context(), "pop-main"); fault.ClassOf(err) != class || fault.HintOf(err) == "" {
			t.Errorf("Refresh with answer %d = %v of class %s, want %s and a hint", code, err, fault.ClassOf(err), class)
		}
	}
}

// The right to refresh is asked for without a refresh.
func TestMayRefresh(t *testing.T) {
	k := &kube{t: t, object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": "pop-main"}}}
	n := argocd.Named{Client: connect(t, k.ServeHTTP)}
	if there, err := n.MayRefresh(t.Context(), "pop-main"); err != nil || !there {
		t.Errorf("MayRefresh = %t, %v, want it to be there", there, err)
	}
	if got, _ := json.Marshal(k.object); strings.Contains(string(got), "refresh") {
		t.Errorf("MayRefresh changed the Application: %s", got)
	}
	if there, err := n.MayRefresh(t.Context(), "pop-other"); err != nil || there {
		t.Errorf("MayRefresh of another = %t, %v, want it not to be there", there, err)
	}
	for method, shows := range map[string]string{http.MethodPatch: `"pop-main"`, http.MethodGet: "list"} {
		k.forbid = method
		if _, err := n.MayRefresh(t.Context(), "pop-main"); fault.ClassOf(err) != fault.Person || !strings.Contains(err.Error(), shows) {
			t.Errorf("MayRefresh without the right to %s = %v, want a person to grant it", method, err)
		}
	}
}
