package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/gatorcloud/sluice/renderer/etcd/watch"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stand is a copy that a test feeds in the place of etcd.
type stand struct {
	t        testing.TB
	mirror   *Mirror
	revision int64
	cluster  uint64

	mu  sync.Mutex
	now time.Time
}

var begin = time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)

func newStand(t testing.TB, o MirrorOptions) *stand {
	t.Helper()
	s := &stand{t: t, revision: 10, cluster: 0xcdf8, now: begin}
	o.Now = s.clock
	s.mirror = NewMirror(o)
	return s
}

func (s *stand) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stand) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// load is the first reading; told says whether status records are read too.
func (s *stand) load(told bool, records map[string]string) *stand {
	for _, m := range []*watch.Mirror{s.mirror.info, s.mirror.status} {
		if m == s.mirror.status && !told {
			continue
		}
		load := m.Begin(s.cluster)
		for key, value := range records {
			if strings.HasPrefix(key, m.Prefix()+"/") {
				load.Add(key, []byte(value), s.revision)
			}
		}
		load.Done(s.revision)
	}
	s.mirror.refresh()
	if s.mirror.Complete() != told {
		s.t.Errorf("Complete() = %v after the first reading, want %v", !told, told)
	}
	if !told { // it waits, and then goes without
		s.pass(patience)
		s.mirror.refresh()
	}
	return s
}

// put changes records in one transaction; an empty value deletes.
func (s *stand) put(pairs ...string) {
	s.revision++
	for _, m := range []*watch.Mirror{s.mirror.info, s.mirror.status} {
		var events []watch.Event
		for i := 0; i < len(pairs); i += 2 {
			if strings.HasPrefix(pairs[i], m.Prefix()+"/") {
				e := watch.Event{Key: pairs[i], Revision: s.revision}
				if pairs[i+1] != "" {
					e.Value = []byte(pairs[i+1])
				}
				events = append(events, e)
			}
		}
		m.Apply(events, s.revision)
	}
	s.mirror.refresh()
}

func own(id string) (string, string) {
	return "/tenant/info/" + id, fmt.Sprintf(`{"tenantId": %q, "tenantName": "张 %s", "tenantCode": "c5cb27eb", "labels": {"channel": "early"}}`, id, id)
}

func bought(id, product, more string) (string, string) {
	return "/tenant/info/" + id + "/rs/" + product, fmt.Sprintf(`{"product": %q, "startTime": "2027-01-01T00:00:00Z"%s}`, product, more)
}

func accepted(id, product, version string) (string, string) {
	return "/tenant/status/" + id + "/" + product,
		fmt.Sprintf(`{"environment": "local", "acceptedVersion": %q, "ring": "main", "commit": "", "state": "active", "error": "a \"quoted\" word"}`, version)
}

// records makes a map of pairs.
func records(pairs ...string) map[string]string {
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// fleet is n tenants with a product that runs.
func fleet(n int) map[string]string {
	all := map[string]string{}
	for i := range n {
		id := fmt.Sprint(1000000 + i)
		for _, f := range []func() (string, string){
			func() (string, string) { return own(id) },
			func() (string, string) {
				return bought(id, "swg", `, "replicas": 3, "limits": {"daily": 1000, "concurrent": 8}, "storage": "80Gi", "endTime": "2028-12-31T00:00:00Z"`)
			},
			func() (string, string) { return accepted(id, "swg", "202") },
		} {
			k, v := f()
			all[k] = v
		}
	}
	return all
}

// ask asks a handler and returns the answer.
func ask(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	req := httptest.NewRequestWithContext(context.Background(), method, target, http.NoBody)
	for _, c := range change {
		c(req)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// body decodes an answer.
func body(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return all
}

// requests keeps what it is asked for.
type requests struct {
	asked []ident.Tenant
	err   error
}

func (s *requests) Request(_ context.Context, id ident.Tenant) error {
	s.asked = append(s.asked, id)
	return s.err
}

var (
	_       Requester = (*requests)(nil)
	errAway           = errors.New("etcd is away")
	life              = authz.Life{SuspendFor: 24 * time.Hour, GraceFor: 48 * time.Hour}
)
