package argocd_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// asked is a server that answers those who say who they are, and notes it.
type asked struct {
	*httptest.Server
	by     []string
	accept string // the only Authorization that is let in; any when empty
}

func listen(t *testing.T) *asked {
	a := &asked{}
	a.Server = serve(t, func(w http.ResponseWriter, r *http.Request) {
		a.by = append(a.by, r.Header.Get("Authorization"))
		if a.accept != "" && a.accept != r.Header.Get("Authorization") {
			refuse(w, http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}`)
	})
	return a
}

// refresh asks for one Application, which is one request.
func refresh(ctx context.Context, c *argocd.Client) error {
	return argocd.Named{Client: c}.Refresh(ctx, "pop-main")
}

// user returns a client of a server as a user of a kubeconfig.
func user(t *testing.T, a *asked, user fields) *argocd.Client {
	t.Helper()
	return open(t, argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t, place{cluster: trusted(a.Server), user: user}))})
}

// plugin returns a user whose credentials a script prints.
func plugin(t *testing.T, script string, args ...string) fields {
	t.Helper()
	name := write(t, filepath.Join(t.TempDir(), "plugin"), "#!/bin/sh\n"+script)
	return fields{"exec": fields{"apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": append([]string{name}, args...),
		"interactiveMode": "Never", "env": []fields{{"name": "CLOUD", "value": "eu-1"}}}}
}

const credentials = `echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'$CLOUD-$1'"}}'`

// Clouds hand out short tokens by a program that the kubeconfig names. It is
// run once, and again when its token is refused.
func TestCredentialPlugin(t *testing.T) {
	a, runs := listen(t), filepath.Join(t.TempDir(), "runs")
	c := user(t, a, plugin(t, "echo run >> "+runs+"\n"+credentials, "one"))
	for range 2 {
		if err := refresh(t.Context(), c); err != nil || a.by[len(a.by)-1] != "Bearer eu-1-one" {
			t.Fatalf("Refresh() = %v, asked by %q, want the plugin's token", err, a.by)
		}
	}
	if text, err := os.ReadFile(runs); err != nil || string(text) != "run\n" {
		t.Errorf("runs of the plugin: %q, %v, want one", text, err)
	}
	a.accept = "Bearer other"
	if err := refresh(t.Context(), c); fault.ClassOf(err) != fault.Person {
		t.Errorf("Refresh() with a token that is refused = %v, want a person to look", err)
	}
	if text, err := os.ReadFile(runs); err != nil || string(text) != "run\nrun\n" {
		t.Errorf("runs of the plugin: %q, %v, want another", text, err)
	}
}

func TestCredentialPluginFails(t *testing.T) {
	a := listen(t)
	for name, tc := range map[string]struct {
		reason string
		user   fields
		shows  string
	}{
		"Missing": {"it is not installed", fields{"exec": fields{"apiVersion": "client.authentication.k8s.io/v1", "command": "nowhere-cloud", "interactiveMode": "Never", "installHint": "get it\nfrom us"}}, "nowhere-cloud"},
		"Exits":   {"nobody is logged in", plugin(t, "exit 7"), "exit code 7"},
		"Says":    {"no credentials", plugin(t, "echo hello"), "decoding stdout"},
	} {
		t.Run(name, func(t *testing.T) {
			err := refresh(t.Context(), user(t, a, tc.user))
			if err == nil || !strings.Contains(err.Error(), tc.shows) || strings.Contains(err.Error(), "\n") || !strings.Contains(fault.HintOf(err), "plugin") || fault.ClassOf(err) != fault.Retry {
				t.Errorf("%s: Refresh() = %v with hint %q, want a line that shows %q and a hint", tc.reason, err, fault.HintOf(err), tc.shows)
			}
		})
	}
	if len(a.by) > 0 {
		t.Errorf("asked by %q, want nobody", a.by)
	}
}

// A plugin that hangs holds up nobody for longer than the call may take.
func TestCredentialPluginHangs(t *testing.T) {
	short.Skip(t, "waits for a program")
	a, pipe := listen(t), filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	c := user(t, a, plugin(t, "read line < "+pipe+"\n"+credentials, "late"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- refresh(ctx, c) }()
	hold, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when the plugin reads
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Refresh() = %v, want the end of its context", err)
	}
	if _, err := io.WriteString(hold, "go\n"); err != nil {
		t.Fatal(err)
	}
	if err := refresh(t.Context(), c); err != nil || a.by[len(a.by)-1] != "Bearer eu-1-late" {
		t.Errorf("Refresh() = %v, asked by %q, want the plugin's token when it comes", err, a.by)
	}
}

// A token that is replaced on disk, as a pod's is every hour, is read anew
// within a minute.
func TestTokenFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var by string
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			by = r.Header.Get("Authorization")
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"apiVersion": "argoproj.io/v1alpha1", "kind": "Application"}`)
		}))
		pipes := bufconn.Listen(1 << 16) // so that the bubble's clock goes on
		s.Listener = pipes
		s.StartTLS()
		defer s.Close()
		cluster, file := trusted(s), filepath.Join(t.TempDir(), "token")
		cluster["server"], cluster["tls-server-name"] = "https://k8s.invalid:6443", "example.com"
		write(t, file, "one\n")
		access, err := argocd.Kubeconfig(argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t, place{cluster: cluster, user: fields{"tokenFile": file}}))})
		if err != nil {
			t.Fatal(err)
		}
		access.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return pipes.DialContext(ctx) }
		c, err := argocd.New(access, "argocd")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for _, token := range []string{"one", "two"} {
			write(t, file, token+"\n")
			time.Sleep(time.Minute)
			if err := refresh(t.Context(), c); err != nil || by != "Bearer "+token {
				t.Errorf("Refresh() = %v, asked by %q, want the token %q", err, by, token)
			}
		}
	})
}

// The context decides which server is asked, and as whom.
func TestContext(t *testing.T) {
	a, b := listen(t), listen(t)
	file := write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t,
		place{"a", trusted(a.Server), fields{"token": "for-a"}}, place{"b", trusted(b.Server), fields{"username": "me", "password": "pw"}}))
	for _, name := range []string{"", "b"} {
		if err := refresh(t.Context(), open(t, argocd.Options{File: file, Context: name})); err != nil {
			t.Fatal(err)
		}
	}
	if len(a.by) != 1 || a.by[0] != "Bearer for-a" || len(b.by) != 1 || b.by[0] != "Basic bWU6cHc=" {
		t.Errorf("asked by %q and %q, want each its own user", a.by, b.by)
	}
}

// A server behind a proxy, under a name that its certificate does not have.
func TestProxy(t *testing.T) {
	a := listen(t)
	var connected atomic.Value
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connected.Store(r.Method + " " + r.Host)
		out, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", a.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer out.Close()
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer in.Close()
		fmt.Fprint(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in) }()
		_, _ = io.Copy(in, out)
	}))
	t.Cleanup(proxy.Close)
	cluster := trusted(a.Server)
	cluster["server"], cluster["proxy-url"], cluster["tls-server-name"] = "https://k8s.invalid:6443", proxy.URL, "example.com"
	c := open(t, argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t, place{cluster: cluster, user: fields{"token": "secret"}}))})
	if err := refresh(t.Context(), c); err != nil || connected.Load() != "CONNECT k8s.invalid:6443" || a.by[0] != "Bearer secret" {
		t.Errorf("Refresh() = %v, proxy got %v, server was asked by %q", err, connected.Load(), a.by)
	}
}

// authority returns a certificate that has signed no server's.
func authority(t *testing.T) []byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(nil, form, form, public, private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// Nothing that stands in the way is mistaken for the server.
func TestNoServer(t *testing.T) {
	a, other := listen(t), listen(t)
	moved := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusTemporaryRedirect)
	})
	closed := httptest.NewTLSServer(nil)
	closed.Close()
	untrusted, unknown := trusted(a.Server), trusted(a.Server)
	untrusted["certificate-authority-data"] = authority(t)
	delete(unknown, "certificate-authority-data")
	renamed := trusted(a.Server)
	renamed["tls-server-name"] = "k8s.example"
	for name, tc := range map[string]struct {
		reason  string
		cluster fields
		class   fault.Class
		shows   string
	}{
		"Closed":    {"nobody listens", trusted(closed), fault.Retry, "connection refused"},
		"Untrusted": {"another certificate authority", untrusted, fault.Person, "certificate"},
		"Unknown":   {"none that the system knows", unknown, fault.Person, "certificate"},
		"Renamed":   {"the certificate is another's", renamed, fault.Person, "k8s.example"},
		"Moved":     {"the token stays here", trusted(moved), fault.Unknown, "status 307"},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, argocd.Options{File: write(t, filepath.Join(t.TempDir(), "config"), kubeconfig(t, place{cluster: tc.cluster, user: fields{"token": "secret"}}))})
			err := refresh(t.Context(), c)
			if err == nil || fault.ClassOf(err) != tc.class || !strings.Contains(err.Error(), tc.shows) || (fault.HintOf(err) == "") != (tc.class == fault.Unknown) {
				t.Errorf("%s: Refresh() = %v of class %s with hint %q, want %s and that it shows %q", tc.reason, err, fault.ClassOf(err), fault.HintOf(err), tc.class, tc.shows)
			}
		})
	}
	if len(a.by)+len(other.by) > 0 {
		t.Errorf("asked by %q and %q, want nobody", a.by, other.by)
	}
}
