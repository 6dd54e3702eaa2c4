package impact_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/plugin"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/impact"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
	"github.com/gatorcloud/sluice/renderer/rollout"
)

var (
	local = ident.Must[ident.EnvironmentKind]("local")
	now   = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	// line builds the bases of the published catalog once.
	line = sync.OnceValue(pipeline.New)
)

const fleetYAML = `apiVersion: sluice.gatorcloud.io/v1
kind: Fleet
rings:
- name: canary
  sharePercent: 30
  soakSeconds: 30
  versions: {swg: "200", dsa: "31", ucwi: "112"}
- name: main
  versions: {swg: "200", dsa: "31", ucwi: "112"}
`

// etcd is a Source of records.
type etcd []authz.Record

func (e etcd) Snapshot(_ context.Context, prefix string) (authz.Snapshot, error) {
	a := authz.NewAssembler(prefix)
	for _, r := range e {
		a.Add(r)
	}
	return a.Snapshot(42), nil
}

// someTenants returns the records of n tenants that hold some products, one of
// five suspended.
func someTenants(r *rand.Rand, n int) etcd {
	var e etcd
	for i := range n {
		id := fmt.Sprint(1000000 + i*7)
		e = append(e, authz.Record{Key: "/tenant/info/" + id, Value: fmt.Appendf(nil, `{"tenantId":%q,"tenantName":"name of %d","tenantCode":"code%04d"}`, id, i, i)})
		for _, p := range []string{"dsa", "swg", "ucwi"} {
			if r.IntN(3) == 0 && p != "swg" {
				continue
			}
			end := "2028-12-31T00:00:00Z"
			if r.IntN(5) == 0 {
				end = "2026-10-28T00:00:00Z"
			}
			e = append(e, authz.Record{Key: "/tenant/info/" + id + "/rs/" + p, Value: fmt.Appendf(nil,
				`{"product":%q,"replicas":%d,"startTime":"2024-06-18T00:00:00Z","endTime":%q}`, p, r.IntN(3), end)})
		}
	}
	return e
}

// files are those of a repository.
type files map[string][]byte

func (f files) fs() fs.FS {
	m := fstest.MapFS{}
	for name, data := range f {
		m[name] = &fstest.MapFile{Data: data}
	}
	return m
}

// edit returns the files with a text replaced in one of them.
func (f files) edit(t *testing.T, name, old, text string) files {
	t.Helper()
	if !strings.Contains(string(f[name]), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	out := maps.Clone(f)
	out[name] = []byte(strings.Replace(string(f[name]), old, text, 1))
	return out
}

// repository returns what people wrote: the published catalog and the example
// environment with a fleet of two rings.
func repository(t *testing.T) files {
	t.Helper()
	out := files{}
	for dir, from := range map[string]fs.FS{"catalog": catalog.Published(), "environments": environments.Example()} {
		err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			out[dir+"/"+path], err = fs.ReadFile(from, path)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	out["environments/local/fleet.yaml"] = []byte(fleetYAML)
	return out
}

// sink keeps what it is given.
type sink struct {
	mu  sync.Mutex
	out files
}

func (*sink) Guard(tree.Guard) {}
func (*sink) Reset(string)     {}
func (s *sink) Put(path string, d *tree.Dir) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for sub, data := range d.Files() {
		s.out[path+"/"+sub] = data
	}
	return nil
}
func (s *sink) PutFile(path string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out[path] = data
	return nil
}

// render returns the repository as a full render leaves it.
func (f files) render(t *testing.T, o pipeline.Options) files {
	t.Helper()
	s := &sink{out: files{}}
	for name, data := range f {
		if rest, ok := strings.CutPrefix(name, "environments/local/"); !ok || strings.HasPrefix(rest, "environment.") || strings.HasPrefix(rest, "fleet.") || strings.HasPrefix(rest, "tenants.") {
			s.out[name] = data
		}
	}
	o.Now = now
	if _, err := line().Render(t.Context(), f.fs(), local, s, o); err != nil {
		t.Fatal(err)
	}
	return s.out
}

// end returns the repository as it is when the engine has moved all that it can.
func (f files) end(t *testing.T) files {
	t.Helper()
	settled := f.render(t, pipeline.Options{})
	ready, err := line().Prepare(settled.fs(), local, pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var all []authz.Facts
	ids, err := ready.Memory.Tenants()
	for _, id := range ids {
		one, err := ready.Memory.Facts(id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err != nil {
		t.Fatal(err)
	}
	roster, _, err := ready.Renderer.Full(t.Context(), all, ready.Memory, nil, &sink{out: files{}})
	if err != nil {
		t.Fatal(err)
	}
	in, r := roster.Rollouts()
	last := rollout.Forecast(in, r, now).Rollouts
	return settled.render(t, pipeline.Options{Start: &last})
}

// plan plans a change.
func plan(t *testing.T, before, after files) *impact.Plan {
	t.Helper()
	people := files{}
	for name, data := range after {
		if !strings.Contains(name, "/tenants/") && !strings.Contains(name, "/rings/") && !strings.Contains(name, "/local/shared/") && !strings.Contains(name, "/local/fleet/") && !strings.HasSuffix(name, rollout.File) {
			people[name] = data
		}
	}
	p, err := impact.Of(t.Context(), line(), impact.Trees{Before: before.fs(), After: people.fs(), Environment: local}, impact.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// cluster is what runs: objects by tenant, kind and name; the environment's own
// have no tenant.
type cluster map[[2]string]map[string]any

// running reads what a cluster runs out of rendered files, from the fleet's folder
// on, as Argo CD would with the plugin. Applications are without the versions that
// they hand down.
func (f files) running(t *testing.T) cluster {
	t.Helper()
	w := walk{t, f, plugin.New(line().Engine()), cluster{}}
	for name, data := range f {
		if strings.HasPrefix(name, "environments/local/fleet/") {
			w.object("", data)
		}
	}
	return w.all
}

// walk is a way through the Applications of an environment.
type walk struct {
	t         *testing.T
	files     files
	generator *plugin.Generator
	all       cluster
}

// object takes in an object of a tenant, and follows it if it is an Application.
func (w walk) object(tenant string, doc []byte) {
	w.t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal(doc, &o); err != nil {
		w.t.Fatal(err)
	}
	m := o["metadata"].(map[string]any)
	if labels, _ := m["labels"].(map[string]any); tenant == "" && labels[manifest.LabelTenant] != nil {
		tenant = labels[manifest.LabelTenant].(string)
	}
	w.all[[2]string{tenant, fmt.Sprint(o["kind"], "/", m["name"])}] = o
	if o["kind"] == "Application" {
		w.application(tenant, o, m["labels"].(map[string]any))
	}
}

func (w walk) application(tenant string, o, labels map[string]any) {
	w.t.Helper()
	source := o["spec"].(map[string]any)["source"].(map[string]any)
	parameters := source["plugin"].(map[string]any)["parameters"].([]any)
	grants := plugin.Grants{}
	for name, v := range parameters[0].(map[string]any)["map"].(map[string]any) {
		grants[name] = ident.Must[ident.VersionKind](v.(string))
	}
	result, err := w.generator.Generate(w.t.Context(), plugin.Request{App: fmt.Sprint(o["metadata"].(map[string]any)["name"]), Dir: w.files.dir(w.t, source["path"].(string)), Grants: grants})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, doc := range result.Documents {
		w.object(tenant, doc)
	}
	if v, versioned := labels[manifest.LabelVersion]; versioned {
		source["path"] = strings.TrimSuffix(source["path"].(string), "/"+v.(string))
	}
	delete(labels, manifest.LabelVersion)
	delete(parameters[0].(map[string]any), "map")
}

// dir returns a folder.
func (f files) dir(t *testing.T, dir string) *tree.Dir {
	t.Helper()
	sub := map[string][]byte{}
	for name, data := range f {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok {
			sub[rest] = data
		}
	}
	d, err := tree.FromFiles(sub)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// unmarked returns an object without what sluice writes for itself.
func unmarked(o map[string]any) string {
	data, _ := json.Marshal(o)
	var c map[string]any
	_ = json.Unmarshal(data, &c)
	m, _ := c["metadata"].(map[string]any)
	ours := []string{manifest.LabelVersion, manifest.LabelProduct, manifest.LabelComponent, manifest.AnnotationWave, manifest.AnnotationSyncOptions}
	if o["kind"] == "Application" { // what its parent may do to it is no mark
		ours = []string{manifest.AnnotationWave}
	}
	for _, field := range []string{"labels", "annotations"} {
		marks, _ := m[field].(map[string]any)
		for _, key := range ours {
			delete(marks, key)
		}
	}
	data, _ = json.Marshal(c)
	return string(data)
}

// differences says which objects differ in how many tenants, the environment's
// own as "own", and how many differ in marks alone.
func differences(was, is cluster) (changed []string, folded int) {
	count := map[string]int{}
	keys := slices.Collect(maps.Keys(was))
	for k := range is {
		if _, ok := was[k]; !ok {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		a, b := was[k], is[k]
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		switch {
		case string(x) == string(y):
		case a != nil && b != nil && unmarked(a) == unmarked(b):
			folded++
		default:
			name := k[1]
			if k[0] != "" {
				name = strings.ReplaceAll(strings.ReplaceAll(name, "tenant-"+k[0], "<namespace>"), k[0], "<tenant>")
			} else {
				name = "own " + name
			}
			count[name]++
		}
	}
	for name, n := range count {
		changed = append(changed, fmt.Sprint(name, " ", n))
	}
	slices.Sort(changed)
	return changed, folded
}

// listed says the same of a plan.
func listed(p *impact.Plan) (changed []string, folded int) {
	count := map[string]int{}
	for _, c := range p.Changes {
		if c.Tenants == 0 {
			count["own "+c.Object]++
		} else {
			count[c.Object] += c.Tenants
		}
	}
	for name, n := range count {
		changed = append(changed, fmt.Sprint(name, " ", n))
	}
	slices.Sort(changed)
	return changed, p.Folded
}
