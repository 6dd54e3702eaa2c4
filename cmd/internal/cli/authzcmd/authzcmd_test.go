package authzcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/etcd"
	"github.com/gatorcloud/sluice/renderer/etcd/embedded"
	"github.com/gatorcloud/sluice/renderer/etcd/status"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// bench is a real etcd with the commands on it.
type bench struct {
	t     *testing.T
	store *etcd.Store
	wrap  func(Store) Store // may meddle with what the command sees
}

func newBench(t *testing.T) *bench {
	t.Helper()
	server, err := embedded.Start(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	store, err := etcd.Dial(t.Context(), etcd.Config{Endpoints: server.Endpoints()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &bench{t: t, store: store, wrap: func(s Store) Store { return s }}
}

func (b *bench) records() *etcd.Records { return b.store.Records(authz.DefaultPrefix) }

// recordsWithStatus is what the commands are given.
type recordsWithStatus struct {
	*etcd.Records
	status.Reader
}

// raw writes past all checks, as another system would.
func (b *bench) raw(key, value string) {
	b.t.Helper()
	if _, err := b.store.Client().Put(b.t.Context(), key, value); err != nil {
		b.t.Fatal(err)
	}
}

// result is what a command left.
type result struct {
	stdout string
	err    error
	opened bool
}

func (b *bench) run(args ...string) result {
	b.t.Helper()
	var r result
	var stdout bytes.Buffer
	cmd := New(Deps{
		Open: func(context.Context) (Store, func() error, error) {
			r.opened = true
			return b.wrap(recordsWithStatus{b.records(), status.Reader{Scanner: b.store, Place: status.DefaultPrefix}}), func() error { return nil }, nil
		},
		Flags: func(*pflag.FlagSet) {},
		Now:   func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		Life:  authz.Life{SuspendFor: 14 * 24 * time.Hour, GraceFor: 30 * 24 * time.Hour},
	})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs(args)
	cmd.SetOut(&stdout)
	cmd.SetErr(&bytes.Buffer{})
	r.err = cmd.ExecuteContext(b.t.Context())
	r.stdout = stdout.String()
	return r
}

// must runs a command that has to succeed and returns its output.
func (b *bench) must(args ...string) string {
	b.t.Helper()
	r := b.run(args...)
	if r.err != nil {
		b.t.Fatalf("%q: %v", args, r.err)
	}
	return r.stdout
}

// checkRefusal checks that a command failed for a person to mend, showed what
// was wrong, and printed nothing.
func checkRefusal(t *testing.T, r result, shows string) {
	t.Helper()
	if r.err == nil || !strings.Contains(r.err.Error(), shows) {
		t.Fatalf("error %v, want one that shows %q", r.err, shows)
	}
	if exit.Code(r.err) != exit.Failed || fault.HintOf(r.err) == "" {
		t.Errorf("error %q has exit code %d and hint %q, want %d and a hint", r.err, exit.Code(r.err), fault.HintOf(r.err), exit.Failed)
	}
	if r.stdout != "" {
		t.Errorf("a refused command printed %q", r.stdout)
	}
}

// Ids that no shell passes to a command easily, and those it does.
func TestTargetsAreRefusedBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, target := range map[string]string{
		"DotDot": "../../etc", "Encoded": "%2e%2e%2f", "Git": ".git", "GitUpper": ".GIT", "GitShort": "git~1", "Empty": "",
		"SixtyFour": strings.Repeat("a", 64), "Upper": "Tenant-A", "Cyrillic": "ten\u0430nt-a", "RightToLeft": "1000006\u202e",
		"Dash": "1000006-", "Newline": "1000006\n", "NUL": "1000006\x00", "EmptyProduct": "1000006/", "ThreeParts": "a/b/c",
		"ProductPath": "1000006/..", "ProductUpper": "1000006/SWG",
	} {
		for _, command := range []string{"put", "get", "delete"} {
			t.Run(name+"/"+command, func(t *testing.T) {
				r := b.run(command, "--", target)
				checkRefusal(t, r, "")
				if r.opened {
					t.Error("etcd was opened for a target that the gate refuses")
				}
			})
		}
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	for name, tc := range map[string]struct {
		reason string
		args   []string
		shows  string
	}{
		"NewWithoutCode":    {"a tenant has both", []string{"1000009", "--name", "a"}, "code is missing"},
		"OtherKind":         {"replicas belong to an authorisation", []string{"1000006", "--replicas", "3"}, "--replicas"},
		"OtherKindTenant":   {"a name belongs to a tenant", []string{"1000006/swg", "--name", "a"}, "--name"},
		"NoTenant":          {"an authorisation is a tenant's", []string{"1000009/swg"}, `tenant "1000009" does not exist`},
		"ReplicasNegative":  {"fewer than none", []string{"1000006/swg", "--replicas", "-1"}, "-1 is out of range"},
		"ReplicasMany":      {"10^12", []string{"1000006/swg", "--replicas", "1000000000000"}, "1000000000000 is out of range"},
		"Storage":           {"no quantity", []string{"1000006/swg", "--storage", "80GB"}, `"80GB"`},
		"Version":           {"a path", []string{"1000006/swg", "--version", "../200"}, `"../200"`},
		"Start":             {"no time", []string{"1000006/swg", "--start", "tomorrow"}, `"tomorrow"`},
		"End":               {"no time", []string{"1000006/swg", "--end", "2028-13-31"}, `"2028-13-31"`},
		"Reversed":          {"end before start", []string{"1000006/swg", "--start", "2028-12-31", "--end", "2024-06-18"}, "is before"},
		"ReversedByZone":    {"end before start, seen in UTC only", []string{"1000006/swg", "--start", "2024-06-18", "--end", "2024-06-18T01:00:00+08:00"}, "is before"},
		"EndBeyond":         {"the year 10000 in UTC", []string{"1000006/swg", "--end", "9999-12-31T23:59:59-12:00"}, "year 10000 is out of range"},
		"StartEarly":        {"before there were records", []string{"1000006/swg", "--start", "1999-12-31"}, "year 1999 is out of range"},
		"Instant":           {"it would never be active", []string{"1000006/swg", "--start", "2028-12-31", "--end", "2028-12-31T08:00:00+08:00"}, "would end at 2028-12-31, the moment it starts"},
		"InstantToday":      {"a start that nobody gave", []string{"1000006/swg", "--end", "2026-11-22"}, "the moment it starts"},
		"Description":       {"two lines", []string{"1000006/swg", "--description", "a\nb"}, "U+000A"},
		"Label":             {"neither set nor removed", []string{"1000006", "--label", "tier"}, `"tier"`},
		"LabelValue":        {"no label value", []string{"1000006", "--label", "tier=a b"}, `"a b"`},
		"Param":             {"neither set nor removed", []string{"1000006/swg", "--param", "mode"}, `"mode"`},
		"ParamName":         {"no property name", []string{"1000006/swg", "--param", "a-b=1"}, `"a-b"`},
		"ParamLarge":        {"beyond exact floats", []string{"1000006/swg", "--param", "a=9007199254740993"}, "9007199254740993"},
		"Name":              {"a direction mark", []string{"1000006", "--name", "a\u202eb"}, "U+202E"},
		"ClearedCode":       {"a tenant has one", []string{"1000006", "--code", ""}, "tenantCode"},
		"InvalidUTF8":       {"no text", []string{"1000006", "--name", "a\xff"}, "UTF-8"},
		"ParamControl":      {"a control character", []string{"1000006/swg", "--param", "a=b\x1b[0m"}, "U+001B"},
		"LabelsOfProduct":   {"a label belongs to a tenant", []string{"1000006/swg", "--label", "a=b"}, "--label"},
		"ParamsOfTenant":    {"a parameter belongs to an authorisation", []string{"1000006", "--param", "a=b"}, "--param"},
		"DescriptionTenant": {"a description belongs to an authorisation", []string{"1000006", "--description", "a"}, "--description"},
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, b.run(append([]string{"put"}, tc.args...)...), tc.shows)
		})
	}
	if got, err := b.store.Snapshot(t.Context(), authz.DefaultPrefix); err != nil || got.Keys != 1 {
		t.Errorf("%d keys after refused puts (%v), want 1", got.Keys, err)
	}
}

// A permission to shrink is for the change that asks for it, and for none that follows.
func TestPutShrinks(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	for _, tc := range []struct {
		reason string
		args   []string
		want   string
	}{
		{"no permission", []string{"--storage", "80Gi"}, ""},
		{"the size", []string{"--storage", "40Gi", "--shrink-from", "80Gi"}, "80Gi"},
		{"something else leaves it", []string{"--replicas", "3"}, "80Gi"},
		{"a parameter that sizes", []string{"--param", "cache=10Gi", "--shrink-from", "20Gi"}, "20Gi"},
		{"the next size", []string{"--storage", "50Gi"}, ""},
	} {
		b.must(append([]string{"put", "1000006/swg"}, tc.args...)...)
		got, err := b.store.Snapshot(t.Context(), authz.DefaultPrefix)
		if err != nil || len(got.Tenants) != 1 || got.Tenants[0].Authorisations[0].ShrinkFrom != tc.want {
			t.Errorf("put %q = %+v, %v, want shrinkFrom %q: %s", tc.args, got.Tenants, err, tc.want, tc.reason)
		}
	}
	if err := b.run("put", "1000006/swg", "--shrink-from", "80Gi").err; err == nil || !strings.Contains(fault.HintOf(err), "--storage") {
		t.Errorf("put --shrink-from alone = %v, want a refusal", err)
	}
}

// Put changes what it is told and nothing else.
func TestPutMerges(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb", "--label", "tier=gold", "--label", "zone=")
	b.must("put", "1000006/swg", "--version", "202", "--replicas", "13", "--storage", "80Gi", "--end", "2028-12-31",
		"--description", "ca-init 容器修改", "--param", "a=1", "--param", "b=on", "--param", `c="1"`, "--param", "d=0.5", "--param", "e=true", "--param", "f=null", "--param", "g=")
	b.must("put", "1000006", "--label", "tier-")
	if got := b.must("put", "1000006/swg", "--replicas", "20", "--version", "", "--end", "", "--param", "a-"); got != "1000006/swg changed\n" {
		t.Errorf("put = %q", got)
	}
	if got := b.must("put", "1000006/swg", "--replicas", "20"); got != "1000006/swg unchanged\n" {
		t.Errorf("put of the same = %q", got)
	}
	if got := b.must("put", "1000006/swg", "--replicas", "1", "--dry-run"); got != "1000006/swg changed (dry run)\n" {
		t.Errorf("put --dry-run = %q", got)
	}
	got, err := b.store.Snapshot(t.Context(), authz.DefaultPrefix)
	if err != nil {
		t.Fatal(err)
	}
	want := []authz.Tenant{{
		ID: ident.Must[ident.TenantKind]("1000006"), Name: "zhangyong", Code: "c5cb27eb", Labels: map[string]string{"zone": ""},
		Authorisations: []authz.Authorisation{{
			Product: ident.Must[ident.ProductKind]("swg"), Replicas: 20, Storage: "80Gi", Description: "ca-init 容器修改",
			StartTime:  time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
			Parameters: map[string]any{"b": "on", "c": "1", "d": 0.5, "e": true, "f": "null", "g": ""},
		}},
	}}
	compare := cmp.Options{
		cmp.Comparer(func(a, b ident.Tenant) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Product) bool { return a == b }),
		cmp.Comparer(func(a, b ident.Version) bool { return a == b }),
	}
	if diff := cmp.Diff(want, got.Tenants, compare); diff != "" {
		t.Errorf("Tenants (-want +got):\n%s", diff)
	}
}

// meddler changes a record between the command's reading and its writing.
type meddler struct {
	Store
	meddle func()
}

func (m meddler) List(ctx context.Context, ids ...ident.Tenant) (authz.Listing, error) {
	defer m.meddle()
	return m.Store.List(ctx, ids...)
}

func TestPutLosesNobodysChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	b.must("put", "1000006/swg", "--replicas", "1")
	other := func() {
		b.raw("/tenant/info/1000006/rs/swg", `{"product":"swg","replicas":7,"startTime":"2024-06-18T00:00:00Z"}`)
	}
	b.wrap = func(s Store) Store { return meddler{s, other} }
	r := b.run("put", "1000006/swg", "--storage", "80Gi")
	if exit.Code(r.err) != exit.Later || !strings.Contains(r.err.Error(), `"1000006/swg"`) {
		t.Errorf("put = %v with exit code %d, want %d", r.err, exit.Code(r.err), exit.Later)
	}
	b.wrap = func(s Store) Store { return s }
	if got := b.must("get", "1000006/swg", "-o", "json"); !strings.Contains(got, `"replicas": 7`) || strings.Contains(got, "80Gi") {
		t.Errorf("the other change was lost: %s", got)
	}
}

// A record that cannot be read is left as it is, unless it is meant.
func TestPutMendsBadRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.raw("/tenant/info/1000006", "null")
	checkRefusal(t, b.run("put", "1000006/swg"), "is left as it is")
	checkRefusal(t, b.run("put", "1000006", "--name", "a", "--code", "b"), "is left as it is")
	checkRefusal(t, b.run("put", "1000006", "--name", "a", "--replace"), "code is missing")
	if got := b.must("put", "1000006", "--name", "a", "--code", "b", "--replace"); got != "1000006 changed\n" {
		t.Errorf("put = %q", got)
	}
	b.raw("/tenant/info/1000006/rs/swg", "{")
	checkRefusal(t, b.run("put", "1000006/swg", "--replicas", "2"), "is left as it is")
	if got := b.must("put", "1000006/swg", "--replicas", "2", "--replace"); got != "1000006/swg changed\n" {
		t.Errorf("put = %q", got)
	}
}

// Bad records are named, all others are listed, and the exit code says so.
func TestListNamesBadRecords(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	b.must("put", "1000006/swg")
	b.raw("/tenant/info/../../etc", "{}")
	b.raw("/tenant/info/Tenant-A", "{}")
	b.raw("/tenant/info/1000009", "")
	b.raw("/tenant/info/1000006/rs/dsa", `{"product":"dsa","replicas":"13","startTime":"2024-06-18T00:00:00Z"}`)
	b.raw("/tenant/info/1000006\u202e", "{}")
	r := b.run("list", "-o", "name")
	if r.stdout != "1000006/swg\n" || exit.Code(r.err) != exit.Skipped {
		t.Errorf("list = %q, exit code %d (%v), want the good record and %d", r.stdout, exit.Code(r.err), r.err, exit.Skipped)
	}
	var stderr strings.Builder
	exit.Print(&stderr, r.err)
	for _, want := range []string{`"/tenant/info/../../etc"`, `"/tenant/info/Tenant-A"`, `"/tenant/info/1000009": record is empty`, `replicas "13": is a string`, `\u202e`} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("stderr does not show %s:\n%s", want, stderr.String())
		}
	}
	if n := strings.Count(stderr.String(), "sluice: hint: "); n != 5 {
		t.Errorf("stderr has %d hints, want 5:\n%s", n, stderr.String())
	}
	for format, wants := range map[string][]string{
		"table": {`unreadable: record is empty`, "\ndsa-1000006 ", "\n1000009 ", `unreadable: replicas "13": is a string`,
			`"/tenant/info/Tenant-A"`, `"/tenant/info/../../etc"`},
		"json": {`"unreadable": [`, `"reason": "record is empty"`, `"key": "/tenant/info/../../etc"`},
	} {
		got := b.run("list", "-o", format).stdout
		for _, want := range wants {
			if !strings.Contains(got, want) {
				t.Errorf("list -o %s does not show %s:\n%s", format, want, got)
			}
		}
	}
	if r := b.run("list", "--tenant", "1000006", "--product", "swg"); r.err != nil {
		t.Errorf("list of a good record = %v, want no talk of others", r.err)
	}
	if r := b.run("get", "1000009"); exit.Code(r.err) != exit.Skipped {
		t.Errorf("get of a bad record = %v, want exit code %d", r.err, exit.Skipped)
	}
}

// Every key that names nothing can be deleted with what the hint says, and
// nothing else can be deleted so.
func TestDeleteKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	b.must("put", "1000006/swg")
	b.raw("/tenant/status/1000006/SWG", "{}")
	odd := []string{"/tenant/info/1000006/rs/SWG", "/tenant/info/a b", "/tenant/info/1000006\u202e", "/tenant/info/it's", `/tenant/info/"q"`, "/tenant/info/\x00\xff", "/tenant/info/"}
	for _, key := range odd {
		b.raw(key, "{}")
	}
	hints := map[string]bool{}
	for line := range strings.SplitSeq(stderrOf(b.run("list")), "\n") {
		if _, command, found := strings.Cut(line, "delete it: sluice authz "); found {
			hints[command] = true
		}
	}
	if len(hints) != len(odd) {
		t.Errorf("list has %d hints, want one for each of %d keys: %v", len(hints), len(odd), hints)
	}
	for command := range hints {
		key := strings.Trim(strings.TrimPrefix(command, "delete --yes --key "), "'")
		checkRefusal(t, b.run("delete", "--key", key), "it was not confirmed")
		if got := b.must("delete", "--key", key, "--dry-run"); !strings.HasSuffix(got, " deleted (dry run)\n") {
			t.Errorf("delete --key %s --dry-run = %q", key, got)
		}
		b.must("delete", "--key", key, "--yes")
		checkRefusal(t, b.run("delete", "--key", key, "--yes"), "there is no key")
	}
	for name, key := range map[string]string{
		"Record": "/tenant/info/1000006/rs/swg", "Tenant": "/tenant/info/1000006", "Outside": "/tenant/status/1000006/SWG", "Prefix": "/tenant/info", "Empty": "",
	} {
		t.Run(name, func(t *testing.T) {
			checkRefusal(t, b.run("delete", "--key", key, "--yes"), "deleting key")
			checkRefusal(t, b.run("delete", "--key", key, "--dry-run"), "deleting key")
		})
	}
	if got, err := b.store.Snapshot(t.Context(), authz.DefaultPrefix); err != nil || got.Keys != 2 {
		t.Errorf("%d keys are left (%v), want the 2 records", got.Keys, err)
	}
}

func stderrOf(r result) string {
	var stderr strings.Builder
	exit.Print(&stderr, r.err)
	return stderr.String()
}

// A tenant that is asked for by name and is nowhere is said to be.
func TestListNamesTenantsThatAreNowhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.must("put", "1000006", "--name", "zhangyong", "--code", "c5cb27eb")
	for _, args := range [][]string{{"list", "--tenant", "1000006,100000"}, {"get", "100000"}, {"get", "100000/swg"}} {
		r := b.run(args...)
		checkRefusal(t, r, `tenant "100000" does not exist`)
		if got := fault.HintOf(r.err); got != `did you mean "1000006"?` {
			t.Errorf("%q has the hint %q", args, got)
		}
	}
	checkRefusal(t, b.run("get", "swg-1000006"), "does not exist")
	b.raw("/tenant/info/1000009", "{")
	if r := b.run("list", "--tenant", "1000009"); exit.Code(r.err) != exit.Skipped {
		t.Errorf("list of a tenant that cannot be read = %v, want exit code %d", r.err, exit.Skipped)
	}
}

// A product that nobody has is told on stderr when its name seems misspelt.
func TestListNamesProductsThatNobodyHas(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ product, want string }{
		"Misspelt": {"sgw", "nobody has \"sgw\"; did you mean \"swg\"?\n"}, "Other": {"dsa", ""}, "Held": {"swg", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			held := []authz.Tenant{{Authorisations: []authz.Authorisation{{Product: ident.Must[ident.ProductKind]("swg")}}}}
			err := filter{products: []ident.Product{ident.Must[ident.ProductKind](tc.product)}}.unheld(&b, held)
			if err != nil || b.String() != tc.want {
				t.Errorf("unheld() = %v, prints %q, want %q", err, b.String(), tc.want)
			}
		})
	}
}

func TestListBoundsItsTalk(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for i := range maxSkipped + 5 {
		b.raw(fmt.Sprintf("/tenant/info/BAD%d", i), "{}")
	}
	r := b.run("list")
	var stderr strings.Builder
	exit.Print(&stderr, r.err)
	if n := strings.Count(stderr.String(), "sluice: error: "); n != maxSkipped+1 || !strings.Contains(stderr.String(), "5 more records") {
		t.Errorf("list names %d errors, want %d and a count of the rest:\n%s", n, maxSkipped, stderr.String())
	}
}

func TestImportIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := t.TempDir() + "/tenants.yaml"
	write(t, file, `tenants:
- {tenantId: "1000001", tenantName: a, tenantCode: b}
- {tenantId: "1000002", tenantName: a, tenantCode: B}
- {tenantId: "1000003", tenantName: a, tenantCode: b, authorisations: [{product: swg, replicas: -1, startTime: "2024-06-18T00:00:00Z"}]}
`)
	r := b.run("import", "-f", file)
	checkRefusal(t, r, `tenants[1] "1000002"`)
	if !strings.Contains(r.err.Error(), `tenants[2] "1000003"`) || r.opened {
		t.Errorf("import = %v, opened %v, want both faults and etcd left alone", r.err, r.opened)
	}
	checkRefusal(t, b.run("import", "-f", "/nowhere.yaml"), "/nowhere.yaml")
}

// An import is planned on what was there; a change in between is not overwritten.
func TestImportLosesNobodysChange(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	file := t.TempDir() + "/tenants.json"
	write(t, file, `{"tenants":[{"tenantId":"1000001","tenantName":"a","tenantCode":"b"}]}`)
	b.wrap = func(s Store) Store {
		return meddler{s, func() { b.raw("/tenant/info/1000001", `{"tenantId":"1000001","tenantName":"other","tenantCode":"b"}`) }}
	}
	if r := b.run("import", "-f", file); exit.Code(r.err) != exit.Later {
		t.Errorf("import = %v with exit code %d, want %d", r.err, exit.Code(r.err), exit.Later)
	}
}

func TestAge(t *testing.T) {
	t.Parallel()
	start := time.Date(2024, 6, 18, 0, 0, 0, 0, time.UTC)
	for want, d := range map[string]time.Duration{
		"": -time.Second, "0s": 0, "59s": 59 * time.Second, "1m": time.Minute, "59m": time.Hour - 1, "47h": 48*time.Hour - 1,
		"2d": 48 * time.Hour, "729d": 730*24*time.Hour - 1, "2y0d": 730 * 24 * time.Hour, "2y157d": 887 * 24 * time.Hour,
	} {
		if got := age(start, start.Add(d)); got != want {
			t.Errorf("age after %v = %q, want %q", d, got, want)
		}
	}
	if got := age(time.Time{}, start); got != "" {
		t.Errorf("age without start = %q, want none", got)
	}
}

func TestEmptyListsAreLists(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var got struct{ Tenants []any }
	if err := json.Unmarshal([]byte(b.must("list", "-o", "json")), &got); err != nil || got.Tenants == nil {
		t.Errorf("list -o json of nothing = %+v, %v, want an empty list", got, err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
