package plugin

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

// meta is what a YAML parser sees of an object: the judge of scan.
type meta struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name        string            `json:"name"`
		Namespace   string            `json:"namespace"`
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
	} `json:"metadata"`
	Spec map[string]any `json:"spec"`
}

func (m meta) object() object {
	number := func(key string) string {
		if v, ok := m.Spec[key]; ok {
			return fmt.Sprint(v)
		}
		return ""
	}
	o := object{apiVersion: m.APIVersion, kind: m.Kind, name: m.Metadata.Name, namespace: m.Metadata.Namespace,
		component: m.Metadata.Labels["gatorcloud.io/component"], wave: m.Metadata.Annotations["argocd.argoproj.io/sync-wave"],
		replicas: number("replicas"), deadline: number("progressDeadlineSeconds"), suspend: number("suspend")}
	template, _ := m.Spec["template"].(map[string]any)
	pod, _ := template["spec"].(map[string]any)
	selector, _ := pod["nodeSelector"].(map[string]any)
	o.nodeSelector = len(selector) > 0
	return o
}

// text draws strings that a line scanner could take for something else.
func text() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{
			"---", "a\n---\nb", "metadata:", "kind: Secret\nspec:\n  replicas: 9", "  name: x", "- x", "? y", ": z", "#", "a: b", "a:b", "a:", "'", `"`, "\\",
			"|", "{}", "0", "true", "null", "~", "", " lead", "trail ", "tab\t", "\n", "\n\n", "x\n", "a\n\n  b\n c", strings.Repeat("long ", 60), strings.Repeat("k", 200),
			"apiVersion", "replicas", "suspend", "nodeSelector", "gatorcloud.io/component", "argocd.argoproj.io/sync-wave", "on", "1e3", "0x10", "é", "\u2028", "x\n\u2028 name: y", "a\r\nkind: b\r\n", "\u0085kind: b", "b\u2029---\n", "%", "@", "`", "!x", "&a", "*a",
		}),
		rapid.String(),
	)
}

func value(depth int) *rapid.Generator[any] {
	scalars := rapid.OneOf(rapid.Map(text(), func(s string) any { return s }), rapid.Map(rapid.IntRange(-1, 3), func(i int) any { return i }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Just[any](nil))
	if depth == 0 {
		return scalars
	}
	return rapid.OneOf(scalars,
		rapid.Map(rapid.MapOfN(text(), value(depth-1), 0, 3), func(m map[string]any) any { return m }),
		rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(l []any) any { return l }))
}

// scan sees what a YAML parser sees, whatever the values contain.
func TestScanAgreesWithParser(t *testing.T) {
	word := rapid.SampledFrom([]string{"a", "x-1", "123", "true", "1e5", "null", "Deployment", "v1"})
	rapid.Check(t, func(t *rapid.T) {
		maybe := func(m map[string]any, key string, v *rapid.Generator[any]) {
			if rapid.Bool().Draw(t, "has "+key) {
				m[key] = v.Draw(t, key)
			}
		}
		asAny := rapid.Map(word, func(s string) any { return s })
		noise := func(label string) map[string]any { return rapid.MapOfN(text(), value(3), 0, 3).Draw(t, label) }
		labels, annotations := map[string]any{}, map[string]any{}
		for _, k := range slices.Sorted(maps.Keys(noise("labels"))) {
			labels[k] = text().Draw(t, "label")
		}
		for _, k := range slices.Sorted(maps.Keys(noise("annotations"))) {
			annotations[k] = text().Draw(t, "annotation")
		}
		delete(labels, "gatorcloud.io/component")
		delete(annotations, "argocd.argoproj.io/sync-wave")
		maybe(labels, "gatorcloud.io/component", asAny)
		maybe(annotations, "argocd.argoproj.io/sync-wave", asAny)
		metadata := map[string]any{"name": word.Draw(t, "name"), "labels": labels, "annotations": annotations, "managedFields": value(3).Draw(t, "managed")}
		maybe(metadata, "namespace", asAny)
		spec := noise("spec")
		for _, k := range []string{"replicas", "progressDeadlineSeconds", "suspend", "template"} {
			delete(spec, k)
		}
		maybe(spec, "replicas", rapid.Map(rapid.IntRange(0, 3), func(i int) any { return i }))
		maybe(spec, "progressDeadlineSeconds", rapid.Just[any](600))
		maybe(spec, "suspend", rapid.Map(rapid.Bool(), func(b bool) any { return b }))
		spec["template"] = map[string]any{"spec": map[string]any{"containers": []any{value(2).Draw(t, "container"), map[string]any{"nodeSelector": map[string]any{"a": "b"}}},
			"nodeSelector": rapid.MapOfN(word, rapid.Map(word, func(s string) any { return s }), 0, 2).Draw(t, "selector")}}
		all := noise("object")
		maps.Copy(all, map[string]any{"apiVersion": word.Draw(t, "apiVersion"), "kind": word.Draw(t, "kind"), "metadata": metadata, "spec": spec})
		delete(all, "status")
		doc, err := yaml.Marshal(all)
		if err != nil {
			t.Skip("not JSON")
		}
		var m meta
		if err := yaml.Unmarshal(doc, &m); err != nil {
			t.Skipf("the parser refuses what it wrote: %v", err)
		}
		got, err := scan(doc)
		if err != nil {
			t.Fatalf("scan(%s) = %v, want nil", doc, err)
		}
		want := m.object()
		want.waveStart, want.waveEnd = got.waveStart, got.waveEnd
		if d := cmp.Diff(want, got, cmp.AllowUnexported(object{})); d != "" {
			t.Errorf("scan(%s) (-want +got):\n%s", doc, d)
		}
		if want.wave == "" {
			return
		}
		// Exactly the wave changes when it is written anew.
		m.Metadata.Annotations["argocd.argoproj.io/sync-wave"] = "42"
		moved, err := withWave(doc, got, 42)
		if err != nil {
			t.Fatalf("withWave(%s) = %v, want nil", doc, err)
		}
		var after meta
		if err := yaml.Unmarshal(moved, &after); err != nil {
			t.Fatalf("withWave(%s) is no YAML: %v", doc, err)
		}
		if d := cmp.Diff(m, after); d != "" {
			t.Errorf("withWave(%s, 42) (-want +got):\n%s", doc, d)
		}
	})
}

// Cutting a stream gives back the documents that were joined.
func TestSplitAgreesWithWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var docs [][]byte
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			doc, err := yaml.Marshal(map[string]any{"kind": "X", "data": value(2).Draw(t, "data")})
			if err != nil {
				t.Skip("not JSON")
			}
			docs = append(docs, doc)
		}
		got := split(bytes.Join(docs, []byte("---\n")))
		if d := cmp.Diff(docs, got); d != "" {
			t.Errorf("split (-want +got):\n%s", d)
		}
	})
}

func TestScanRefuses(t *testing.T) {
	const head = "apiVersion: v1\nkind: X\n"
	for name, tc := range map[string]struct{ reason, doc string }{
		"NoName":       {"Argo CD cannot apply it", head + "metadata:\n  namespace: a\n"},
		"NoKind":       {"Argo CD cannot apply it", "apiVersion: v1\nmetadata:\n  name: a\n"},
		"Empty":        {"Argo CD skips it", ""},
		"Indented":     {"not the form that was proven", head + "metadata:\n    name: a\n"},
		"Odd":          {"not the form that was proven", head + "metadata:\n name: a\n"},
		"Flow":         {"a name must be a word", head + "metadata:\n  name: {a: b}\n"},
		"Block":        {"a name must be a word", head + "metadata:\n  name: |\n    a\n"},
		"Comment":      {"kustomize prints none", "# x\n" + head + "metadata:\n  name: a\n"},
		"NoColon":      {"not a mapping", "hello\n"},
		"BadQuote":     {"no end of the string", head + "metadata:\n  name: \"a\n"},
		"UnclosedKey":  {"no end of the key", "\"a\n"},
		"JSON":         {"not the form that was proven", `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}}`},
		"DocumentMark": {"two objects in one", head + "metadata:\n  name: a\n---\nkind: Y\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if o, err := scan([]byte(tc.doc)); err == nil {
				t.Errorf("scan(%q) = %+v, nil, want an error: %s", tc.doc, o, tc.reason)
			}
		})
	}
}
