package loop

import (
	"fmt"
	"strconv"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// Trailers of the loop's commits, beside those of package pipeline.
const (
	TrailerFrom    = "Etcd-Revision-From"
	TrailerCluster = "Etcd-Cluster"
	TrailerFence   = "Sluice-Fence"
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
	name, _ := h.Trailer(pipeline.TrailerEnvironment)
	revision := number(h, pipeline.TrailerRevision)
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

// counts reports whether the mark's revisions can be compared with a cluster's.
func (m Mark) counts(cluster uint64) bool { return m.Cluster == cluster || m.Cluster == 0 }

// next returns the mark of a commit that follows m.
func (m Mark) next(cluster uint64, revision, fence int64) Mark {
	n := Mark{Cluster: cluster, From: 1, Revision: revision, Fence: fence}
	if m.counts(cluster) {
		n.From = m.Revision + 1
	}
	return n
}

func (m Mark) trailers(env ident.Environment) []git.Trailer {
	all := []git.Trailer{
		{Key: pipeline.TrailerEnvironment, Value: env.String()},
		{Key: pipeline.TrailerRevision, Value: strconv.FormatInt(m.Revision, 10)},
		{Key: TrailerFrom, Value: strconv.FormatInt(m.From, 10)},
		{Key: TrailerCluster, Value: fmt.Sprintf("%016x", m.Cluster)},
	}
	if m.Fence > 0 {
		all = append(all, git.Trailer{Key: TrailerFence, Value: strconv.FormatInt(m.Fence, 10)})
	}
	return all
}
