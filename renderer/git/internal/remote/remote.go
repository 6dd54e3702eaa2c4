// Package remote talks to a Git server over file, http, https or ssh with
// go-git's transports: it asks for the tip of a branch, fetches one commit
// without history, and pushes a pack that the caller has made.
//
// It never looks for the objects to send: who made a commit knows them. Every
// error is classified by what must happen next, carries the server's own words
// bounded and free of control characters, and never a credential.
package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

var (
	// ErrMoved is the error of a push to a branch that is not at the old commit any more.
	ErrMoved = errors.New("the branch is at another commit")
	// ErrRefused is the error of a push that the server will refuse again.
	ErrRefused = errors.New("the server refused")
	// ErrIncomplete is the error of a push that leans on objects which the server lacks.
	ErrIncomplete = errors.New("the server lacks objects")
)

const heads = "refs/heads/"

// Remote is a repository on a server. It is safe for concurrent use.
type Remote struct {
	endpoint  transport.Endpoint
	auth      transport.AuthMethod
	transport transport.Transport
	secrets   []string
	idle      func() // closes connections that wait for the next use; nil for none
}

// Close closes the connections that are kept for the next use.
func (r *Remote) Close() {
	if r.idle != nil {
		r.idle()
	}
}

// String returns the URL without credentials.
func (r *Remote) String() string { return r.endpoint.String() }

// Tip is a branch of a server at one moment. A zero Commit is an unborn branch.
type Tip struct {
	Branch string
	Commit object.Hash
}

// Tip returns the tip of a branch; an empty name is the branch that the
// server's HEAD names, or main in an empty repository.
func (r *Remote) Tip(ctx context.Context, branch string) (Tip, error) {
	s, err := r.uploadSession(ctx)
	if err != nil {
		return Tip{}, r.explain(ctx, "reading", err)
	}
	defer s.Close()
	tip, _, err := r.advertised(ctx, s, branch)
	return tip, r.explain(ctx, "reading", err)
}

func (r *Remote) advertised(ctx context.Context, s transport.UploadPackSession, branch string) (Tip, *packp.AdvRefs, error) {
	refs, err := s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		return Tip{Branch: orMain(branch)}, nil, nil
	}
	if err != nil {
		return Tip{}, nil, err
	}
	if branch == "" {
		branch = orMain(headBranch(refs.Capabilities))
	}
	return Tip{branch, object.Hash(refs.References[heads+branch])}, refs, nil
}

func orMain(branch string) string {
	if branch == "" {
		return "main"
	}
	return branch
}

// headBranch returns the branch that the server's HEAD names.
func headBranch(c *capability.List) string {
	for _, v := range c.Get(capability.SymRef) {
		if branch, ok := strings.CutPrefix(v, "HEAD:"+heads); ok {
			return branch
		}
	}
	return ""
}

// Fetch gets the tip of a branch. Unless it is have, store is called with the
// pack of the commit's objects, less those of the commit have, before Fetch
// returns.
func (r *Remote) Fetch(ctx context.Context, branch string, have object.Hash, store func(io.Reader) error) (Tip, error) {
	s, err := r.uploadSession(ctx)
	if err != nil {
		return Tip{}, r.explain(ctx, "fetching from", err)
	}
	defer s.Close()
	tip, refs, err := r.advertised(ctx, s, branch)
	if err != nil || tip.Commit.IsZero() || tip.Commit == have {
		return tip, r.explain(ctx, "fetching from", err)
	}
	return tip, r.fetch(ctx, s, fetchRequest(refs, tip.Commit, have), store)
}

// fetch asks for a pack, hands it to store and tells the server's failures
// from the caller's.
func (r *Remote) fetch(ctx context.Context, s transport.UploadPackSession, req *packp.UploadPackRequest, store func(io.Reader) error) error {
	res, err := s.UploadPack(ctx, req)
	if err != nil {
		return r.explain(ctx, "fetching from", err)
	}
	defer res.Close()
	in := &watched{Reader: demultiplex(req.Capabilities, res)}
	err = store(in)
	switch {
	case in.err != nil:
		return r.explain(ctx, "fetching from", in.err)
	case err != nil:
		return fmt.Errorf("fetching from %s: %w", r, err)
	}
	return nil
}

// watched keeps the error of reading.
type watched struct {
	io.Reader
	err error
}

// Read reads.
func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// fetchRequest asks for one commit without history.
func fetchRequest(refs *packp.AdvRefs, want, have object.Hash) *packp.UploadPackRequest {
	req := packp.NewUploadPackRequestFromCapabilities(refs.Capabilities)
	req.Wants = []plumbing.Hash{plumbing.Hash(want)}
	if refs.Capabilities.Supports(capability.NoProgress) {
		_ = req.Capabilities.Set(capability.NoProgress)
	}
	if refs.Capabilities.Supports(capability.Shallow) {
		_ = req.Capabilities.Set(capability.Shallow)
		req.Depth = packp.DepthCommits(1)
		if !have.IsZero() {
			req.Shallows = []plumbing.Hash{plumbing.Hash(have)}
		}
	}
	if !have.IsZero() {
		req.Haves = []plumbing.Hash{plumbing.Hash(have)}
	}
	return req
}

// demultiplex returns the pack that a sideband carries.
func demultiplex(c *capability.List, r io.Reader) io.Reader {
	switch {
	case c.Supports(capability.Sideband64k):
		return sideband.NewDemuxer(sideband.Sideband64k, r)
	case c.Supports(capability.Sideband):
		return sideband.NewDemuxer(sideband.Sideband, r)
	}
	return r
}

// Push is one move of a branch.
type Push struct {
	Branch   string
	Old, New object.Hash
	// Options are key=value pairs for the server's hooks, if it takes such.
	Options []string
	// Pack holds every object that New has and Old has not.
	Pack io.Reader
}

// Push moves the branch. Its error has ErrMoved or ErrRefused in its tree
// when the server said so.
func (r *Remote) Push(ctx context.Context, p Push) error {
	s, err := await(ctx, func() (transport.ReceivePackSession, error) {
		endpoint := r.endpoint // a session changes its endpoint when it is redirected
		return r.transport.NewReceivePackSession(&endpoint, r.auth)
	})
	if err != nil {
		return r.explain(ctx, "pushing to", err)
	}
	defer s.Close()
	refs, err := s.AdvertisedReferencesContext(ctx)
	if err != nil {
		return r.explain(ctx, "pushing to", err)
	}
	if now := object.Hash(refs.References[heads+p.Branch]); now != p.Old {
		return fmt.Errorf("pushing to %s: %w: it is at %s, not at %s", r, ErrMoved, now, p.Old)
	}
	var said words
	report, err := s.ReceivePack(ctx, pushRequest(refs.Capabilities, p, &said))
	if report == nil || len(report.CommandStatuses) == 0 && report.UnpackStatus == "ok" {
		if err == nil {
			err = errNoReport
		}
		return r.explain(ctx, "pushing to", said.wrap(err))
	}
	return r.judge(report, said)
}

// Writable begins a push and ends it before anything is sent: servers ask for
// the right to push at that point.
func (r *Remote) Writable(ctx context.Context) error {
	s, err := await(ctx, func() (transport.ReceivePackSession, error) {
		endpoint := r.endpoint
		return r.transport.NewReceivePackSession(&endpoint, r.auth)
	})
	if err != nil {
		return r.explain(ctx, "pushing to", err)
	}
	defer s.Close()
	_, err = s.AdvertisedReferencesContext(ctx)
	if errors.Is(err, transport.ErrEmptyRemoteRepository) {
		err = nil
	}
	return r.explain(ctx, "pushing to", err)
}

func pushRequest(c *capability.List, p Push, said *words) *packp.ReferenceUpdateRequest {
	req := packp.NewReferenceUpdateRequestFromCapabilities(c)
	if c.Supports(capability.Sideband64k) {
		_ = req.Capabilities.Set(capability.Sideband64k)
	}
	if len(p.Options) > 0 && c.Supports(capability.PushOptions) {
		_ = req.Capabilities.Set(capability.PushOptions)
		for _, o := range p.Options {
			key, value, _ := strings.Cut(o, "=")
			req.Options = append(req.Options, &packp.Option{Key: key, Value: value})
		}
	}
	req.Commands = []*packp.Command{{
		Name: plumbing.NewBranchReferenceName(p.Branch), Old: plumbing.Hash(p.Old), New: plumbing.Hash(p.New),
	}}
	req.Packfile = io.NopCloser(p.Pack)
	req.Progress = said
	return req
}

func (r *Remote) uploadSession(ctx context.Context) (transport.UploadPackSession, error) {
	return await(ctx, func() (transport.UploadPackSession, error) {
		endpoint := r.endpoint
		return r.transport.NewUploadPackSession(&endpoint, r.auth)
	})
}

// await makes a session, which go-git's transports do without a context: they
// dial in there. A session that comes too late is closed.
func await[S io.Closer](ctx context.Context, dial func() (S, error)) (S, error) {
	type result struct {
		session S
		err     error
	}
	done := make(chan result, 1)
	go func() {
		s, err := dial()
		done <- result{s, err}
	}()
	select {
	case r := <-done:
		return r.session, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.err == nil {
				_ = r.session.Close()
			}
		}()
		var none S
		return none, ctx.Err()
	}
}
