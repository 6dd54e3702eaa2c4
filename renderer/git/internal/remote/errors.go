package remote

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// errNoReport is the error of a server that took a push and said nothing.
// Whether the branch moved is unknown; the next look at its tip tells.
var errNoReport = errors.New("the server closed the connection without an answer")

// races are the words with which git servers say that another push was first.
var races = []string{
	"fetch first", "non-fast-forward", "stale info", "cannot lock ref", "incorrect old value provided",
	"failed to update ref", "reference already exists", "failed to lock", "but expected",
}

// errObjectFormat is the error of a repository whose objects are named
// otherwise: go-git cannot even read its list of branches.
var errObjectFormat = errors.New("its objects are named by SHA-256")

// format finds out whether err is for want of the server's object format, which
// stands on the line that could not be read.
func format(err error) error {
	if unexpected, ok := errors.AsType[*plumbing.UnexpectedError](err); ok { // it does not unwrap
		return format(unexpected.Err)
	}
	data, ok := errors.AsType[*packp.ErrUnexpectedData](err)
	if ok && bytes.Contains(data.Data, []byte("object-format=sha256")) {
		return errObjectFormat
	}
	return err
}

// judge turns the server's report into an error.
func (r *Remote) judge(report *packp.ReportStatus, said words) error {
	reason, unpacked := report.UnpackStatus, report.UnpackStatus == "ok"
	if unpacked {
		err := report.Error()
		if err == nil {
			return nil
		}
		reason = report.CommandStatuses[0].Status
	}
	reason = r.clean(reason)
	err := said.wrap(errors.New(reason))
	switch {
	case contains(reason, "missing necessary objects"):
		return fmt.Errorf("pushing to %s: %w: %w", r, ErrIncomplete, r.redacted(err))
	case !unpacked && contains(said.String()+reason, "no space left", "quota", "too large", "exceeds"):
		return fault.New(fault.Person, "the server has no room for the push, or no wish: see its words",
			"pushing to %s: %w", r, r.redacted(err))
	case !unpacked:
		return fault.New(fault.Retry, "", "pushing to %s: the server could not store the objects: %w", r, r.redacted(err))
	case contains(reason, races...) && !strings.Contains(said.String(), "reference-transaction hook"):
		return fmt.Errorf("pushing to %s: %w: %w", r, ErrMoved, r.redacted(err))
	}
	return fmt.Errorf("pushing to %s: %w: %w", r, ErrRefused, r.redacted(err))
}

func contains(s string, words ...string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}

// explain classifies an error of a transport.
func (r *Remote) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", doing, r, context.Cause(ctx))
	}
	err = format(err)
	class, hint := r.classify(err)
	return fault.New(class, hint, "%s %s: %w", doing, r, r.redacted(err))
}

// classify says what has to happen before err goes away, by type where go-git
// has types and by words where it has none.
func (r *Remote) classify(err error) (fault.Class, string) {
	const access = "give credentials that may read and write the repository"
	if unexpected, ok := errors.AsType[*plumbing.UnexpectedError](err); ok { // it does not unwrap
		return r.classify(unexpected.Err)
	}
	if permanent, ok := errors.AsType[*plumbing.PermanentError](err); ok {
		return r.classify(permanent.Err)
	}
	var status *githttp.Err
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	text := strings.ToLower(err.Error())
	switch {
	case fault.ClassOf(err) != fault.Unknown:
		return fault.ClassOf(err), fault.HintOf(err)
	case errors.Is(err, transport.ErrAuthenticationRequired), errors.Is(err, transport.ErrAuthorizationFailed),
		errors.Is(err, transport.ErrInvalidAuthMethod), contains(text, "unable to authenticate", "permission denied"):
		return fault.Person, access
	case errors.Is(err, errObjectFormat):
		return fault.Person, "use a repository made by git init --bare --object-format=sha1: sluice reads and writes no other"
	case errors.Is(err, transport.ErrRepositoryNotFound):
		return fault.Person, "check the URL; servers also say this to those who may not see the repository"
	case errors.As(err, &certificate), errors.As(err, &authority):
		return fault.Person, "give the server's certificate authority"
	case contains(text, "knownhosts:", "known_hosts", "ssh_auth_sock", "ssh: handshake failed", "ssh agent"):
		return fault.Person, "give the SSH key, and a known_hosts file that holds the server's key"
	case errors.As(err, &status) && !transient(status.StatusCode()):
		return fault.Person, "check the URL and what stands between here and the server"
	case contains(text, "dubious ownership"):
		return fault.Person, "trust the repository of another user with: git config --global --add safe.directory <path>"
	case contains(text, "executable file not found"):
		return fault.Person, "install git: file URLs and repositories with hooks need it"
	}
	return fault.Retry, ""
}

func transient(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// redacted returns err with a message that is one line and shows no credential.
func (r *Remote) redacted(err error) error { return redactedError{err, r.clean(err.Error())} }

// redactedError keeps the tree of an error and replaces its message.
type redactedError struct {
	err  error
	text string
}

// Error returns the cleaned message.
func (e redactedError) Error() string { return e.text }

// Unwrap returns the error whose message was cleaned.
func (e redactedError) Unwrap() error { return e.err }

// clean bounds a text, removes control characters and hides credentials.
func (r *Remote) clean(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, "xxxxx")
	}
	s = strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f }), "; ")
	s = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return -1
		}
		return c
	}, s)
	return cut(strings.TrimSpace(s), maxWords)
}

// spellings returns the forms in which a secret may come back from a server.
func spellings(secrets ...string) []string {
	var all []string
	for _, s := range secrets {
		if s != "" {
			query := url.QueryEscape(s)
			_, user, _ := strings.Cut(url.UserPassword("", s).String(), ":")
			all = append(all, s, query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(s), user)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	slices.SortStableFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// maxWords is how much of a server's talk is kept.
const maxWords = 2 << 10

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// words gathers what a server says on the side.
type words struct{ text []byte }

// Write keeps the first part of b and never fails.
func (w *words) Write(b []byte) (int, error) {
	w.text = append(w.text, b[:min(len(b), maxWords-len(w.text))]...)
	return len(b), nil
}

// String returns what was said.
func (w words) String() string { return strings.TrimSpace(string(w.text)) }

// wrap adds what was said to err.
func (w words) wrap(err error) error {
	if w.String() == "" {
		return err
	}
	return fmt.Errorf("%w: the server says: %s", err, w)
}
