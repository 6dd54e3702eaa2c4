package reportcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/rolloutcmd"
	"github.com/gatorcloud/sluice/renderer/argocd/observe"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

const (
	// patience is how long an answer of GitLab and of gates is kept.
	patience = time.Minute
	// rethink is how long what the engine waits for is kept, which time changes.
	rethink = 5 * time.Second
)

// Ports are what Eyes look through.
type Ports struct {
	Environment ident.Environment
	// Head opens the repository at its branch's head; the function lets go of it.
	Head func(context.Context) (*git.Repo, git.Head, func() error, error)
	// Records opens what etcd says below a prefix; no records when no server is named.
	Records func(ctx context.Context, prefix string) (Records, func() error, error)
	// Argo tells what Argo CD shows; nil when it is not named.
	Argo observe.Watcher
	// Behind tells what is behind an object; nil for nobody.
	Behind report.Cluster
	// Requests are merge requests; nil where no GitLab is named.
	Requests Requests
	// Prometheus asks gates; nil asks none.
	Prometheus *prometheus.Client
	Now        func() time.Time
}

// Eyes know all of an environment, for the page. They hear what Argo CD shows as
// it changes (Follow), and look at what does not tell (Look): Git is read once a
// commit, etcd when something in it changed, GitLab and gates once in patience.
// What is known is one join that both keep up to date. Look is for one
// goroutine, and waits for what Follow hears first.
type Eyes struct {
	Ports
	begun chan struct{} // closed when Argo CD was listed, or did not answer

	// Of Look alone.
	history  *web.History
	head     git.Head
	etcd     memory
	asked    inquiry
	measured time.Time // when gates were asked
	gated    git.Hash  // at which commit
	gates    error     // why they cannot be

	mu      sync.Mutex
	scene   *scene    // of which Look alone changes the world, which is nil before it
	listing bool      // all Applications are on their way
	deaf    error     // why nothing is heard of Argo CD; nil while it is
	heard   time.Time // the last that it was; zero for never
	thought time.Time // when the engine was asked; zero: something changed since
}

// NewEyes returns eyes that have seen nothing yet.
func NewEyes(p Ports) *Eyes {
	e := &Eyes{Ports: p, history: web.NewHistory(p.Environment), begun: make(chan struct{}), deaf: errors.New("its Applications are being listed"),
		scene: &scene{Join: report.New(p.Environment, nil)}}
	if p.Argo == nil {
		e.deaf = errors.New("name its cluster")
		close(e.begun)
	}
	return e
}

// Follow hears what Argo CD shows until ctx ends, and calls changed after each
// change that a page shows.
func (e *Eyes) Follow(ctx context.Context, changed func()) {
	if e.Argo != nil {
		observe.Follow(ctx, e.Argo, e.Environment, &ears{e, changed})
	}
}

// ears take in what Argo CD shows.
type ears struct {
	*Eyes
	changed func()
}

var _ observe.Follower = (*ears)(nil)

// take changes what is known; do reports whether a page shows that.
func (e *ears) take(do func() bool) {
	e.mu.Lock()
	shows := do()
	if shows {
		e.thought = time.Time{}
	}
	e.mu.Unlock()
	if shows {
		e.changed()
	}
}

// Begin is part of observe.Follower.
func (e *ears) Begin() {
	e.take(func() bool {
		e.listing = true
		e.scene.Relist()
		return false
	})
}

// See is part of observe.Follower.
func (e *ears) See(a *report.Application) { e.take(func() bool { return e.scene.See(a) }) }

// Lose is part of observe.Follower.
func (e *ears) Lose(a *report.Application) {
	e.take(func() bool {
		e.scene.Lose(a)
		return true
	})
}

// Live is part of observe.Follower.
func (e *ears) Live(err error) {
	e.take(func() bool {
		shows := (e.deaf == nil) != (err == nil)
		if err == nil && e.listing {
			e.listing = false
			shows = e.scene.Relisted() || shows
		}
		if err == nil || e.deaf == nil {
			e.heard = e.Now()
		}
		e.deaf = err
		select {
		case <-e.begun:
		default:
			close(e.begun)
		}
		return shows
	})
}

// Look brings what does not tell of its changes up to date.
func (e *Eyes) Look(ctx context.Context) (sight web.Sight, err error) {
	select {
	case <-e.begun:
	case <-ctx.Done():
		return sight, ctx.Err()
	}
	now := e.Now()
	repo, head, closed, err := e.Head(ctx)
	if err != nil {
		return sight, e.blind(err)
	}
	defer func() { err = errors.Join(err, closed()) }()
	world := e.scene.world
	if e.head.Commit != head.Commit {
		if world, err = rolloutcmd.Look(repo.FS(head), e.Environment); err != nil {
			return sight, e.blind(err)
		}
	}
	past, err := e.history.Moves(ctx, repo, head, now)
	if err != nil {
		return sight, e.blind(err)
	}
	e.head = head
	e.learn(ctx, world, now)
	sight = web.Sight{Join: e.scene.Join, Hold: e.hold, Behind: e.Behind, Moves: web.Moves{Past: past}}
	sight.Next, sight.Freezes = web.Ahead(world.Input, world.Rollouts, now)
	sight.Mark = e.mark(now)
	return sight, nil
}

// blind tells that Git does not answer.
func (e *Eyes) blind(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.scene.Source(report.Git, time.Time{}, err.Error())
	return err
}

// learn takes in what a commit says, and what is asked beside it.
func (e *Eyes) learn(ctx context.Context, world *rolloutcmd.World, now time.Time) {
	all, failed := e.etcd.read(ctx, e.Records, world.Site.Etcd.Prefix)
	e.asked.again(ctx, e.Requests, now)
	metrics := e.scene.metrics
	if now.Sub(e.measured) >= patience || e.gated != e.head.Commit {
		metrics, e.gates = measure(ctx, e.Prometheus, world)
		e.measured, e.gated = now, e.head.Commit
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.scene
	s.now, e.thought = now, time.Time{}
	if s.world != world {
		s.settle(world)
	}
	s.Source(report.Git, now, "")
	s.note(all)
	s.told(failed)
	s.requested(e.asked)
	s.gates(metrics, e.measured, e.gates)
}

// mark differs when what Look found does.
func (e *Eyes) mark(now time.Time) string {
	defer e.hold(now)()
	r := e.scene.Report(now)
	return fmt.Sprint(e.head.Commit, digest(r.Rollouts), digest(r.Stuck), digest(r.Hanging), digest(e.asked.bumps), r.Verdict)
}

// hold keeps what is known as it is until it is released, with what the engine
// waits for by then and how old what Argo CD showed is.
func (e *Eyes) hold(now time.Time) (release func()) {
	e.mu.Lock()
	s, why := e.scene, ""
	s.now = now
	if e.deaf == nil {
		e.heard = now
	} else {
		why = e.deaf.Error()
	}
	s.Source(report.ArgoCD, e.heard, why)
	if e.Behind != nil {
		s.Source(report.Targets, now, "") // asked when a tenant's page is
	} else {
		s.Source(report.Targets, time.Time{}, noDestination)
	}
	if now.Sub(e.thought) >= rethink {
		s.think()
		e.thought = now
	}
	return e.mu.Unlock
}

// memory is what etcd said last, and at which of its marks.
type memory struct {
	mark string
	said said
}

// read reads what etcd says, if that is something else than the last time. With
// an error it returns what was.
func (m *memory) read(ctx context.Context, open opener, prefix string) (said, error) {
	r, closed, err := open(ctx, prefix)
	if err != nil {
		return m.said, err
	}
	if r == nil {
		return said{}, errNoServer
	}
	defer func() { _ = closed() }() // it was only read
	mark, err := r.Mark(ctx)
	if mark = prefix + " " + mark; err != nil || mark == m.mark {
		return m.said, err
	}
	all, err := hear(ctx, r)
	if err != nil {
		return m.said, err
	}
	m.mark, m.said = mark, all
	return all, nil
}

// settle takes what another commit says, in place of what the last one did.
func (s *scene) settle(world *rolloutcmd.World) {
	left := map[ident.Tenant]bool{}
	if s.world != nil {
		for _, f := range s.world.Facts {
			left[f.ID] = true
		}
	}
	s.world = world
	s.Sell(world.Catalog)
	s.granted()
	for _, f := range world.Facts {
		delete(left, f.ID)
	}
	for id := range left {
		s.Drop(id)
	}
}

// digest differs when a value does.
func digest(value any) uint64 {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(value) // what is encoded here has no cycle, and a hash takes everything
	return h.Sum64()
}
