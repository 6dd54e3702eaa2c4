package reportcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

// Eyes look at all of an environment, again and again, for the page. What Git
// says is read once a commit. They are not safe for concurrent use.
type Eyes struct {
	Environment ident.Environment
	// Head opens the repository at its branch's head; the function lets go of it.
	Head func(context.Context) (*git.Repo, git.Head, func() error, error)
	// Records opens what etcd says below a prefix; no records when no server is named.
	Records func(ctx context.Context, prefix string) (Records, func() error, error)
	// Argo connects to Argo CD; nil when it is not named.
	Argo func() (observe.Cluster, func(), error)
	// Behind tells what is behind an object; nil for nobody.
	Behind report.Cluster
	// Requests are merge requests; nil where no GitLab is named.
	Requests Requests
	// Prometheus asks gates; nil asks none.
	Prometheus *prometheus.Client
	Now        func() time.Time

	head            git.Head
	world           *rolloutcmd.World
	history         *web.History
	asked           asked // of GitLab, the last answer, and when
	answered, tried time.Time
}

// Look looks at everything once.
func (e *Eyes) Look(ctx context.Context) (sight web.Sight, err error) {
	repo, head, closed, err := e.Head(ctx)
	if err != nil {
		return sight, err
	}
	defer func() { err = errors.Join(err, closed()) }()
	if e.history == nil {
		e.history = web.NewHistory(e.Environment)
	}
	if e.head.Commit != head.Commit {
		if e.world, err = rolloutcmd.Look(repo.FS(head), e.Environment); err != nil {
			e.head = git.Head{}
			return sight, err
		}
		e.head = head
	}
	s := newScene(e.world, e.Now())
	defer s.Close()
	var sum uint64 // of the Applications, in any order
	s.sum = func(a *report.Application) { sum += digest(a) }
	if e.Behind != nil {
		s.Source(report.Targets, s.now, "") // asked when a tenant's page is
	}
	s.records(ctx, e.Records, nil)
	if e.Argo == nil {
		s.Source(report.ArgoCD, time.Time{}, "name its cluster")
	} else {
		s.connect(e.Argo)
		s.look(ctx, "")
	}
	s.prometheus = e.Prometheus
	e.ask(ctx, s)
	s.think(ctx)
	past, err := e.history.Moves(ctx, repo, head, s.now)
	if err != nil {
		return sight, err
	}
	sight = web.Sight{Join: s.Join, Behind: e.Behind, Moves: web.Moves{Past: past}}
	sight.Next, sight.Freezes = web.Ahead(e.world.Input, e.world.Rollouts, s.now)
	r := s.Report(s.now)
	sight.Mark = fmt.Sprint(head.Commit, sum, digest(r.Rollouts), digest(r.Stuck), digest(r.Hanging), digest(e.asked.bumps), r.Verdict)
	return sight, nil
}

// patience is how long an answer of GitLab is kept.
const patience = time.Minute

// ask asks GitLab for the merge requests that wait, less often than is looked.
// Its last answer stays when it does not give another.
func (e *Eyes) ask(ctx context.Context, s *scene) {
	if e.Requests == nil {
		return
	}
	if e.tried.IsZero() || s.now.Sub(e.tried) >= patience {
		bumps, err := e.Requests.Bumps(ctx)
		if e.tried = s.now; err == nil {
			e.asked.bumps, e.answered = bumps, s.now
		}
		e.asked.named, e.asked.err = true, err
	}
	s.requested(e.asked, e.answered)
}

// digest differs when a value does. When Argo CD looked last is no difference.
func digest(value any) uint64 {
	if a, ok := value.(*report.Application); ok {
		seen := *a
		seen.Reconciled = time.Time{}
		value = seen
	}
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(value) // what is encoded here has no cycle, and a hash takes everything
	return h.Sum64()
}
