package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// local is go-git's file transport but for pushes: git's own talk on stderr,
// which go-git drops, is the only trace of some refusals (a hook that aborts
// the transaction makes git receive-pack die), and it names what to do about
// a repository that somebody else owns.
type local struct{ transport.Transport }

// NewReceivePackSession starts git receive-pack.
func (local) NewReceivePackSession(e *transport.Endpoint, _ transport.AuthMethod) (transport.ReceivePackSession, error) {
	s := &receiver{cmd: exec.Command("git", "receive-pack", e.Path)} //nolint:noctx // it lives until Close
	s.cmd.Env = environment(os.Environ())
	s.cmd.Stderr = &s.said
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if s.stdout, err = s.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return s, s.cmd.Start()
}

// environment drops what would point git at another repository, as a hook
// that runs this program would.
func environment(env []string) []string {
	kept := []string{"LC_ALL=C"}
	for _, v := range env {
		if !strings.HasPrefix(v, "GIT_DIR=") && !strings.HasPrefix(v, "GIT_WORK_TREE=") && !strings.HasPrefix(v, "GIT_INDEX_FILE=") &&
			!strings.HasPrefix(v, "GIT_OBJECT_DIRECTORY=") && !strings.HasPrefix(v, "GIT_QUARANTINE_PATH=") && !strings.HasPrefix(v, "LC_ALL=") {
			kept = append(kept, v)
		}
	}
	return kept
}

// receiver is a session with a git receive-pack process.
type receiver struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
	said   words
	ended  bool
}

var _ transport.ReceivePackSession = (*receiver)(nil)

// AdvertisedReferences reads what the repository holds.
func (s *receiver) AdvertisedReferences() (*packp.AdvRefs, error) {
	return s.AdvertisedReferencesContext(context.Background())
}

// AdvertisedReferencesContext reads what the repository holds.
func (s *receiver) AdvertisedReferencesContext(ctx context.Context) (*packp.AdvRefs, error) {
	defer s.killAfter(ctx)()
	refs := packp.NewAdvRefs()
	if err := refs.Decode(s.stdout); err != nil && !errors.Is(err, packp.ErrEmptyAdvRefs) {
		return nil, s.end(err)
	}
	return refs, nil
}

// ReceivePack sends a pack and returns git's verdict.
func (s *receiver) ReceivePack(ctx context.Context, req *packp.ReferenceUpdateRequest) (*packp.ReportStatus, error) {
	defer s.killAfter(ctx)()
	// Git may stop reading before the end and say why: the answer counts.
	sent := req.Encode(s.stdin)
	sent = errors.Join(sent, s.stdin.Close())
	out := s.stdout
	if req.Capabilities.Supports(capability.Sideband64k) {
		d := sideband.NewDemuxer(sideband.Sideband64k, out)
		d.Progress = req.Progress
		out = d
	}
	report := packp.NewReportStatus()
	if err := report.Decode(out); err != nil {
		return nil, s.end(errors.Join(err, sent))
	}
	_, _ = io.Copy(io.Discard, s.stdout) // hooks that run after the answer may talk on
	return report, nil
}

// killAfter ends the process when ctx ends before the returned function is called.
func (s *receiver) killAfter(ctx context.Context) func() bool {
	return context.AfterFunc(ctx, func() { _ = s.cmd.Process.Kill() })
}

// end waits for the process and adds what it said to err.
func (s *receiver) end(err error) error {
	_ = s.Close()
	said := strings.TrimSpace(s.said.String())
	switch {
	case strings.Contains(said, "aborted by hook"):
		return fmt.Errorf("%w: %s", ErrRefused, said)
	case strings.Contains(said, "does not appear to be a git repository"):
		return fmt.Errorf("%w: %s", transport.ErrRepositoryNotFound, said)
	}
	return s.said.wrap(err)
}

// Close ends the session.
func (s *receiver) Close() error {
	if s.ended {
		return nil
	}
	s.ended = true
	_, _ = io.Copy(s.stdin, bytes.NewReader([]byte("0000"))) // nothing to push; fails after a push
	_ = s.stdin.Close()
	_ = s.cmd.Wait() // the report is the verdict, not the exit status
	return nil
}
