package replica

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/soak"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
)

// argocd hears what it is told and has one ring, whose soak ended long ago.
type argocd struct {
	mu        sync.Mutex
	pushes    []notify.Push
	refreshed map[string]int // by replica and Application
	started   map[string]int // by replica and environment
}

func (a *argocd) Send(_ context.Context, p notify.Push) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pushes = append(a.pushes, p)
	return nil
}

// rings are the Applications as one replica sees them.
type rings struct {
	*argocd
	id string
}

func (r rings) Ring(context.Context, string) (soak.Ring, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	looked := time.Time{}
	if len(r.refreshed) > 0 {
		looked = time.Now()
	}
	return soak.Ring{Soak: time.Minute, Since: time.Now().Add(-time.Hour), Looked: looked}, nil
}

func (r rings) Refresh(_ context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refreshed[r.id+" "+name]++
	return nil
}

func (r rings) Unsynced(_ context.Context, environment string) ([]unblock.Application, error) {
	ended := time.Now().Add(-time.Hour)
	return []unblock.Application{{Name: environment, Erred: true, Automated: true, Finished: ended}}, nil
}

func (r rings) Start(_ context.Context, a unblock.Application, attempt int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started[r.id+" "+a.Name] = attempt
	return nil
}

// last returns the newest push that names one of the paths, once there is one.
func (a *argocd) last(t *testing.T, part string) notify.Push {
	t.Helper()
	for range 600 {
		a.mu.Lock()
		all := a.pushes
		a.mu.Unlock()
		for _, a := range slices.Backward(all) {
			if strings.Contains(strings.Join(a.Paths, " "), part) {
				return a
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no notice names %q: %+v", part, a.pushes)
	return notify.Push{}
}

// Only the leader tells Argo CD (in the example the ring canary soaks): of every push what it changed, and of a ring
// whose soak has ended that it is to be looked at, once. And only the leader starts again what ended without a verdict.
func TestTheLeaderTellsArgoCD(t *testing.T) {
	s := newStand(t)
	s.sell("/tenant/info", 1000001, 3)
	a := &argocd{refreshed: map[string]int{}, started: map[string]int{}}
	tells := func(id string) func(*Config) {
		return func(c *Config) {
			c.Notifiers = append(c.Notifiers, notify.New(notify.Options{Sender: a}))
			c.Rings, c.Starter = rings{a, id}, rings{a, id}
		}
	}
	s.replica("a", tells("a"))
	s.eventually(facts, "replicas: 3")
	first := a.last(t, "environments/local/fleet/rings/")
	s.replica("b", tells("b"))
	s.sell("/tenant/info", 1000001, 4)
	s.eventually(facts, "replicas: 4")
	tip := s.bare.Tip()
	var p notify.Push
	for p.After != tip {
		p = a.last(t, "/1000001/tenant.yaml")
	}
	if p.Environment != local || p.Branch != "main" || p.Before != s.bare.Git("rev-parse", tip+"~1") || p.RepoURL != first.RepoURL {
		t.Errorf("notice = %+v, want the commit and the one before it", p)
	}
	want := strings.Fields(s.bare.Git("diff", "--name-only", tip+"~1", tip))
	if strings.Join(p.Paths, " ") != strings.Join(want, " ") {
		t.Errorf("notice names %q, want %q", p.Paths, want)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.refreshed) != 1 || a.refreshed["a local-canary"] != 1 {
		t.Errorf("refreshed %v, want the ring that soaks, once and by the leader", a.refreshed)
	}
	if len(a.started) != 1 || a.started["a local"] != 1 {
		t.Errorf("started %v, want the Application that erred, by the leader", a.started)
	}
}
