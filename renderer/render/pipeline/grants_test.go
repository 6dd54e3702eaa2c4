package pipeline_test

import (
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/render/pipeline"
)

// unpinned are two tenants that follow their rings: 1000009 is in canary.
func unpinned() etcd {
	e := real()
	for _, i := range []int{1, 3} {
		e[i].Value = []byte(strings.NewReplacer(`"version":"202",`, "", `"version":"200",`, "").Replace(string(e[i].Value)))
	}
	return e
}

// What fleet.yaml asks for and what cannot serve reaches nobody: the ring keeps
// what it has, and everything else goes on.
func TestRingsKeepWhatTheyHave(t *testing.T) {
	want, _, err := render(t, repository(t), pipeline.Options{Source: unpinned(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	const main = "- name: main\n  versions:\n    swg: \"202\"\n    dsa: \"31\""
	const rest = "\n    ucwi: \"112\"\n"
	for name, tc := range map[string]struct {
		reason, old, new string
		want             string // in the refusal; empty for none
		kept             bool   // all files stay as they are
	}{
		"Unpublished":        {"a bump to what is not there", main, strings.Replace(main, "202", "299", 1), `ring "main": product "swg"`, true},
		"DroppedWhileHeld":   {"tenants follow the ring", main + rest, strings.Replace(main, "    swg: \"202\"\n", "", 1) + "\n    ucwi: \"112\"\n", `tenant "1000006" has it`, true},
		"DroppedByNobody":    {"nobody has it", main, strings.Replace(main, "\n    dsa: \"31\"", "", 1), "", false},
		"UnpublishedProduct": {"a product that was never there", main, main + "\n    nope: \"1\"", `ring "main": product "nope"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			files := repository(t)
			for path, data := range want {
				files[path] = &fstest.MapFile{Data: data}
			}
			fleet := files["environments/local/fleet.yaml"]
			edited := strings.Replace(string(fleet.Data), tc.old, tc.new, 1)
			if edited == string(fleet.Data) {
				t.Fatalf("fleet.yaml has no %q", tc.old)
			}
			files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(edited)}
			got, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if same := maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }); same != tc.kept {
				t.Errorf("Render() leaves all files as they are = %t, want %t: %s", same, tc.kept, tc.reason)
			}
			const ring = "environments/local/fleet/rings/main.yaml"
			if same := string(got[ring]) == string(want[ring]); same != (tc.want != "") {
				t.Errorf("the ring's Application stays = %t, want %t: %s", same, tc.want != "", tc.reason)
			}
			left := summary.Skipped()
			if tc.want == "" {
				if len(left) > 0 {
					t.Errorf("Render() leaves out %v, want nothing: %s", left, tc.reason)
				}
				return
			}
			if len(left) != 1 || !strings.Contains(left[0].Error(), tc.want) || fault.HintOf(left[0]) == "" || fault.ClassOf(left[0]) != fault.Skipped {
				t.Errorf("Render() leaves out %v, want one refusal with %q and a hint: %s", left, tc.want, tc.reason)
			}
		})
	}
}

// publish adds a version to the lock without any of the checks of a lock.
func publish(t *testing.T, files fstest.MapFS, ref catalog.Ref) {
	t.Helper()
	sold, err := fs.Sub(files, "catalog")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := catalog.Load(sold)
	digest, ok := c.Digests()[ref]
	if !ok {
		t.Fatalf("%v is not there", ref)
	}
	files["catalog/"+catalog.LockFile] = &fstest.MapFile{Data: c.Lock().Add(map[catalog.Ref]string{ref: digest}).Encode()}
}

// A first render grants nothing that is not there.
func TestFirstGrantServes(t *testing.T) {
	files := repository(t)
	fleet := files["environments/local/fleet.yaml"]
	files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(fleet.Data), `dsa: "31"`, `dsa: "32"`))}
	got, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil || len(summary.Grants) != 2 {
		t.Fatalf("Render() = %v, refuses %v, want both rings' dsa refused", err, summary.Grants)
	}
	ring := string(got["environments/local/fleet/rings/main.yaml"])
	if strings.Contains(ring, "dsa") || !strings.Contains(ring, `swg: "202"`) {
		t.Errorf("the ring grants dsa, or nothing else:\n%s", ring)
	}
}

// A product that is gone from the catalog stays granted where it was, and
// stands in nobody's way.
func TestGrantedProductIsGone(t *testing.T) {
	files := repository(t)
	want, _, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for path := range files {
		if strings.HasPrefix(path, "catalog/products/ucwi/") {
			delete(files, path)
		}
	}
	for path, data := range want {
		files[path] = &fstest.MapFile{Data: data}
	}
	got, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil || len(summary.Grants) != 2 || !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("Render() = %v, refuses %v, want both rings refused and everything as it was", err, summary.Grants)
	}
}

// A ring that grants a product no more, which its tenants have, is told of.
func TestDroppedProduct(t *testing.T) {
	files := repository(t)
	text := string(files["environments/local/fleet.yaml"].Data)
	head, rest, _ := strings.Cut(text, "- name: canary\n")
	_, main, _ := strings.Cut(rest, "- name: main\n")
	text = head + "- name: main\n" + main
	fleet := func(text string) {
		files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	fleet(text)
	want, _, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range want {
		files[path] = &fstest.MapFile{Data: data}
	}
	fleet(strings.Replace(text, "    swg: \"202\"\n", "", 1))
	_, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil || len(summary.Grants) != 1 || summary.Grants[0].Ring.String() != "main" || summary.Grants[0].Product.String() != "swg" || fault.HintOf(summary.Grants[0]) == "" {
		t.Errorf("Render() = %v, refuses %v, want swg of ring main, which its tenants keep", err, summary.Grants)
	}
}

// twin adds a second product with the objects of dsa, which all rings ask for.
func twin(t *testing.T, files fstest.MapFS) {
	t.Helper()
	for path, f := range repository(t) {
		if rest, ok := strings.CutPrefix(path, "catalog/products/dsa/31/"); ok {
			data := string(f.Data)
			if rest == "product.yaml" {
				data = strings.Replace(data, "name: dsa\n", "name: dsb\n", 1)
			}
			files["catalog/products/dsb/31/"+rest] = &fstest.MapFile{Data: []byte(data)}
		}
	}
	publish(t, files, catalog.Ref{Name: "dsb", Version: "31"})
	fleet := files["environments/local/fleet.yaml"]
	files["environments/local/fleet.yaml"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(string(fleet.Data), `dsa: "31"`, "dsa: \"31\"\n    dsb: \"31\""))}
}

// Of two products with the same objects that are new at once, one is granted.
func TestCollidingFirstGrants(t *testing.T) {
	files := repository(t)
	twin(t, files)
	_, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil || len(summary.Grants) != 2 {
		t.Fatalf("Render() = %v, refuses %v, want one product refused in both rings", err, summary.Grants)
	}
	for _, g := range summary.Grants {
		if g.Product.String() != "dsb" {
			t.Errorf("Render() refuses %v, want dsb, which comes after dsa", g)
		}
	}
}

// A version whose objects are those of another product is not granted beside it.
func TestCollidingGrant(t *testing.T) {
	want, _, err := render(t, repository(t), pipeline.Options{Source: unpinned(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	files := repository(t)
	for path, data := range want {
		files[path] = &fstest.MapFile{Data: data}
	}
	twin(t, files)
	got, summary, err := render(t, files, pipeline.Options{Source: unpinned(), Now: now})
	if err != nil || len(summary.Grants) != 2 || !strings.Contains(summary.Grants[0].Error(), "is also an object of") {
		t.Fatalf("Render() = %v, refuses %v (catalog %v), want dsb refused for its objects", err, summary.Grants, summary.Catalog)
	}
	if !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Error("a grant that collides changes what is rendered")
	}
}
