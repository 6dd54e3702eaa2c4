package kube_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/tls"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
)

// serve is an API server that lets in who has a client certificate.
func serve(t *testing.T, handle http.HandlerFunc) *kube.Client {
	t.Helper()
	authority, err := pki.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server(net.IPv4(10, 96, 0, 1), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	client, err := authority.Client(pki.Identity{User: "admin"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(server.Cert, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		handle(w, r)
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	config, err := pki.Kubeconfig(pki.Access{Server: srv.URL, Authority: authority.Pair.Cert, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := kube.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// known answers what an API server with one kind says about itself, and
// reports whether that was asked.
func known(w http.ResponseWriter, r *http.Request) bool {
	answers := map[string]string{
		"/api":  `{"kind": "APIVersions", "versions": []}`,
		"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}], "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"}}]}`,
		"/apis/apps/v1": `{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "apps/v1", "resources": [
			{"name": "deployments/scale", "kind": "Scale", "namespaced": true},
			{"name": "deployments", "kind": "Deployment", "namespaced": true},
			{"name": "sites", "kind": "Site", "namespaced": false}]}`,
	}
	text, ok := answers[r.URL.Path]
	if ok {
		fmt.Fprint(w, text)
	}
	return ok
}

// refuse answers with a Status object.
func refuse(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": %q, "code": %d}`, message, code)
}

const object = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}}`

func TestApply(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if known(w, r) {
			return
		}
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type"))
		var o kube.Object
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil || o.Text("kind") == "" {
			t.Errorf("the server got %v, %v", o, err)
		}
		fmt.Fprint(w, object)
	})
	d := kube.Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "a", "namespace": "n"}}
	site := kube.Object{"apiVersion": "apps/v1", "kind": "Site", "metadata": map[string]any{"name": "a", "namespace": "n"}}
	if err := c.Apply(t.Context(), d, site); err != nil {
		t.Fatal(err)
	}
	const patch = "?fieldManager=sluice-lab&force=true application/apply-patch+yaml"
	want := []string{"PATCH /apis/apps/v1/namespaces/n/deployments/a" + patch, "PATCH /apis/apps/v1/sites/a" + patch}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("Apply() asked -want +got:\n%s", diff)
	}
}

func TestMerge(t *testing.T) {
	const change = `{"metadata":{"finalizers":null}}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if known(w, r) {
			return
		}
		body, err := io.ReadAll(r.Body)
		if got := r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type"); got != "PATCH /apis/apps/v1/namespaces/n/deployments/a application/merge-patch+json" || string(body) != change || err != nil {
			t.Errorf("the server got %s %s, %v", got, body, err)
		}
		fmt.Fprint(w, object)
	})
	if err := c.Merge(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "a"}, change); err != nil {
		t.Error(err)
	}
}

// A kind that the server does not know yet is asked for again, and known as soon as the server knows it.
func TestKindThatComesLater(t *testing.T) {
	served := false
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case served && known(w, r):
		case r.URL.Path == "/api":
			fmt.Fprint(w, `{"kind": "APIVersions", "versions": []}`)
		case r.URL.Path == "/apis":
			fmt.Fprint(w, `{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`)
		default:
			fmt.Fprint(w, object)
		}
	})
	ref := kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "a"}
	if _, err := c.Get(t.Context(), ref); !kube.IsNotFound(err) {
		t.Errorf("Get() of an unknown kind = %v, want not found", err)
	}
	served = true
	if o, err := c.Get(t.Context(), ref); err != nil || o.Ref() != ref {
		t.Errorf("Get() = %v, %v, want the object", o, err)
	}
	if _, err := c.Get(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Scale", Namespace: "n", Name: "a"}); !kube.IsNotFound(err) {
		t.Errorf("Get() of a subresource's kind = %v, want not found", err)
	}
}

// A name from outside cannot leave its place in the path.
func TestNamesAreChecked(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !known(w, r) {
			t.Errorf("asked for %s", r.URL)
		}
	})
	for _, ref := range []kube.Ref{{Namespace: "../x", Name: "a"}, {Namespace: "n", Name: "a/b?c"}, {Namespace: "n", Name: ".."}, {Namespace: "n"}} {
		ref.APIVersion, ref.Kind = "apps/v1", "Deployment"
		if _, err := c.Get(t.Context(), ref); err == nil {
			t.Errorf("Get(%v) = nil, want an error", ref)
		}
	}
}

func TestDeleteOfNothing(t *testing.T) {
	deleted := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !known(w, r) && r.Method == http.MethodDelete {
			deleted++
			refuse(w, http.StatusNotFound, "not there")
		}
	})
	for _, kind := range []string{"Deployment", "Other"} {
		if err := c.Delete(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: kind, Namespace: "n", Name: "a"}); err != nil {
			t.Errorf("Delete() of a %s that is not there = %v, want nil", kind, err)
		}
	}
	if deleted != 1 {
		t.Errorf("deleted %d times, want once", deleted)
	}
}

func TestListAndWatch(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case known(w, r):
		case r.URL.Query().Get("watch") == "":
			fmt.Fprint(w, `{"kind": "DeploymentList", "apiVersion": "apps/v1", "metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]}`)
		default:
			fmt.Fprintf(w, `{"type":"ADDED","object":{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"from-%s"}}}`+"\n", r.URL.Query().Get("resourceVersion"))
			fmt.Fprintln(w, `{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old","code":410}}`)
		}
	})
	ref := kube.Ref{APIVersion: "apps/v1", Kind: "Deployment"}
	objects, revision, err := c.List(t.Context(), ref)
	if err != nil || len(objects) != 1 || objects[0].Ref() != (kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "a"}) || revision != "7" {
		t.Fatalf("List() = %v at %q, %v, want Deployment a at 7", objects, revision, err)
	}
	var names []string
	err = c.Watch(t.Context(), ref, revision, func(e kube.Event) error {
		names = append(names, e.Type+" "+e.Object.Text("metadata", "name"))
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("Watch() = %v, want the server's error", err)
	}
	if diff := cmp.Diff([]string{"ADDED from-7"}, names); diff != "" {
		t.Errorf("Watch() -want +got:\n%s", diff)
	}
	stop := errors.New("enough")
	if err := c.Watch(t.Context(), ref, revision, func(kube.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Watch() = %v, want the caller's error", err)
	}
}

// A watch ends with its context, and with its connection.
func TestWatchEnds(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if known(w, r) || r.URL.Query().Get("resourceVersion") == "cut" {
			return
		}
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ref := kube.Ref{APIVersion: "apps/v1", Kind: "Deployment"}
	if err := c.Watch(t.Context(), ref, "cut", func(kube.Event) error { return nil }); err != nil {
		t.Errorf("Watch() that is cut = %v, want nil", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Watch(ctx, ref, "7", func(kube.Event) error { return nil }); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Watch() = %v, want the end of its context", err)
	}
}

func TestAnswersCarryTheStatus(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !known(w, r) {
			refuse(w, http.StatusConflict, "told so")
		}
	})
	_, err := c.Get(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "a"})
	if !apierrors.IsConflict(err) || !strings.Contains(err.Error(), "Deployment n/a: told so") {
		t.Errorf("Get() = %v, want the conflict and what it is about", err)
	}
}

func TestDecode(t *testing.T) {
	cases := map[string]struct {
		reason, text string
		want         []string
		fails        bool
	}{
		"Stream":  {"empty documents and comments are left out", "# c\n---\nkind: A\napiVersion: v1\n--- # next\n\n---\n{kind: B, apiVersion: v1}\n", []string{"A", "B"}, false},
		"Inside":  {"dashes inside a text are no end", "kind: A\napiVersion: v1\ndata:\n  t: |\n    a\n    ---\n", []string{"A"}, false},
		"NoKind":  {"what is no object is refused", "a: 1\n", nil, true},
		"NotYAML": {"what is no YAML is refused", "a: [\n", nil, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			objects, err := kube.Decode([]byte(tc.text))
			var got []string
			for _, o := range objects {
				got = append(got, o.Text("kind"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || (err != nil) != tc.fails {
				t.Errorf("%s: Decode() = %v, -want +got:\n%s", tc.reason, err, diff)
			}
		})
	}
}

// What the client reads and what is decoded agree in their numbers.
func TestNumbers(t *testing.T) {
	const text = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": {"replicas": 2, "share": 0.5}}`
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !known(w, r) {
			fmt.Fprint(w, text)
		}
	})
	read, err := c.Get(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "a"})
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := kube.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]kube.Object{read}, decoded); diff != "" {
		t.Errorf("Decode() -what Get() reads +got:\n%s", diff)
	}
	if n, ok := read.Field("spec", "replicas").(int64); n != 2 || !ok {
		t.Errorf("Field(replicas) = %v, want the int64 2", read.Field("spec", "replicas"))
	}
}
