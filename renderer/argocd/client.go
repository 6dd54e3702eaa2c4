package argocd

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// most bounds an answer: 500 Applications with all their resources.
const most = 512 << 20

// Client speaks to one API server. It is safe for concurrent use.
type Client struct {
	server, token, namespace string
	renew                    func() (string, error) // nil for a token that stays
	http                     *http.Client
}

// New returns a client of the server that a kubeconfig names; Argo CD's
// Applications are in the namespace.
func New(a Access, namespace string) *Client {
	return &Client{
		server: strings.TrimSuffix(a.Server, "/"), token: a.Token, renew: a.Renew, namespace: namespace,
		http: &http.Client{
			Timeout: time.Minute,
			// Only loopback and TLS are spoken to, and no redirect takes the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Transport: &http.Transport{
				Proxy:             http.ProxyFromEnvironment,
				TLSClientConfig:   &tls.Config{RootCAs: a.Authorities, Certificates: a.Certificates, ServerName: a.ServerName, MinVersion: tls.VersionTLS12},
				ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second,
			},
		},
	}
}

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

type request struct {
	method, path string
	body         []byte // a merge patch
	accept       string // JSON when empty
}

// errGone is in the error of a call for what is not there.
var errGone = errors.New("not found")

// do returns the body of a successful answer.
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, c.server+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", cmp.Or(r.accept, "application/json"))
	if r.body != nil {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	token, err := c.bearer()
	if err != nil {
		return nil, fault.New(fault.Retry, "check the token's file", "reading the token for Kubernetes: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fault.New(fault.Retry, "check that the server of the kubeconfig is reachable from here", "asking Kubernetes: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, fault.New(fault.Retry, "repeat the command", "reading Kubernetes' answer: %w", err)
	}
	return data, explain(resp.StatusCode, data)
}

// bearer returns the token as it is now.
func (c *Client) bearer() (string, error) {
	if c.renew == nil {
		return c.token, nil
	}
	return c.renew()
}

// explain returns the error that an answer is, and nil for a success.
func explain(code int, body []byte) error {
	if code < 300 {
		return nil
	}
	var status struct {
		Message string `json:"message"`
	}
	// An answer that is no Status object is told by its code alone.
	_ = json.Unmarshal(body, &status)
	err := fmt.Errorf("status %d: %q", code, status.Message)
	switch {
	case code == http.StatusConflict:
		return fmt.Errorf("%w: %w", unblock.ErrChanged, err)
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return fault.Hintf("get, list and patch of applications.argoproj.io in Argo CD's namespace are needed", "asking Kubernetes: %w", err)
	case code == http.StatusNotFound:
		return fault.Hintf("check the kubeconfig's context and --argocd-namespace: there are no such Applications", "asking Kubernetes: %w: %w", errGone, err)
	case code == http.StatusTooManyRequests, code >= 500:
		return fault.New(fault.Retry, "repeat the command", "asking Kubernetes: %w", err)
	}
	return fmt.Errorf("asking Kubernetes: %w", err)
}
