package render_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/environments"
	"github.com/gatorcloud/sluice/renderer/model/authz"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render"
	"github.com/gatorcloud/sluice/renderer/render/base"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/gatorcloud/sluice/renderer/rollout"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	env = ident.Must[ident.EnvironmentKind]("local")
	now = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
)

// memory is a Sink and a repository in one map of files.
type memory struct {
	mu     sync.Mutex
	files  map[string][]byte
	resets []string
	puts   map[string]*tree.Dir // nil removes
	single map[string][]byte
}

func newMemory(files map[string][]byte) *memory {
	return &memory{files: files, puts: map[string]*tree.Dir{}, single: map[string][]byte{}}
}

func (*memory) Guard(tree.Guard) {}
func (m *memory) Reset(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resets = append(m.resets, path)
}

func (m *memory) Put(path string, d *tree.Dir) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.puts[path]; twice {
		return fmt.Errorf("path %q is put twice", path)
	}
	m.puts[path] = d
	return nil
}

func (m *memory) PutFile(path string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, twice := m.single[path]; twice {
		return fmt.Errorf("path %q is put twice", path)
	}
	m.single[path] = data
	return nil
}

// commit returns the files after what was put.
func (m *memory) commit() map[string][]byte {
	out := map[string][]byte{}
	under := func(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }
	for path, data := range m.files {
		gone := slices.ContainsFunc(m.resets, func(dir string) bool { return under(path, dir) })
		for dir := range m.puts {
			gone = gone || under(path, dir)
		}
		if !gone {
			out[path] = data
		}
	}
	for dir, d := range m.puts {
		for path, data := range d.Files() {
			out[dir+"/"+path] = data
		}
	}
	maps.Copy(out, m.single)
	return out
}

func stored(files map[string][]byte) render.Stored {
	root := fstest.MapFS{}
	for path, data := range files {
		root[path] = &fstest.MapFile{Data: data}
	}
	return render.NewStored(root, env)
}

// engine is one for all tests, as it is one for all renders of a process: what
// costs most of them is what an engine learns of its first overlays.
var engine = sync.OnceValue(func() *overlay.Engine { return overlay.New(overlay.Options{}) })

// bases gives each version a small base of its own; that of swg has claims.
type bases struct {
	mu    sync.Mutex
	known map[string]*base.Base
}

func (b *bases) Base(v *catalog.Version) (*base.Base, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := v.Ref.String()
	if b.known[key] == nil {
		kustomization := []byte("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [x.yaml]\n")
		object := []byte("# " + key + "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
		files := map[string][]byte{"replacements.yaml": []byte("[]\n")}
		for _, state := range []string{"active", "suspended", "retained"} {
			files[state+"/kustomization.yaml"], files[state+"/x.yaml"] = kustomization, object
		}
		dir, err := tree.FromFiles(files)
		if err != nil {
			return nil, err
		}
		if b.known == nil {
			b.known = map[string]*base.Base{}
		}
		b.known[key] = &base.Base{Version: v, Dir: dir, Digest: tree.Digest(dir), KeepsData: v.Name == "swg", HasClaims: v.Name == "swg", Sizes: []string{"storage"}}
	}
	return b.known[key], nil
}

func product(name, version, rest string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(fmt.Sprintf(`apiVersion: sluice.gatorcloud.io/v1
kind: Product
name: %s
version: "%s"
parameters:
  type: object
  properties:
    logLevel: {type: string, enum: [info, debug], default: info}
components:
- name: engine
%s`, name, version, rest))}
}

func component(name, version, sharing, rest string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(fmt.Sprintf(`apiVersion: sluice.gatorcloud.io/v1
kind: SharedComponent
name: %s
version: "%s"
sharing: %s
components:
- name: main
%s`, name, version, sharing, rest))}
}

const reference = "- {name: %s, sharing: %s, version: \"%s\"}\n"

// sold is a catalog in which every kind of sharing has two versions, one of
// which requires more: identity 4 keys, and geoip 2 dns. Some may be left out.
func sold(t testing.TB, without ...string) *catalog.Catalog {
	t.Helper()
	identity3, identity4 := fmt.Sprintf(reference, "identity", "tenant", "3"), fmt.Sprintf(reference, "identity", "tenant", "4")
	files := fstest.MapFS{
		"products/swg/200/product.yaml":    product("swg", "200", identity3),
		"products/swg/202/product.yaml":    product("swg", "202", identity4+fmt.Sprintf(reference, "geoip", "environment", "1")),
		"products/dsa/31/product.yaml":     product("dsa", "31", identity3),
		"products/ucwi/5/product.yaml":     product("ucwi", "5", fmt.Sprintf(reference, "geoip", "environment", "2")),
		"shared/identity/3/component.yaml": component("identity", "3", "tenant", ""),
		"shared/identity/4/component.yaml": component("identity", "4", "tenant", fmt.Sprintf(reference, "keys", "tenant", "1")),
		"shared/keys/1/component.yaml":     component("keys", "1", "tenant", ""),
		"shared/geoip/1/component.yaml":    component("geoip", "1", "environment", ""),
		"shared/geoip/2/component.yaml":    component("geoip", "2", "environment", fmt.Sprintf(reference, "dns", "environment", "1")),
		"shared/dns/1/component.yaml":      component("dns", "1", "environment", ""),
	}
	for name := range maps.Clone(files) {
		dir, part := name[:strings.LastIndex(name, "/")], "engine"
		if strings.HasPrefix(name, "shared") {
			part = "main"
		}
		files[dir+"/components/"+part+"/kustomization.yaml"] = &fstest.MapFile{Data: []byte("resources: []\n")}
	}
	maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool {
		return slices.ContainsFunc(without, func(dir string) bool { return strings.HasPrefix(name, dir) })
	})
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func site(t testing.TB, batch int) *environments.Site {
	t.Helper()
	s, err := environments.Load(fstest.MapFS{
		"local/environment.yaml": {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Environment\nname: local\npopId: \"1\"\npopCode: local\ndestination: {name: in-cluster}\nrepoURL: https://git.example/f.git\ndomain: local.example\nquota: {pods: \"100\"}\n")},
		"local/fleet.yaml":       {Data: []byte(fmt.Sprintf("apiVersion: sluice.gatorcloud.io/v1\nkind: Fleet\nbatch: %d\nrings:\n- {name: canary, sharePercent: 30, soakSeconds: 60, approval: true, tolerateUnhealthy: 1, versions: {swg: \"202\", dsa: \"31\", ucwi: \"5\"}, previous: {swg: [\"200\"]}}\n- {name: main, versions: {swg: \"200\", dsa: \"31\", ucwi: \"5\"}}\n", batch))},
	}, env)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func fleetOf(t testing.TB, s *environments.Site) *rollout.Fleet {
	t.Helper()
	f, err := rollout.FleetOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func newRenderer(t testing.TB, batch, workers int) *render.Renderer {
	t.Helper()
	return render.New(render.Config{Site: site(t, batch), Fleet: fleetOf(t, site(t, batch)), Catalog: sold(t), Bases: &bases{}, Engine: engine(), Workers: workers})
}

// drawFacts draws the facts of one tenant.
func drawFacts(t *rapid.T, id int) authz.Facts {
	f := authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](fmt.Sprint(1000000 + id)),
		Name: rapid.StringMatching(`[a-z "'#:{}]{1,12}`).Draw(t, "name"), Code: fmt.Sprint("c", id)}}
	for _, p := range []string{"dsa", "swg", "ucwi"} {
		if !rapid.Bool().Draw(t, "has "+p) {
			continue
		}
		a := authz.Authorisation{Product: ident.Must[ident.ProductKind](p), Replicas: rapid.IntRange(0, 20).Draw(t, "replicas"),
			StartTime: now.AddDate(-1, 0, 0)}
		if p == "swg" && rapid.Bool().Draw(t, "pinned") {
			a.Version = ident.Must[ident.VersionKind](rapid.SampledFrom([]string{"200", "202"}).Draw(t, "pin"))
		}
		f.Tenant.Authorisations = append(f.Tenant.Authorisations, a)
		f.States = append(f.States, rapid.SampledFrom([]authz.State{authz.Active, authz.Active, authz.Suspended, authz.Retained}).Draw(t, "state"))
	}
	return f
}

func sorted(all map[string]authz.Facts) []authz.Facts {
	var out []authz.Facts
	for _, k := range slices.Sorted(maps.Keys(all)) {
		if len(all[k].States) > 0 {
			out = append(out, all[k])
		}
	}
	return out
}

func full(t testing.TB, r *render.Renderer, all []authz.Facts, before map[string][]byte) (*render.Roster, map[string][]byte) {
	t.Helper()
	sink := newMemory(before)
	fleet, report, err := r.Full(context.Background(), all, stored(before), nil, sink)
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Faults) > 0 {
		t.Fatalf("Full() has faults %v, want none", report.Faults)
	}
	return fleet, sink.commit()
}

// change renders one tenant anew into sink.
func change(t rapid.TB, r *render.Renderer, fleet *render.Roster, f authz.Facts, files map[string][]byte, sink tree.Sink) {
	t.Helper()
	if _, err := r.Change(context.Background(), fleet, f, stored(files), sink); err != nil {
		t.Fatal(err)
	}
}

// diffFiles returns what differs; it compares bytes before it explains.
func diffFiles(want, got map[string][]byte) string {
	if maps.EqualFunc(want, got, bytes.Equal) {
		return ""
	}
	text := func(files map[string][]byte) map[string]string {
		out := map[string]string{}
		for path, data := range files {
			out[path] = string(data)
		}
		return out
	}
	return cmp.Diff(text(want), text(got))
}

// keeps returns the claims that a tenant keeps: swg's, once it had it beside others.
func keeps(before, now authz.Facts) []authz.KeptClaims {
	swg := ident.Must[ident.ProductKind]("swg")
	has := func(f authz.Facts) bool {
		return slices.ContainsFunc(f.Tenant.Authorisations, func(a authz.Authorisation) bool { return a.Product == swg })
	}
	if has(now) || len(now.States) == 0 || !has(before) && before.Kept == nil {
		return nil
	}
	return []authz.KeptClaims{{Product: swg, Sizes: map[string]string{"storage": "10Gi"}, StorageClass: "standard"}}
}

// Equal inputs give equal bytes whatever the number of workers and whatever
// was there before.
func TestFullIsDeterministic(t *testing.T) {
	short.Skip(t, "renders hundreds of fleets")
	one, many := newRenderer(t, 3, 1), newRenderer(t, 3, 7)
	rapid.Check(t, func(rt *rapid.T) {
		all := map[string]authz.Facts{}
		for i := range rapid.IntRange(0, 12).Draw(rt, "tenants") {
			f := drawFacts(rt, i)
			all[f.Tenant.ID.String()] = f
		}
		_, want := full(t, one, sorted(all), nil)
		_, got := full(t, many, sorted(all), map[string][]byte{
			"environments/local/tenants/junk.yaml": []byte("x"), "environments/local/fleet/rings/old.yaml": []byte("x")})
		if d := diffFiles(want, got); d != "" {
			rt.Errorf("Full() with 7 workers over junk (-want +got):\n%s", d)
		}
	})
}

// What stands in Git after any series of changes is what a render from nothing
// gives over the rollouts of the commit before, byte for byte, and what the
// oracle says of the facts.
func TestChangesEqualFull(t *testing.T) { changesEqualFull(t, nil) }

// So they do beside pins of the fleet.
func TestChangesEqualFullWithPins(t *testing.T) {
	short.Skip(t, "renders hundreds of fleets")
	changesEqualFull(t, map[string]string{"1000003": "200", "1000004": "202", "1000005": "200", "1000006": "202"})
}

func changesEqualFull(t *testing.T, pins map[string]string) {
	r := pinning(t, 3, pins, nil)
	rapid.Check(t, func(rt *rapid.T) {
		all, ran := map[string]authz.Facts{}, history{}
		fleet, files := full(t, r, nil, served())
		for range rapid.IntRange(1, 6).Draw(rt, "commits") {
			sink, lost := newMemory(files), newMemory(files)
			race := rapid.Bool().Draw(rt, "race is lost")
			touched, changed, gone := map[int]bool{}, []authz.Facts{}, []ident.Tenant{}
			for range rapid.IntRange(1, 5).Draw(rt, "changes") {
				i := rapid.IntRange(0, 11).Draw(rt, "tenant")
				if touched[i] {
					continue
				}
				touched[i] = true
				f := drawFacts(rt, i)
				f.Kept = keeps(all[f.Tenant.ID.String()], f)
				all[f.Tenant.ID.String()] = f
				f.Kept = nil // etcd does not say it
				if len(f.States) == 0 {
					gone = append(gone, f.Tenant.ID)
				}
				changed = append(changed, f)
			}
			sinks := []*memory{sink}
			if race {
				sinks = []*memory{lost, sink}
			}
			for _, to := range sinks {
				if !r.Settle(fleet, changed, gone) {
					rt.Fatal("Settle() = false, want tenants that are rendered one by one")
				}
				for _, f := range changed {
					change(rt, r, fleet, f, files, to)
				}
				if err := fleet.Flush(context.Background(), to); err != nil {
					rt.Fatal(err)
				}
			}
			fleet.Settle()
			_, want := full(t, r, sorted(all), files)
			files = sink.commit()
			if d := diffFiles(want, files); d != "" {
				rt.Fatalf("after changes (-full +incremental):\n%s", d)
			}
			facts := reviewed(all, pins)
			ran = ran.next(facts)
			checkFleet(rt, files, ran.expected(facts, 3))
		}
	})
}

// reviewed returns facts with the pins of swg that stand before their own.
func reviewed(all map[string]authz.Facts, pins map[string]string) map[string]authz.Facts {
	out := maps.Clone(all)
	for id, v := range pins {
		f := out[id]
		f.Tenant.Authorisations = slices.Clone(f.Tenant.Authorisations)
		for i, a := range f.Tenant.Authorisations {
			if a.Product.String() == "swg" {
				f.Tenant.Authorisations[i].Version = ident.Must[ident.VersionKind](v)
			}
		}
		if _, ok := out[id]; ok {
			out[id] = f
		}
	}
	return out
}

// served is an environment in which every shared part is proven, so that a pin
// waits for none.
func served() map[string][]byte {
	part := func(v string) rollout.Shared {
		return rollout.Shared{At: ident.Must[ident.VersionKind](v), Good: ident.Must[ident.VersionKind](v)}
	}
	return map[string][]byte{"environments/local/rollouts.yaml": rollout.Rollouts{Shared: map[ident.Component]rollout.Shared{
		ident.Must[ident.ComponentKind]("geoip"): part("2"), ident.Must[ident.ComponentKind]("dns"): part("1")}}.Encode()}
}

// Slices wait for nobody inside a sync operation: they are in one wave, and
// neither soak nor approval is theirs.
func TestSlicesAreInOneWave(t *testing.T) {
	r := newRenderer(t, 1, 2)
	all := map[string]authz.Facts{}
	for i := range 40 {
		f := authz.Facts{Tenant: authz.Tenant{ID: ident.Must[ident.TenantKind](fmt.Sprint(1000000 + i)), Name: "n", Code: fmt.Sprint("c", i)},
			States: []authz.State{authz.Active}}
		f.Tenant.Authorisations = []authz.Authorisation{{Product: ident.Must[ident.ProductKind]("dsa"), StartTime: now}}
		all[f.Tenant.ID.String()] = f
	}
	_, files := full(t, r, sorted(all), nil)
	slices := 0
	for path, data := range files {
		if !strings.HasPrefix(path, "environments/local/fleet/rings/") {
			continue
		}
		slices++
		for _, mark := range []string{manifest.AnnotationSoak, manifest.AnnotationApproval} {
			if strings.Contains(string(data), mark) {
				t.Errorf("%s has %s:\n%s", path, mark, data)
			}
		}
		if !strings.Contains(string(data), manifest.AnnotationWave+`: "100"`) {
			t.Errorf("%s is not in wave 100:\n%s", path, data)
		}
	}
	if slices < 8 {
		t.Errorf("%d slices, want many", slices)
	}
}

// Git takes a member file that moves for a rename and tells its new path only,
// so the descriptor of the ring that a tenant leaves has to change with it.
func TestRingThatATenantLeavesChanges(t *testing.T) {
	r := newRenderer(t, 100, 2)
	rapid.Check(t, func(rt *rapid.T) {
		all := map[string]authz.Facts{}
		for i := range 5 {
			f := drawFacts(rt, i)
			all[f.Tenant.ID.String()] = f
		}
		_, before := full(t, r, sorted(all), nil)
		gone := drawFacts(rt, rapid.IntRange(0, 4).Draw(rt, "gone"))
		delete(all, gone.Tenant.ID.String())
		_, after := full(t, r, sorted(all), nil)
		for name := range before {
			dir, file := path.Split(name)
			if strings.Contains(dir, "/rings/") && file == gone.Tenant.ID.String()+".yaml" && bytes.Equal(before[dir+manifest.DescriptorFile], after[dir+manifest.DescriptorFile]) {
				rt.Errorf("%s is gone and the descriptor beside it is as before", name)
			}
		}
	})
}
