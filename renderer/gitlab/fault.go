package gitlab

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	api "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// code returns the status that GitLab refused a call with; zero for none.
func code(err error) int {
	if refused, ok := errors.AsType[*api.ErrorResponse](err); ok {
		return refused.StatusCode
	}
	return 0
}

// lost reports whether a call may have been made although it failed.
func lost(err error) bool {
	return err != nil && (code(err) == 0 || code(err) >= 500)
}

// hints say what to do about a status.
var hints = map[int]string{
	http.StatusUnauthorized: "the token is wrong, revoked or expired, or its user may not do this: make one with the scope api",
	http.StatusForbidden:    "the token needs the scope api, and its user the role Developer in the project",
	http.StatusNotFound:     "check --gitlab-url and --gitlab-project; GitLab also says so of what the token may not see",
}

// fault words what came of a call for the person who has to mend it. The URL
// is left out, and whatever GitLab says is one line without the token.
func (p *Project) fault(doing string, err error) error {
	refused, known := errors.AsType[*api.ErrorResponse](err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Retry, "", "%s: %w", doing, err)
	case fault.ClassOf(err) == fault.Person:
		if at, ok := errors.AsType[*url.Error](err); ok {
			err = at.Err
		}
		return fault.New(fault.Person, fault.HintOf(err), "%s: %w", doing, err)
	case known && refused.StatusCode != http.StatusTooManyRequests && refused.StatusCode < 500:
		return fault.New(fault.Person, hints[refused.StatusCode], "%s: GitLab says %s", doing, p.said(refused))
	case known:
		return fault.New(fault.Retry, "", "%s: GitLab says %s", doing, p.said(refused))
	}
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err
	}
	if distrusted(err) {
		return fault.New(fault.Person, "name who signed the certificate with --gitlab-cacert", "%s: %w", doing, err)
	}
	return fault.New(fault.Retry, "see whether GitLab is up, and check --gitlab-url", "%s: no whole answer: %s", doing, fault.Line(p.token.hide(err.Error())))
}

func (p *Project) said(e *api.ErrorResponse) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", e.StatusCode, fault.Line(p.token.hide(e.Message))))
}

func distrusted(err error) bool {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}
