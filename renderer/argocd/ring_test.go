package argocd_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
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
			a := server(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != ringPath || r.Header.Get("Authorization") != "Bearer secret" {
					t.Errorf("request = %s %s", r.Method, r.URL.Path)
				}
				fmt.Fprint(w, tc.object)
			})
			got, err := argocd.Named{Client: argocd.New(a, "argocd")}.Ring(t.Context(), "pop-main")
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
	tokens []string
	code   int
	forbid string // a method
}

func (k *kube) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens = append(k.tokens, r.Header.Get("Authorization"))
	w.Header().Set("Content-Type", "application/json")
	if r.Method == k.forbid {
		k.code = http.StatusForbidden
	}
	if k.code == 0 && r.URL.Path+"/pop-main" == ringPath && r.Method == http.MethodGet && r.URL.Query().Get("limit") == "1" {
		fmt.Fprint(w, `{"kind":"ApplicationList","items":[]}`)
		return
	}
	if k.code != 0 || r.URL.Path != ringPath {
		if k.code == 0 {
			k.code = http.StatusNotFound
		}
		w.WriteHeader(k.code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"applications.argoproj.io \"x\" not found","code":%d}`, k.code)
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
	k := &kube{t: t, object: map[string]any{"metadata": map[string]any{"name": "pop-main", "annotations": map[string]any{"gatorcloud.io/soak": "60"}}, "spec": map[string]any{"project": "pop"}}}
	n := argocd.Named{Client: argocd.New(server(t, k.ServeHTTP), "argocd")}
	if err := n.Refresh(t.Context(), "pop-main"); err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(k.object)
	const want = `{"metadata":{"annotations":{"argocd.argoproj.io/refresh":"normal","gatorcloud.io/soak":"60"},"name":"pop-main"},"spec":{"project":"pop"}}`
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

// A pod's token is replaced on disk; each request has the one that is there.
func TestInCluster(t *testing.T) {
	k := &kube{t: t, object: map[string]any{}}
	s := httptest.NewTLSServer(k)
	t.Cleanup(s.Close)
	where, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"KUBERNETES_SERVICE_HOST": where.Hostname(), "KUBERNETES_SERVICE_PORT": where.Port()}
	const mounted = "/var/run/secrets/kubernetes.io/serviceaccount/"
	files := map[string]string{
		mounted + "ca.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})),
		mounted + "token":  "one\n",
	}
	read := func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	getenv := func(name string) string { return env[name] }
	a, err := argocd.InCluster(getenv, read)
	if err != nil {
		t.Fatal(err)
	}
	n := argocd.Named{Client: argocd.New(a, "argocd")}
	for _, token := range []string{"one", "two"} {
		files[mounted+"token"] = token + "\n"
		if _, err := n.Ring(t.Context(), "pop-main"); err != nil {
			t.Fatal(err)
		}
		if got := k.tokens[len(k.tokens)-1]; got != "Bearer "+token {
			t.Errorf("Authorization = %q, want the token %q", got, token)
		}
	}
	for name, spoil := range map[string]func(){
		"NoToken": func() { delete(files, mounted+"token") }, "NoCA": func() { delete(files, mounted+"ca.crt") }, "NoPod": func() { clear(env) },
	} {
		spoil()
		if _, err := argocd.InCluster(getenv, read); fault.HintOf(err) == "" {
			t.Errorf("%s: InCluster = %v, want an error with a hint", name, err)
		}
	}
	if _, err := n.Ring(t.Context(), "pop-main"); err == nil {
		t.Error("a request went out without the token")
	}
}

// The right to refresh is asked for without a refresh.
func TestMayRefresh(t *testing.T) {
	k := &kube{t: t, object: map[string]any{"metadata": map[string]any{"name": "pop-main"}}}
	n := argocd.Named{Client: argocd.New(server(t, k.ServeHTTP), "argocd")}
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
