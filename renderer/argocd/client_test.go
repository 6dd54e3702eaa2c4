package argocd_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// server answers as a Kubernetes API does and writes a kubeconfig for it.
func server(t *testing.T, answer http.HandlerFunc) argocd.Access {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := argocd.Parse(config(t, map[string]any{"server": s.URL, "certificate-authority-data": ca}, map[string]any{"tokenFile": "token"}),
		argocd.Options{File: filepath.Join(dir, "config"), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func config(t *testing.T, c, user map[string]any) []byte {
	t.Helper()
	data, err := yaml.Marshal(map[string]any{
		"current-context": "here",
		"contexts":        []any{map[string]any{"name": "here", "context": map[string]any{"cluster": "c", "user": "u"}}},
		"clusters":        []any{map[string]any{"name": "c", "cluster": c}},
		"users":           []any{map[string]any{"name": "u", "user": user}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

const first = `{"metadata": {"continue": "more"}, "items": [{
  "metadata": {"name": "pop", "resourceVersion": "7", "labels": {"gatorcloud.io/level": "fleet"}},
  "spec": {"source": {"path": "fleet", "directory": {"recurse": true, "jsonnet": {}}}},
  "status": {"sync": {"revision": "c2", "comparedTo": {"source": {"directory": {"recurse": true}, "path": "fleet"}}},
    "operationState": {"phase": "Running", "message": "waiting", "syncResult": {"revision": "c1", "source": {"path": "fleet", "directory": {"recurse": true, "exclude": ""}}}}}}]}`

const second = `{"metadata": {}, "items": [{"metadata": {"name": "pop-1"}, "spec": {"source": {"path": "x"}}}]}`

func TestApplications(t *testing.T) {
	a := server(t, func(w http.ResponseWriter, r *http.Request) {
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
	got, err := argocd.New(a, "argocd").Applications(t.Context(), "pop")
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

func TestTerminate(t *testing.T) {
	code := http.StatusOK
	a := server(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"metadata":{"resourceVersion":"7"},"status":{"operationState":{"phase":"Terminating"}}}`
		if r.Method != http.MethodPatch || r.URL.Path != "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/pop" || string(body) != want {
			t.Errorf("request = %s %s %s, want a patch %s", r.Method, r.URL.Path, body, want)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, `{"message": "told so"}`)
	})
	c := argocd.New(a, "argocd")
	app := unblock.Application{Name: "pop", Version: "7"}
	if err := c.Terminate(t.Context(), app); err != nil {
		t.Errorf("Terminate() = %v", err)
	}
	code = http.StatusConflict
	if err := c.Terminate(t.Context(), app); !errors.Is(err, unblock.ErrChanged) {
		t.Errorf("Terminate() of a changed Application = %v, want ErrChanged", err)
	}
	for answer, class := range map[int]fault.Class{403: fault.Person, 404: fault.Person, 429: fault.Retry, 503: fault.Retry} {
		code = answer
		if err := c.Terminate(t.Context(), app); fault.ClassOf(err) != class {
			t.Errorf("Terminate() with answer %d = %v of class %s, want %s", answer, err, fault.ClassOf(err), class)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	good := map[string]any{"server": "https://k8s.example:6443"}
	cases := map[string]struct {
		reason  string
		cluster map[string]any
		user    map[string]any
		context string
	}{
		"NoContext":   {"a context that is not there", good, nil, "there"},
		"PlainHTTP":   {"a token would go in the clear", map[string]any{"server": "http://k8s.example"}, nil, ""},
		"NoServer":    {"nothing to ask", map[string]any{}, nil, ""},
		"Insecure":    {"anybody could answer", map[string]any{"server": "https://k8s.example", "insecure-skip-tls-verify": true}, nil, ""},
		"Exec":        {"programs of a kubeconfig are not run", good, map[string]any{"exec": map[string]any{"command": "aws"}}, ""},
		"Authority":   {"no certificate", map[string]any{"server": "https://k8s.example", "certificate-authority-data": []byte("x")}, nil, ""},
		"Certificate": {"no pair", good, map[string]any{"client-certificate-data": []byte("x"), "client-key-data": []byte("y")}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.user == nil {
				tc.user = map[string]any{}
			}
			_, err := argocd.Parse(config(t, tc.cluster, tc.user), argocd.Options{File: "/nowhere/config", Context: tc.context, ReadFile: os.ReadFile})
			if fault.HintOf(err) == "" {
				t.Errorf("%s: Parse() = %v, want an error with a hint", tc.reason, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: {server: 'https://x'}}]\nusers: [{name: u}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := argocd.Parse(data, argocd.Options{ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist }})
		if err == nil && a.Server == "" {
			t.Error("Parse() = no server and no error")
		}
	})
}
