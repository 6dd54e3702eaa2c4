package replica

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/argocd/notify"
	"github.com/gatorcloud/sluice/renderer/argocd/unblock"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// argocd hears what it is told, and has two operations that need help.
type argocd struct {
	mu      sync.Mutex
	pushes  []notify.Push
	started map[string]int // by replica and Application
	ended   map[string]int
}

func (a *argocd) Send(_ context.Context, p notify.Push) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pushes = append(a.pushes, p)
	return nil
}

// tender is Argo CD as one replica tends it.
type tender struct {
	*argocd
	id string
}

func (r tender) Unsettled(_ context.Context, environment, _ string) ([]unblock.Application, string, error) {
	return []unblock.Application{
		{Name: environment, Erred: true, Automated: true, Finished: time.Now().Add(-time.Hour)},
		{Name: environment + "-1", Level: "tenant", Phase: "Running", Syncs: true, Source: "1", Compared: "1", Syncing: "0"},
	}, "", nil
}

func (r tender) Start(_ context.Context, a unblock.Application, attempt int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started[r.id+" "+a.Name] = attempt
	return nil
}

func (r tender) Terminate(_ context.Context, a unblock.Application) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[r.id+" "+a.Name]++
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

// Only the leader tells Argo CD of every push what it changed, starts again what
// ended without a verdict, and ends what nobody asks for any more.
func TestTheLeaderTellsArgoCD(t *testing.T) {
	short.Skip(t, "renders the example on an etcd")
	t.Parallel()
	s := newStand(t)
	s.sell("/tenant/info", 1000001, 3)
	a := &argocd{started: map[string]int{}, ended: map[string]int{}}
	tells := func(id string) func(*Config) {
		return func(c *Config) {
			c.Notifiers = append(c.Notifiers, notify.New(notify.Options{Sender: a}))
			c.Tender = func(ident.Environment) unblock.Tender { return tender{a, id} }
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
	if len(a.started) != 1 || a.started["a local"] != 1 || len(a.ended) != 1 || a.ended["a local-1"] != 1 {
		t.Errorf("started %v and ended %v, want the Application that erred and the one that hangs, by the leader", a.started, a.ended)
	}
}

// A bump writes the overlays of tenants long before they are granted. Argo CD is
// told of the slice that is granted something, and of no tenant.
func TestABumpTellsOfNoTenant(t *testing.T) {
	short.Skip(t, "renders the example on an etcd")
	t.Parallel()
	s, sky := newStand(t), newSky("canary", "main")
	s.bump("200")
	s.sell("/tenant/info", 1000001, 3)
	s.sell("/tenant/info", 1000009, 3)
	a := &argocd{}
	s.replica("a", sky.seen("a"), func(c *Config) { c.Notifiers = append(c.Notifiers, notify.New(notify.Options{Sender: a})) })
	s.until("main", "200", true)
	sky.cloud()
	s.bump("202")
	s.until("canary", "202", false)
	const overlay = "environments/local/tenants/01/00/1000001/swg/202/"
	if all := s.bare.Git("log", "--name-only", "--format="); !strings.Contains(all, overlay) {
		t.Fatalf("no commit has %s, want the overlay to stand ready", overlay)
	}
	tip := s.bare.Tip()
	for p := (notify.Push{}); p.After != tip; {
		p = a.last(t, "environments/local/")
	}
	a.last(t, "environments/local/rings/canary/")
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.pushes {
		for _, path := range p.Paths {
			if strings.HasPrefix(path, overlay) {
				t.Errorf("a notice names %s, which nobody runs", path)
			}
		}
	}
}
