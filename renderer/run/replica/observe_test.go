package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// sky is an Argo CD in which what is granted is proven at once, in the rings
// that are said to be well.
type sky struct {
	mu     sync.Mutex
	well   map[string]bool
	away   error
	looked map[string]int // by replica
}

func newSky(well ...string) *sky {
	s := &sky{well: map[string]bool{}, looked: map[string]int{}}
	s.heal(well...)
	return s
}

func (s *sky) heal(rings ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rings {
		s.well[r] = true
	}
}

// cloud has nothing proven in any ring.
func (s *sky) cloud() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.well)
}

func (s *sky) answer(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = err
}

// looks returns how often a replica looked.
func (s *sky) looks(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looked[id]
}

// eye is the sky as one replica sees it.
type eye struct {
	*sky
	id    string
	place manifest.Place
}

func (e eye) Observe(_ context.Context, in *rollout.Input, r rollout.Rollouts) (rollout.Observation, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.looked[e.id]++
	o := rollout.Observation{Seen: true, Slices: map[rollout.Key][]rollout.Slice{}, Shared: map[ident.Component]rollout.Part{}}
	if e.away != nil {
		return o, e.away
	}
	for c, part := range r.Shared {
		o.Shared[c] = rollout.Part{Version: part.At, Verdict: rollout.Proven}
	}
	for i, g := range in.Fleet.Rings {
		for _, k := range in.Moving(r) {
			if k.Ring != g.Name || !e.well[k.Ring.String()] {
				continue
			}
			runs := in.Granted(r, i, k.Product)
			o.Slices[k] = in.Tally(r, i, k.Product, func(id ident.Tenant) rollout.Status {
				return rollout.Status{Version: runs[id], Verdict: rollout.Proven, Reconciled: time.Now()}
			})
		}
	}
	return o, nil
}

// seen gives a replica the sky, and its looks some haste.
func (s *sky) seen(id string) func(*Config) {
	return func(c *Config) {
		c.Observer = func(p manifest.Place) loop.Observer { return eye{s, id, p} }
		c.Timing.Observe = 20 * time.Millisecond
	}
}

// bump is fleet.yaml with a version of swg for both rings.
func (s *stand) bump(version string) {
	s.t.Helper()
	text := strings.ReplaceAll(`apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
rings:
- {name: canary, tenants: ["1000009"], versions: {swg: "WANTED", dsa: "31", ucwi: "112"}}
- {name: main, versions: {swg: "WANTED", dsa: "31", ucwi: "112"}}
`, "WANTED", version)
	s.commit(func(tx *git.Tx) error { return tx.PutFile("environments/local/fleet.yaml", []byte(text)) })
}

const rollouts = "environments/local/rollouts.yaml"

// lane returns what a ring was granted of swg, and which versions passed there.
func (s *stand) lane(ring string) (runs string, good string) {
	s.t.Helper()
	head, err := s.people.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := fs.ReadFile(s.people.FS(head), rollouts)
	if err != nil {
		return "", ""
	}
	r, err := rollout.Decode(data)
	if err != nil {
		s.t.Fatal(err)
	}
	lane := r.Lanes[rollout.Key{Ring: ident.Must[ident.RingKind](ring), Product: swg}]
	if len(lane.At) == 0 {
		return "", ""
	}
	return lane.Granted(rollout.End).String(), fmt.Sprint(lane.Good)
}

// until waits until a ring was granted a version of swg, or has it behind it.
func (s *stand) until(ring, version string, passed bool) {
	s.t.Helper()
	var runs, good string
	for range 600 {
		if runs, good = s.lane(ring); runs == version && (!passed || strings.Contains(good, version)) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("ring %s is granted %q and has %s good, want %s", ring, runs, good, version)
}

// more waits until a replica looked some times more, so that it saw what there is.
func (s *sky) more(t *testing.T, id string) {
	t.Helper()
	before := s.looks(id)
	for range 600 {
		if s.looks(id) > before+3 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("replica %s does not look", id)
}

// A bump goes ring after ring, by the leader alone, and the next leader goes on
// where the first stopped.
func TestTheLeaderMovesRollouts(t *testing.T) {
	short.Skip(t, "renders the example on an etcd")
	t.Parallel()
	s, sky := newStand(t), newSky("canary", "main")
	s.bump("200")
	s.sell("/tenant/info", 1000001, 3)
	s.sell("/tenant/info", 1000009, 3)
	stop := s.replica("a", sky.seen("a"))
	s.until("canary", "200", true)
	s.until("main", "200", true)
	s.replica("b", sky.seen("b"))
	sky.cloud()
	s.bump("202")
	s.until("canary", "202", false)
	sky.more(t, "a")
	if got, _ := s.lane("main"); got != "200" || sky.looks("b") > 0 {
		t.Errorf("main is granted %s, b looked %d times, want 200 while canary is not proven, and the leader to look alone", got, sky.looks("b"))
	}
	stop()
	sky.heal("canary")
	s.until("main", "202", false)
	if sky.looks("b") == 0 {
		t.Error("b did not look, want the next leader to")
	}
	told := s.bare.Git("log", "--reverse", "--format=%b")
	first, second := strings.Index(told, "swg=202 is granted to ring canary"), strings.Index(told, "swg=202 is granted to ring main")
	if first < 0 || second < first || strings.Count(told, "is granted to ring") != 2 {
		t.Errorf("commits tell\n%s, want one grant to canary and then one to main", told)
	}
}

// lines is a log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// An Argo CD that does not answer stops the rollouts and nothing else. It is
// told once, and shown until it answers.
func TestBlindObserver(t *testing.T) {
	short.Skip(t, "renders the example on an etcd")
	t.Parallel()
	s, sky, log := newStand(t), newSky("canary", "main"), &lines{}
	m, health := telemetry.New("test"), telemetry.NewHealth()
	shown := func(path string) string {
		w := httptest.NewRecorder()
		telemetry.Handler(m, health).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Body.String()
	}
	s.bump("200")
	s.sell("/tenant/info", 1000001, 3)
	s.sell("/tenant/info", 1000009, 3)
	s.replica("a", sky.seen("a"), func(c *Config) {
		c.Metrics, c.Health, c.Logger = m, health, slog.New(slog.NewTextHandler(log, nil))
	})
	s.until("main", "200", true)
	sky.answer(fault.New(fault.Retry, "look at it", "%w", errors.New("no route to Argo CD")))
	s.bump("202")
	s.sell("/tenant/info", 1000001, 4)
	s.eventually(facts, "replicas: 4")
	sky.more(t, "a")
	if got, _ := s.lane("canary"); got != "200" {
		t.Errorf("canary is granted %s, want 200: nothing was seen", got)
	}
	if n := strings.Count(log.String(), "rollouts stand still"); n != 1 {
		t.Errorf("told %d times, want once:\n%s", n, log)
	}
	if got := shown("/metrics"); !strings.Contains(got, `sluice_rollout_observer_failing{environment="local"} 1`) {
		t.Error("the metric does not show that nothing is seen")
	}
	if got := shown("/readyz?verbose"); !strings.Contains(got, "no route to Argo CD") || !strings.Contains(got, "check passed") {
		t.Errorf("readyz = %s, want it ready, with a note", got)
	}
	sky.answer(nil)
	s.until("main", "202", false)
	for range 200 {
		if strings.Contains(shown("/metrics"), `sluice_rollout_moves_total{environment="local",kind="passed"}`) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := shown("/metrics"); !strings.Contains(got, `sluice_rollout_observer_failing{environment="local"} 0`) ||
		!strings.Contains(got, `sluice_rollout_moves_total{environment="local",kind="granted"} 2`) {
		t.Errorf("metrics show %s, want two grants and that Argo CD is seen", got)
	}
}
