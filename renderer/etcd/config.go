// Package etcd reads and writes authorisations in etcd.
//
// A snapshot is read in pages at one pinned revision, so it is what etcd held
// at that revision and nothing else; if etcd compacts the revision away
// meanwhile, the read begins again at a new one. A write names the revision of
// the record that it was made from and fails if somebody else was faster.
// Errors are one line, say which endpoint, carry a hint, and never hold a
// password. The package decodes nothing itself: authz does, so one bad record
// costs nobody else anything. It runs no server (see embedded), logs nothing
// and keeps no global state.
package etcd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Config says where etcd is and who asks. Only Endpoints are needed.
type Config struct {
	// Endpoints are URLs (http, https, unix) or host:port, which is https when
	// a TLS file is given and http otherwise.
	Endpoints []string
	// CAFile holds the certificates that the servers' are checked with, in
	// PEM; empty means those of the system.
	CAFile string
	// CertFile and KeyFile are the client's certificate, in PEM; both or none.
	CertFile, KeyFile string
	// Username and Password log in to etcd; both or none.
	Username, Password string
	// Insecure lets Username and Password go over plain http to other machines,
	// where whoever is on the way reads them.
	Insecure bool
	// DialTimeout bounds the connection with its login; 5 s when zero.
	DialTimeout time.Duration
	// RequestTimeout bounds each request; 15 s when zero.
	RequestTimeout time.Duration
}

const (
	defaultDialTimeout    = 5 * time.Second
	defaultRequestTimeout = 15 * time.Second
)

// resolved is a Config that was checked and filled.
type resolved struct {
	Config
	tls *tls.Config // nil without TLS
}

// resolve checks c and reads its files.
func (c Config) resolve() (resolved, error) {
	if c.DialTimeout <= 0 {
		c.DialTimeout = defaultDialTimeout
	}
	if c.RequestTimeout <= 0 {
		c.RequestTimeout = defaultRequestTimeout
	}
	if (c.Username == "") != (c.Password == "") {
		return resolved{}, fault.Hintf("give --etcd-user and --etcd-password-file, or neither", "etcd login: user %q and password are not both given", c.Username)
	}
	r := resolved{Config: c}
	if err := r.resolveEndpoints(); err != nil {
		return resolved{}, err
	}
	return r, r.resolveTLS()
}

// secured reports whether the configuration names a TLS file.
func (c Config) secured() bool { return c.CAFile != "" || c.CertFile != "" || c.KeyFile != "" }

func (r *resolved) resolveEndpoints() error {
	if len(r.Endpoints) == 0 {
		return fault.Hintf("name one with --etcd-endpoints", "etcd endpoints: none is given")
	}
	given := r.Endpoints
	r.Endpoints = make([]string, len(given))
	for i, e := range given {
		var err error
		if r.Endpoints[i], err = r.endpoint(strings.TrimSpace(e)); err != nil {
			return err
		}
		if scheme(r.Endpoints[i]) != scheme(r.Endpoints[0]) {
			return fault.Hintf("use one scheme for all", "etcd endpoints %q and %q: differ in scheme", r.Endpoints[0], r.Endpoints[i])
		}
	}
	return nil
}

func scheme(endpoint string) string { s, _, _ := strings.Cut(endpoint, "://"); return s }

// endpoint returns e as a URL.
func (r *resolved) endpoint(e string) (string, error) {
	const hint = "use a URL such as https://etcd-0.example:2379"
	if !strings.Contains(e, "://") {
		if r.secured() {
			e = "https://" + e
		} else {
			e = "http://" + e
		}
	}
	u, err := url.Parse(e)
	if err != nil {
		return "", fault.Hintf(hint, "etcd endpoint: is no URL") // which may hold a password
	}
	if u.User != nil {
		return "", fault.Hintf("use --etcd-user and --etcd-password-file", "etcd endpoint %q: holds a user", u.Redacted())
	}
	switch u.Scheme {
	case "unix":
		if u.Host+u.Path == "" {
			return "", fault.Hintf("use unix:///path/of/the/socket", "etcd endpoint %q: has no path", e)
		}
		return e, nil
	case "http", "https":
	default:
		return "", fault.Hintf(hint, "etcd endpoint %q: scheme %q is not http, https or unix", e, u.Scheme)
	}
	if u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", fault.Hintf(hint, "etcd endpoint %q: is not a scheme, a host and a port", e)
	}
	if u.Port() == "" {
		u.Host += ":2379"
	}
	if u.Scheme == "http" && r.secured() {
		return "", fault.Hintf("use https:// or leave the TLS files out", "etcd endpoint %q: is not encrypted, but TLS files are given", e)
	}
	if u.Scheme == "http" && r.Password != "" && !r.Insecure && !ident.IsLoopback(u.Hostname()) {
		return "", fault.Hintf("use https://, or say --etcd-insecure-http: whoever is on the way reads the password", "etcd endpoint %q: the password would go unencrypted to another machine", e)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (r *resolved) resolveTLS() error {
	if scheme(r.Endpoints[0]) != "https" {
		return nil
	}
	r.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return fault.Hintf("check --etcd-cacert", "reading etcd's certificate authority: %w", err)
		}
		r.tls.RootCAs = x509.NewCertPool()
		if !r.tls.RootCAs.AppendCertsFromPEM(pem) {
			return fault.Hintf("use a PEM file", "reading etcd's certificate authority: %q holds no certificate", r.CAFile)
		}
	}
	if r.CertFile == "" && r.KeyFile == "" {
		return nil
	}
	if r.CertFile == "" || r.KeyFile == "" {
		return fault.Hintf("give --etcd-cert and --etcd-key, or neither", "etcd client certificate: certificate and key are not both given")
	}
	pair, err := tls.LoadX509KeyPair(r.CertFile, r.KeyFile)
	if err != nil {
		return fault.Hintf("check --etcd-cert and --etcd-key", "reading etcd client certificate %q: %w", r.CertFile, err)
	}
	r.tls.Certificates = []tls.Certificate{pair}
	return nil
}

// where names the endpoints in errors.
func (r *resolved) where() string {
	if len(r.Endpoints) == 1 {
		return fmt.Sprintf("%q", r.Endpoints[0])
	}
	return fault.List(r.Endpoints)
}
