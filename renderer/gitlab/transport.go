package gitlab

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// secret is the token as the client asks for it, and hides it in errors.
type secret struct {
	read func() (string, error)
	mu   sync.Mutex
	last string
}

var _ api.AuthSource = (*secret)(nil)

// Init is part of the client's port.
func (*secret) Init(context.Context, *api.Client) error { return nil }

// Header returns the header that holds the token.
func (s *secret) Header(context.Context) (key, value string, err error) {
	token, err := s.read()
	if err != nil {
		return "", "", err
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", "", fault.Hintf("give an access token with the scope api in SLUICE_GITLAB_TOKEN or a file", "the token: is empty or no token")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = token
	return api.AccessTokenHeaderName, token, nil
}

// hide takes the token out of a text that came from outside.
func (s *secret) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == "" {
		return text
	}
	return strings.ReplaceAll(text, s.last, "[token]")
}

// repeatable reports whether the call that was answered, or failed, may be made twice.
func repeatable(resp *http.Response, err error) bool {
	method := ""
	if resp != nil && resp.Request != nil {
		method = resp.Request.Method
	} else if failed, ok := errors.AsType[*url.Error](err); ok {
		method = strings.ToUpper(failed.Op)
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// bounded keeps answers from filling the memory.
type bounded struct{ next http.RoundTripper }

// RoundTrip is part of http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxResponse)
	}
	return resp, err
}
