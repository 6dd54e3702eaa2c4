package remote

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// TestJudge reads the words of git, GitLab and GitHub servers.
func TestJudge(t *testing.T) {
	cases := map[string]struct {
		unpack, status, said string
		want                 error
		class                fault.Class
	}{
		"OK":                 {"ok", "ok", "", nil, fault.Unknown},
		"FetchFirst":         {"ok", "fetch first", "", ErrMoved, fault.Unknown},
		"NonFastForward":     {"ok", "non-fast-forward", "", ErrMoved, fault.Unknown},
		"StaleInfo":          {"ok", "stale info", "", ErrMoved, fault.Unknown},
		"CannotLock":         {"ok", "cannot lock ref 'refs/heads/main'", "", ErrMoved, fault.Unknown},
		"IncorrectOld":       {"ok", "incorrect old value provided", "", ErrMoved, fault.Unknown},
		"FailedToUpdate":     {"ok", "failed to update ref", "error: cannot lock ref 'refs/heads/main': is at 1 but expected 2", ErrMoved, fault.Unknown},
		"AlreadyExists":      {"ok", "reference already exists", "", ErrMoved, fault.Unknown},
		"TransactionHook":    {"ok", "failed to update ref", "in 'prepared' phase, update aborted by the reference-transaction hook", ErrRefused, fault.Unknown},
		"PreReceive":         {"ok", "pre-receive hook declined", "GitLab: You are not allowed to push code to protected branches on this project.", ErrRefused, fault.Unknown},
		"Protected":          {"ok", "protected branch hook declined", "", ErrRefused, fault.Unknown},
		"HookSaysFetch":      {"ok", "hook declined", "please fetch first", ErrRefused, fault.Unknown},
		"CheckedOut":         {"ok", "branch is currently checked out", "", ErrRefused, fault.Unknown},
		"MissingObjects":     {"ok", "missing necessary objects", "", ErrIncomplete, fault.Unknown},
		"ServerDiskFull":     {"index-pack abnormal exit", "unpacker error", "fatal: write error: No space left on device", nil, fault.Person},
		"ServerPackTooLarge": {"index-pack abnormal exit", "unpacker error", "fatal: pack exceeds maximum allowed size", nil, fault.Person},
		"UnpackFailed":       {"index-pack abnormal exit", "unpacker error", "", nil, fault.Retry},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := &Remote{}
			report := &packp.ReportStatus{UnpackStatus: tc.unpack, CommandStatuses: []*packp.CommandStatus{{ReferenceName: "refs/heads/main", Status: tc.status}}}
			err := r.judge(report, words{text: []byte(tc.said)})
			if name == "OK" {
				if err != nil {
					t.Errorf("judge(...) = %v, want nil", err)
				}
				return
			}
			if err == nil || tc.want != nil && !errors.Is(err, tc.want) || fault.ClassOf(err) != tc.class {
				t.Errorf("judge(...) = %v of class %v, want %v of class %v", err, fault.ClassOf(err), tc.want, tc.class)
			}
			for _, other := range []error{ErrMoved, ErrRefused, ErrIncomplete} {
				if !errors.Is(tc.want, other) && errors.Is(err, other) {
					t.Errorf("judge(...) = %v, which is also %v", err, other)
				}
			}
			if first, _, _ := strings.Cut(tc.said, "\n"); !strings.Contains(err.Error(), first) {
				t.Errorf("judge(...) = %v, want the server's words", err)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	cases := map[string]struct {
		err   error
		class fault.Class
	}{
		"Authentication": {fmt.Errorf("%w: x", transport.ErrAuthenticationRequired), fault.Person},
		"Authorization":  {transport.ErrAuthorizationFailed, fault.Person},
		"NotFound":       {transport.ErrRepositoryNotFound, fault.Person},
		"Certificate":    {fmt.Errorf("get: %w", x509.UnknownAuthorityError{}), fault.Person},
		"HostKey":        {errors.New("ssh: handshake failed: knownhosts: key mismatch"), fault.Person},
		"SSHKey":         {errors.New("ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey]"), fault.Person},
		"NoGit":          {errors.New(`exec: "git": executable file not found in $PATH`), fault.Person},
		"Owner":          {errors.New("unknown error: fatal: detected dubious ownership in repository at '/x'"), fault.Person},
		"Refused":        {errors.New("dial tcp 127.0.0.1:1: connect: connection refused"), fault.Retry},
		"Unknown":        {errors.New("unexpected EOF"), fault.Retry},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := (&Remote{}).explain(context.Background(), "reading", tc.err)
			if fault.ClassOf(err) != tc.class || (fault.HintOf(err) != "") != (tc.class == fault.Person) || !errors.Is(err, tc.err) && name != "Certificate" {
				t.Errorf("explain(%v) = %v of class %v with hint %q, want class %v", tc.err, err, fault.ClassOf(err), fault.HintOf(err), tc.class)
			}
		})
	}
}

// TestCredentialsAreRedacted checks every spelling, control characters and length.
func TestCredentialsAreRedacted(t *testing.T) {
	r, err := New("https://user:p%40ss%2Fw@example.com/x.git", Auth{Token: "t&ken +1"})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.String(); got != "https://example.com/x.git" {
		t.Errorf("String() = %q, want the URL without credentials", got)
	}
	text := "get https://user:p%40ss%2Fw@example.com: t&ken +1, t%26ken+%2B1, t%26ken%20%2B1, p@ss/w\r\n\x1b[31mred\x07 \u202egnp.exe" + strings.Repeat("x", 5000)
	got := r.redacted(errors.New(text)).Error()
	for _, secret := range []string{"ken", "ss/w", "ss%2Fw", "\n", "\x1b", "\x07", "\u202e"} {
		if strings.Contains(got, secret) {
			t.Errorf("redacted text %.200q contains %q", got, secret)
		}
	}
	if len(got) > maxWords+10 {
		t.Errorf("redacted text has %d bytes, want at most %d", len(got), maxWords)
	}
	if _, err := New("https://user:s3cr3t@exa mple.com:x/%zz", Auth{}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("New of a URL that cannot be read = %v, want an error without the password", err)
	}
}

func TestIsPath(t *testing.T) {
	for url, want := range map[string]bool{
		"/a/b": true, "a/b": true, "../a": true, "a": true, "./a:b": true,
		"file:///a": false, "http://x/y": false, "https://x/y": false, "ssh://x/y": false, "git@host:path": false, "host:path": false,
	} {
		if got := IsPath(url); got != want {
			t.Errorf("IsPath(%q) = %v, want %v", url, got, want)
		}
	}
}
