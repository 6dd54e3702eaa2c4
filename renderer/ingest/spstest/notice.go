package spstest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Notice is a signed notice.
type Notice struct {
	ID     string
	At     time.Time
	Tenant string
	// Keys sign it, each for itself.
	Keys [][]byte
}

// Body is the notice's body.
func (n Notice) Body() string { return fmt.Sprintf(`{"tenantId":%q}`, n.Tenant) }

// Sign returns a signature of Standard Webhooks, without its version.
func Sign(key []byte, id string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Request returns the notice as a request to an address.
func (n Notice) Request(ctx context.Context, url string) (*http.Request, error) {
	body := n.Body()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	var signatures []string
	for _, key := range n.Keys {
		signatures = append(signatures, "v1,"+Sign(key, n.ID, n.At, body))
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Webhook-Id", n.ID)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(n.At.Unix(), 10))
	req.Header.Set("Webhook-Signature", strings.Join(signatures, " "))
	return req, nil
}

// Send sends the notice and returns the answer's status.
func (n Notice) Send(ctx context.Context, url string) (int, error) {
	req, err := n.Request(ctx, url)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// Notices say where changes are told, and with which key; no URL tells nobody.
type Notices struct {
	URL string `json:"url"`
	Key []byte `json:"key"`
}

// Tell sends a notice of every change from now on.
func (s *Server) Tell(n Notices) { s.locked(func() { s.notices = n }) }

// tell sends a notice of a change, once: what is lost a list makes up for.
func (s *Server) tell(id string) error {
	s.mu.Lock()
	s.told++
	n, number := s.notices, s.told
	s.mu.Unlock()
	if n.URL == "" {
		return nil
	}
	code, err := Notice{ID: fmt.Sprintf("fake-%d-%d", time.Now().UnixNano(), number), At: time.Now(), Tenant: id, Keys: [][]byte{n.Key}}.Send(context.Background(), n.URL)
	if err == nil && code != http.StatusAccepted {
		err = fmt.Errorf("notice of tenant %q is answered %d", id, code)
	}
	return err
}
