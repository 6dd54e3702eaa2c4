package argocd_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// connect returns a client, by a kubeconfig, of a server that answers as a
// Kubernetes API does.
func connect(t *testing.T, answer http.HandlerFunc) *argocd.Client {
	t.Helper()
	s := serve(t, answer)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "token"), "secret\n")
	return open(t, argocd.Options{File: write(t, filepath.Join(dir, "config"), kubeconfig(t, place{cluster: trusted(s), user: fields{"tokenFile": "token"}}))})
}

// open returns a client of the Argo CD in the namespace argocd.
func open(t *testing.T, o argocd.Options) *argocd.Client {
	t.Helper()
	access, err := argocd.Kubeconfig(o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := argocd.New(access, "argocd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// serve answers in JSON, over TLS.
func serve(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that trust nobody are part of the tests
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// refuse answers with a Status object.
func refuse(w http.ResponseWriter, code int) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "told so", "code": %d}`, code)
}

// fields are a part of a kubeconfig.
type fields map[string]any

// place is a context of a kubeconfig with its own cluster and user.
type place struct {
	name          string // here when empty
	cluster, user fields
}

// trusted are the fields of a server's cluster.
func trusted(s *httptest.Server) fields {
	return fields{"server": s.URL, "certificate-authority-data": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})}
}

// kubeconfig returns a kubeconfig of contexts, of which the first is current.
func kubeconfig(t *testing.T, places ...place) string {
	t.Helper()
	var contexts, clusters, users []fields
	for i, p := range places {
		if p.name == "" {
			places[i].name, p.name = "here", "here"
		}
		contexts = append(contexts, fields{"name": p.name, "context": fields{"cluster": p.name, "user": p.name}})
		clusters = append(clusters, fields{"name": p.name, "cluster": p.cluster})
		users = append(users, fields{"name": p.name, "user": p.user})
	}
	data, err := json.Marshal(fields{
		"apiVersion": "v1", "kind": "Config", "current-context": places[0].name, "contexts": contexts, "clusters": clusters, "users": users,
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// write writes a file and returns its name.
func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const first = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "metadata": {"continue": "more"}, "items": [{
  "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "pop", "resourceVersion": "7", "labels": {"gatorcloud.io/level": "fleet"}},
  "spec": {"source": {"path": "fleet", "directory": {"recurse": true, "jsonnet": {}}}},
  "status": {"sync": {"revision": "c2", "comparedTo": {"source": {"directory": {"recurse": true}, "path": "fleet"}}},
    "operationState": {"phase": "Running", "message": "waiting", "syncResult": {"revision": "c1", "source": {"path": "fleet", "directory": {"recurse": true, "exclude": ""}}}}}}]}`

const second = `{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "metadata": {}, "items": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "pop-1"}, "spec": {"source": {"path": "x"}}}]}`

func TestApplications(t *testing.T) {
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if got, want := r.Header.Get("Authorization"), "Bearer secret"; got != want {
			t.Errorf("Authorization = %q, want %q", got, want)
		}
		if got, want := r.URL.Query().Get("labelSelector"), "gatorcloud.io/environment=pop"; got != want {
			t.Errorf("labelSelector = %q, want %q", got, want)
		}
		if r.URL.Query().Get("continue") == "" {
			fmt.Fprint(w, first)
			return
		}
		fmt.Fprint(w, second)
	})
	got, err := c.Applications(t.Context(), "pop")
	if err != nil {
		t.Fatal(err)
	}
	const source = `{"directory":{"recurse":true},"path":"fleet"}`
	want := []unblock.Application{
		{Name: "pop", Version: "7", Level: "fleet", Source: source, Compared: source, Syncing: source, Revision: "c2", Operated: "c1", Phase: "Running", Message: "waiting"},
		{Name: "pop-1", Source: `{"path":"x"}`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Applications() -want +got:\n%s", diff)
	}
}

// No environment is all of them, by their fleets.
func TestApplicationsOfFleets(t *testing.T) {
	var asked string
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query().Get("labelSelector")
		fmt.Fprint(w, second)
	})
	got, err := c.Applications(t.Context(), "")
	if err != nil || len(got) != 1 || asked != "gatorcloud.io/level=fleet" {
		t.Errorf("Applications() = %v, %v, asked for %q, want those of the level fleet", got, err, asked)
	}
}

func TestTerminate(t *testing.T) {
	code := http.StatusOK
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"metadata":{"resourceVersion":"7"},"status":{"operationState":{"phase":"Terminating"}}}`
		if r.Method != http.MethodPatch || r.URL.Path != "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/pop" || string(body) != want {
			t.Errorf("request = %s %s %s, want a patch %s", r.Method, r.URL.Path, body, want)
		}
		if code != http.StatusOK {
			refuse(w, code)
			return
		}
		fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}`)
	})
	app := unblock.Application{Name: "pop", Version: "7"}
	if err := c.Terminate(t.Context(), app); err != nil {
		t.Errorf("Terminate() = %v", err)
	}
	code = http.StatusConflict
	if err := c.Terminate(t.Context(), app); !errors.Is(err, unblock.ErrChanged) {
		t.Errorf("Terminate() of a changed Application = %v, want ErrChanged", err)
	}
	for answer, class := range map[int]fault.Class{403: fault.Person, 404: fault.Person, 410: fault.Retry, 429: fault.Retry, 503: fault.Retry} {
		code = answer
		if err := c.Terminate(t.Context(), app); fault.ClassOf(err) != class || !strings.Contains(err.Error(), "told so") {
			t.Errorf("Terminate() with answer %d = %v of class %s, want %s and what the server said", answer, err, fault.ClassOf(err), class)
		}
	}
}

// An Application that is none is named, and nothing is decided on the others.
func TestApplicationsRefuses(t *testing.T) {
	for name, object := range map[string]string{
		"Text":  `"status": "Synced"`,
		"List":  `"metadata": {"name": "bad", "annotations": ["x"]}`,
		"Time":  `"status": {"operationState": {"finishedAt": "yesterday"}}`,
		"Count": `"status": {"operationState": {"operation": {"info": 1}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(object, `"metadata"`) {
				object = `"metadata": {"name": "bad"}, ` + object
			}
			c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprintf(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList", "items": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", %s}]}`, object)
			})
			if got, err := c.Applications(t.Context(), "pop"); err == nil || !strings.Contains(err.Error(), `"bad"`) || len(got) > 0 {
				t.Errorf("Applications() = %v, %v, want an error that names it", got, err)
			}
		})
	}
}
