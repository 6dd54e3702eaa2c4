package query

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/etcd/watch"
)

// Each operation with each status that it declares, and no other.
func TestAnswers(t *testing.T) {
	hostile := records(
		"/tenant/info/1000009", `{"tenantId": "1000008"}`,
		"/tenant/info/1000009/rs/swg", `{"product": "swg", "startTime": "2027-01-01T00:00:00Z"}`,
		"/tenant/info/1000005", `{"tenantId": "1000005", "tenantName": "a", "tenantCode": "c5cb27eb"}`,
		"/tenant/info/1000005/rs/swg", `{"product": "ucwi"}`,
		"/tenant/info/x y", `{}`,
		"/tenant/status/1000005/swg", `{"environment": 3}`,
	)
	maps.Copy(hostile, fleet(3))
	s := newStand(t, MirrorOptions{}).load(true, hostile)
	good, bad := &requests{}, &requests{err: errAway}
	h := Handler(Options{Mirror: s.mirror, Requester: good})
	none := Handler(Options{Mirror: s.mirror})
	away := Handler(Options{Mirror: s.mirror, Requester: bad})
	cold := Handler(Options{Mirror: newStand(t, MirrorOptions{}).mirror, Requester: good})
	crowd := &handler{Options: Options{Mirror: s.mirror}, streams: turnstile{held: map[string]int{}}}
	tag := ask(h, "GET", "/v1/tenants/1000001").Header().Get("ETag")
	productTag := ask(h, "GET", "/v1/tenants/1000001/products/swg").Header().Get("ETag")
	with := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(text)) }
	}
	ofTenant, ofProduct := limited(t, h, "tenants=1000001"), limited(t, h, "products=ucwi")
	isJSON := header("Content-Type", "application/json")
	const list, tenant, product, follow, sync = "/v1/tenants", "/v1/tenants/{tenant}", "/v1/tenants/{tenant}/products/{product}", "/v1/watch", "/v1/sync"
	c := newContract(t)
	for name, tc := range map[string]struct {
		reason               string
		h                    http.Handler
		method, path, target string
		change               []func(*http.Request)
		want                 int
		says                 string // in the body
	}{
		"List":           {"all of them", h, "GET", list, "/v1/tenants", nil, 200, `"tenantId":"1000002"`},
		"ListNames":      {"names are UTF-8", h, "GET", list, "/v1/tenants", nil, 200, `"tenantName":"张 1000002"`},
		"ListUnreadable": {"who cannot be read is named", h, "GET", list, "/v1/tenants", nil, 200, `{"tenantId":"1000009","error":`},
		"ListPages":      {"more follow", h, "GET", list, "/v1/tenants?limit=2", nil, 200, `"next":"/v1/tenants?after=1000001&limit=2&at=cdf8.10"`},
		"ListLimit":      {"no number", h, "GET", list, "/v1/tenants?limit=0", nil, 400, "limit"},
		"ListLimitLarge": {"a page is bounded", h, "GET", list, "/v1/tenants?limit=1001", nil, 400, "limit"},
		"ListAfter":      {"no tenant", h, "GET", list, "/v1/tenants?after=../etc", nil, 400, "after"},
		"ListAtNothing":  {"no point", h, "GET", list, "/v1/tenants?at=seven", nil, 400, "at"},
		"ListGone":       {"a point that nobody reads at", h, "GET", list, "/v1/tenants?at=cdf8.3", nil, 410, "not held"},
		"ListOther":      {"a point of another etcd", h, "GET", list, "/v1/tenants?at=aaaa.10", nil, 410, "not held"},
		"ListCold":       {"nothing is known yet", cold, "GET", list, "/v1/tenants", nil, 503, "not complete"},
		"Tenant":         {"with products", h, "GET", tenant, "/v1/tenants/1000001", nil, 200, `"products":[{"product":"swg","revision":10,"state":"active","version":"202"`},
		"TenantSame":     {"it has what there is", h, "GET", tenant, "/v1/tenants/1000001", []func(*http.Request){header("If-None-Match", `"x", W/`+tag)}, 304, ""},
		"TenantOther":    {"it has something else", h, "GET", tenant, "/v1/tenants/1000001", []func(*http.Request){header("If-None-Match", `"x"`)}, 200, ""},
		"TenantName":     {"no id", h, "GET", tenant, "/v1/tenants/a%2Fb", nil, 400, "tenant"},
		"TenantUnknown":  {"not there", h, "GET", tenant, "/v1/tenants/7777777", nil, 404, "7777777"},
		"TenantBad":      {"its record is broken, which is not that it is not there", h, "GET", tenant, "/v1/tenants/1000009", nil, 500, "cannot be read"},
		"TenantForbid":   {"another's", ofTenant, "GET", tenant, "/v1/tenants/1000002", []func(*http.Request){known}, 403, "1000002"},
		"TenantHidden":   {"without what the caller may see it is as good as unknown", ofProduct, "GET", tenant, "/v1/tenants/1000002", []func(*http.Request){known}, 404, "not known"},
		"TenantCold":     {"nothing is known yet", cold, "GET", tenant, "/v1/tenants/1000001", nil, 503, ""},
		"TenantPart":     {"one product of it is broken", h, "GET", tenant, "/v1/tenants/1000005", nil, 200, `{"product":"swg","revision":10,"error":`},
		"Product":        {"limits", h, "GET", product, "/v1/tenants/1000001/products/swg", nil, 200, `"limits":{"storage":"80Gi","replicas":3,"daily":1000,"concurrent":8}`},
		"ProductEscape":  {"others' words are escaped", h, "GET", product, "/v1/tenants/1000001/products/swg", nil, 200, `"error":"a \"quoted\" word"`},
		"ProductSame":    {"it has what there is", h, "GET", product, "/v1/tenants/1000001/products/swg", []func(*http.Request){header("If-None-Match", productTag)}, 304, ""},
		"ProductName":    {"no product", h, "GET", product, "/v1/tenants/1000001/products/S%20W", nil, 400, "product"},
		"ProductTenant":  {"no tenant", h, "GET", product, "/v1/tenants/7777777/products/swg", nil, 404, "7777777"},
		"ProductUnknown": {"not bought", h, "GET", product, "/v1/tenants/1000001/products/seg", nil, 404, "seg"},
		"ProductBad":     {"broken is not the same as not bought", h, "GET", product, "/v1/tenants/1000005/products/swg", nil, 500, "cannot be read"},
		"ProductForbid":  {"another's", ofProduct, "GET", product, "/v1/tenants/1000001/products/swg", []func(*http.Request){known}, 403, "swg"},
		"ProductCold":    {"nothing is known yet", cold, "GET", product, "/v1/tenants/1000001/products/swg", nil, 503, ""},
		"Watch":          {"nothing new", h, "GET", follow, "/v1/watch?wait=0", nil, 200, `{"at":"cdf8.10","changed":[]}`},
		"WatchFrom":      {"no point", h, "GET", follow, "/v1/watch?from=-1", nil, 400, "from"},
		"WatchWait":      {"too long", h, "GET", follow, "/v1/watch?wait=61", nil, 400, "wait"},
		"WatchGone":      {"before what is remembered", h, "GET", follow, "/v1/watch?from=cdf8.9", nil, 410, "read all"},
		"WatchOther":     {"another etcd", h, "GET", follow, "/v1/watch?from=aaaa.10", nil, 410, "read all"},
		"WatchCrowd":     {"too many", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { crowd.watch(w, r, s.mirror.view.Load()) }), "GET", follow, "/v1/watch", nil, 429, "too many"},
		"WatchCold":      {"nothing is known yet", cold, "GET", follow, "/v1/watch", nil, 503, ""},
		"Progress":       {"how far", h, "GET", sync, "/v1/sync", nil, 200, `"tenants":5,"unreadable":2`},
		"ProgressCold":   {"not far", cold, "GET", sync, "/v1/sync", nil, 200, `{"complete":false}`},
		"Sync":           {"kept", h, "POST", sync, "/v1/sync", []func(*http.Request){isJSON, with(`{"tenant": "1000001"}`)}, 202, `"tenant":"1000001"`},
		"SyncEmpty":      {"no tenant", h, "POST", sync, "/v1/sync", []func(*http.Request){isJSON, with(`{}`)}, 400, ""},
		"SyncName":       {"no id", h, "POST", sync, "/v1/sync", []func(*http.Request){isJSON, with(`{"tenant": "a/b"}`)}, 400, ""},
		"SyncLarge":      {"a bounded body", h, "POST", sync, "/v1/sync", []func(*http.Request){isJSON, with(strings.Repeat(" ", 1025))}, 413, ""},
		"SyncType":       {"no JSON", h, "POST", sync, "/v1/sync", []func(*http.Request){with(`{"tenant": "1000001"}`)}, 415, ""},
		"SyncNobody":     {"nobody fetches here", none, "POST", sync, "/v1/sync", []func(*http.Request){isJSON}, 501, ""},
		"SyncForbid":     {"another's", ofTenant, "POST", sync, "/v1/sync", []func(*http.Request){known, isJSON, with(`{"tenant": "1000002"}`)}, 403, ""},
		"SyncHidden":     {"none of its products", ofProduct, "POST", sync, "/v1/sync", []func(*http.Request){known, isJSON, with(`{"tenant": "1000002"}`)}, 403, ""},
		"SyncAway":       {"not kept is not accepted, and the cause is not the caller's", away, "POST", sync, "/v1/sync", []func(*http.Request){isJSON, with(`{"tenant": "1000001"}`)}, 503, "could not be kept"},
		"Contract":       {"the file itself", h, "GET", "/v1/openapi.yaml", "/v1/openapi.yaml", nil, 200, "openapi: 3.1.0"},
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			var sent *http.Request
			got := ask(tc.h, tc.method, tc.target, append(tc.change, func(r *http.Request) { sent = r })...)
			if got.Code != tc.want || !strings.Contains(got.Body.String(), tc.says) {
				t.Errorf("%s %s = %d %s, want %d with %s: %s", tc.method, tc.target, got.Code, got.Body, tc.want, tc.says, tc.reason)
			}
			c.check(tc.path, sent, got)
			if retry := got.Header().Get("Retry-After"); (got.Code == 503 || got.Code == 429) != (retry != "") {
				t.Errorf("%d has Retry-After %q", got.Code, retry)
			}
		})
	}
	for _, d := range c.declared() {
		if !c.seen[d] {
			t.Errorf("no case has %s, which the contract declares", d)
		}
	}
	if len(good.asked) != 1 {
		t.Errorf("%d tenants were asked to be fetched, want 1", len(good.asked))
	}
}

// What is said of a product follows the clock, and so does its tag.
func TestStatesFollowTheClock(t *testing.T) {
	s := newStand(t, MirrorOptions{})
	k, v := own("1000001")
	kp, vp := bought("1000001", "swg", `, "endTime": "2027-03-02T00:00:00Z"`)
	s.load(true, records(k, v, kp, strings.Replace(vp, "2027-01-01", "2027-03-01", 1)))
	h := Handler(Options{Mirror: s.mirror, Life: life})
	s.mu.Lock()
	s.now = begin.Add(-time.Hour)
	s.mu.Unlock()
	tags := map[string]bool{}
	for _, want := range []struct {
		after       time.Duration
		state, next string
	}{
		{0, "pending", "2027-03-01T00:00:00Z"},
		{time.Hour, "active", "2027-03-02T00:00:00Z"},
		{24 * time.Hour, "suspended", "2027-03-03T00:00:00Z"},
		{24 * time.Hour, "retained", "2027-03-05T00:00:00Z"},
		{48 * time.Hour, "removed", ""},
	} {
		s.pass(want.after)
		got := ask(h, "GET", "/v1/tenants/1000001/products/swg")
		all := body(t, got)
		next, _ := all["life"].(map[string]any)["nextChange"].(string)
		if all["state"] != want.state || next != want.next {
			t.Errorf("at %v state %v until %q, want %s until %q", s.clock(), all["state"], next, want.state, want.next)
		}
		whole := ask(h, "GET", "/v1/tenants/1000001")
		if tag := got.Header().Get("ETag") + whole.Header().Get("ETag"); tags[tag] {
			t.Errorf("at %v the tags %s are those of another state", s.clock(), tag)
		} else {
			tags[tag] = true
		}
	}
}

// Where no source says which version runs, none is named.
func TestMissingSources(t *testing.T) {
	k, v := own("1000001")
	kp, vp := bought("1000001", "swg", `, "version": "202"`)
	ks, vs := accepted("1000001", "swg", "201")
	_, empty := accepted("1000001", "swg", "")
	for name, tc := range map[string]struct {
		reason  string
		told    bool
		more    []string
		missing string
		version any
	}{
		"NotRead":  {"the status records are not there yet, or not ours to read", false, nil, "status records are not read", nil},
		"NoRecord": {"nobody rendered it: the pin alone runs nothing", true, nil, "there is no status record", nil},
		"None":     {"refused", true, []string{ks, empty}, "the status record accepts none", nil},
		"Broken":   {"what cannot be read says nothing", true, []string{ks, "{"}, "the status record accepts none", nil},
		"There":    {"it runs another than its pin", true, []string{ks, vs}, "", "201"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, MirrorOptions{}).load(tc.told, records(append(tc.more, k, v, kp, vp)...))
			all := body(t, ask(Handler(Options{Mirror: s.mirror}), "GET", "/v1/tenants/1000001/products/swg"))
			if missing, _ := all["versionMissing"].(string); missing != tc.missing || all["version"] != tc.version || all["pin"] != "202" {
				t.Errorf("version %v, missing %q, pin %v, want %v, %q and 202: %s", all["version"], missing, all["pin"], tc.version, tc.missing, tc.reason)
			}
		})
	}
}

// Status records that are read late are told of, though nothing else happens.
func TestLateStatus(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(false, fleet(1))
	h := Handler(Options{Mirror: s.mirror})
	before := ask(h, "GET", "/v1/tenants/1000000")
	load := s.mirror.status.Begin(s.cluster)
	k, v := accepted("1000000", "swg", "202")
	load.Add(k, []byte(v), s.revision)
	load.Done(s.revision)
	s.mirror.refresh()
	after := ask(h, "GET", "/v1/tenants/1000000", header("If-None-Match", before.Header().Get("ETag")))
	if after.Code != 200 || !strings.Contains(after.Body.String(), `"version":"202"`) {
		t.Errorf("answer = %d %s, want the version", after.Code, after.Body)
	}
}

// An etcd that was restored gives the same revisions to other values: they are
// read, and whoever follows is told to begin again.
func TestRestoredEtcd(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(2))
	s.put(own("1000000"))
	h := Handler(Options{Mirror: s.mirror})
	before := ask(h, "GET", "/v1/tenants/1000001")
	k, v := own("1000001")
	kp, vp := bought("1000001", "swg", `, "replicas": 7`)
	ks, vs := accepted("1000001", "swg", "207")
	s.cluster, s.revision = 0xbeef, 10
	s.mirror.status.Begin(s.cluster).Done(5) // its records come later
	s.mirror.refresh()
	for _, m := range []*watch.Mirror{s.mirror.info, s.mirror.status} {
		load := m.Begin(s.cluster)
		for key, value := range records(k, v, kp, vp, ks, vs) {
			if strings.HasPrefix(key, m.Prefix()) {
				load.Add(key, []byte(value), 10)
			}
		}
		load.Done(10)
	}
	s.mirror.refresh()
	after := ask(h, "GET", "/v1/tenants/1000001", header("If-None-Match", before.Header().Get("ETag")))
	if text := after.Body.String(); after.Code != 200 || !strings.Contains(text, `"replicas":7`) || !strings.Contains(text, `"version":"207"`) {
		t.Errorf("answer = %d %s, want what was restored", after.Code, text)
	}
	if got := ask(h, "GET", "/v1/tenants/1000000"); got.Code != http.StatusNotFound {
		t.Errorf("a tenant that was not restored = %d, want 404", got.Code)
	}
	if got := ask(h, "GET", "/v1/watch?wait=0&from="+before.Header().Get("Sluice-At")); got.Code != http.StatusGone {
		t.Errorf("following from before = %d, want 410", got.Code)
	}
}

// Pages are of one point, whatever happens between them; a point that is not
// kept any more is gone.
func TestPagesAreOfOnePoint(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(25))
	h := Handler(Options{Mirror: s.mirror})
	read := func(between func(int)) (ids []string, code int) {
		for next, n := "/v1/tenants?limit=10", 0; next != ""; n++ {
			got := ask(h, "GET", next)
			if got.Code != 200 {
				return ids, got.Code
			}
			all := body(t, got)
			for _, e := range all["tenants"].([]any) {
				ids = append(ids, fmt.Sprint(e.(map[string]any)["tenantId"], "@", e.(map[string]any)["revision"]))
			}
			next, _ = all["next"].(string)
			between(n)
		}
		return ids, 200
	}
	want, _ := read(func(int) {})
	if len(want) != 25 || !slices.IsSorted(want) {
		t.Fatalf("tenants = %v, want 25 in order", want)
	}
	got, code := read(func(n int) {
		k, v := own("1000012")
		gone, _ := own("1000021")
		goneToo, _ := bought("1000021", "swg", "")
		another, value := own(fmt.Sprint(1000030 + n))
		s.put(k, v, gone, "", goneToo, "", another, value)
	})
	if code != 200 || !slices.Equal(got, want) {
		t.Errorf("pages with changes between them = %v (%d), want those of the first point", got, code)
	}
	if got, _ := read(func(int) {}); len(got) != 27 || !slices.Contains(got, "1000012@13") {
		t.Errorf("tenants afterwards = %v, want what changed", got)
	}
	if _, code := read(func(int) { s.put(own("1000012")); s.pass(keepFor + time.Second) }); code != http.StatusGone {
		t.Errorf("a list after a long pause = %d, want 410", code)
	}
	if _, code := read(func(int) {
		for range mostKept {
			s.put(own("1000012"))
			ask(h, "GET", "/v1/tenants?limit=1")
		}
	}); code != http.StatusGone {
		t.Errorf("a list that others have pushed out = %d, want 410", code)
	}
}

// The copy that etcd does not confirm says how old it is.
func TestStale(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(1))
	h := Handler(Options{Mirror: s.mirror})
	for _, want := range []string{"", "16"} {
		if got := ask(h, "GET", "/v1/tenants/1000000"); got.Code != 200 || got.Header().Get("Sluice-Stale") != want {
			t.Errorf("Sluice-Stale = %q (%d), want %q", got.Header().Get("Sluice-Stale"), got.Code, want)
		}
		s.pass(16 * time.Second)
	}
	s.put()
	if got := ask(h, "GET", "/v1/tenants/1000000"); got.Header().Get("Sluice-Stale") != "" || got.Header().Get("Sluice-At") != "cdf8.11" {
		t.Errorf("Sluice-Stale = %q at %s, want none at cdf8.11", got.Header().Get("Sluice-Stale"), got.Header().Get("Sluice-At"))
	}
}

// An answer costs little: no decoding, and few allocations.
func TestAllocations(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(100))
	h := Handler(Options{Mirror: s.mirror})
	w := &discard{header: http.Header{}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/tenants/1000042", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(1000, func() { clear(w.header); h.ServeHTTP(w, req) }); got > 20 {
		t.Errorf("%v allocations a query, want at most 20", got)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// Behind the gate strangers learn nothing, not even what there is.
func TestBehindTheGate(t *testing.T) {
	s := newStand(t, MirrorOptions{}).load(true, fleet(1))
	h := limited(t, Handler(Options{Mirror: s.mirror}), "")
	stranger := ""
	for _, target := range []string{"/v1/tenants/1000000", "/v1/tenants/7777777", "/v1/openapi.yaml", "/nowhere"} {
		got := ask(h, "GET", target)
		if text := fmt.Sprint(got.Code, got.Header(), got.Body); got.Code != 401 || stranger != "" && text != stranger {
			t.Errorf("%s = %s, want what strangers get elsewhere: %s", target, text, stranger)
		} else {
			stranger = text
		}
	}
	if got := ask(h, "GET", "/v1/tenants/1000000", known); got.Code != 200 {
		t.Errorf("a known caller = %d %s, want 200", got.Code, got.Body)
	}
}
