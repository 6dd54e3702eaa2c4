package overlay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

func TestExplain(t *testing.T) {
	spec, values := overlaytest.Values(1)
	for _, state := range []string{"active", "suspended", "retained"} {
		spec.State = state
		if err := New(Options{}).Explain(t.Context(), overlaytest.Overlay(overlaytest.Product(), spec, values), "."); err != nil {
			t.Errorf("Explain(%s) = %v, want that it is fast", state, err)
		}
	}
}

// TestEngineIsFast shows when the engine stops asking kustomize, and that what
// it says then is what kustomize says.
func TestEngineIsFast(t *testing.T) {
	e := New(Options{})
	base := overlaytest.Product()
	for n := range 20 {
		spec, values := overlaytest.Values(n)
		d := overlaytest.Overlay(base, spec, values)
		form, _ := e.read(d, ".")
		_, fast, _ := e.familyOf(&form).fill(nil, &form)
		if want := n > 1; fast != want {
			t.Errorf("build %d has a stencil = %v, want %v: the first is the sample, the second makes the stencil", n, fast, want)
		}
		want, err := stock.Build(t.Context(), d, ".")
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Build(t.Context(), d, ".")
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("Build(%d) = %v, differs from kustomize:\n%s", n, err, cmp.Diff(string(want), string(got)))
		}
	}
}

// TestUnprovenWaits shows that a sample whose values a stencil does not cover
// proves nothing, and that the next one does.
func TestUnprovenWaits(t *testing.T) {
	e := New(Options{})
	base := bases()["Styles"]
	for n, p := range []string{"a\tb", "b\tc", "c\td", "plain", "plain", "words"} {
		spec, values := overlaytest.Values(n)
		values["p"], values["q"] = p, "q"
		d := overlaytest.Overlay(base, spec, values)
		form, _ := e.read(d, ".")
		_, fast, _ := e.familyOf(&form).fill(nil, &form)
		if want := n > 4; fast != want {
			t.Errorf("build %d has a stencil = %v, want %v", n, fast, want)
		}
		if _, err := e.Build(t.Context(), d, "."); err != nil {
			t.Fatal(err)
		}
		if f := e.familyOf(&form); len(f.unproven) > 1 {
			t.Errorf("build %d has left %d stencils to prove, want at most 1", n, len(f.unproven))
		}
	}
}

// TestManyShapes shows that values that keep coming in new shapes are given up on.
func TestManyShapes(t *testing.T) {
	e := New(Options{})
	base := bases()["Delimiters"]
	for n := range 3 * maxShapes {
		spec, values := overlaytest.Values(n)
		values["p"], values["q"] = "a"+strings.Repeat(".", n/2), "q"
		d := overlaytest.Overlay(base, spec, values)
		if _, err := e.Build(t.Context(), d, "."); err != nil {
			t.Fatal(err)
		}
		form, _ := e.read(d, ".")
		f := e.familyOf(&form)
		if len(f.samples) > maxShapes {
			t.Fatalf("%d samples are kept", len(f.samples))
		}
		if n == 3*maxShapes-1 && !f.settled.Load() {
			t.Error("the engine still learns")
		}
	}
}

// TestEqualBasesShare shows that a base is known by its contents.
func TestEqualBasesShare(t *testing.T) {
	e := New(Options{})
	for n := range 2 {
		spec, values := overlaytest.Values(n)
		if _, err := e.Build(t.Context(), overlaytest.Overlay(overlaytest.Product(), spec, values), "."); err != nil {
			t.Fatal(err)
		}
	}
	spec, values := overlaytest.Values(3)
	form, _ := e.read(overlaytest.Overlay(overlaytest.Product(), spec, values), ".")
	if _, fast, _ := e.familyOf(&form).fill(nil, &form); !fast {
		t.Error("a base with equal contents has no stencil")
	}
}

// TestOtherForms shows that what is not byte for byte what the renderer writes
// goes through kustomize, with warm stencils at hand.
func TestOtherForms(t *testing.T) {
	e := New(Options{})
	spec, values := overlaytest.Values(1)
	base := overlaytest.Product()
	for n := range 3 {
		s, v := overlaytest.Values(n)
		if _, err := e.Build(t.Context(), overlaytest.Overlay(base, s, v), "."); err != nil {
			t.Fatal(err)
		}
	}
	for name, change := range map[string]func(map[string][]byte){
		"ExtraLabel":      replace("kustomization.yaml", "includeTemplates: true", "includeTemplates: true\n- pairs: {a: b}"),
		"Prefix":          replace("kustomization.yaml", "resources:", "namePrefix: x-\nresources:"),
		"Reordered":       replace("kustomization.yaml", "- base/active\n- parameters.yaml", "- parameters.yaml\n- base/active"),
		"NoReplacements":  replace("kustomization.yaml", "replacements:\n- path: base/replacements.yaml\n", ""),
		"Comment":         replace("kustomization.yaml", "# Rendered", "# rendered"),
		"CarriageReturns": replace("kustomization.yaml", "\n", "\r\n"),
		"Unquoted":        replace("kustomization.yaml", `namespace: "tenant-1000001"`, "namespace: tenant-1000001"),
		"Twice":           replace("kustomization.yaml", "- parameters.yaml", "- parameters.yaml\n- parameters.yaml"),
		"TwoFiles":        func(m map[string][]byte) { m["kustomization.yml"] = m["kustomization.yaml"] },
		"OtherFile":       func(m map[string][]byte) { m["other.yaml"] = []byte("a: b") },
		"Sealed":          func(m map[string][]byte) { m["sluice.yaml"] = []byte("kind: Overlay") },
		"NoParameters":    func(m map[string][]byte) { delete(m, "parameters.yaml") },
		"SecondObject":    replace("parameters.yaml", "data:\n", "data: {}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n"),
		"Deployed":        replace("parameters.yaml", `local-config: "true"`, `local: "true"`),
		"DuplicateKey":    replace("parameters.yaml", "  domain:", "  domain: \"x\"\n  domain:"),
		"SingleQuotes":    replace("parameters.yaml", `"SHA1"`, `'SHA1'`),
		"EscapedValue":    replace("parameters.yaml", `"SHA1"`, `"SH\u00411"`),
		"NoNewline":       replace("parameters.yaml", "version: \"202\"\n", "version: \"202\""),
		"UpperState":      replace("kustomization.yaml", "base/active", "base/../base/active"),
		"OtherBase":       replace("base/workloads/cache.yaml", "periodSeconds: 5", "periodSeconds: 6"),
	} {
		files := overlaytest.Overlay(base, spec, values).Files()
		change(files)
		d, err := tree.FromFiles(files)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Build(t.Context(), d, ".")
		want, wantErr := stock.Build(t.Context(), d, ".")
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Errorf("%s: Build = %v, kustomize %v\n%s", name, err, wantErr, cmp.Diff(string(want), string(got)))
		}
	}
}

// replace changes one text of one file.
func replace(file, from, to string) func(map[string][]byte) {
	return func(m map[string][]byte) {
		if !bytes.Contains(m[file], []byte(from)) {
			panic(fmt.Sprintf("%s does not contain %q", file, from))
		}
		m[file] = bytes.ReplaceAll(m[file], []byte(from), []byte(to))
	}
}

// TestBaseReachesOut shows that a base whose result depends on files beside it
// has no stencil: its digest says nothing of them.
func TestBaseReachesOut(t *testing.T) {
	e := New(Options{})
	files := overlaytest.Product().Files()
	files["active/kustomization.yaml"] = []byte("resources:\n- ../workloads\n- ../../../beside\n")
	base, err := tree.FromFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		spec, values := overlaytest.Values(n)
		beside := overlaytest.Must(map[string]string{
			"kustomization.yaml": "resources: [cm.yaml]\n",
			"cm.yaml":            fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside}\ndata: {number: \"%d\", a: b}\n", n),
		})
		d, err := tree.New(tree.Entry{Name: "o", Dir: overlaytest.Overlay(base, spec, values)}, tree.Entry{Name: "beside", Dir: beside})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Build(t.Context(), d, "o")
		if err != nil || !strings.Contains(string(got), fmt.Sprintf("number: \"%d\"", n)) {
			t.Errorf("Build(%d) = %v, without the object beside it:\n%s", n, err, got)
		}
	}
}

// TestConcurrent builds from many goroutines what a single one builds.
func TestConcurrent(t *testing.T) {
	short.Skip(t, "builds hundreds of overlays")
	e := New(Options{Families: 2})
	all := []*tree.Dir{overlaytest.Product(), bases()["Styles"], bases()["References"]}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 12 {
				spec, values := overlaytest.Values(n)
				values["p"], values["q"] = fmt.Sprint("p", n), "张勇"
				d := overlaytest.Overlay(all[(i+n)%len(all)], spec, values)
				got, err := e.Build(t.Context(), d, ".")
				want, wantErr := stock.Build(t.Context(), d, ".")
				if err != nil || wantErr != nil || !bytes.Equal(got, want) {
					t.Errorf("Build(%d) = %v, kustomize %v: the bytes differ", n, err, wantErr)
				}
			}
		})
	}
	wg.Wait()
	if n := e.families.order.Len(); n > 2 {
		t.Errorf("%d families are kept, want at most 2", n)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the client is gone")
	cancel(why)
	spec, values := overlaytest.Values(1)
	_, err := New(Options{}).Build(ctx, overlaytest.Overlay(overlaytest.Product(), spec, values), ".")
	if err != nil && !errors.Is(err, why) {
		t.Errorf("Build = %v, want %v", err, why)
	}
}

func TestRefusalIsForAPerson(t *testing.T) {
	for name, d := range map[string]*tree.Dir{
		"Checker":   overlaytest.Must(map[string]string{"kustomization.yaml": "resources: [https://example.com/x]"}),
		"Kustomize": overlaytest.Must(map[string]string{"kustomization.yaml": "patches: [{patch: 'a: b', target: {kind: A}}]\nresources: [a.yaml]", "a.yaml": "a: b"}),
		"Empty":     overlaytest.Must(nil),
	} {
		_, err := New(Options{}).Build(t.Context(), d, ".")
		if fault.ClassOf(err) != fault.Person || fault.HintOf(err) == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: Build = %q of class %v with hint %q", name, err, fault.ClassOf(err), fault.HintOf(err))
		}
	}
}
