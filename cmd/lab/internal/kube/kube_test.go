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

	"github.com/gatorcloud/sluice/cmd/lab/internal/kube"
	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
)

// serve is an API server of two kinds that notes what it is asked.
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
	srv := httptest.NewUnstartedServer(handle)
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

const discovery = `{"resources": [
	{"name": "deployments/scale", "kind": "Scale", "namespaced": true},
	{"name": "deployments", "kind": "Deployment", "namespaced": true}]}`

func TestApply(t *testing.T) {
	var asked []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type"))
		if r.Method == http.MethodGet {
			fmt.Fprint(w, discovery)
			return
		}
		var o kube.Object
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil || o.Text("kind") != "Deployment" {
			t.Errorf("the server got %v, %v", o, err)
		}
		fmt.Fprint(w, "{}")
	})
	d := kube.Object{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "a", "namespace": "n"}}
	if err := c.Apply(t.Context(), d, d); err != nil {
		t.Fatal(err)
	}
	const patch = "PATCH /apis/apps/v1/namespaces/n/deployments/a?fieldManager=sluice-lab&force=true application/apply-patch+yaml"
	if diff := cmp.Diff([]string{"GET /apis/apps/v1 ", patch, patch}, asked); diff != "" {
		t.Errorf("Apply() asked -want +got:\n%s", diff)
	}
}

// A kind that the server does not know yet is asked for again, and known as soon as the server knows it.
func TestKindThatComesLater(t *testing.T) {
	known := false
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !known {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"message": "not there"}`)
			return
		}
		fmt.Fprint(w, discovery)
	})
	ref := kube.Ref{APIVersion: "apps/v1", Kind: "Deployment"}
	if _, err := c.Path(t.Context(), ref); !kube.IsNotFound(err) {
		t.Errorf("Path() of an unknown kind = %v, want not found", err)
	}
	known = true
	if path, err := c.Path(t.Context(), ref); err != nil || path != "/apis/apps/v1/deployments" {
		t.Errorf("Path() = %q, %v, want the path of all", path, err)
	}
	if _, err := c.Path(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Scale"}); !kube.IsNotFound(err) {
		t.Errorf("Path() of a subresource's kind = %v, want not found", err)
	}
}

// A name from outside cannot leave its place in the path.
func TestPathEscapes(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, discovery) })
	path, err := c.Path(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "../x", Name: "a/b?c"})
	if want := "/apis/apps/v1/namespaces/..%2Fx/deployments/a%2Fb%3Fc"; err != nil || path != want {
		t.Errorf("Path() = %q, %v, want %q", path, err, want)
	}
}

func TestDeleteOfNothing(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, discovery)
	})
	if err := c.Delete(t.Context(), kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: "n", Name: "a"}); err != nil {
		t.Errorf("Delete() of what is not there = %v, want nil", err)
	}
}

func TestListAndWatch(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/apis/apps/v1":
			fmt.Fprint(w, discovery)
		case r.URL.Query().Get("watch") == "":
			fmt.Fprint(w, `{"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]}`)
		default:
			fmt.Fprintf(w, `{"type":"ADDED","object":{"metadata":{"name":"from-%s"}}}`+"\n", r.URL.Query().Get("resourceVersion"))
			fmt.Fprintln(w, `{"type":"ERROR","object":{"message":"too old"}}`)
		}
	})
	ref := kube.Ref{APIVersion: "apps/v1", Kind: "Deployment"}
	objects, revision, err := c.List(t.Context(), ref)
	if err != nil || len(objects) != 1 || objects[0].Ref() != (kube.Ref{APIVersion: "apps/v1", Kind: "Deployment", Name: "a"}) || revision != "7" {
		t.Fatalf("List() = %v at %q, %v, want Deployment a at 7", objects, revision, err)
	}
	var names []string
	err = c.Watch(t.Context(), ref, revision, func(e kube.Event) error { names = append(names, e.Object.Text("metadata", "name")); return nil })
	if err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("Watch() = %v, want the server's error", err)
	}
	if diff := cmp.Diff([]string{"from-7"}, names); diff != "" {
		t.Errorf("Watch() -want +got:\n%s", diff)
	}
	stop := errors.New("enough")
	if err := c.Watch(t.Context(), ref, revision, func(kube.Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("Watch() = %v, want the caller's error", err)
	}
}

func TestDoCarriesTheStatus(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = io.WriteString(w, "plain text\nsecond line")
	})
	_, err := c.Do(context.Background(), kube.Request{Path: "/x"})
	var status *kube.StatusError
	if !errors.As(err, &status) || status.Code != http.StatusConflict || status.Message != "plain text" {
		t.Errorf("Do() = %v, want status 409 with its first line", err)
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
