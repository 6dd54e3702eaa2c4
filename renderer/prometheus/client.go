package prometheus

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// patience is how long one query may take.
	patience = 10 * time.Second
	// most is how many bytes of an answer are read: one value is asked for.
	most = 1 << 20
)

// Options say how servers are reached. Which server is asked stands in
// environment.yaml, so a token belongs to a server and goes to no other.
type Options struct {
	// Tokens are files with bearer tokens, by origin, such as
	// https://prometheus.example; they are read anew for each query.
	Tokens map[string]string
	// CAFile is a PEM file of further authorities; empty for the system's only.
	CAFile string
}

// Client asks any Prometheus for single values. It is safe for concurrent use.
type Client struct {
	http   *http.Transport
	tokens map[string]string
}

// NewClient checks the options.
func NewClient(o Options) (*Client, error) {
	for origin := range o.Tokens {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return nil, fault.Hintf("write it as https://prometheus.example=FILE", "a token's server %+q is no origin", origin)
		}
		if u.Scheme != "https" && (u.Scheme != "http" || !ident.IsLoopback(u.Hostname())) {
			return nil, fault.Hintf("use https", "the token for %q would go unencrypted", origin)
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil || pool == nil {
		pool = x509.NewCertPool()
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading Prometheus's certificate authority: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fault.Hintf("use a PEM file", "reading Prometheus's certificate authority: %q holds no certificate", o.CAFile)
		}
	}
	return &Client{tokens: o.Tokens, http: &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, IdleConnTimeout: time.Minute,
		ResponseHeaderTimeout: patience, MaxResponseHeaderBytes: 64 << 10}}, nil
}

// RoundTrip is part of http.RoundTripper: it adds the server's token and bounds
// the answer.
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	if file, ok := c.tokens[r.URL.Scheme+"://"+r.URL.Host]; ok {
		token, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	resp, err := c.http.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		resp.Body.Close()
		return nil, fmt.Errorf("it redirects (%s), which is not followed", resp.Status)
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, most), resp.Body}
	return resp, nil
}

// Value returns the one value that a query of a server has now, by the server's
// clock. Every other answer is an error, which says on one line what came: no
// data, several values, another type, a warning that something is missing, or
// why there was no answer.
func (c *Client) Value(ctx context.Context, server, query string) (float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	there, err := api.NewClient(api.Config{Address: server, RoundTripper: c})
	if err != nil {
		return 0, fmt.Errorf("its address: %w", short(err))
	}
	answer, warnings, _, err := v1.NewAPI(there).Query(ctx, query, time.Time{})
	switch {
	case context.Cause(ctx) != nil:
		return 0, context.Cause(ctx)
	case err != nil:
		return 0, short(err)
	case len(warnings) > 0:
		return 0, fmt.Errorf("it warns: %s", fault.Line(warnings[0]))
	}
	switch v := answer.(type) {
	case *model.Scalar:
		return float64(v.Value), nil
	case model.Vector:
		switch {
		case len(v) == 0:
			return 0, errors.New("the query has no data")
		case len(v) > 1:
			return 0, fmt.Errorf("the query has %d values, not one", len(v))
		case v[0].Histogram != nil:
			return 0, errors.New("the query's value is a histogram, not a number")
		}
		return float64(v[0].Value), nil
	}
	return 0, fmt.Errorf("the query's answer is a %s, not one value", answer.Type())
}

// short returns an error without the URL, as one line of bounded length.
func short(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return errors.New(fault.Line(err.Error()))
}
