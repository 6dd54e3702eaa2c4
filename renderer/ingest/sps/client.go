package sps

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// Options say where SPS is and how it knows us. Only URL is needed.
type Options struct {
	// URL is the server's, such as https://sps.example/api.
	URL string
	// CAFile holds the certificates that the server's is checked with, in PEM;
	// empty means those of the system.
	CAFile string
	// CertFile and KeyFile are the client's certificate, in PEM; both or none.
	CertFile, KeyFile string
	// TokenFile holds a bearer token. It is read for each request, so that it may rotate.
	TokenFile string
	Mapping   Mapping
	// Timeout bounds each request with its body; 30 s when zero.
	Timeout time.Duration
	// Limit is how many tenants a page is asked to have; 1,000 when zero.
	Limit int
}

// Client asks an SPS over HTTP. It is safe for concurrent use.
type Client struct {
	o    Options
	base *url.URL
	http *http.Client
}

// NewClient checks the options and reads the certificates.
func NewClient(o Options) (*Client, error) {
	const hint = "use a URL such as https://sps.example/api"
	base, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, fault.Hintf(hint, "SPS's URL: is no URL") // which may hold a password
	case base.User != nil:
		return nil, fault.Hintf("use --sps-token-file or a client certificate", "SPS's URL %q: holds a user", base.Redacted())
	case base.Scheme != "https" && base.Scheme != "http" || base.Host == "" || base.RawQuery != "" || base.Fragment != "":
		return nil, fault.Hintf(hint, "SPS's URL %q: is not http or https with a host and a path", o.URL)
	case base.Scheme == "http" && (o.CAFile != "" || o.CertFile != "" || o.KeyFile != ""):
		return nil, fault.Hintf("use https://, or leave the TLS files out", "SPS's URL %q: is not encrypted, but TLS files are given", o.URL)
	case base.Scheme == "http" && o.TokenFile != "" && !loopback(base.Hostname()):
		return nil, fault.Hintf("use https://", "SPS's URL %q: the token would pass in clear", o.URL)
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Limit <= 0 {
		o.Limit = 1000
	}
	config, err := o.tls()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16,
		IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}
	return &Client{o: o, base: base, http: &http.Client{Transport: transport, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Close ends the connections that no request is on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	at, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && at.IsLoopback()
}

func (o *Options) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fault.Hintf("check --sps-cacert", "reading SPS's certificate authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fault.Hintf("use a PEM file", "reading SPS's certificate authority: %q holds no certificate", o.CAFile)
		}
	}
	if (o.CertFile == "") != (o.KeyFile == "") {
		return nil, fault.Hintf("give --sps-cert and --sps-key, or neither", "SPS client certificate: certificate and key are not both given")
	}
	if o.CertFile == "" {
		return config, nil
	}
	if _, err := tls.LoadX509KeyPair(o.CertFile, o.KeyFile); err != nil {
		return nil, fault.Hintf("check --sps-cert and --sps-key", "reading SPS client certificate %q: %w", o.CertFile, err)
	}
	cert, key := o.CertFile, o.KeyFile
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(cert, key) // again for each handshake: certificates rotate
		return &pair, err
	}
	return config, nil
}

// Tenant asks for one tenant. ErrGone says that SPS does not know it.
func (c *Client) Tenant(ctx context.Context, id ident.Tenant) (Document, error) {
	path := c.o.Mapping.Paths.Tenant
	if path == "" {
		path = "/v1/tenants/{id}"
	}
	doing := fmt.Sprintf("asking SPS for tenant %q", id)
	answer, err := c.get(ctx, strings.ReplaceAll(path, "{id}", id.String()), nil, "", MaxTenant)
	switch {
	case err != nil:
		return Document{}, fmt.Errorf("%s: %w", doing, err)
	case answer.code == http.StatusNotFound || answer.code == http.StatusGone:
		return Document{}, fmt.Errorf("%s: %w", doing, ErrGone)
	case answer.code != http.StatusOK:
		return Document{}, fmt.Errorf("%s: %w", doing, refusal(answer.code))
	}
	d := c.o.Mapping.Entry(answer.body).Document()
	if d.Err == nil && d.ID != id {
		d.Err = bad("tenant %q was asked for, %q came", id, d.ID)
	}
	d.ID = id
	return d, nil
}

// answer is a response that was read whole.
type answer struct {
	code int
	etag string
	date string // by SPS's clock
	body []byte
}

// get asks for a path. The body of anything but 200 is not looked at.
func (c *Client) get(ctx context.Context, path string, query url.Values, etag string, most int64) (answer, error) {
	target := c.base.JoinPath(path)
	target.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-cache")
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if err := c.authenticate(req); err != nil {
		return answer{}, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return answer{}, unreachable(ctx, err)
	}
	defer resp.Body.Close()
	a := answer{code: resp.StatusCode, etag: resp.Header.Get("ETag"), date: resp.Header.Get("Date")}
	if a.code != http.StatusOK {
		return a, nil
	}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return answer{}, bad("the answer is %s, not application/json", fault.Clip(resp.Header.Get("Content-Type")))
	}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, most+1)); err != nil {
		return answer{}, unreachable(ctx, err)
	}
	if int64(len(a.body)) > most {
		return answer{}, bad("the answer has more than %d bytes", most)
	}
	return a, nil
}

func (c *Client) authenticate(req *http.Request) error {
	if c.o.TokenFile == "" {
		return nil
	}
	token, err := os.ReadFile(c.o.TokenFile)
	if err != nil {
		return fault.Hintf("check --sps-token-file", "reading the token: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}

// unreachable words a failed connection without the URL, whose query may name a cursor.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return fault.New(fault.Retry, "see whether SPS is up, and check --sps-url and its certificates", "no whole answer: %w", err)
}

// refusal words a status that is no answer.
func refusal(code int) error {
	class, hint := fault.Person, "check --sps-url and --sps-mapping"
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		hint = "check --sps-token-file, or --sps-cert and --sps-key"
	case code == http.StatusTooManyRequests || code >= 500:
		class, hint = fault.Retry, ""
	}
	return fault.New(class, hint, "SPS answers %s", strconv.Itoa(code)+" "+http.StatusText(code))
}
