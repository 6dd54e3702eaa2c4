package stencil

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/resmap"

	"github.com/gatorcloud/sluice/renderer/model/tree"
	"github.com/gatorcloud/sluice/renderer/render/overlay/overlaytest"
	"github.com/gatorcloud/sluice/renderer/render/overlay/stock"
)

const objects = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {note: none}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: main}
spec: {template: {spec: {volumes: [{name: c, configMap: {name: none}}]}}}
`

const (
	intoNote = "- source: {kind: ConfigMap, name: parameters, fieldPath: data.p}\n  targets: [{select: {kind: ConfigMap, name: settings}, fieldPaths: [data.note]}]\n"
	intoName = "- source: {kind: ConfigMap, name: parameters, fieldPath: data.p}\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.spec.volumes.0.configMap.name]}]\n"
)

// overlayOf returns an overlay of the objects whose parameter p has a value.
func overlayOf(t *testing.T, kustomization, replacements, p string) Form {
	t.Helper()
	base := overlaytest.Must(map[string]string{
		"active/kustomization.yaml": "resources: [objects.yaml]\n" + kustomization, "active/objects.yaml": objects, "replacements.yaml": replacements,
	})
	spec, values := overlaytest.Values(1)
	values["p"] = p
	form, ok := Read(overlaytest.Overlay(base, spec, values))
	if !ok {
		t.Fatal("the overlay is not recognised")
	}
	return form
}

// whole returns the overlay of a form.
func whole(t *testing.T, f Form) *tree.Dir {
	t.Helper()
	values := map[string]string{}
	for i, key := range f.Keys {
		values[key] = f.Values[i]
	}
	return overlaytest.Overlay(f.Base, f.Spec, values)
}

func compileFor(t *testing.T, form Form, run Runner) (*Stencil, error) {
	t.Helper()
	plan, err := NewPlan(form.Base)
	if err != nil {
		t.Fatal(err)
	}
	return plan.Compile(t.Context(), form, run)
}

// A value that is the name of an object, as it stands in the base or as it is
// renamed, could be followed when that object is renamed: kustomize decides.
func TestNamesAreNotFilled(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, kustomization, replacements, p string
		filled                                 bool
	}{
		"Plain":        {"no name", "", intoName, "other", true},
		"Named":        {"an object's name", "", intoName, "settings", false},
		"NamedInNote":  {"a name where nothing is referred to", "", intoNote, "settings", true},
		"BeforePrefix": {"the name before it got a prefix", "namePrefix: pre-\n", intoName, "settings", false},
		"WithPrefix":   {"the name with its prefix", "namePrefix: pre-\n", intoName, "pre-settings", false},
		"PartOfName":   {"the rest of a name may be a prefix", "namePrefix: pre-\n", intoName, "ttings", false},
		"PartOfPlain":  {"nothing is renamed", "", intoName, "ttings", true},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := compileFor(t, overlayOf(t, tc.kustomization, tc.replacements, "x"), stock.Visit)
			if err != nil {
				t.Fatal(err)
			}
			form := overlayOf(t, tc.kustomization, tc.replacements, tc.p)
			got, ok := s.Fill(nil, &form)
			if ok != tc.filled {
				t.Fatalf("Fill() with %q = %t, want %t: %s\n%s", tc.p, ok, tc.filled, tc.reason, got)
			}
			want, err := stock.Build(t.Context(), whole(t, form), ".")
			if ok && (err != nil || string(got) != string(want)) {
				t.Errorf("Fill() with %q is not what kustomize says, %v:\n%s\nwant\n%s", tc.p, err, got, want)
			}
		})
	}
}

// What is left of a value after something has changed it is not text of the
// base: there is no stencil.
func TestNothingIsLeft(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"Upper": strings.ToUpper,
		"Cut":   func(v string) string { return v[:len(v)-2] },
	} {
		t.Run(name, func(t *testing.T) {
			changing := func(ctx context.Context, dir *tree.Dir, root string, f func(resmap.ResMap) error) error {
				return stock.Visit(ctx, dir, root, func(m resmap.ResMap) error {
					for _, r := range m.Resources() {
						if data := r.GetDataMap(); data["note"] != "" {
							r.SetDataMap(map[string]string{"note": change(data["note"])})
						}
					}
					return f(m)
				})
			}
			_, err := compileFor(t, overlayOf(t, "", intoNote, "x"), changing)
			if err == nil || !strings.Contains(err.Error(), "left in the text") {
				t.Errorf("Compile() = %v, want that part of a value is left", err)
			}
		})
	}
}

// What a value looks like to a replacement that reads everything is part of
// the shape of an overlay, whichever parameter it is.
func TestSourcesThatAreNotFollowed(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, field string
		all           bool
	}{
		"One":      {"reads one parameter", "data.p", false},
		"Wildcard": {"reads whichever comes", "data.*", true},
		"Path":     {"reads a part that is not a parameter's name", "data.[p]", true},
		"Other":    {"reads no parameter", "metadata.name", false},
	} {
		t.Run(name, func(t *testing.T) {
			form := overlayOf(t, "", strings.Replace(intoNote, "data.p", "'"+tc.field+"'", 1), "x")
			plan, err := NewPlan(form.Base)
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.reads("tenantName"); got != tc.all {
				t.Errorf("a replacement of %s reads tenantName = %t, want %t: %s", tc.field, got, tc.all, tc.reason)
			}
		})
	}
}

// Two alphabets sort their sentinels in opposite order, so that a result that
// depends on the order of values is seen.
func TestAlphabetsSortApart(t *testing.T) {
	for i, a := range alphabets {
		for n := range maxSentinels - 1 {
			if first, next := a.text("seed", n), a.text("seed", n+1); (first < next) != (i == 0) || len(first) != a.length {
				t.Fatalf("alphabet %d: sentinels %d and %d are %q and %q", i, n, n+1, first, next)
			}
		}
	}
}

// Only what the renderer writes is a rendered overlay: its state is a word.
func TestReadState(t *testing.T) {
	base := overlayOf(t, "", intoNote, "x").Base
	for state, want := range map[string]bool{"active": true, "": false, "../active": false, "Active": false, "a b": false, "active/x": false} {
		spec, values := overlaytest.Values(1)
		spec.State = state
		if _, ok := Read(overlaytest.Overlay(base, spec, values)); ok != want {
			t.Errorf("Read() of an overlay in state %q = %t, want %t", state, ok, want)
		}
	}
}

// A block scalar whose text begins with a blank or ends with empty lines looks
// different at the end of a document.
func TestKnown(t *testing.T) {
	for v, want := range map[string]bool{
		"": true, "a": true, " a": true, "a\nb": true, "a\nb\n": true, "a\n b": true, "张勇": true,
		" a\nb": false, "\na": false, "\n": false, "a\n\n": false, "a\tb": false, "a\x00": false, "\xff": false, "a\u2028b": false,
		strings.Repeat("x", 1<<16): true, strings.Repeat("x", 1<<16+1): false,
	} {
		if got := known(v); got != want {
			t.Errorf("known(%.20q) = %t, want %t", v, got, want)
		}
	}
}
