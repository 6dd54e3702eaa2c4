package reportcmd_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/reportcmd"
	"github.com/gatorcloud/sluice/renderer/argocd"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/git"
	"github.com/gatorcloud/sluice/renderer/ingest"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/prometheus"
	"github.com/gatorcloud/sluice/renderer/report"
	"github.com/gatorcloud/sluice/renderer/run/web"
)

// api answers for Applications as Kubernetes does, and counts what it is asked.
type api struct {
	*argo
	mu             sync.Mutex
	asked          map[string]int
	events         chan string
	broken, mended chan struct{} // closed when it stops to answer, and when it does again
}

const perPage = 500

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case !strings.HasSuffix(r.URL.Path, "/namespaces/argocd/applications") || q.Get("labelSelector") != "gatorcloud.io/environment=local":
		a.count("other")
		http.NotFound(w, r)
	case q.Get("watch") == "":
		a.list(w, q.Get("continue"))
	default:
		a.watch(w, r)
	}
}

func (a *api) count(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked[what]++
}

func (a *api) list(w http.ResponseWriter, from string) {
	if from == "" {
		a.count("list")
	}
	a.count("page")
	names := slices.Sorted(maps.Keys(a.apps))
	i, _ := slices.BinarySearch(names, from)
	names, next := names[i:], ""
	if len(names) > perPage {
		names, next = names[:perPage], names[perPage]
	}
	items := make([]string, len(names))
	for i, name := range names {
		items[i] = string(a.show(name, a.apps[name]))
	}
	fmt.Fprintf(w, `{"metadata": {"resourceVersion": "5", "continue": %q}, "items": [%s]}`, next, strings.Join(items, ","))
}

func (a *api) watch(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	broken, mended := a.broken, a.mended
	a.mu.Unlock()
	select {
	case <-broken:
		select {
		case <-mended:
		default:
			a.count("refused")
			http.Error(w, `{"kind": "Status", "code": 503, "message": "away"}`, http.StatusServiceUnavailable)
			return
		}
		broken = nil
	default:
	}
	a.count("watch")
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case e := <-a.events:
			fmt.Fprint(w, e)
		case <-broken:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

// event is that an Application changed.
func (a *api) event(kind, name string) string {
	object := strings.Replace(string(a.show(name, a.apps[name])), `"metadata": {`, `"metadata": {"resourceVersion": "9", `, 1)
	return fmt.Sprintf(`{"type": %q, "object": %s}`, kind, object)
}

// records are what etcd says, and how often all of it was read.
type records struct {
	mark  string
	bad   []ident.Tenant
	reads int
}

func (r *records) Mark(context.Context) (string, error) { return r.mark, nil }

func (r *records) List(context.Context, ...ident.Tenant) (list authz.Listing, err error) {
	r.reads++
	for _, id := range r.bad {
		list.Quarantined = append(list.Quarantined, authz.Quarantine{Tenant: id, Product: swg, Err: errors.New("no JSON")})
	}
	return list, nil
}

func (r *records) Statuses(context.Context, ...ident.Tenant) (map[authz.Key]status.Record, error) {
	return nil, nil
}

func (r *records) Held(context.Context) ([]ingest.HeldTenant, error) { return nil, nil }

// eyes open eyes on the scene, through an API server, and a view of them.
func (s *scene) eyes(a *api, r *records) (*reportcmd.Eyes, *web.View) {
	s.t.Helper()
	server := httptest.NewServer(a)
	s.t.Cleanup(server.Close)
	c, err := argocd.New(&argocd.Access{Host: server.URL}, "argocd")
	if err != nil {
		s.t.Fatal(err)
	}
	metrics, err := prometheus.NewClient(prometheus.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	ports := reportcmd.Ports{Environment: local, Prometheus: metrics, Argo: argocd.Named{Client: c}, Now: time.Now,
		Head: func(ctx context.Context) (*git.Repo, git.Head, func() error, error) {
			repo, err := git.Open(ctx, s.repo.Dir, git.Options{Branch: "main"})
			if err != nil {
				return nil, git.Head{}, nil, err
			}
			head, err := repo.Head(ctx)
			return repo, head, repo.Close, err
		},
		Records: func(context.Context, string) (reportcmd.Records, func() error, error) {
			return r, func() error { return nil }, nil
		}}
	if s.gitlab != nil {
		ports.Requests = s.gitlab
	}
	e := reportcmd.NewEyes(ports)
	v := web.NewView(e.Look, time.Now, time.Hour)
	ctx, cancel := context.WithCancel(s.t.Context())
	var all sync.WaitGroup
	all.Go(func() { e.Follow(ctx, v.Changed) })
	all.Go(func() { v.Run(ctx) })
	s.t.Cleanup(func() { cancel(); all.Wait() })
	return e, v
}

// commit changes the branch.
func (s *scene) commit(change func(*git.Tx) error) {
	s.t.Helper()
	repo, err := git.Open(s.t.Context(), s.repo.Dir, git.Options{Branch: "main"})
	if err != nil {
		s.t.Fatal(err)
	}
	defer repo.Close()
	_, err = git.Update(s.t.Context(), repo, func(_ context.Context, tx *git.Tx, _ git.Head) (git.Message, error) {
		return git.Message{Subject: "change"}, change(tx)
	}, git.RetryOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
}

func newAPI(s *scene) *api {
	return &api{argo: s.argo, asked: map[string]int{}, events: make(chan string), broken: make(chan struct{}), mended: make(chan struct{})}
}

// until waits for a change after which the report is as it should be.
func until(t *testing.T, v *web.View, want string, holds func(report.Report) bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		_, next := v.Beat()
		r, err := v.Report(t.Context())
		if err == nil && holds(r) {
			return
		}
		select {
		case <-next:
		case <-deadline:
			t.Fatalf("the report says %s: %s (%v, %v), want %s", r.State, r.Verdict, r.Sources, err, want)
		}
	}
}

// 10,000 Applications are listed once. One that changes costs one event, raises
// the page's beat and is on it; looks, pages and a stream that breaks cost no
// list, and nothing is asked of one tenant. While nothing is heard the page says
// as of when it is.
func TestEyesFollow(t *testing.T) {
	t.Parallel()
	tenants := 10000
	if testing.Short() {
		tenants = 1000
	}
	s := newScene(t, tenants)
	a := newAPI(s)
	_, v := s.eyes(a, &records{mark: "1"})
	r, err := v.Report(t.Context())
	if err != nil || r.Tenants != tenants || len(r.Cells) != 2 || r.Cells[1].OK+r.Cells[1].Waiting != tenants-1 || r.Cells[0].OK != 1 || strings.Contains(r.Verdict, "as of") {
		t.Fatalf("Report() = %+v, %v, want all %d tenants, and what they run", r, err, tenants)
	}
	ill := manifest.AppProduct(local, ident.Must[ident.TenantKind]("1000777"), swg)
	number, next := v.Beat()
	a.bad = ill
	a.events <- a.event("MODIFIED", ill)
	<-next
	if r, err = v.Report(t.Context()); err != nil || len(r.Stuck) == 0 || r.Stuck[0].State != report.Bad || !slices.Contains(r.Stuck[0].Tenants, "1000777") {
		t.Errorf("Report() after an event = %+v, %v, want the tenant who fell ill", r.Stuck, err)
	}
	a.events <- a.event("MODIFIED", ill)
	for range 3 {
		if _, _, err := v.Rows(t.Context(), web.Query{Limit: 50}); err != nil {
			t.Error(err)
		}
		if _, _, err := v.Tenant(t.Context(), ident.Must[ident.TenantKind]("1000777")); err != nil {
			t.Error(err)
		}
	}
	close(a.broken)
	until(t, v, "as of when nothing is heard", func(r report.Report) bool {
		return strings.Contains(r.Verdict, ", as of 20") && slices.ContainsFunc(r.Sources, func(s report.Source) bool { return s.Name == report.ArgoCD && s.At != nil && s.Missing != "" })
	})
	close(a.mended)
	until(t, v, "that all is heard again", func(r report.Report) bool { return !strings.Contains(r.Verdict, "as of") })
	a.events <- a.event("DELETED", ill)
	until(t, v, "the tenant to be ill no more", func(r report.Report) bool {
		return !slices.ContainsFunc(r.Stuck, func(s report.Stuck) bool { return s.State == report.Bad })
	})
	if again, _ := v.Beat(); again-number > 6 {
		t.Errorf("%d beats, want one for each change and none for the same again", again-number)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked["list"] != 1 || a.asked["page"] != tenants/perPage || a.asked["watch"] != 2 || a.asked["other"] != 0 {
		t.Errorf("the API was asked %v, want one list of %d pages, a watch and the one after it broke", a.asked, tenants/perPage)
	}
}

// A look reads etcd when its mark changed, GitLab and gates once a minute, and
// Git once a commit: a tenant who left is gone, one who came is there.
func TestEyesLook(t *testing.T) {
	t.Parallel()
	s := newScene(t, 4)
	s.gitlab = &requests{}
	queries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		queries++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status": "success", "data": {"resultType": "vector", "result": []}}`)
	}))
	defer server.Close()
	s.gate(server.URL)
	rec := &records{mark: "1", bad: []ident.Tenant{ident.Must[ident.TenantKind]("1000002")}}
	e, _ := s.eyes(newAPI(s), rec)
	look := func() (web.Sight, map[string]string) {
		t.Helper()
		sight, err := e.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer sight.Hold(time.Now())()
		codes := map[string]string{}
		for _, row := range sight.Join.Rows(report.Filter{}) {
			codes[row.Tenant] = string(row.Code)
		}
		return sight, codes
	}
	before, codes := look()
	if len(codes) != 4 || codes["1000002"] != string(report.Quarantined) {
		t.Errorf("codes %v, want 1000002 to be quarantined", codes)
	}
	if again, _ := look(); again.Mark != before.Mark || rec.reads != 1 || s.gitlab.asked != 1 || queries != 1 {
		t.Errorf("marks %q and %q, etcd read %d times, GitLab asked %d times, a gate %d, want the same, and each once", before.Mark, again.Mark, rec.reads, s.gitlab.asked, queries)
	}
	rec.mark, rec.bad = "2", nil
	if after, codes := look(); codes["1000002"] == string(report.Quarantined) || rec.reads != 2 || after.Mark == before.Mark {
		t.Errorf("codes %v after %d readings, want nobody to be quarantined any more", codes, rec.reads)
	}
	s.commit(func(tx *git.Tx) error {
		tx.Reset(manifest.FactsPath(local, ident.Must[ident.TenantKind]("1000003")))
		return s.sell(tx, 9)
	})
	if _, codes := look(); len(codes) != 4 || codes["1000010"] == "" || codes["1000003"] != "" {
		t.Errorf("codes %v, want 1000010 in place of 1000003", codes)
	}
	s.repo.Git("update-ref", "-d", "refs/heads/main")
	if _, err := e.Look(t.Context()); err == nil {
		t.Error("Look() of no branch = no error")
	}
}
