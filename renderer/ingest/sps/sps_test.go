package sps

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const good = `{"tenantId": "1", "tenantName": "one", "tenantCode": "c1", "revision": 3, "labels": {"channel": "early"},
 "authorisations": [{"product": "swg", "replicas": 2, "storage": "80Gi", "startTime": "2024-06-18T00:00:00Z", "parameters": {"logLevel": "debug"}},
 {"product": "dsa", "startTime": "2024-06-18T00:00:00Z", "endTime": "2028-12-31T00:00:00Z"}]}`

func TestDocument(t *testing.T) {
	d := Mapping{}.Entry([]byte(good)).Document()
	if d.Err != nil || d.ID.String() != "1" || d.Revision != 3 || len(d.Digest) != 32 {
		t.Fatalf("Document() = %+v", d)
	}
	if got := d.Tenant.Authorisations; len(got) != 2 || got[0].Product.String() != "dsa" || got[1].Replicas != 2 || d.Tenant.Labels["channel"] != "early" {
		t.Errorf("Document() = %+v, want what it says, by product", d.Tenant)
	}
	again := Mapping{}.Entry([]byte(strings.Replace(good, `"revision": 3`, `"revision": 4`, 1))).Document()
	other := Mapping{}.Entry([]byte(strings.Replace(good, `"replicas": 2`, `"replicas": 3`, 1))).Document()
	if again.Digest != d.Digest || other.Digest == d.Digest {
		t.Errorf("digests %q, %q, %q: want that of the content alone", d.Digest, again.Digest, other.Digest)
	}
}

func TestDocumentRefuses(t *testing.T) {
	right := `{"product": "swg", "startTime": "2024-06-18T00:00:00Z"}`
	doc := func(rights string) string {
		return `{"tenantId": "1", "tenantName": "one", "tenantCode": "c1", "authorisations": ` + rights + `}`
	}
	for name, tc := range map[string]struct {
		raw    string
		owner  string
		reason string
	}{
		"NoObject":       {`[]`, "", "a list is no tenant"},
		"NotJSON":        {`{"tenantId": "1"`, "1", "half of it"},
		"Null":           {`null`, "", "nothing is no tenant"},
		"NoID":           {`{"tenantName": "one"}`, "", "nobody's"},
		"NumberID":       {`{"tenantId": 1}`, "", "an id is a text"},
		"PathID":         {strings.Replace(doc("[]"), `"1"`, `"../1"`, 1), "", "no id becomes a path"},
		"TwiceID":        {`{"tenantId": "1", "tenantId": "2", "authorisations": []}`, "", "one that names two is nobody's"},
		"OtherCase":      {strings.Replace(doc("[]"), "tenantName", "tenantname", 1), "1", "names have one case"},
		"Unknown":        {strings.Replace(doc("[]"), `"tenantName"`, `"surprise": 1, "tenantName"`, 1), "1", "nobody named the field"},
		"Revision":       {strings.Replace(doc("[]"), `"tenantName"`, `"revision": -1, "tenantName"`, 1), "1", "revisions grow from nothing"},
		"BigRevision":    {strings.Replace(doc("[]"), `"tenantName"`, `"revision": 9223372036854775808, "tenantName"`, 1), "1", "beyond what can be counted"},
		"FloatRevision":  {strings.Replace(doc("[]"), `"tenantName"`, `"revision": 1.5, "tenantName"`, 1), "1", "no whole number"},
		"NullRevision":   {strings.Replace(doc("[]"), `"tenantName"`, `"revision": null, "tenantName"`, 1), "1", "null is no revision"},
		"NoRights":       {`{"tenantId": "1", "tenantName": "one", "tenantCode": "c1"}`, "1", "what is missing is not empty"},
		"NullRights":     {doc("null"), "1", "nor is null"},
		"RightsOfObject": {doc("{}"), "1", "an object is no list"},
		"TooMany":        {doc("[" + strings.Repeat(right+",", MaxProducts) + right + "]"), "1", "more than one transaction holds"},
		"Twice":          {doc("[" + right + "," + right + "]"), "1", "one product twice"},
		"TwiceInside":    {doc(`[{"product": "swg", "product": "seg", "startTime": "2024-06-18T00:00:00Z"}]`), "1", "a doubled field inside"},
		"TwiceDeeper":    {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "parameters": {"a": 1, "a": 2}}]`), "1", "a doubled parameter"},
		"ShrinkFrom":     {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "shrinkFrom": "80Gi"}]`), "1", "a person's word is not SPS's"},
		"Status":         {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "status": {}}]`), "1", "nor is the renderer's"},
		"Product":        {doc(`[{"product": "../swg", "startTime": "2024-06-18T00:00:00Z"}]`), "1", "no product becomes a path"},
		"Limit":          {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "limits": {"hourly": 1}}]`), "1", "nobody named the limit"},
		"LimitTwice":     {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "limits": {"daily": 1, "daily": 2}}]`), "1", "one limit twice"},
		"NullLimits":     {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "limits": null}]`), "1", "null is no limit"},
		"NoStart":        {doc(`[{"product": "swg"}]`), "1", "a right begins"},
		"Storage":        {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "storage": "lots"}]`), "1", "no size"},
		"Deep":           {doc(`[{"product": "swg", "startTime": "2024-06-18T00:00:00Z", "parameters": ` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100) + `}]`), "1", "deeper than any document"},
		"Large":          {doc("[" + strings.Repeat(" ", MaxTenant) + "]"), "1", "larger than any document"},
		"BadUTF8":        {strings.Replace(doc("[]"), "one", "\xff", 1), "1", "no text"},
	} {
		t.Run(name, func(t *testing.T) {
			d := Mapping{}.Entry([]byte(tc.raw)).Document()
			if d.Err == nil || d.ID.String() != tc.owner || !d.Tenant.ID.IsZero() {
				t.Errorf("Document() of %q = %v, %+v, want an error of tenant %q: %s", d.ID, d.Err, d.Tenant, tc.owner, tc.reason)
			}
			if d.Err != nil && (fault.HintOf(d.Err) == "" || strings.Contains(d.Err.Error(), "\n")) {
				t.Errorf("Document() = %v with hint %q, want one line with a hint", d.Err, fault.HintOf(d.Err))
			}
		})
	}
}

func TestMapping(t *testing.T) {
	m, err := ParseMapping([]byte(`
tenant: {tenantId: id, tenantName: title, authorisations: items}
authorisation: {product: sku, startTime: from, limits: quota}
limits: {daily: perDay}
ignore: {tenant: [address], authorisation: [price], limits: [window]}
products: {SWG-ENT: swg}
notice: {tenantId: id}
`))
	if err != nil {
		t.Fatal(err)
	}
	d := m.Entry([]byte(`{"id": "1", "title": "one", "tenantCode": "c1", "address": {"x": 1}, "items": [{"sku": "SWG-ENT", "from": "2024-06-18T00:00:00Z", "price": 3, "quota": {"perDay": 1000, "window": "UTC"}}]}`)).Document()
	if d.Err != nil || d.Tenant.Name != "one" || d.Tenant.Authorisations[0].Product.String() != "swg" || d.Tenant.Authorisations[0].Limits.Daily != 1000 {
		t.Errorf("Document() = %+v", d)
	}
	for name, raw := range map[string]string{
		"ContractsName":  `{"tenantId": "1", "title": "one", "tenantCode": "c1", "items": []}`,
		"UnknownProduct": `{"id": "1", "title": "one", "tenantCode": "c1", "items": [{"sku": "swg", "from": "2024-06-18T00:00:00Z"}]}`,
	} {
		if d := m.Entry([]byte(raw)).Document(); d.Err == nil {
			t.Errorf("%s: Document() = %+v, want an error", name, d)
		}
	}
	if id, err := m.ReadNotice([]byte(`{"id": "1"}`)); err != nil || id.String() != "1" {
		t.Errorf("ReadNotice() = %q, %v", id, err)
	}
	for name, text := range map[string]string{
		"Field":  "tenant: {tenantID: id}",
		"Part":   "tenants: {tenantId: id}",
		"NoID":   "paths: {tenant: /customers}",
		"Anchor": "tenant: &a {tenantId: id}",
		"Name":   "products: {X: ../swg}",
	} {
		if m, err := ParseMapping([]byte(text)); err == nil || fault.HintOf(err) == "" {
			t.Errorf("%s: ParseMapping() = %+v, %v, want an error with a hint", name, m, err)
		}
	}
}

func client(t *testing.T, h http.HandlerFunc, o Options) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	o.URL = s.URL + "/api"
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var one = ident.Must[ident.TenantKind]("1")

// The token is read for each request, and goes nowhere else: a redirect is not
// followed.
func TestToken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	var heard []string
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer elsewhere.Close()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		heard = append(heard, r.URL.Path+" "+r.Header.Get("Authorization"))
		if len(heard) == 3 {
			http.Redirect(w, r, elsewhere.URL, http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, good)
	}, Options{TokenFile: file})
	for i, token := range []string{"a", "b", "c"} {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Tenant(t.Context(), one); (err != nil) != (i == 2) {
			t.Errorf("Tenant() number %d: %v", i, err)
		}
	}
	want := []string{"/api/v1/tenants/1 Bearer a", "/api/v1/tenants/1 Bearer b", "/api/v1/tenants/1 Bearer c"}
	if strings.Join(heard, "|") != strings.Join(want, "|") || asked.Load() > 0 {
		t.Errorf("SPS heard %q, want %q; elsewhere was asked %d times", heard, want, asked.Load())
	}
}

func TestTenantAnswers(t *testing.T) {
	answer := func(code int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	const kind = "application/json"
	for name, tc := range map[string]struct {
		h      http.HandlerFunc
		gone   bool
		class  fault.Class
		reason string
	}{
		"NotFound":   {answer(404, kind, ""), true, fault.Unknown, "there is none"},
		"Gone":       {answer(410, kind, ""), true, fault.Unknown, "there is none any more"},
		"Forbidden":  {answer(403, kind, ""), false, fault.Person, "the token is wrong"},
		"Down":       {answer(503, kind, ""), false, fault.Retry, "it comes back"},
		"TooMany":    {answer(429, kind, ""), false, fault.Retry, "it comes back"},
		"NoContent":  {answer(204, kind, ""), false, fault.Person, "nothing is no tenant"},
		"LoginPage":  {answer(200, "text/html", good), false, fault.Person, "a page for people"},
		"TooLarge":   {answer(200, kind, strings.Repeat(" ", MaxTenant+1)), false, fault.Person, "more than any tenant"},
		"SameAsGone": {answer(304, kind, ""), false, fault.Person, "nobody asked whether it changed"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := client(t, tc.h, Options{}).Tenant(t.Context(), one)
			if err == nil || errors.Is(err, ErrGone) != tc.gone || fault.ClassOf(err) != tc.class {
				t.Errorf("Tenant() = %+v, %v of class %s, want gone = %v, class %s: %s", d, err, fault.ClassOf(err), tc.gone, tc.class, tc.reason)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"JSON":  {`{"tenants": [` + good + `]}`, 1},
		"YAML":  {"tenants:\n- {tenantId: \"1\", tenantName: one, tenantCode: c1, authorisations: []}\n- {tenantId: \"2\"}\n", 2},
		"Page":  {`{"snapshot": "a", "total": 9, "next": "b", "tenants": [` + good + `]}`, 1},
		"None":  {`{"tenants": []}`, 0},
		"Twice": {`{"tenants": [` + good + "," + good + `]}`, 0},
		"Other": {`{"tenant": []}`, 0},
		"Alias": {"tenants: [&a {tenantId: \"1\"}, *a]\n", 0},
	} {
		if got, err := (Mapping{}).ReadFile([]byte(tc.text)); len(got) != tc.want || (err != nil) != (tc.want == 0) {
			t.Errorf("%s: ReadFile() = %d entries, %v, want %d", name, len(got), err, tc.want)
		}
	}
}

// Whatever comes, a document is either whole or an error, and the same bytes
// give the same digest.
func FuzzDocument(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"tenantId": "1", "authorisations": null}`))
	f.Add([]byte(`{"a":[[[[{"\"":1}]]]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, again := Mapping{}.Entry(raw).Document(), Mapping{}.Entry(raw).Document()
		if d.Digest != again.Digest || d.Err == nil && (d.ID.IsZero() || d.Tenant.ID != d.ID || len(d.Digest) != hex.EncodedLen(sha256.Size)/2) {
			t.Errorf("Document() = %+v and %+v", d, again)
		}
	})
}
