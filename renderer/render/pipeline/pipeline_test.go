package pipeline_test

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

var local = ident.Must[ident.EnvironmentKind]("local")

// repository returns what people wrote: the published catalog and the
// example environment.
func repository(t testing.TB) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
		err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(from, path)
			files[dir+"/"+path] = &fstest.MapFile{Data: data}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// etcd is a Source of records.
type etcd []authz.Record

func (e etcd) Snapshot(_ context.Context, prefix string) (authz.Snapshot, error) {
	a := authz.NewAssembler(prefix)
	for _, r := range e {
		a.Add(r)
	}
	return a.Snapshot(42), nil
}

func real() etcd {
	return etcd{
		{Key: "/tenant/info/1000006", Value: []byte(`{"tenantId":"1000006","tenantName":"zhangyong","tenantCode":"c5cb27eb"}`)},
		{Key: "/tenant/info/1000006/rs/swg", Value: []byte(`{"product":"swg","version":"202","replicas":13,"storage":"80Gi","startTime":"2024-06-18T00:00:00Z","endTime":"2028-12-31T00:00:00Z","description":"ca-init 容器修改"}`)},
		{Key: "/tenant/info/1000009", Value: []byte(`{"tenantId":"1000009","tenantName":"yuhongyan","tenantCode":"b078e46e"}`)},
		{Key: "/tenant/info/1000009/rs/swg", Value: []byte(`{"product":"swg","version":"200","replicas":2,"storage":"80Gi","startTime":"2024-09-01T00:00:00Z","endTime":"2028-09-03T00:00:00Z","description":"spe更新到3.10.0_133"}`)},
	}
}

var now = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// sink keeps what it is given.
type sink chan func(map[string][]byte)

func (sink) Guard(tree.Guard) {}
func (s sink) Reset(string)   {}
func (s sink) Put(path string, d *tree.Dir) error {
	s <- func(m map[string][]byte) {
		for sub, data := range d.Files() {
			m[path+"/"+sub] = data
		}
	}
	return nil
}
func (s sink) PutFile(path string, data []byte) error {
	s <- func(m map[string][]byte) { m[path] = data }
	return nil
}

// shared builds the bases of the published catalog once.
var shared = sync.OnceValue(pipeline.New)

func render(t testing.TB, files fs.FS, o pipeline.Options) (map[string][]byte, pipeline.Summary, error) {
	t.Helper()
	s, out := make(sink, 1<<16), map[string][]byte{}
	summary, err := shared().Render(context.Background(), files, local, s, o)
	close(s)
	for put := range s {
		put(out)
	}
	return out, summary, err
}

func TestRenderPublishedCatalog(t *testing.T) {
	got, summary, err := render(t, repository(t), pipeline.Options{Source: real(), Now: now})
	if err != nil || len(summary.Skipped()) > 0 {
		t.Fatalf("Render() = %v, left out %v, want neither", err, summary.Skipped())
	}
	if summary.Tenants != 2 || summary.Revision != 42 {
		t.Errorf("Render() = %d tenants at revision %d, want 2 at 42", summary.Tenants, summary.Revision)
	}
	engine := overlay.New(overlay.Options{})
	dir, err := tree.FromFiles(got)
	if err != nil {
		t.Fatal(err)
	}
	overlays := 0
	for _, path := range slices.Sorted(maps.Keys(got)) {
		root, ok := strings.CutSuffix(path, "/parameters.yaml")
		if !ok {
			continue
		}
		overlays++
		built, err := engine.Build(context.Background(), dir, root)
		if err != nil {
			t.Errorf("building %s: %v", root, err)
		}
		if strings.Contains(string(built), "local-config") || len(built) < 500 {
			t.Errorf("%s builds to %d bytes that look wrong", root, len(built))
		}
	}
	if overlays < 6 {
		t.Errorf("%d overlays, want those of two tenants and their shared components", overlays)
	}
}

func TestGuards(t *testing.T) {
	before, _, err := render(t, repository(t), pipeline.Options{Source: real(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	rendered := repository(t)
	for path, data := range before {
		rendered[path] = &fstest.MapFile{Data: data}
	}
	for name, tc := range map[string]struct {
		reason string
		o      pipeline.Options
		want   string
	}{
		"EmptyPrefix":  {"an empty answer removes nobody", pipeline.Options{Source: etcd{}, Now: now}, "no record below prefix"},
		"EmptyAllowed": {"unless it is meant", pipeline.Options{Source: etcd{}, Now: now, AllowRemovals: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := render(t, rendered, tc.o)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("Render() = %v, want %q: %s", err, tc.want, tc.reason)
			}
			if tc.want != "" && (len(got) > 0 || !strings.Contains(fault.HintOf(err), "--allow-removals")) {
				t.Errorf("Render() wrote %d files, hint %q, want nothing written and the way out", len(got), fault.HintOf(err))
			}
		})
	}
}

// A render from the facts in Git gives what stands in Git.
func TestFactsInGitAreEnough(t *testing.T) {
	want, _, err := render(t, repository(t), pipeline.Options{Source: real(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	rendered := repository(t)
	for path, data := range want {
		rendered[path] = &fstest.MapFile{Data: data}
	}
	got, _, err := render(t, rendered, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range want {
		if string(got[path]) != string(data) {
			t.Errorf("%s differs when it is rendered from the facts in Git:\n%s\nwant\n%s", path, got[path], data)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
}

// One bad record or version is left out with its reason; the others are as if
// it were not there, and the tenant keeps what it had.
func TestFaultsCostNobodyElse(t *testing.T) {
	want, _, err := render(t, repository(t), pipeline.Options{Source: real(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	rendered := repository(t)
	for path, data := range want {
		rendered[path] = &fstest.MapFile{Data: data}
	}
	bad := func(i int, value string) etcd {
		e := real()
		e[i].Value = []byte(value)
		return e
	}
	for name, e := range map[string]etcd{
		"Truncated":       bad(1, `{"product":"swg"`),
		"BadParameter":    bad(1, strings.Replace(string(real()[1].Value), `"replicas"`, `"parameters":{"x":1},"replicas"`, 1)),
		"TenantTruncated": bad(0, `{`),
	} {
		t.Run(name, func(t *testing.T) {
			got, summary, err := render(t, rendered, pipeline.Options{Source: e, Now: now})
			if err != nil || len(summary.Skipped()) != 1 {
				t.Fatalf("Render() = %v, left out %v, want one record left out", err, summary.Skipped())
			}
			if !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("a bad record changed what is rendered")
			}
		})
	}
}
