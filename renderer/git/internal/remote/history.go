package remote

import (
	"context"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/storage/memory"

	"github.com/gatorcloud/sluice/renderer/git/internal/object"
)

// History returns the content of up to depth commits that lead to have, which
// the caller holds with everything in it. A server that can filter sends the
// commits alone; another one also sends what was changed since.
func (r *Remote) History(ctx context.Context, branch string, have object.Hash, depth int) (map[object.Hash][]byte, error) {
	s, err := r.uploadSession(ctx)
	if err != nil {
		return nil, r.explain(ctx, "reading the history of", err)
	}
	defer s.Close()
	tip, refs, err := r.advertised(ctx, s, branch)
	if err != nil || tip.Commit.IsZero() || refs == nil || !refs.Capabilities.Supports(capability.Shallow) {
		return nil, r.explain(ctx, "reading the history of", err)
	}
	commits := map[object.Hash][]byte{}
	err = r.fetch(ctx, s, historyRequest(refs, tip.Commit, have, depth), func(pack io.Reader) error {
		return readCommits(pack, commits)
	})
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	return commits, nil
}

// historyRequest asks for what lies behind have.
func historyRequest(refs *packp.AdvRefs, tip, have object.Hash, depth int) *packp.UploadPackRequest {
	req := fetchRequest(refs, tip, have)
	req.Depth = packp.DepthCommits(depth)
	if refs.Capabilities.Supports(capability.Filter) {
		_ = req.Capabilities.Set(capability.Filter)
		req.Filter = packp.FilterTreeDepth(0)
		req.Haves, req.Shallows = nil, nil
	}
	return req
}

func readCommits(pack io.Reader, commits map[object.Hash][]byte) error {
	store := memory.NewStorage()
	if err := packfile.UpdateObjectStorage(store, pack); err != nil {
		return err
	}
	for h, o := range store.Commits {
		r, err := o.Reader()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		commits[object.Hash(h)] = data
	}
	return nil
}
