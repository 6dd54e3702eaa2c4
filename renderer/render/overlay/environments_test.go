package overlay

import (
	"bytes"
	"context"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stencil"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// readTree returns the files of a directory.
func readTree(t *testing.T, root string) *tree.Dir {
	t.Helper()
	files := map[string][]byte{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		files[name], err = os.ReadFile(path.Join(root, name))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tree.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEnvironments builds every overlay of the example environments three
// times with one engine, so that each is once built from a stencil, and
// compares with kustomize's own command. All overlays in an environment are fast.
func TestEnvironments(t *testing.T) {
	if testing.Short() {
		t.Skip("builds every overlay of the examples twice")
	}
	d := readTree(t, "../../../environments")
	e := New(Options{})
	overlays := 0
	overlaysOf(d, ".", func(root string) {
		overlays++
		at, _ := d.Lookup(root)
		files := map[string]string{}
		for name, data := range at.Dir.Files() {
			files[name] = string(data)
		}
		want, err := judge(overlaytest.Case{Root: ".", Files: files})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			got, err := e.Build(t.Context(), d, root)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("Build(%s) = %v, differs from kustomize:\n%s", root, err, cmp.Diff(string(want), string(got)))
			}
		}
		form, _ := e.read(d, root)
		if _, fast, _ := e.familyOf(&form).fill(nil, &form); !fast {
			t.Errorf("%s is not fast: %v", root, e.Explain(t.Context(), d, root))
		}
	})
	if overlays < 5 {
		t.Errorf("%d overlays were found", overlays)
	}
	t.Logf("%d overlays, %d families", overlays, e.families.order.Len())
}

// overlaysOf calls f for every directory that has parameters.
func overlaysOf(d *tree.Dir, name string, f func(string)) {
	for _, e := range d.Entries() {
		switch {
		case e.Dir != nil:
			overlaysOf(e.Dir, path.Join(name, e.Name), f)
		case e.Name == "parameters.yaml":
			f(name)
		}
	}
}

// TestCatalogLikeStock gives the bases of the example environments hostile values.
func TestCatalogLikeStock(t *testing.T) {
	short.Skip(t, "reads and builds the example environments")
	d := readTree(t, "../../../environments")
	e := New(Options{})
	forms := map[familyKey]stencil.Form{}
	overlaysOf(d, ".", func(root string) {
		form, ok := e.read(d, root)
		if !ok {
			t.Fatalf("%s is not in the form of the renderer", root)
		}
		forms[familyKey{tree.Digest(form.Base), form.Spec.State, form.Spec.Tenant != "", strings.Join(form.Keys, ",")}] = form
	})
	all := slices.Collect(maps.Values(forms))
	slices.SortFunc(all, func(a, b stencil.Form) int {
		return strings.Compare(tree.Digest(a.Base)+a.Spec.State, tree.Digest(b.Base)+b.Spec.State)
	})
	known := map[string]*stencil.Stencil{}
	filled := 0
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(all).Draw(t, "overlay")
		values := map[string]string{}
		for i, key := range form.Keys {
			values[key] = form.Values[i]
		}
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			values[rapid.SampledFrom(form.Keys).Draw(t, "key")] = draw().Draw(t, "value")
		}
		changed := overlaytest.Overlay(form.Base, form.Spec, values)
		form, _ = stencil.Read(changed)
		s := compiled(e, known, form)
		if s == nil {
			return
		}
		got, ok := s.Fill(nil, &form)
		if !ok {
			return
		}
		filled++
		want, err := stock.Build(context.Background(), changed, ".")
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("kustomize says %v; it differs from the stencil:\n%s", err, cmp.Diff(string(want), string(got)))
		}
	})
	if filled == 0 {
		t.Error("no overlay was filled")
	}
	t.Logf("%d overlays of %d families were filled", filled, len(all))
}
