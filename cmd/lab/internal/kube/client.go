// Package kube is a small client of the Kubernetes API: get, server-side
// apply, delete and watch on JSON objects, over net/http with a client
// certificate.
//
// It knows no types: an object is a map. It caches which resources the
// server has and asks again when a kind is unknown, so that a custom resource
// can be used right after its definition. It does not retry; callers know
// what to wait for.
package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/yaml"
)

// Client speaks to one API server. It is safe for concurrent use.
type Client struct {
	server string
	http   *http.Client

	mu        sync.Mutex
	resources map[groupKind]resource
}

// StatusError is an answer of the server that is no success.
type StatusError struct {
	Code    int
	Message string
}

// Error names the code and the server's message.
func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Code, e.Message) }

// IsNotFound tells whether the server said that the object or its kind is not there.
func IsNotFound(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code == http.StatusNotFound
}

type config struct {
	Clusters []struct {
		Cluster struct {
			Server string `json:"server"`
			CA     []byte `json:"certificate-authority-data"`
		} `json:"cluster"`
	} `json:"clusters"`
	Users []struct {
		User struct {
			Cert []byte `json:"client-certificate-data"`
			Key  []byte `json:"client-key-data"`
		} `json:"user"`
	} `json:"users"`
}

// Open reads a kubeconfig that holds one cluster and one user with a client certificate, as a lab's does.
func Open(kubeconfig string) (*Client, error) {
	data, err := os.ReadFile(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	var c config
	if err := yaml.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	if len(c.Clusters) != 1 || len(c.Users) != 1 {
		return nil, fmt.Errorf("reading the kubeconfig: %d clusters and %d users, want one of each", len(c.Clusters), len(c.Users))
	}
	cert, err := tls.X509KeyPair(c.Users[0].User.Cert, c.Users[0].User.Key)
	if err != nil {
		return nil, fmt.Errorf("reading the client certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(c.Clusters[0].Cluster.CA)
	return &Client{
		server: c.Clusters[0].Cluster.Server,
		http: &http.Client{Transport: &http.Transport{
			TLSClientConfig:     &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 5 * time.Second,
		}},
		resources: map[groupKind]resource{},
	}, nil
}

// Close gives the idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Request is one call of the API.
type Request struct {
	// Method is GET when empty.
	Method string
	// Path begins with a slash and may hold a query.
	Path string
	// ContentType and Body are sent when there is a body.
	ContentType string
	Body        []byte
}

// Do sends the request and returns the body of a successful answer, at most 64 MiB of it.
func (c *Client) Do(ctx context.Context, r Request) ([]byte, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("reading the answer to %s: %w", r.Path, err)
	}
	return data, nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, c.server+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", r.Path, err)
	}
	req.Header.Set("Accept", "application/json")
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", r.Path, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return nil, fmt.Errorf("asking for %s: %w", r.Path, &StatusError{Code: resp.StatusCode, Message: message(body)})
	}
	return resp, nil
}

// message is the text of a Status object, or else the first line of the body.
func message(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &status) == nil && status.Message != "" {
		return status.Message
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	return line
}
