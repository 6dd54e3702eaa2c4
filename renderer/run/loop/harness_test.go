package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/run/publish"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const prefix = authz.DefaultPrefix

var local = ident.Must[ident.EnvironmentKind]("local")

// etcd is a store in memory with all its history.
type etcd struct {
	events []watch.Event
	now    map[string]watch.Event
}

func newEtcd() *etcd { return &etcd{now: map[string]watch.Event{}} }

func (e *etcd) revision() int64 { return int64(len(e.events) + 1) }

func (e *etcd) change(key, value string) {
	event := watch.Event{Key: prefix + key, Revision: e.revision() + 1}
	if value != "" {
		event.Value = []byte(value)
		e.now[event.Key] = event
	} else {
		delete(e.now, event.Key)
	}
	e.events = append(e.events, event)
}

// Snapshot makes the store a pipeline.Source.
func (e *etcd) Snapshot(_ context.Context, prefix string) (authz.Snapshot, error) {
	a := authz.NewAssembler(prefix)
	for _, key := range slices.Sorted(maps.Keys(e.now)) {
		a.Add(authz.Record{Key: key, Value: e.now[key].Value, Revision: e.now[key].Revision})
	}
	return a.Snapshot(e.revision()), nil
}

// feed is a mirror of the store with a watch that the test delivers.
type feed struct {
	*watch.Mirror
	etcd *etcd
	sent int
}

func (e *etcd) mirror(now func() time.Time) *feed {
	f := &feed{watch.NewMirror(prefix, now), e, 0}
	f.reread()
	return f
}

func (f *feed) reread() {
	l := f.Begin(7)
	for key, r := range f.etcd.now {
		l.Add(key, r.Value, r.Revision)
	}
	l.Done(f.etcd.revision())
	f.sent = len(f.etcd.events)
}

func (f *feed) deliver(n int) {
	to := min(f.sent+n, len(f.etcd.events))
	f.Apply(f.etcd.events[f.sent:to], int64(to+1))
	f.sent = to
}

// pipes is the pipeline of all tests: what it keeps, the bases by their digest,
// costs most of a render and is the same in each.
var pipes = sync.OnceValue(pipeline.New)

// stand is a repository with an environment and what a test does to it.
type stand struct {
	t      testing.TB
	dir    string
	url    string // of the replicas' way to it; empty: they write it themselves
	people *git.Repo
	etcd   *etcd
	now    time.Time
}

func newStand(t testing.TB) *stand {
	t.Helper()
	return newStandIn(t, gittest.New(t).Dir)
}

// newStandIn is newStand for a repository that is there already.
func newStandIn(t testing.TB, dir string) *stand {
	t.Helper()
	s := &stand{t: t, dir: dir, etcd: newEtcd(), now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	s.people = s.open()
	s.commit("begin", func(tx *git.Tx) error {
		for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
			if err := tx.PutFS(dir, from); err != nil {
				return err
			}
		}
		return nil
	})
	return s
}

func (s *stand) open() *git.Repo { return s.openAt(s.dir) }

func (s *stand) openAt(url string) *git.Repo {
	s.t.Helper()
	r, err := git.Open(context.Background(), url, git.Options{Branch: "main", CacheDir: s.t.TempDir()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = r.Close() })
	return r
}

// commit commits as people do.
func (s *stand) commit(subject string, f func(*git.Tx) error) {
	s.t.Helper()
	_, err := git.Update(context.Background(), s.people, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		return git.Message{Subject: subject}, f(tx)
	}, git.RetryOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) head() git.Head {
	s.t.Helper()
	h, err := s.people.Head(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// edit replaces text in a file of the environment, as people do.
func (s *stand) edit(file string, pairs ...string) {
	s.t.Helper()
	path := "environments/local/" + file
	data, err := fs.ReadFile(s.people.FS(s.head()), path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.commit("edit "+file, func(tx *git.Tx) error {
		return tx.PutFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(data))))
	})
}

// differences returns what a render from nothing would change in Git.
func (s *stand) differences(now time.Time) []string {
	s.t.Helper()
	head := s.head()
	preview := s.people.Preview(head)
	_, err := pipes().Render(context.Background(), s.people.FS(head), local, preview, pipeline.Options{Source: s.etcd, Now: now, AllowRemovals: true})
	if err != nil {
		s.t.Fatal(err)
	}
	changes, err := preview.Changes(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	var all []string
	for _, c := range changes {
		all = append(all, fmt.Sprint(c.Kind, " ", c.Path))
	}
	return all
}

// marks returns the marks of all commits, oldest first.
func (s *stand) marks() []publish.Mark {
	s.t.Helper()
	var all []publish.Mark
	_, err := s.people.Nearest(context.Background(), s.head(), func(h git.Head) bool {
		if m, ok := publish.MarkOf(h, local); ok {
			all = append(all, m)
		}
		return false
	})
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// checkMarks fails unless the ranges of the commits follow each other.
func (s *stand) checkMarks(fail func(string, ...any)) {
	s.t.Helper()
	var last publish.Mark
	for i, m := range s.marks() {
		if m.From != last.Revision+1 || m.Revision < last.Revision || m.Fence < last.Fence {
			fail("commit %d has mark %+v after %+v, want the ranges to follow each other", i, m, last)
		}
		last = m
	}
	if last.Revision > s.etcd.revision() {
		fail("the last commit names revision %d, etcd is at %d", last.Revision, s.etcd.revision())
	}
}

// flaky is a branch whose next publication goes wrong.
type flaky struct {
	*git.Repo
	next string
	race func()
	down atomic.Bool // every publication goes wrong
}

var errBroken = errors.New("the connection broke")

func (f *flaky) Publish(ctx context.Context, old git.Head, res git.Result) error {
	how := f.next
	f.next = ""
	if f.down.Load() {
		how = "before"
	}
	switch how {
	case "before":
		return errBroken
	case "after":
		if err := f.Repo.Publish(ctx, old, res); err != nil {
			return err
		}
		return errBroken
	case "race":
		f.race()
	case "look":
		f.race() // which looks around and does not race
	}
	return f.Repo.Publish(ctx, old, res)
}

func tenantRecord(id string, labels string) string {
	return fmt.Sprintf(`{"tenantId":%q,"tenantName":"t %s","tenantCode":"c%s","labels":{%s}}`, id, id, id, labels)
}

type right struct {
	product, version string
	replicas         int
	start, end       time.Time
}

func (r right) String() string {
	end := ""
	if !r.end.IsZero() {
		end = r.end.Format(time.RFC3339)
	}
	return fmt.Sprintf(`{"product":%q,"version":%q,"replicas":%d,"startTime":%q,"endTime":%q}`,
		r.product, r.version, r.replicas, r.start.Format(time.RFC3339), end)
}
