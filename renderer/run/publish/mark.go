package publish

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var (
	// ErrFenced says that Git holds a commit of a later leader.
	ErrFenced = fault.New(fault.Retry, "", "the branch holds a commit of a later leader")
	// ErrBehind says that Git holds a later revision than what was read of etcd.
	ErrBehind = fault.New(fault.Wait, "if etcd was restored from a backup, start it as a new cluster (etcdctl snapshot restore) so that its revisions count anew",
		"what was read of etcd is behind the revision of the last commit")
)

// Mark is what a commit says of the etcd revisions that it covers. The zero
// Mark is that of an environment that was never rendered.
type Mark struct {
	// Cluster is the etcd cluster that the revisions count in; zero if the commit does not say.
	Cluster uint64
	// From and Revision are the first and the last revision that the commit
	// covers; From is Revision+1 when it covers none, and zero if the commit does not say.
	From, Revision int64
	// Fence is the fencing revision of the leader that made the commit; zero for none.
	Fence int64
}

// MarkOf returns the mark of a commit that rendered env, and false for any
// other commit.
func MarkOf(h git.Head, env ident.Environment) (Mark, bool) {
	name, _ := h.Trailer(TrailerEnvironment)
	revision := number(h, TrailerRevision)
	if name != env.String() || revision <= 0 {
		return Mark{}, false
	}
	text, _ := h.Trailer(TrailerCluster)
	cluster, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		cluster = 0
	}
	return Mark{Cluster: cluster, From: number(h, TrailerFrom), Revision: revision, Fence: number(h, TrailerFence)}, true
}

// number returns the value of a trailer; zero if it is no positive number.
func number(h git.Head, key string) int64 {
	text, _ := h.Trailer(key)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Counts reports whether the mark's revisions can be compared with a cluster's.
func (m Mark) Counts(cluster uint64) bool { return m.Cluster == cluster || m.Cluster == 0 }

// Allows refuses a commit after m of what was read at a revision of a cluster,
// by a leader with a fence, if m is later; fence is zero without an election.
func (m Mark) Allows(cluster uint64, revision, fence int64) error {
	if m.Counts(cluster) && revision < m.Revision {
		return fmt.Errorf("%w: %d is before %d", ErrBehind, revision, m.Revision)
	}
	if m.Cluster == cluster && fence > 0 && m.Fence > fence {
		return ErrFenced
	}
	return nil
}

// Next returns the mark of a commit that follows m. Without a fence of its own
// it keeps that of m, so that it lets no earlier leader pass.
func (m Mark) Next(cluster uint64, revision, fence int64) Mark {
	n := Mark{Cluster: cluster, From: 1, Revision: revision, Fence: fence}
	if m.Counts(cluster) {
		n.From = m.Revision + 1
		n.Fence = max(fence, m.Fence)
	}
	return n
}

// History reads the commits of a branch.
type History interface {
	Nearest(ctx context.Context, h git.Head, match func(git.Head) bool) ([]git.Head, error)
}

// Last returns the mark of the environment's last commit at or before head.
// Where people merged histories there are several; the latest counts.
func Last(ctx context.Context, history History, head git.Head, env ident.Environment) (Mark, error) {
	found, err := history.Nearest(ctx, head, func(h git.Head) bool {
		_, ours := MarkOf(h, env)
		return ours
	})
	if err != nil {
		return Mark{}, err
	}
	var last Mark
	for i, h := range found {
		m, _ := MarkOf(h, env)
		if i == 0 || m.Counts(last.Cluster) && m.Revision > last.Revision || m.Fence > last.Fence {
			last = m
		}
	}
	return last, nil
}

func (m Mark) trailers() []git.Trailer {
	if m.Revision == 0 {
		return nil // rendered from the facts in Git
	}
	all := []git.Trailer{
		{Key: TrailerRevision, Value: strconv.FormatInt(m.Revision, 10)},
		{Key: TrailerFrom, Value: strconv.FormatInt(m.From, 10)},
		{Key: TrailerCluster, Value: fmt.Sprintf("%016x", m.Cluster)},
	}
	if m.Fence > 0 {
		all = append(all, git.Trailer{Key: TrailerFence, Value: strconv.FormatInt(m.Fence, 10)})
	}
	return all
}
