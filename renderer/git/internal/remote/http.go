package remote

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"

	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// newHTTP returns a transport for http and https that also trusts the PEM
// certificates in ca, and what closes the connections that it keeps.
func newHTTP(ca []byte) (transport.Transport, func(), error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: dialTimeout, IdleConnTimeout: 3 * dialTimeout,
	}
	if len(ca) > 0 {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(ca) {
			return nil, nil, fault.Hintf("give PEM certificates", "reading certificate authorities: there is none")
		}
		t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return githttp.NewClient(&http.Client{Transport: bounded{t}}), t.CloseIdleConnections, nil
}

// bounded bounds what is read of a server's refusal, which go-git holds in memory.
type bounded struct{ http.RoundTripper }

// RoundTrip makes a request.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := b.RoundTripper.RoundTrip(req)
	if err == nil && res.StatusCode >= http.StatusMultipleChoices {
		res.Body = limited{io.LimitReader(res.Body, maxWords), res.Body}
	}
	return res, err
}

// limited is a body that ends early.
type limited struct {
	io.Reader
	io.Closer
}
