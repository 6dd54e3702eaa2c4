package replica

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/run/loop"
	"github.com/gatorcloud/sluice/renderer/run/publish"
	"github.com/gatorcloud/sluice/renderer/run/telemetry"
)

// recorder keeps the messages of a log.
type recorder struct {
	mu  sync.Mutex
	all []string
}

// Enabled is part of slog.Handler.
func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

// Handle is part of slog.Handler.
func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, record.Level.String()+" "+record.Message)
	return nil
}

// WithAttrs is part of slog.Handler.
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup is part of slog.Handler.
func (r *recorder) WithGroup(string) slog.Handler { return r }

// count returns how often the messages were logged.
func (r *recorder) count(messages ...string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.all {
		if _, text, _ := strings.Cut(m, " "); slices.Contains(messages, text) {
			n++
		}
	}
	return n
}

// worked counts everything that a step of the loop says.
func (r *recorder) worked() int {
	return r.count("pushed", "nothing differs", "rendering", "the branch moved; rendering again")
}

// commits returns how many commits are not of people.
func (s *stand) rendered() (n int) {
	s.t.Helper()
	head, err := s.people.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.people.Nearest(s.t.Context(), head, func(h git.Head) bool {
		if _, ours := publish.MarkOf(h, local); ours {
			n++
		}
		return false
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// gone waits until the branch has no such path.
func (s *stand) gone(path string) {
	s.t.Helper()
	for range patience {
		head, err := s.people.Head(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := fs.Stat(s.people.FS(head), path); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%s stays", path)
}

// edit replaces text in a file, as people do.
func (s *stand) edit(path string, pairs ...string) {
	s.t.Helper()
	head, err := s.people.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	data, err := fs.ReadFile(s.people.FS(head), path)
	if err != nil {
		s.t.Fatal(err)
	}
	text := strings.NewReplacer(pairs...).Replace(string(data))
	if text == string(data) {
		s.t.Fatalf("%s holds none of %q", path, pairs)
	}
	s.commit(func(tx *git.Tx) error { return tx.PutFile(path, []byte(text)) })
}

// What no change in etcd causes is done by one replica, once: a right that
// ends, a tombstone that goes, versions that are kept no longer. Readings are
// made by all, for all keep their copies, but cause nothing.
func TestScheduledWorkIsDoneOnce(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for leases of real replicas")
	}
	s := newStand(t)
	s.edit("environments/local/environment.yaml", "releaseHours: 24", "releaseHours: 0")
	s.bump("200")
	for id := range 3 {
		s.sell("/tenant/info", 1000001+id, 3)
	}
	var logs []*recorder
	clock := &leap{Clock: loop.System()}
	for _, id := range []string{"a", "b", "c"} {
		log := &recorder{}
		logs = append(logs, log)
		// A lease that a busy machine does not lose: a second leader would look again.
		s.replica(id, func(c *Config) {
			c.Logger, c.Resync, c.LeaseTTL = slog.New(log), 300*time.Millisecond, 30*time.Second
			c.Clock = loop.NewTrusted(clock, 2*time.Hour)
		})
	}
	const tenant = "environments/local/tenants/%02d/00/%d"
	s.eventually(fmt.Sprintf(tenant, 3, 1000003)+"/tenant.yaml", "replicas: 3")
	const first = 1
	for name, tc := range map[string]struct {
		do      func()
		commits int
	}{
		"Expiry": {func() {
			// The end comes when the change is in Git, however long that took.
			end := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
			s.put("/tenant/info/1000001/rs/swg", `{"product":"swg","replicas":3,"startTime":"2024-01-01T00:00:00Z","endTime":"`+end+`"}`)
			s.eventually(facts, end)
			clock.set(time.Hour)
			s.eventually(facts, `state: "suspended"`)
		}, 2}, // the change, and its end
		"Tombstone": {func() {
			for _, key := range []string{"/tenant/info/1000003/rs/swg", "/tenant/info/1000003"} {
				if _, err := s.client.Delete(t.Context(), key); err != nil {
					t.Fatal(err)
				}
				s.gone(fmt.Sprintf(tenant, 3, 1000003))
			}
		}, 2}, // released, and gone; the record of a tenant without rights is nothing
		"OldVersions": {func() {
			s.bump("202")
			s.eventually(fmt.Sprintf(tenant, 2, 1000002)+"/swg/202/sluice.yaml", "")
			s.bump("200")
			s.gone(fmt.Sprintf(tenant, 2, 1000002) + "/swg/202")
		}, 2}, // made ready, and gone when nobody wants it any more
	} {
		before := s.rendered()
		tc.do()
		s.reread(logs)
		if n := s.rendered() - before; n != tc.commits {
			t.Errorf("%s: %d commits, want %d", name, n, tc.commits)
		}
	}
	pushes, workers := 0, 0
	for _, log := range logs {
		pushes += log.count("pushed")
		if log.worked() > 0 {
			workers++
		}
	}
	if n := s.rendered(); workers != 1 || pushes != n || n != first+6 {
		t.Errorf("%d replicas worked, %d pushes, %d commits, want 1, %d, %[4]d", workers, pushes, n, first+6)
	}
}

// reread waits until every replica has read etcd twice more, the second time
// from its beginning: whoever would do something again has done it by then.
func (s *stand) reread(logs []*recorder) {
	s.t.Helper()
	for i, log := range logs {
		before := log.count("read etcd")
		for range patience {
			if log.count("read etcd") >= before+2 {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		if n := log.count("read etcd"); n < before+2 {
			s.t.Fatalf("replica %d has read etcd %d times, want it to keep its copy", i, n)
		}
	}
}

// leap is a clock that a test sets.
type leap struct {
	loop.Clock
	mu sync.Mutex
	by time.Duration
}

// Now returns the time that was set.
func (l *leap) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Clock.Now().Add(l.by)
}

func (l *leap) set(by time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.by = by
}

// A clock that jumps by years raises an alarm, once, until it is set right.
func TestClockJumpIsAnAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		clock, log, m := &leap{Clock: loop.System()}, &recorder{}, telemetry.New("test")
		r := New(Config{Clock: loop.NewTrusted(clock, time.Minute), Metrics: m, Health: telemetry.NewHealth(), Logger: slog.New(log)})
		go r.housekeep(t.Context())
		jump := func() string {
			w := httptest.NewRecorder()
			telemetry.Handler(m, telemetry.NewHealth()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
			for line := range strings.Lines(w.Body.String()) {
				if value, ok := strings.CutPrefix(line, "sluice_clock_jump_seconds "); ok {
					return strings.TrimSpace(value)
				}
			}
			return "missing"
		}
		const years = 3 * 365 * 24 * time.Hour
		for i, by := range []time.Duration{0, years, 0, -years, 0} {
			clock.set(by)
			time.Sleep(time.Minute)
			if got := jump(); (got != "0") != (by != 0) {
				t.Errorf("the metric of the jump is %s with a clock that is off by %v", got, by)
			}
			if n := log.count("the clock jumped; time goes on as if it had not, until it is set right or this process restarts"); n != (i+1)/2 {
				t.Errorf("told %d times of the jump to %v, want %d", n, by, (i+1)/2)
			}
		}
	})
}

// Nothing is deleted and nothing ends because the clock has jumped, and work
// goes on in the time that is trusted, also for the tenant whose right would be over.
func TestClockJumpEndsNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.sell("/tenant/info", 1000001, 3)
	s.put("/tenant/info/1000001/rs/swg", `{"product":"swg","replicas":3,"startTime":"2024-01-01T00:00:00Z","endTime":"`+
		time.Now().AddDate(0, 1, 0).UTC().Format(time.RFC3339)+`"}`)
	s.sell("/tenant/info", 1000002, 3)
	clock := &leap{Clock: loop.System()}
	s.replica("a", func(c *Config) { c.Clock = loop.NewTrusted(clock, time.Minute) })
	s.eventually(facts, "replicas: 3")
	clock.set(3 * 365 * 24 * time.Hour)
	s.put("/tenant/info/1000002/rs/swg", `{"product":"swg","replicas":5,"startTime":"2024-01-01T00:00:00Z"}`)
	s.put("/tenant/info/1000001", `{"tenantId":"1000001","tenantName":"renamed","tenantCode":"c5cb27eb"}`)
	s.eventually(strings.ReplaceAll(strings.Replace(facts, "/01/", "/02/", 1), "1000001", "1000002"), "replicas: 5")
	s.eventually(facts, "renamed")
	s.eventually(facts, `state: "active"`)
}
