package etcd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"syscall"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// MakeRoom is what to do when etcd's database is full.
const MakeRoom = "make room: etcdctl compact REVISION, etcdctl defrag --cluster, etcdctl alarm disarm; or raise its --quota-backend-bytes first"

// Explain words an error of Client for the person who has to mend it.
func (s *Store) Explain(doing string, err error) error { return s.config.explain(doing, err) }

// explain words an error for the person who has to mend it: what was done,
// where, why it failed, and a hint. What is not understood is passed on as it
// is, on one line.
func (r *resolved) explain(doing string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	for _, rule := range rules {
		if rule.match(err) {
			return fault.New(rule.class, rule.hint, "%s at %s: %w", doing, r.where(), oneLine{err, rule.words})
		}
	}
	return fault.New(fault.Retry, "", "%s at %s: %w", doing, r.where(), oneLine{err, ""})
}

// rule is one row of the table of errors.
type rule struct {
	match func(error) bool
	class fault.Class
	words string // replace the error's own where those mislead
	hint  string
}

// rules in the order in which they are tried.
var rules = []rule{
	{is(rpctypes.ErrAuthFailed), fault.Person, "user or password is wrong", "check --etcd-user and --etcd-password-file"},
	{is(rpctypes.ErrUserEmpty), fault.Person, "etcd wants a login", "give --etcd-user and --etcd-password-file"},
	{is(rpctypes.ErrPermissionDenied), fault.Person, "permission denied", "grant the user's role the prefix: etcdctl role grant-permission ROLE readwrite --prefix=true PREFIX"},
	{is(rpctypes.ErrCompacted), fault.Retry, "the revision was compacted away", "run it again"},
	{is(rpctypes.ErrNoSpace), fault.Person, "etcd's database is full", MakeRoom},
	{is(rpctypes.ErrRequestTooLarge), fault.Person, "the request is too large", "write smaller records"},
	{is(rpctypes.ErrNoLeader), fault.Retry, "etcd has no leader", "look at the cluster: etcdctl endpoint status --cluster"},
	{is(syscall.ECONNREFUSED), fault.Retry, "connection refused", "start etcd, or name another one with --etcd-endpoints"},
	{is(syscall.ENOENT), fault.Retry, "no such socket", "start etcd, or name another one with --etcd-endpoints"},
	{as[x509.UnknownAuthorityError], fault.Person, "", "name the authority's certificate with --etcd-cacert"},
	{as[x509.HostnameError], fault.Person, "", "use a name of the server's certificate in --etcd-endpoints"},
	{as[x509.CertificateInvalidError], fault.Person, "", "renew the server's certificate"},
	{as[tls.RecordHeaderError], fault.Person, "the server speaks no TLS", "use http:// in --etcd-endpoints"},
	{is(errNoTLS), fault.Person, "", "use http:// in --etcd-endpoints if the server speaks no TLS"},
	{is(errNoHTTP2), fault.Person, "", "name etcd's client port, with https:// if it speaks TLS"},
	{is(syscall.ECONNRESET), fault.Person, "the server closes the connection", "name etcd's client port, with https:// if it speaks TLS"},
	{says("tls: certificate required"), fault.Person, "etcd wants a client certificate", "give --etcd-cert and --etcd-key"},
	{says("remote error: tls:"), fault.Person, "", "check --etcd-cert and --etcd-key"},
	{says("connection refused"), fault.Retry, "connection refused", "start etcd, or name another one with --etcd-endpoints"},
	{deadline, fault.Retry, "no answer in time", "see whether etcd is up and has a leader: etcdctl endpoint health"},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) || errors.Is(rpctypes.Error(err), target) }
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// says matches errors that gRPC passes on as text only.
func says(text string) func(error) bool {
	return func(err error) bool { return strings.Contains(err.Error(), text) }
}

func deadline(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rpctypes.ErrTimeout) || status.Code(err) == codes.DeadlineExceeded
}

// tooLarge reports whether an answer exceeded maxMessage.
func tooLarge(err error) bool {
	return status.Code(err) == codes.ResourceExhausted && strings.Contains(err.Error(), "larger than max")
}

// oneLine shows an error on one line, in the rule's words if it has some, and
// wraps it as it is.
type oneLine struct {
	err   error
	words string
}

// Error returns the words.
func (e oneLine) Error() string {
	if e.words != "" {
		return e.words
	}
	return strings.Join(strings.Fields(e.err.Error()), " ")
}

// Unwrap returns the error as it came.
func (e oneLine) Unwrap() error { return e.err }
