package overlay

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/short"
	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stencil"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

// hostile are values that YAML, kustomize or an encoder might treat specially.
var hostile = []string{
	"", " ", "x", "13", "0", "00", "007", "-1", "+1", "1.5", "1e3", "1E3", "0x1F", "0o17", "0b1", "1_000", ".5", "5.", "1.", "-.inf", ".nan", "inf", "nan",
	"12345678901234567890", "9223372036854775807", "999999999999999", "1000000000000000", "190:20:30", "12:30", "1:20", "2001-12-14", "2001-12-14T21:59:43Z",
	"2001-12-14 21:59:43.10 -5", "true", "True", "TRUE", "false", "yes", "no", "on", "off", "y", "n", "Y", "N", "null", "Null", "~", "NaN", "Infinity",
	"80Gi", "10Mi", "1Ti", "250m", "1k", "5z", "3.10.0-133", "v1", "a:b", "a: b", "a :b", "a:", ":a", "a #b", "a#b", "#a", "a, b", "a,b", ",a", "[a]", "{a: b}",
	"{}", "[]", "a]b", "&a", "*a", "!a", "!!int 1", "!!str", "|", ">", "|-", "%a", "@a", "`a", "'a'", "\"a\"", "a'b", "a\"b", "\\", "a\\nb", "-", "- a", "--a", "--a=b",
	"---", "...", "? a", "?a", "=", "<<", "$(A)", "$(V)", "${A}", "a\nb", "a\n", "\na", "a\n\n", "\n", " a\nb", "a\n b", "a\tb", "\ta", "a ", " a", "a  b",
	"a\rb", "a\u0085b", "a\u2028b", "\ufeffa", "a\u00a0b", "张勇", "ü", "日本 語", "😀", "a\u200bb", "\u0000", "\u0007", "\x7f", "\u009f", "\ue000", "\ufffd",
	"gateway", "gateway-config", "default", "parameters", "tenant.domain", "a.b", "a.b.c", ".a", "a.", "..", "info", "fast", "tenant-1000006", "http://a.b:80/c?d=e&f",
	"/a/b", "a/b", "a=b", "a@b", "a%b", "a~b", "~a", "1a", "1e", "e1", "0xg", "0b2", "1__0", "1.2.3.4", "::1", "a::b", "key: [x", "a: 'b", strings.Repeat("x", 200),
	strings.Repeat("word ", 40) + "end", strings.Repeat("long-word ", 8) + "e", "a" + strings.Repeat(" b", 60), strings.Repeat("1", 400), "C:\\dir\\file", "a|b", "a>b", "(a)", "a&b",
	"runner", "settings", "pre-settings", "db", "role", "token", "slow", "other", "elsewhere", "A", "B", "name", "a\nb\n", "a: b\nc: d\n", "{\"x\": 1}", "--host=x",
}

// draw returns the generator of hostile values and of parts of them put together.
func draw() *rapid.Generator[string] {
	glue := rapid.SampledFrom([]string{"", " ", ".", "-", "\n", ":"})
	return rapid.OneOf(
		rapid.SampledFrom(hostile),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostile), 1, 3).Draw(t, "parts"), glue.Draw(t, "glue"))
		}),
		rapid.StringN(0, 12, 40),
		rapid.StringMatching(`[a-z0-9][a-z0-9 .:/_-]{0,30}`),
		rapid.StringMatching(`[0-9][0-9a-zA-Z.:_+-]{0,12}`),
		rapid.StringMatching(`[a-zA-Z/][a-zA-Z0-9._/=@+%~ :,-]{0,90}`),
	)
}

// drawOverlay returns an overlay of base with hostile values, as it is written.
func drawOverlay(t *rapid.T, base *tree.Dir) *tree.Dir {
	o := drawUnwritten(t, base)
	return overlaytest.Overlay(o.Base, o.Spec, o.Parameters)
}

// drawUnwritten returns an overlay of base with hostile values.
func drawUnwritten(t *rapid.T, base *tree.Dir) Overlay {
	tenant := rapid.OneOf(rapid.SampledFrom([]string{"1000006", "acme", "a-b", "1e3", "null", "0x1", "007", "true", "y", "default", "other", "elsewhere"}),
		rapid.StringMatching(`[a-z0-9]{1,9}`)).Draw(t, "tenant")
	spec := manifest.KustomizationSpec{Namespace: "tenant-" + tenant, Tenant: tenant, State: "active"}
	if rapid.IntRange(0, 9).Draw(t, "bare") == 0 {
		spec.Namespace = tenant
	}
	if rapid.IntRange(0, 9).Draw(t, "environment") == 0 {
		spec.Tenant = ""
	}
	_, values := overlaytest.Values(rapid.IntRange(0, 99).Draw(t, "n"))
	values["namespace"], values["tenantId"] = spec.Namespace, spec.Tenant
	values["p"], values["q"] = draw().Draw(t, "p"), draw().Draw(t, "q")
	switch rapid.IntRange(0, 7).Draw(t, "equal") {
	case 0:
		values["q"] = spec.Namespace
	case 1:
		values["q"] = tenant
	}
	for range rapid.IntRange(0, 2).Draw(t, "others") {
		values[rapid.SampledFrom(slices.Sorted(maps.Keys(values))).Draw(t, "key")] = draw().Draw(t, "value")
	}
	return Overlay{spec, values, base}
}

// An overlay that is not written has the form of what would be, and is built to
// the same, whichever of the two an engine learns from.
func TestUnwrittenLikeWritten(t *testing.T) {
	all := bases()
	names := slices.Sorted(maps.Keys(all))
	e := New(Options{Families: 8})
	rapid.Check(t, func(t *rapid.T) {
		o := drawUnwritten(t, all[rapid.SampledFrom(names).Draw(t, "base")])
		o.Spec.State = rapid.SampledFrom([]string{"active", "active", "active", "", "../active", "Active"}).Draw(t, "state")
		if rapid.IntRange(0, 9).Draw(t, "named") == 0 {
			o.Parameters[rapid.SampledFrom([]string{"", "a.b", "a: b", "ä"}).Draw(t, "name")] = "x"
		}
		d := overlaytest.Overlay(o.Base, o.Spec, o.Parameters)
		form, ok := stencil.New(o.Spec, o.Parameters, o.Base)
		read, rendered := stencil.Read(d)
		if ok != rendered || ok && (form.Spec != read.Spec || form.Base != read.Base || !slices.Equal(form.Keys, read.Keys) || !slices.Equal(form.Values, read.Values)) {
			t.Fatalf("New() = %+v, %t, and Read() of what is written %+v, %t", form, ok, read, rendered)
		}
		build := func() ([]byte, error) { return e.AppendOverlay(context.Background(), []byte("before"), o) }
		same := func() ([]byte, error) { return e.AppendBuild(context.Background(), []byte("before"), d, ".") }
		if rapid.Bool().Draw(t, "first") {
			build, same = same, build
		}
		got, err := build()
		want, wantErr := same()
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("AppendOverlay and AppendBuild differ, %v and %v:\n%s", err, wantErr, cmp.Diff(string(want), string(got)))
		}
	})
}

// TestStencilLikeStock compares stencils with kustomize on hostile values. It
// compiles for every shape at once, so that values rarely take the way around.
func TestStencilLikeStock(t *testing.T) {
	short.Skip(t, "builds hundreds of overlays")
	e := New(Options{})
	for name, base := range bases() {
		t.Run(name, func(t *testing.T) {
			known := map[string]*stencil.Stencil{}
			filled := 0
			rapid.Check(t, func(t *rapid.T) {
				d := drawOverlay(t, base)
				form, ok := stencil.Read(d)
				if !ok {
					t.Fatalf("not recognised:\n%s", d.Files()["parameters.yaml"])
				}
				s := compiled(e, known, form)
				if s == nil {
					return
				}
				got, ok := s.Fill(nil, &form)
				if !ok {
					return
				}
				if !empty(&form) {
					filled++
				}
				want, err := stock.Build(context.Background(), d, ".")
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s: kustomize says %v; it differs from the stencil:\n%s\n%s", name, err, cmp.Diff(string(want), string(got)), d.Files()["parameters.yaml"])
				}
			})
			t.Logf("%d overlays filled from %d stencils", filled, len(known))
			switch _, none := never[name]; {
			case name == "Booleans", name == "Nulls", name == "Floats": // few values are
			// Now and then a value is drawn with which even these compile; what was
			// filled then was compared above.
			case none && filled > 5, !none && filled == 0:
				t.Errorf("%d overlays were filled; has a stencil = %v", filled, !none)
			}
		})
	}
}

// empty reports whether p or q is: what an empty value makes is always the same.
func empty(f *stencil.Form) bool {
	return f.Values[slices.Index(f.Keys, "p")] == "" || f.Values[slices.Index(f.Keys, "q")] == ""
}

// compiled returns the stencil for the shapes of a form, nil if there is none.
func compiled(e *Engine, known map[string]*stencil.Stencil, form stencil.Form) *stencil.Stencil {
	plan, err := stencil.NewPlan(form.Base)
	if err != nil {
		return nil
	}
	key := tree.Digest(form.Base) + form.Spec.State + strings.Join(append(plan.Shapes(&form), form.Keys...), "\x00")
	s, ok := known[key]
	if !ok {
		s, _ = plan.Compile(context.Background(), form, e.run) // refusals are nil
		known[key] = s
	}
	return s
}

// TestNever shows why bases have no stencil.
func TestNever(t *testing.T) {
	for name, want := range never {
		spec, values := overlaytest.Values(1)
		values["p"], values["q"] = "x", "word"
		form, _ := stencil.Read(overlaytest.Overlay(bases()[name], spec, values))
		plan, err := stencil.NewPlan(form.Base)
		if err == nil {
			_, err = plan.Compile(t.Context(), form, New(Options{}).run)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a stencil of %s = %v, want %q", name, err, want)
		}
	}
}

// TestEngineLikeStock builds sequences of overlays with one engine: samples,
// compilation, stencils and ways around in whatever order they come.
func TestEngineLikeStock(t *testing.T) {
	all := bases()
	names := slices.Sorted(maps.Keys(all))
	e := New(Options{Families: 8})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "base")
		d := drawOverlay(t, all[name])
		got, err := e.Build(context.Background(), d, ".")
		want, wantErr := stock.Build(context.Background(), d, ".")
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%s: Build = %v, kustomize %v\n%s\n%s", name, err, wantErr, cmp.Diff(string(want), string(got)), d.Files()["parameters.yaml"])
		}
	})
}
