package pki_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/cmd/lab/internal/pki"
)

func authority(t *testing.T) *pki.Authority {
	t.Helper()
	a, err := pki.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A handshake over loopback is the judge: both sides must believe the certificates, and a stranger's must fail.
func TestMutualTLS(t *testing.T) {
	a, stranger := authority(t), authority(t)
	server, err := a.Server(net.IPv4(10, 96, 0, 1), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, err := tls.X509KeyPair(server.Cert, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.Pair.Cert)
	var subject string
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		subject = r.TLS.PeerCertificates[0].Subject.String()
	}))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)

	get := func(from *pki.Authority) error {
		pair, err := from.Client(pki.ServiceAccount("argocd", "argocd-server"), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		mine, err := tls.X509KeyPair(pair.Cert, pair.Key)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{mine}}}}
		resp, err := client.Get(srv.URL)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	if err := get(a); err != nil {
		t.Fatalf("Get() with the authority's certificate = %v, want success", err)
	}
	for _, want := range []string{"CN=system:serviceaccount:argocd:argocd-server", "O=system:serviceaccounts"} {
		if !strings.Contains(subject, want) {
			t.Errorf("the server saw %q, want %q in it", subject, want)
		}
	}
	if err := get(stranger); err == nil {
		t.Error("Get() with a stranger's certificate = nil, want a refusal")
	}
}

func TestSigningKeyMatches(t *testing.T) {
	private, public, err := pki.SigningKey()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(private)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	want, err := x509.MarshalPKIXPublicKey(key.(crypto.Signer).Public())
	if err != nil {
		t.Fatal(err)
	}
	got, _ := pem.Decode(public)
	if diff := cmp.Diff(want, got.Bytes); diff != "" {
		t.Errorf("SigningKey() public key does not belong to the private key:\n%s", diff)
	}
}

func TestKubeconfig(t *testing.T) {
	data, err := pki.Kubeconfig(pki.Access{
		Server: "https://127.0.0.1:6443", Authority: []byte("ca"), Client: pki.Pair{Cert: []byte("cert"), Key: []byte("key")}, Namespace: "argocd",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "lab",
		"clusters": []any{map[string]any{"name": "lab", "cluster": map[string]any{"server": "https://127.0.0.1:6443", "certificate-authority-data": "Y2E="}}},
		"users":    []any{map[string]any{"name": "lab", "user": map[string]any{"client-certificate-data": "Y2VydA==", "client-key-data": "a2V5"}}},
		"contexts": []any{map[string]any{"name": "lab", "context": map[string]any{"cluster": "lab", "user": "lab", "namespace": "argocd"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Kubeconfig() -want +got:\n%s", diff)
	}
}
