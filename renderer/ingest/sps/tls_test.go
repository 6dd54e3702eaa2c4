package sps

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// issue writes a certificate for name and its key, signed by parent or by
// itself, and returns both.
func issue(t *testing.T, dir, name string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: parent == nil, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	issuer, signer := form, any(key)
	if parent != nil {
		issuer, signer = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, form, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{name + ".crt": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// SPS knows us by a certificate, and we know it by its authority's.
func TestMutualTLS(t *testing.T) {
	dir := t.TempDir()
	ca := issue(t, dir, "ca", nil)
	issue(t, dir, "other", nil)
	server := issue(t, dir, "server", &ca)
	issue(t, dir, "client", &ca)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.TLS.PeerCertificates[0].Subject.CommonName == "client" {
			fmt.Fprint(w, good)
		}
	}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{server}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, tc := range map[string]struct {
		reason string
		o      Options
		good   bool
	}{
		"Both":     {"each knows the other", Options{CAFile: file("ca.crt"), CertFile: file("client.crt"), KeyFile: file("client.key")}, true},
		"NoClient": {"SPS wants a certificate", Options{CAFile: file("ca.crt")}, false},
		"Stranger": {"of its authority", Options{CAFile: file("ca.crt"), CertFile: file("other.crt"), KeyFile: file("other.key")}, false},
		"OtherCA":  {"who answers is not SPS", Options{CAFile: file("other.crt"), CertFile: file("client.crt"), KeyFile: file("client.key")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tc.o.URL = s.URL
			c, err := NewClient(tc.o)
			if err != nil {
				t.Fatal(err)
			}
			d, err := c.Tenant(t.Context(), one)
			if (err == nil && d.Err == nil) != tc.good {
				t.Errorf("Tenant() = %+v, %v, want an answer = %v: %s", d.Tenant, err, tc.good, tc.reason)
			}
		})
	}
	if _, err := NewClient(Options{URL: s.URL, CertFile: file("client.crt"), KeyFile: file("other.key")}); err == nil {
		t.Error("NewClient() takes a certificate with another's key")
	}
}
