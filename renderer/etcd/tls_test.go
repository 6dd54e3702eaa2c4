package etcd

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// authority issues certificates into a directory.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes <name>.crt and <name>.key; the first certificate signs itself.
func (a *authority) issue(t *testing.T, name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.Subject = pkix.Name{CommonName: name}
	c.NotBefore = time.Now().Add(-time.Hour)
	if c.NotAfter.IsZero() {
		c.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(ext, kind string, data []byte) {
		if err := os.WriteFile(a.file(name+ext), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(".crt", "CERTIFICATE", der)
	write(".key", "EC PRIVATE KEY", secret)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// serveTLS runs an etcd on a loopback port with the named certificate and
// returns its host:port.
func serveTLS(t *testing.T, a *authority, cert string, clientCerts bool) string {
	t.Helper()
	cfg := embed.NewConfig()
	cfg.Dir = t.TempDir()
	u := url.URL{Scheme: "https", Host: "127.0.0.1:0"}
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{u}, []url.URL{u}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = nil, []url.URL{{Scheme: "unix", Host: "peer"}}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.TickMs, cfg.ElectionMs = 10, 100
	cfg.EnableGRPCGateway = false
	cfg.ClientTLSInfo.CertFile, cfg.ClientTLSInfo.KeyFile = a.file(cert+".crt"), a.file(cert+".key")
	cfg.ClientTLSInfo.SkipClientSANVerify = true
	if clientCerts {
		cfg.ClientTLSInfo.ClientCertAuth, cfg.ClientTLSInfo.TrustedCAFile = true, a.file("ca.crt")
	}
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	select {
	case <-e.Server.ReadyNotify():
	case <-time.After(2 * time.Minute):
		t.Fatal("etcd is not ready after two minutes")
	}
	return e.Clients[0].Addr().String()
}

func TestTLS(t *testing.T) {
	short.Skip(t, "starts an etcd for each certificate")
	t.Parallel()
	a, other := newAuthority(t), newAuthority(t)
	loopback := []net.IP{net.IPv4(127, 0, 0, 1)}
	serverUse := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	a.issue(t, "server", &x509.Certificate{IPAddresses: loopback, ExtKeyUsage: serverUse})
	a.issue(t, "elsewhere", &x509.Certificate{DNSNames: []string{"etcd.example"}, ExtKeyUsage: serverUse})
	a.issue(t, "expired", &x509.Certificate{IPAddresses: loopback, NotAfter: time.Now().Add(-time.Minute), ExtKeyUsage: serverUse})
	a.issue(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	other.issue(t, "client", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	open := serveTLS(t, a, "server", false)
	closed := serveTLS(t, a, "server", true)
	misnamed := serveTLS(t, a, "elsewhere", false)
	expired := serveTLS(t, a, "expired", false)
	plain := newProxy(t, serve(t)).listener.Addr().String()
	ca := a.file("ca.crt")

	for name, tc := range map[string]struct {
		reason string
		config Config
		shows  []string // empty: it works
	}{
		"Server":           {"the authority is known", Config{Endpoints: []string{"https://" + open}, CAFile: ca}, nil},
		"NoScheme":         {"an authority means TLS", Config{Endpoints: []string{open}, CAFile: ca}, nil},
		"Client":           {"both sides show a certificate", Config{Endpoints: []string{closed}, CAFile: ca, CertFile: a.file("client.crt"), KeyFile: a.file("client.key")}, nil},
		"UnknownAuthority": {"the system does not know it", Config{Endpoints: []string{"https://" + open}}, []string{open, "unknown authority", "--etcd-cacert"}},
		"OtherAuthority":   {"somebody else's", Config{Endpoints: []string{open}, CAFile: other.file("ca.crt")}, []string{"unknown authority", "--etcd-cacert"}},
		"WrongName":        {"the certificate is of another host", Config{Endpoints: []string{misnamed}, CAFile: ca}, []string{"127.0.0.1", "--etcd-endpoints"}},
		"Expired":          {"the certificate's time is over", Config{Endpoints: []string{expired}, CAFile: ca}, []string{"expired", "renew"}},
		"NoClient":         {"the server wants a certificate", Config{Endpoints: []string{closed}, CAFile: ca}, []string{"--etcd-cert"}},
		"OtherClient":      {"the server wants another certificate", Config{Endpoints: []string{closed}, CAFile: ca, CertFile: other.file("client.crt"), KeyFile: other.file("client.key")}, []string{"--etcd-cert"}},
		"PlainServer":      {"the server speaks no TLS", Config{Endpoints: []string{plain}, CAFile: ca}, []string{"TLS", "http://"}},
		"PlainClient":      {"the server speaks TLS only", Config{Endpoints: []string{"http://" + open}}, []string{open, "https://"}},
		"KeyOfAnother":     {"certificate and key do not match", Config{Endpoints: []string{closed}, CAFile: ca, CertFile: a.file("client.crt"), KeyFile: other.file("client.key")}, []string{"client.crt"}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.config.DialTimeout = 2 * time.Second
			if len(tc.shows) == 0 {
				tc.config.DialTimeout = 10 * time.Second
				write(t, dial(t, tc.config), tenant("t-"+strings.ToLower(name)))
				return
			}
			s, err := Dial(t.Context(), tc.config)
			checkFailure(t, mustFail(t, s, err), failure{fault.Person, tc.shows})
		})
	}
}
