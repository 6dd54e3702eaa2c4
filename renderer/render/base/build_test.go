package base

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay"
	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// demo returns the files of the demo product below testdata/catalog, with
// edits applied: a path with an empty text is removed.
func demo(t testing.TB, edits map[string]string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/catalog")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range edits {
		name = "products/demo/7/" + name
		if files[name] = (&fstest.MapFile{Data: []byte(text)}); text == "" {
			delete(files, name)
		}
	}
	return files
}

// versions loads a catalog that must be good.
func versions(t testing.TB, files fs.FS) []*catalog.Version {
	t.Helper()
	c, err := catalog.LoadUnlocked(files)
	if err != nil {
		t.Fatalf("LoadUnlocked: %v", err)
	}
	return c.All()
}

func build(t testing.TB, edits map[string]string) *Base {
	t.Helper()
	b, err := Build(t.Context(), versions(t, demo(t, edits))[0])
	if err != nil {
		t.Fatalf("Build: %v", err)
	}
	return b
}

func TestGolden(t *testing.T) {
	const dir = "testdata/base"
	got := build(t, nil).Dir.Files()
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for name, data := range got {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		want[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, data := range got {
		texts[name] = string(data)
	}
	if diff := cmp.Diff(want, texts); diff != "" {
		t.Errorf("base differs from %s; run with -update if that is meant (-want +got):\n%s", dir, diff)
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	first := build(t, nil)
	for range 5 {
		if again := build(t, nil); again.Digest != first.Digest || again.Digest != tree.Digest(again.Dir) {
			t.Fatalf("Build = %s, then %s", first.Digest, again.Digest)
		}
	}
	if !first.KeepsData {
		t.Error("KeepsData = false with a claim to keep")
	}
	if !first.HasClaims || !slices.Equal(first.Sizes, []string{"storage"}) {
		t.Errorf("HasClaims = %t, Sizes = %q, want claims that storage sizes", first.HasClaims, first.Sizes)
	}
}

// state builds the demo's overlay in one state with the given parameters.
func state(t testing.TB, b *Base, state string, own map[string]string) map[string]object {
	t.Helper()
	parameters := ordinary(b.Version)
	if state != manifest.ActiveDir {
		parameters["replicas"] = "0"
	}
	maps.Copy(parameters, own)
	dir, err := tree.New(
		tree.Entry{Name: "kustomization.yaml", Data: manifest.Kustomization(manifest.KustomizationSpec{Namespace: "tenant-1e3", Tenant: "1e3", State: state})},
		tree.Entry{Name: "parameters.yaml", Data: manifest.Parameters(parameters)},
		tree.Entry{Name: manifest.BaseDir, Dir: b.Dir})
	if err != nil {
		t.Fatal(err)
	}
	out, err := overlay.New(overlay.Options{}).Build(t.Context(), dir, ".")
	if err != nil {
		t.Fatalf("building state %s: %v", state, err)
	}
	objects, err := parseObjects(out)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]object{}
	for _, o := range objects {
		byName[o.kind+"/"+o.name] = o
	}
	return byName
}

func TestStates(t *testing.T) {
	b := build(t, nil)
	workloads := []string{
		"Job/demo-init-7", "StatefulSet/demo-store", "PersistentVolumeClaim/demo-store", "DaemonSet/demo-agent", "CronJob/demo-report",
		"Deployment/demo-web", "Service/demo-web", "HorizontalPodAutoscaler/demo-web", "ConfigMap/demo-web",
		"Deployment/demo-cache", "PersistentVolumeClaim/demo-cache", "PodDisruptionBudget/demo-cache",
	}
	active := state(t, b, manifest.ActiveDir, map[string]string{"replicas": "13", "tenantId": "1e3", "greeting": "on"})
	if got, want := len(active), len(workloads)+1; got != want {
		t.Errorf("active has %d objects, want %d", got, want)
	}
	web := active["Deployment/demo-web"]
	if got := at(web.fields, "spec")["replicas"]; got != int64(13) {
		t.Errorf("active replicas = %v (%T), want the integer 13", got, got)
	}
	route := at(active["ApisixRoute/demo"].fields, "spec")["http"].([]any)[0].(map[string]any)
	if got := at(route, "match")["hosts"].([]any)[0]; got != "demo.1e3.pop.example.com" {
		t.Errorf("host = %v, want demo.1e3.pop.example.com", got)
	}

	suspended := state(t, b, manifest.SuspendedDir, map[string]string{"replicas": "0"})
	if got, want := len(suspended), len(workloads); got != want {
		t.Errorf("suspended has %d objects, want %d: everything but the routes", got, want)
	}
	for name, want := range map[string]any{"Deployment/demo-web": int64(0), "Deployment/demo-cache": int64(0), "StatefulSet/demo-store": int64(0)} {
		if got := at(suspended[name].fields, "spec")["replicas"]; got != want {
			t.Errorf("suspended %s has %v replicas, want %v", name, got, want)
		}
	}
	if got := at(suspended["CronJob/demo-report"].fields, "spec")["suspend"]; got != true {
		t.Errorf("suspended CronJob has suspend %v, want true", got)
	}
	want := map[string]any{"gatorcloud.io/suspended": "true"}
	if diff := cmp.Diff(want, at(suspended["DaemonSet/demo-agent"].podTemplate(), "spec", "nodeSelector")); diff != "" {
		t.Errorf("suspended DaemonSet's nodeSelector (-want +got):\n%s", diff)
	}

	retained := state(t, b, manifest.RetainedDir, map[string]string{"replicas": "0"})
	if len(retained) != 2 || retained["PersistentVolumeClaim/demo-store"].name == "" || retained["ConfigMap/demo-retained"].name == "" {
		t.Errorf("retained = %v, want the claim that is kept and the marker", retained)
	}
}

// A version without claims and routes is retained all the same.
func TestRetainedIsNeverEmpty(t *testing.T) {
	b := build(t, map[string]string{
		"product.yaml":      "apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: demo\nversion: \"7\"\ncomponents: [{name: web}]\nimages: [{name: registry.example.com/demo, newTag: \"7\"}]\n",
		"replacements.yaml": "", "components/cache/Chart.yaml": "", "components/cache/templates/cache.yaml": "",
	})
	if b.KeepsData {
		t.Error("KeepsData = true without claims")
	}
	if got := state(t, b, manifest.RetainedDir, nil); len(got) != 1 {
		t.Errorf("retained = %v, want the marker", got)
	}
	if _, err := b.Dir.Read("active/routes.yaml"); err == nil {
		t.Error("active/routes.yaml is there without routes")
	}
	if got := state(t, b, manifest.ActiveDir, nil); len(got) != 4 {
		t.Errorf("active = %v, want the web component", got)
	}
}

// What a tenant writes stays the string that it is, wherever it goes.
func TestParametersStayStrings(t *testing.T) {
	b := build(t, nil)
	for i, hostile := range []string{
		"on", "null", "~", "1e3", "0x1f", "010", "1_000", "12:30:45", "123", "1.0", ".inf", "true", "no", "",
		" leading", "trailing ", "a: b", "- a", "{{ now }}", "$(PATH)", "#x", "a #b", "'", `"`, `\`, "%", "@", "`", "&a", "*a", "!!str x", "| x", "容器", "---", "...",
	} {
		if short.Run() && i%4 > 0 {
			continue // a build for each
		}
		got := state(t, b, manifest.ActiveDir, map[string]string{"greeting": hostile, "logLevel": hostile})
		spec := at(got["Deployment/demo-web"].podTemplate(), "spec")
		env := spec["containers"].([]any)[0].(map[string]any)["env"].([]any)[0].(map[string]any)
		if env["value"] != hostile {
			t.Errorf("environment variable = %#v, want the string %q", env["value"], hostile)
		}
		if level := at(got["ConfigMap/demo-web"].fields, "data")["LOG_LEVEL"]; level != hostile {
			t.Errorf("ConfigMap = %#v, want the string %q", level, hostile)
		}
	}
}

func TestMarks(t *testing.T) {
	b := build(t, nil)
	for _, p := range b.parts {
		for _, o := range p.objects {
			labels, annotations := at(o.fields, "metadata", "labels"), at(o.fields, "metadata", "annotations")
			if labels[manifest.LabelProduct] != "demo" || labels[manifest.LabelVersion] != "7" || labels[manifest.LabelComponent] != p.name {
				t.Errorf("%s has labels %v", o, labels)
			}
			if annotations[manifest.AnnotationWave] == nil {
				t.Errorf("%s has no wave", o)
			}
			pods := at(o.podTemplate(), "metadata", "labels")
			if o.podTemplate() != nil && (pods[manifest.LabelComponent] != p.name || pods[manifest.LabelVersion] != nil) {
				t.Errorf("the pods of %s have labels %v, want the component and no version", o, pods)
			}
			if _, marked := at(o.fields, "spec", "selector", "matchLabels")[manifest.LabelProduct]; marked {
				t.Errorf("%s selects by a label of sluice's", o)
			}
			if templates, ok := at(o.fields, "spec")["volumeClaimTemplates"].([]any); ok && strings.Contains(string(mustEncode(t, templates)), "gatorcloud.io") {
				t.Errorf("%s marks its volumeClaimTemplates", o)
			}
		}
	}
}

func mustEncode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := encode([]object{{fields: map[string]any{"x": v}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCollisions(t *testing.T) {
	product := func(name, version, object string, extra string) map[string]*fstest.MapFile {
		dir := "products/" + name + "/" + version + "/"
		return map[string]*fstest.MapFile{
			dir + "product.yaml":                    {Data: []byte("apiVersion: sluice.gatorcloud.io/v1\nkind: Product\nname: " + name + "\nversion: \"" + version + "\"\ncomponents: [{name: c}]\n")},
			dir + "components/c/kustomization.yaml": {Data: []byte("resources: [a.yaml]\n")},
			dir + "components/c/a.yaml":             {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + object + "}\n" + extra)},
		}
	}
	shared := func(name, sharing, object string) map[string]*fstest.MapFile {
		out := map[string]*fstest.MapFile{}
		for path, f := range product(name, "1", object, "") {
			text := strings.NewReplacer("kind: Product", "kind: SharedComponent\nsharing: "+sharing).Replace(string(f.Data))
			out[strings.NewReplacer("products/", "shared/", "product.yaml", "component.yaml").Replace(path)] = &fstest.MapFile{Data: []byte(text)}
		}
		return out
	}
	policy := "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: tenant}\nspec: {podSelector: {}}\n"
	for name, tc := range map[string]struct {
		reason string
		files  []map[string]*fstest.MapFile
		want   int
		names  string
	}{
		"Products":    {"two products meet in a tenant's namespace", []map[string]*fstest.MapFile{product("a", "1", "x", ""), product("b", "1", "x", "")}, 1, "products/a"},
		"Versions":    {"versions follow each other", []map[string]*fstest.MapFile{product("a", "1", "x", ""), product("a", "2", "x", "")}, 0, ""},
		"Tenant":      {"so do products and what they share", []map[string]*fstest.MapFile{product("a", "1", "x", ""), shared("s", "tenant", "x")}, 1, "products/a"},
		"Apart":       {"the environment's namespace is another", []map[string]*fstest.MapFile{product("a", "1", "x", ""), shared("s", "environment", "x")}, 0, ""},
		"Environment": {"shared components meet there", []map[string]*fstest.MapFile{shared("r", "environment", "x"), shared("s", "environment", "x")}, 1, "shared/r"},
		"Marker":      {"the marker of a retained product is an object too", []map[string]*fstest.MapFile{product("a", "1", "b-retained", ""), product("b", "1", "x", "")}, 1, "products/a"},
		"Renderer":    {"the renderer's own objects are there first", []map[string]*fstest.MapFile{product("a", "1", "x", policy)}, 1, "the tenant's namespace"},
		"EveryOne":    {"each collision is reported", []map[string]*fstest.MapFile{product("a", "1", "x", ""), product("b", "1", "x", ""), product("c", "1", "x", "")}, 2, "products/a"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for _, m := range tc.files {
				maps.Copy(files, m)
			}
			var all []*Base
			for _, v := range versions(t, files) {
				b, err := Build(t.Context(), v)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b)
			}
			faults := catalog.Faults(Collisions(all))
			if len(faults) != tc.want {
				t.Fatalf("%s: Collisions = %v, want %d", tc.reason, faults, tc.want)
			}
			for _, f := range faults {
				if !strings.Contains(f.Error(), tc.names) || fault.HintOf(f) == "" {
					t.Errorf("%s: Collisions = %v, want one that names %q and has a hint", tc.reason, f, tc.names)
				}
			}
		})
	}
}
