package argocd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

const namedPath = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/pop-main"

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
	if k.code == 0 && r.URL.Path+"/pop-main" == namedPath && r.Method == http.MethodGet && r.URL.Query().Get("limit") == "1" {
		fmt.Fprint(w, `{"apiVersion":"argoproj.io/v1alpha1","kind":"ApplicationList","items":[]}`)
		return
	}
	if k.code != 0 || r.URL.Path != namedPath {
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
	k := &kube{t: t, object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": "pop-main", "annotations": map[string]any{"gatorcloud.io/approved": "swg=203"}}, "spec": map[string]any{"project": "pop"}}}
	n := argocd.Named{Client: connect(t, k.ServeHTTP)}
	if err := n.Refresh(t.Context(), "pop-main"); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(k.object)
	const want = `{"apiVersion":"argoproj.io/v1alpha1","kind":"Application","metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal","gatorcloud.io/approved":"swg=203"},"name":"pop-main"},"spec":{"project":"pop"}}`
	if err != nil || string(got) != want {
		t.Errorf("Application = %s, want %s", got, want)
	}
	if err := n.Refresh(t.Context(), "pop-other"); err != nil {
		t.Errorf("Refresh of an Application that is not there = %v, want no error: it is looked at when it is made", err)
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

func TestApplication(t *testing.T) {
	k := &kube{t: t, object: map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": map[string]any{"name": "pop-main"},
		"spec": map[string]any{"syncPolicy": map[string]any{"automated": map[string]any{}, "syncOptions": []string{"ApplyOutOfSyncOnly=true"}}}}}
	n := argocd.Named{Client: connect(t, k.ServeHTTP)}
	if a, there, err := n.Application(t.Context(), "pop-main"); err != nil || !there || !a.Syncs || strings.Join(a.Options, " ") != "ApplyOutOfSyncOnly=true" {
		t.Errorf("Application() = %+v, %t, %v, want its policy", a, there, err)
	}
	if _, there, err := n.Application(t.Context(), "pop-other"); err != nil || there {
		t.Errorf("Application() of another = %t, %v, want it not to be there", there, err)
	}
	k.code = http.StatusForbidden
	if _, there, err := n.Application(t.Context(), "pop-main"); fault.ClassOf(err) != fault.Person || there {
		t.Errorf("Application() that is refused = %t, %v, want a person to grant it", there, err)
	}
}
