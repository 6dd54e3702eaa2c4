package soak

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	local = ident.Must[ident.EnvironmentKind]("local")
	noon  = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

func TestDue(t *testing.T) {
	soaking := Ring{Soak: time.Minute, Since: noon, Looked: noon.Add(time.Second)}
	for name, tc := range map[string]struct {
		reason string
		change func(*Ring)
		after  time.Duration // since noon
		want   time.Duration
		ok     bool
	}{
		"Soaking":    {"until its last second is over", func(*Ring) {}, 20 * time.Second, 41 * time.Second, true},
		"Ended":      {"Argo CD has not looked since", func(*Ring) {}, 5 * time.Minute, -239 * time.Second, true},
		"LookedWhen": {"a look in the last second saw it soak", func(r *Ring) { r.Looked = noon.Add(time.Minute) }, 61 * time.Second, 0, true},
		"LookedAt":   {"Argo CD has seen that it ended", func(r *Ring) { r.Looked = noon.Add(61 * time.Second) }, 5 * time.Minute, 0, false},
		"Asked":      {"a look is on its way", func(r *Ring) { r.Refreshing = true }, 5 * time.Minute, 0, false},
		"NoSoak":     {"nothing to wait for", func(r *Ring) { r.Soak = 0 }, 5 * time.Minute, 0, false},
		"Unknown":    {"never synced and never healthy", func(r *Ring) { r.Since = time.Time{} }, 5 * time.Minute, 0, false},
		"NeverSeen":  {"Argo CD has not looked at all", func(r *Ring) { r.Looked = time.Time{} }, 61 * time.Second, 0, true},
	} {
		r := soaking
		tc.change(&r)
		if got, ok := r.Due(noon.Add(tc.after)); got != tc.want || ok != tc.ok {
			t.Errorf("%s: Due = %v, %t, want %v, %t: %s", name, got, ok, tc.want, tc.ok, tc.reason)
		}
	}
}

// argo is an Argo CD that looks at a ring when it is asked to.
type argo struct {
	mu    sync.Mutex
	now   time.Time
	rings map[string]Ring
	asked []string
	read  map[string]int
	fails error
}

func newArgo(rings map[string]Ring) *argo {
	return &argo{now: noon, rings: rings, read: map[string]int{}}
}

func (a *argo) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.now
}

func (a *argo) Ring(_ context.Context, name string) (Ring, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.read[name]++
	r, ok := a.rings[name]
	if !ok {
		return r, fmt.Errorf("Application %q: %w", name, ErrAbsent)
	}
	return r, a.fails
}

func (a *argo) Refresh(_ context.Context, name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, name)
	r := a.rings[name]
	r.Looked = a.now
	a.rings[name] = r
	return a.fails
}

// branch returns a branch in whose environment main soaks, in two batches, and
// canary does not.
func branch(t *testing.T, soakSeconds int, soaks ...string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(environments.Example(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(environments.Example(), path)
		files["environments/"+path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range maps.Clone(files) {
		if strings.HasPrefix(path, "environments/local/fleet/rings/") {
			delete(files, path)
		}
	}
	fleet := string(files["environments/local/fleet.yaml"].Data)
	before, after, found := strings.Cut(fleet, "- name: main\n")
	if !found {
		t.Fatalf("the example has no ring main:\n%s", fleet)
	}
	if soakSeconds > 0 {
		fleet = before + fmt.Sprintf("- name: main\n  soakSeconds: %d\n", soakSeconds) + after
	}
	files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(fleet)}
	app := func(name, notes string) {
		files["environments/local/fleet/rings/"+name+".yaml"] = &fstest.MapFile{Data: []byte("metadata:\n  name: local-" + name + "\n  annotations: {" + notes + "}\n")}
	}
	app("canary", "")
	app("main-00", `gatorcloud.io/tolerate-unhealthy: "1"`)
	for _, name := range soaks {
		app(name, fmt.Sprintf("gatorcloud.io/soak: %q", fmt.Sprint(soakSeconds)))
	}
	return files
}

// A ring is refreshed once, when its soak has ended, by whichever leader is
// there then.
func TestARingIsRefreshedOnce(t *testing.T) {
	a := newArgo(map[string]Ring{"local-main-01": {Soak: time.Minute, Since: noon, Looked: noon}})
	told := 0
	start := func() *Watcher {
		w := New(Options{Rings: a, Clock: a, Environment: local, Hear: func(err error) {
			if told++; err != nil {
				t.Errorf("Hear(%v)", err)
			}
		}})
		w.Follow(branch(t, 60, "main-01"))
		return w
	}
	w := start()
	step := func(at, want time.Duration, asked int) {
		t.Helper()
		a.now = noon.Add(at)
		if got, more := w.look(t.Context()); got != want || !more || len(a.asked) != asked {
			t.Errorf("after %v: look = %v, %t with %q refreshed, want %v and %d", at, got, more, a.asked, want, asked)
		}
	}
	step(0, 15*time.Second, 0)
	step(50*time.Second, 11*time.Second, 0)
	step(61*time.Second, 15*time.Second, 1)
	step(76*time.Second, 15*time.Second, 1)
	w = start()
	step(90*time.Second, 15*time.Second, 1)
	a.rings["local-main-01"] = Ring{Soak: time.Minute, Since: noon.Add(100 * time.Second), Looked: noon.Add(100 * time.Second)}
	step(200*time.Second, 15*time.Second, 2)
	if told != 2 || a.read["local-main-00"]+a.read["local-canary"] != 0 {
		t.Errorf("heard of %d refreshes, read %v, want 2 and only the ring's last batch", told, a.read)
	}
}

func TestWithoutSoaksNothingIsAsked(t *testing.T) {
	a := newArgo(nil)
	w := New(Options{Rings: a, Clock: a, Environment: local})
	if _, more := w.look(t.Context()); more {
		t.Error("look goes on before anything is known")
	}
	w.Follow(branch(t, 0))
	if _, more := w.look(t.Context()); more || len(a.read) != 0 {
		t.Errorf("look goes on or has read %v without soaks", a.read)
	}
	w.Follow(branch(t, 60, "main-01"))
	if _, more := w.look(t.Context()); !more || a.read["local-main-01"] != 1 {
		t.Errorf("look = %t, read %v, want the ring that has got a soak", more, a.read)
	}
}

// A broken answer is told and asked for again after longer and longer pauses.
func TestFailures(t *testing.T) {
	a := newArgo(map[string]Ring{"local-main-01": {Soak: time.Minute, Since: noon}})
	a.now, a.fails = noon.Add(time.Hour), errors.New("forbidden")
	var heard []error
	w := New(Options{Rings: a, Clock: a, Environment: local, Hear: func(err error) { heard = append(heard, err) }})
	w.Follow(branch(t, 60, "main-01"))
	var pauses []time.Duration
	for range 7 {
		pause, more := w.look(t.Context())
		if !more {
			t.Fatal("look gives up")
		}
		pauses = append(pauses, pause)
	}
	if want := []time.Duration{15, 30, 60, 120, 240, 300, 300}; !slices.EqualFunc(pauses, want, func(a, b time.Duration) bool { return a == b*time.Second }) {
		t.Errorf("pauses %v, want %v seconds", pauses, want)
	}
	if len(heard) != 7 || len(a.asked) != 0 {
		t.Errorf("heard %v, refreshed %q, want every failure and no refresh", heard, a.asked)
	}
	a.fails = nil
	if pause, _ := w.look(t.Context()); pause != 15*time.Second || len(a.asked) != 1 {
		t.Errorf("look = %v with %q refreshed after the failures, want it to go on", pause, a.asked)
	}
	w.Follow(fstest.MapFS{}) // a branch that cannot be read is tried again
	if pause, more := w.look(t.Context()); pause != 15*time.Second || !more || w.files == nil {
		t.Errorf("look of a broken branch = %v, %t, want another one", pause, more)
	}
}

// A ring that is not there yet, or that cannot be read, keeps no other from
// its refresh; when none is there, somebody has to look.
func TestAbsentRings(t *testing.T) {
	a := newArgo(map[string]Ring{"local-main-02": {Soak: time.Minute, Since: noon}})
	a.now = noon.Add(30 * time.Second)
	var heard []error
	w := New(Options{Rings: a, Clock: a, Environment: local, Hear: func(err error) { heard = append(heard, err) }})
	w.Follow(branch(t, 60, "main-01", "main-02", "main-03"))
	if pause, _ := w.look(t.Context()); pause != 15*time.Second || len(heard) != 0 {
		t.Errorf("look = %v, heard %v, want later rings to be waited for in silence", pause, heard)
	}
	a.now = noon.Add(61 * time.Second)
	if w.look(t.Context()); !slices.Equal(a.asked, []string{"local-main-02"}) {
		t.Errorf("refreshed %q, want the ring that is there", a.asked)
	}
	delete(a.rings, "local-main-02")
	if w.look(t.Context()); len(heard) != 2 || !errors.Is(heard[1], ErrAbsent) {
		t.Errorf("heard %v, want that no ring is there", heard)
	}
}

// Run acts on a commit and on time, and ends with its context.
func TestRun(t *testing.T) {
	a := newArgo(map[string]Ring{"local-main-01": {Soak: time.Minute, Since: noon}})
	a.now = noon.Add(2 * time.Minute)
	refreshed := make(chan error, 10)
	w := New(Options{Rings: a, Clock: a, Environment: local, Every: time.Millisecond, Hear: func(err error) { refreshed <- err }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	w.Follow(branch(t, 60, "main-01"))
	if err := <-refreshed; err != nil {
		t.Error(err)
	}
	a.mu.Lock()
	a.rings["local-main-01"], a.now = Ring{Soak: time.Minute, Since: noon.Add(2 * time.Minute)}, noon.Add(4*time.Minute)
	a.mu.Unlock()
	if err := <-refreshed; err != nil {
		t.Error(err)
	}
	cancel()
	<-done
}
