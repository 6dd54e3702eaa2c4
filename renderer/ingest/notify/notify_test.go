package notify_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/ingest/notify"
	"github.com/gatorcloud/sluice/renderer/ingest/sps"
	"github.com/gatorcloud/sluice/renderer/ingest/spstest"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// marker remembers in memory.
type marker struct {
	seen map[string]ident.Tenant
	err  error
}

func (m *marker) Mark(_ context.Context, id ident.Tenant, notice string) (bool, error) {
	_, twice := m.seen[notice]
	if m.err == nil {
		m.seen[notice] = id
	}
	return !twice, m.err
}

var (
	now    = time.Unix(1_790_000_000, 0)
	oldKey = notify.Key("the old key of more than twenty-four bytes")
	newKey = notify.Key("the new key of more than twenty-four bytes")
)

func handler(m *marker, causes *[]string) *notify.Handler {
	return notify.NewHandler(notify.Options{Marker: m, Keys: func() []notify.Key { return []notify.Key{oldKey, newKey} },
		Read: sps.Mapping{}.ReadNotice, Now: func() time.Time { return now }, Hear: func(cause string) { *causes = append(*causes, cause) }})
}

// signed is a good notice that a test spoils.
func signed(t *testing.T, body string, keys ...notify.Key) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/v1/notify", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("Webhook-Id", "msg_1")
	stamp(r, now, body, keys...)
	return r
}

func stamp(r *http.Request, at time.Time, body string, keys ...notify.Key) {
	var all []string
	for _, k := range keys {
		all = append(all, "v1,"+spstest.Sign(k, r.Header.Get("Webhook-Id"), at, body))
	}
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Webhook-Signature", strings.Join(all, " "))
}

const body = `{"tenantId": "1000006"}`

func TestNotify(t *testing.T) {
	stranger := notify.Key("a key that nobody gave to anybody")
	for name, tc := range map[string]struct {
		reason string
		make   func() *http.Request
		code   int
		cause  string
	}{
		"Good":       {"a good notice", func() *http.Request { return signed(t, body, newKey) }, 202, notify.Accepted},
		"OldKey":     {"keys rotate", func() *http.Request { return signed(t, body, oldKey) }, 202, notify.Accepted},
		"Both":       {"signed with both", func() *http.Request { return signed(t, body, stranger, newKey) }, 202, notify.Accepted},
		"Stranger":   {"nobody's key", func() *http.Request { return signed(t, body, stranger) }, 401, notify.Unsigned},
		"NoKey":      {"not signed", func() *http.Request { return signed(t, body) }, 401, notify.Unsigned},
		"OtherBody":  {"signed for another body", func() *http.Request { return with(signed(t, body, newKey), body+" ") }, 401, notify.Unsigned},
		"Early":      {"a stamp of long ago", func() *http.Request { return at(t, -301*time.Second) }, 401, notify.Unsigned},
		"Late":       {"a stamp of the future", func() *http.Request { return at(t, 301*time.Second) }, 401, notify.Unsigned},
		"JustEarly":  {"the window's begin", func() *http.Request { return at(t, -300*time.Second) }, 202, notify.Accepted},
		"JustLate":   {"the window's end", func() *http.Request { return at(t, 300*time.Second) }, 202, notify.Accepted},
		"OtherStamp": {"the stamp is signed too", func() *http.Request { return header(t, "Webhook-Timestamp", strconv.FormatInt(now.Unix()+1, 10)) }, 401, notify.Unsigned},
		"OtherID":    {"so is the id", func() *http.Request { return header(t, "Webhook-Id", "msg_2") }, 401, notify.Unsigned},
		"HugeStamp":  {"a number that is none", func() *http.Request { return header(t, "Webhook-Timestamp", strings.Repeat("9", 30)) }, 401, notify.Unsigned},
		"Sign":       {"a stamp is digits", func() *http.Request { return header(t, "Webhook-Timestamp", "+1790000000") }, 401, notify.Unsigned},
		"DotID":      {"a dot would end the id", func() *http.Request { return named(t, "a.1") }, 401, notify.Unsigned},
		"PathID":     {"an id is a part of a key", func() *http.Request { return named(t, "../full") }, 401, notify.Unsigned},
		"LongID":     {"and has an end", func() *http.Request { return named(t, strings.Repeat("a", 129)) }, 401, notify.Unsigned},
		"NoID":       {"and is there", func() *http.Request { return named(t, "") }, 401, notify.Unsigned},
		"TwoIDs":     {"which of them", func() *http.Request { return twice(t, "Webhook-Id") }, 401, notify.Unsigned},
		"TwoSigs":    {"which of them", func() *http.Request { return twice(t, "Webhook-Signature") }, 401, notify.Unsigned},
		"OtherVersion": {"v1a is another algorithm", func() *http.Request {
			r := signed(t, body, newKey)
			return set(r, "Webhook-Signature", strings.Replace(r.Header.Get("Webhook-Signature"), "v1,", "v1a,", 1))
		}, 401, notify.Unsigned},
		"ManySigs": {"no more than eight are looked at", func() *http.Request {
			return signed(t, body, append(make([]notify.Key, 8), newKey)...)
		}, 401, notify.Unsigned},
		"Type":      {"a form", func() *http.Request { return header(t, "Content-Type", "text/plain") }, 415, notify.WrongType},
		"NoType":    {"nothing said", func() *http.Request { return header(t, "Content-Type", "") }, 415, notify.WrongType},
		"Large":     {"more than a notice", func() *http.Request { return signed(t, strings.Repeat(" ", notify.MaxBody)+body, newKey) }, 413, notify.TooLarge},
		"NotJSON":   {"signed, and no notice", func() *http.Request { return signed(t, "{", newKey) }, 400, notify.Malformed},
		"NoTenant":  {"about nobody", func() *http.Request { return signed(t, "{}", newKey) }, 400, notify.Malformed},
		"BadTenant": {"no tenant becomes a path", func() *http.Request { return signed(t, `{"tenantId": "../x"}`, newKey) }, 400, notify.Malformed},
		"Unknown":   {"a field that nobody named", func() *http.Request { return signed(t, `{"tenantId": "1", "x": 1}`, newKey) }, 400, notify.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			m, causes := &marker{seen: map[string]ident.Tenant{}}, []string{}
			w := httptest.NewRecorder()
			handler(m, &causes).ServeHTTP(w, tc.make())
			if w.Code != tc.code || len(causes) != 1 || causes[0] != tc.cause {
				t.Errorf("answer %d for %q, want %d for %q: %s", w.Code, causes, tc.code, tc.cause, tc.reason)
			}
			if (len(m.seen) == 1) != (tc.code == 202) {
				t.Errorf("marked %v with answer %d: %s", m.seen, w.Code, tc.reason)
			}
			if tc.code == 401 && w.Body.String() != "Unauthorized\n" {
				t.Errorf("401 says %q, want the same for all", w.Body.String())
			}
		})
	}
}

func with(r *http.Request, text string) *http.Request {
	spoilt := httptest.NewRequest(http.MethodPost, "/v1/notify", strings.NewReader(text))
	spoilt.Header = r.Header
	return spoilt
}

func set(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

func header(t *testing.T, name, value string) *http.Request {
	t.Helper()
	return set(signed(t, body, newKey), name, value)
}

func at(t *testing.T, d time.Duration) *http.Request {
	t.Helper()
	r := signed(t, body)
	stamp(r, now.Add(d), body, newKey)
	return r
}

func named(t *testing.T, id string) *http.Request {
	t.Helper()
	r := set(signed(t, body), "Webhook-Id", id)
	stamp(r, now, body, newKey)
	return r
}

func twice(t *testing.T, name string) *http.Request {
	t.Helper()
	r := signed(t, body, newKey)
	r.Header.Add(name, r.Header.Get(name))
	return r
}

// Only what is durable is acknowledged.
func TestNotDurable(t *testing.T) {
	m, causes := &marker{seen: map[string]ident.Tenant{}, err: errors.New("etcd is away")}, []string{}
	h := handler(m, &causes)
	answer := func() *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(t, body, newKey))
		return w
	}
	if w := answer(); w.Code != 503 || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "etcd") {
		t.Errorf("answer %d %q with Retry-After %q, want 503 that says when", w.Code, w.Body, w.Header().Get("Retry-After"))
	}
	m.err = nil
	for _, cause := range []string{notify.Accepted, notify.Duplicate} {
		if w := answer(); w.Code != 202 || causes[len(causes)-1] != cause {
			t.Errorf("answer %d for %s, want 202 for %s", w.Code, causes[len(causes)-1], cause)
		}
	}
}

// Too many notices are told when to come again, and strangers take up nobody's share.
func TestRate(t *testing.T) {
	m, codes := &marker{seen: map[string]ident.Tenant{}}, map[int]int{}
	h := notify.NewHandler(notify.Options{Marker: m, Keys: func() []notify.Key { return []notify.Key{newKey} }, Read: sps.Mapping{}.ReadNotice,
		Now: func() time.Time { return now }, Rate: 1})
	for range 10 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(t, body, oldKey))
		codes[w.Code]++
	}
	for range 3 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, signed(t, body, newKey))
		codes[w.Code]++
		if w.Code == 429 && w.Header().Get("Retry-After") == "" {
			t.Error("429 does not say when to come again")
		}
	}
	if codes[401] != 10 || codes[202] < 1 || codes[429] < 1 || codes[410] != 0 {
		t.Errorf("answers %v, want ten 401, then 202 and 429", codes)
	}
}

func TestParseKeys(t *testing.T) {
	line := "whsec_" + base64.StdEncoding.EncodeToString(newKey)
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"One":      {line, 1},
		"Rotating": {"# new\n" + line + "\n\n" + line + "\r\n", 2},
		"None":     {"# nothing\n", 0},
		"NoPrefix": {strings.TrimPrefix(line, "whsec_"), 0},
		"Short":    {"whsec_c2hvcnQ=", 0},
		"NoBase64": {"whsec_" + strings.Repeat("!", 40), 0},
	} {
		got, err := notify.ParseKeys([]byte(tc.text))
		if len(got) != tc.want || (err != nil) != (tc.want == 0) {
			t.Errorf("%s: ParseKeys() = %d keys, %v, want %d", name, len(got), err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "whsec_") {
			t.Errorf("%s: %v shows a key", name, err)
		}
	}
}
