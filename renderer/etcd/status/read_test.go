package status

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

var (
	_ Scanner = (*etcd.Store)(nil)
	_ Scanner = memory{}
)

// memory is a Scanner over a map, which it reads twice, as etcd does after a
// compaction.
type memory map[string]string

func (m memory) Scan(_ context.Context, prefix string, begin func(), visit func(string, []byte, int64)) (int64, error) {
	for range 2 {
		begin()
		for key, value := range m {
			if strings.HasPrefix(key, prefix+"/") {
				visit(key, []byte(value), 1)
			}
		}
	}
	return 1, nil
}

const good = `{"environment":"local","acceptedVersion":"202","ring":"main","commit":"%s","state":"active"}`

func TestDecode(t *testing.T) {
	commit := strings.Repeat("0a", 20)
	for name, tc := range map[string]struct {
		reason string
		value  string
		shows  string // in the error; none when empty
	}{
		"Good":         {"as it is written", fmt.Sprintf(good, commit), ""},
		"SHA256":       {"Git's other names", fmt.Sprintf(good, strings.Repeat("0a", 32)), ""},
		"Later":        {"a later version may say more", `{"environment":"local","state":"active","since":7}`, ""},
		"Empty":        {"no JSON", "", "no record in JSON"},
		"Null":         {"nothing in it", "null", "environment"},
		"Array":        {"no object", `["local"]`, "no record in JSON"},
		"WrongType":    {"a number", `{"environment":7}`, "no record in JSON"},
		"Huge":         {"memory", `{"error":"` + strings.Repeat("x", maxRecord) + `"}`, "at most"},
		"NotUTF8":      {"no text", "{\"environment\":\"local\xff\"}", "UTF-8"},
		"Environment":  {"a path", `{"environment":"../x","state":"active"}`, `"../x"`},
		"Version":      {"a line break", `{"environment":"local","state":"active","acceptedVersion":"2\n02"}`, `U+000A`},
		"Ring":         {"an escape sequence", `{"environment":"local","state":"active","ring":"\u001b[31m"}`, "U+001B"},
		"State":        {"a column's border", `{"environment":"local","state":"active   main"}`, "is unknown"},
		"Commit":       {"a command", `{"environment":"local","state":"active","commit":"$(reboot)"}`, "is none"},
		"CommitLength": {"39 digits", `{"environment":"local","state":"active","commit":"` + commit[1:] + `"}`, "is none"},
	} {
		got, err := Decode([]byte(tc.value))
		if tc.shows == "" {
			if err != nil || got.Environment != "local" {
				t.Errorf("%s: Decode = %+v, %v, want a record: %s", name, got, err, tc.reason)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.shows) || got != (Record{}) {
			t.Errorf("%s: Decode = %+v, %v, want an error that shows %s: %s", name, got, err, tc.shows, tc.reason)
		}
	}
}

// What the writer writes is what the reader reads, whatever the error says.
func FuzzRecordRoundTrip(f *testing.F) {
	f.Add("record is bad; write it again", "202")
	f.Add(strings.Repeat("<", 9000), "")
	f.Add("\x1b[31m\u202e\xff", "1.2.3")
	f.Fuzz(func(t *testing.T, text, version string) {
		if _, err := ident.Parse[ident.VersionKind](version); version != "" && err != nil {
			return
		}
		want := Record{Environment: "local", AcceptedVersion: version, Ring: "main", State: "active", Error: Explain(fault.New(fault.Person, "", "%s", text))}
		if got, err := Decode([]byte(want.encode())); err != nil || got != want {
			t.Errorf("Decode(encode(%+v)) = %+v, %v", want, got, err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(fmt.Sprintf(good, "")))
	f.Add([]byte(`{"environment":"local","state":"pending","error":"\u0000"}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		r, err := Decode(value)
		if err != nil {
			return
		}
		for _, text := range []string{r.Environment, r.AcceptedVersion, r.Ring, r.Commit, r.State} {
			if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
				t.Errorf("Decode(%q) = %+v, want words only", value, r)
			}
		}
		if len(r.Error) > maxError+3 {
			t.Errorf("Decode(%q) has an error of %d bytes", value, len(r.Error))
		}
	})
}

func TestStatuses(t *testing.T) {
	all := memory{
		"/tenant/status/1000006/swg":   fmt.Sprintf(good, ""),
		"/tenant/status/1000006/dsa":   "{",
		"/tenant/status/1000009/swg":   fmt.Sprintf(good, ""),
		"/tenant/status/10000061/swg":  fmt.Sprintf(good, ""),
		"/tenant/status/../../etc":     fmt.Sprintf(good, ""),
		"/tenant/status/1000006":       fmt.Sprintf(good, ""),
		"/tenant/status/1000006/swg/x": fmt.Sprintf(good, ""),
		"/tenant/info/1000006/rs/swg":  fmt.Sprintf(good, ""),
	}
	got, err := Reader{all, DefaultPrefix}.Statuses(t.Context(), one)
	if err != nil || len(got) != 2 || got[authz.Key{Tenant: one, Product: swg}].AcceptedVersion != "202" {
		t.Fatalf("Statuses(1000006) = %v, %v, want those of its two products", got, err)
	}
	if bad := got[authz.Key{Tenant: one, Product: dsa}]; bad.State != "" || !strings.Contains(bad.Error, "reading the status record") {
		t.Errorf("unreadable record = %+v, want an error that says so", bad)
	}
	if got, err = (Reader{all, DefaultPrefix}).Statuses(t.Context()); err != nil || len(got) != 4 {
		t.Errorf("Statuses() = %v, %v, want four", got, err)
	}
}

// forbidden answers as etcd does without the right to read.
type forbidden struct{}

func (forbidden) Scan(context.Context, string, func(), func(string, []byte, int64)) (int64, error) {
	return 0, fmt.Errorf("reading: %w", rpctypes.ErrPermissionDenied)
}

func TestForbiddenStatusIsSkipped(t *testing.T) {
	_, err := Reader{forbidden{}, DefaultPrefix}.Statuses(t.Context())
	if fault.ClassOf(err) != fault.Skipped || !strings.Contains(fault.HintOf(err), "/tenant/status/") {
		t.Errorf("Statuses = %v (%v, hint %q), want what lets the rest stand and names the right", err, fault.ClassOf(err), fault.HintOf(err))
	}
}

func TestPrefix(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, asked, records, want string // no want: refused
	}{
		"Default":   {"the old system's place", "", "/tenant/info", DefaultPrefix},
		"Nested":    {"two environments on one etcd keep apart", "", "/pop/tenant/info", "/pop/tenant/status"},
		"Other":     {"any prefix has a sibling of its own", "", "/elsewhere", "/elsewhere-status"},
		"Asked":     {"as asked for", "/told/", "/tenant/info", "/told"},
		"Same":      {"would be read as authorisations", "/tenant/info", "/tenant/info", ""},
		"Below":     {"would be read as authorisations", "/tenant/info/status", "/tenant/info", ""},
		"Above":     {"would read authorisations as status", "/tenant", "/tenant/info", ""},
		"AboveRoot": {"no prefix", "/", "/tenant/info", ""},
		"Relative":  {"no prefix", "told", "/tenant/info", ""},
		"Similar":   {"no part of it", "/tenant/information", "/tenant/info", "/tenant/information"},
	} {
		got, err := Prefix(tc.asked, tc.records)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%s: Prefix(%q, %q) = %q, %v, want %q: %s", name, tc.asked, tc.records, got, err, tc.want, tc.reason)
		}
		if err != nil && fault.HintOf(err) == "" {
			t.Errorf("%s: error %v has no hint", name, err)
		}
	}
}
