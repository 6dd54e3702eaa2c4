package plugin

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"
)

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
		maybe(annotations, "autoscaling.keda.sh/paused-replicas", asAny)
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
		if err := yaml.Unmarshal(doc, new(any)); err != nil {
			t.Skipf("the parser refuses what it wrote: %v", err)
		}
		if bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")) { // a key behind a blank that YAML knows none of
			t.Skip("Argo CD takes it for JSON")
		}
		if _, err := scan(doc); err != nil {
			t.Fatalf("scan(%s) = %v, want nil", doc, err)
		}
		checkScan(t, doc)
	})
}

// A stream is cut where documents were joined, whoever reads them.
func TestStreamAgreesWithWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var docs [][]byte
		for range rapid.IntRange(0, 4).Draw(t, "n") {
			doc, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "X", "metadata": map[string]any{"name": "a"}, "data": value(2).Draw(t, "data")})
			if err != nil || yaml.Unmarshal(doc, new(any)) != nil {
				t.Skip("not JSON, or the parser refuses what it wrote")
			}
			docs = append(docs, doc)
		}
		var got [][]byte
		for s := newStream(bytes.Join(docs, []byte("---\n"))); s.more(); {
			doc, o, err := s.next()
			if err != nil || o.name != "a" {
				t.Fatalf("next = %q, %+v, %v, want an object", doc, o, err)
			}
			got = append(got, doc)
		}
		if d := cmp.Diff(docs, got); d != "" {
			t.Errorf("stream (-want +got):\n%s", d)
		}
	})
}

func TestScanRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, doc string }{
		"NoName":       {"Argo CD cannot apply it", "apiVersion: v1\nkind: X\nmetadata:\n  namespace: a\n"},
		"NoKind":       {"Argo CD cannot apply it", "apiVersion: v1\nmetadata:\n  name: a\n"},
		"OtherCase":    {"Kubernetes knows no Kind", "apiVersion: v1\nKind: X\nmetadata:\n  name: a\n"},
		"Empty":        {"Argo CD skips it", ""},
		"Flow":         {"a name must be a text", named("{a: b}")},
		"Number":       {"a name must be a text", named("12")},
		"WaveNumber":   {"Argo CD reads no annotation at all", waved("3")},
		"NoColon":      {"not a mapping", "hello\n"},
		"BadQuote":     {"no end of the string", named(`"a`)},
		"UnclosedKey":  {"no end of the key", "\"a\n"},
		"BadEscape":    {"no escape of the library", named(`"a\/b"`)},
		"Control":      {"no character of YAML", named("a\x00")},
		"Tag":          {"no number, and an error of two lines", named(`!!int "a\nb"`)},
		"JSON":         {"Argo CD reads all objects that follow", `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}}`},
		"JSONTwice":    {"two objects in one", `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}} {"kind":"Y"}`},
		"DocumentMark": {"two objects in one", head + "---\nkind: Y\n"},
		"MarkBlank":    {"two objects in one", head + "--- \nkind: Y\n"},
		"MarkComment":  {"two objects in one", head + "--- # b\nkind: Y\n"},
		"MarkAfterAll": {"two objects in one", "x: &x y\n" + head + "---\t\nkind: Y\n"},
		"EndMark":      {"readers differ in what follows", head + "...\nkind: Y\n"},
	} {
		t.Run(name, func(t *testing.T) {
			o, err := scan([]byte(tc.doc))
			if err == nil {
				t.Fatalf("scan(%q) = %+v, nil, want an error: %s", tc.doc, o, tc.reason)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("scan(%q) = %q, want one line", tc.doc, err)
			}
		})
	}
}

// A name is what YAML says, however it is written.
func TestScanReadsValues(t *testing.T) {
	for name, tc := range map[string]struct{ reason, value, want string }{
		"Single":        {"as kustomize quotes", `'a'`, "a"},
		"DoubledQuote":  {"a quote in quotes is written twice", `'a'''`, "a'"},
		"DoubledQuotes": {"or more of them", `'''a''b'''`, "'a'b'"},
		"Escape":        {"one that Go does not have", `"\e"`, "\x1b"},
		"Escapes":       {"all of YAML 1.1", `"\0\a\b\t\n\v\f\r\e\ \"\'\\\N\_\L\P"`, "\x00\a\b\t\n\v\f\r\x1b \"'\\\u0085\u00a0\u2028\u2029"},
		"Codes":         {"characters by number", `"\x41\u00e9\U0001F600"`, "A\u00e9\U0001F600"},
		"Continued":     {"an escaped line break", "\"a\\\n    b\"", "ab"},
		"Folded":        {"a line break in quotes is a blank", "\"a\n    b\n\n    c\"", "a b\nc"},
		"FoldedSingle":  {"in these too", "'a\n    b'", "a b"},
		"FoldedPlain":   {"and without", "a\n    b", "a b"},
		"Below":         {"a value in the next line", "\n    a", "a"},
		"Block":         {"a block of lines", "|-\n    a\n    b", "a\nb"},
		"FoldedBlock":   {"a folded one", ">-\n    a\n    b", "a b"},
		"Comment":       {"it ends the value", "a # b", "a"},
		"NoComment":     {"there is no blank", "a#b", "a#b"},
		"Anchor":        {"it names the value", "&x a", "a"},
		"Tag":           {"a number as a string", "!!str 12", "12"},
		"Blanks":        {"they are not of the value", "a  ", "a"},
		"Return":        {"it ends the line", "a\r", "a"},
		"NextLine":      {"it ends the line in YAML 1.1", "a\u0085  namespace: b", "a"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := named(tc.value)
			if got, err := scan([]byte(doc)); err != nil || got.name != tc.want {
				t.Errorf("scan(%q) = %q, %v, want %q: %s", doc, got.name, err, tc.want, tc.reason)
			}
		})
	}
}

// Whatever kustomize prints is read line by line: a parser takes fifty times
// as long.
func TestScannerReadsWhatKustomizePrints(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("found %d goldens, %v", len(files), err)
	}
	var docs [][]byte
	for _, file := range files {
		stream, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, bytes.Split(stream, []byte("\n---\n"))...)
	}
	for _, v := range []any{
		"", "a: b # c", "it's", strings.Repeat("long ", 60), strings.Repeat("it's: ", 60), "a\tb", strings.Repeat("\ttab: \"x\"\n", 60), "\n  a\n b\n", "a\n\nb\n\n", "\u00e9\u4e2d",
		"- a", "---", "...", "#", "&a", "*/5 * * * *", "{}", "[a", "|", "null", "on", "12", "1e3", "0x1f", "2001-01-01", ".inf", "\x1b[0m", "-x", "--x=y", ":80", "?", "http://a:80",
		nil, true, 12, 1.5, []any{}, map[string]any{}, []any{[]any{"a", []any{}}, map[string]any{"a": []any{"b"}}, nil, "a\nb"},
		map[string]any{"a: b": "c", "it's": 1, "on": nil, "12": 2, ".x": 3, "-": 5},
	} {
		doc, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "X", "data": map[string]any{"a": v, "b": []any{v, v}}, "spec": v,
			"metadata": map[string]any{"name": "a", "annotations": map[string]any{"x": v}}})
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	for _, doc := range docs {
		if _, ok := scanned(doc); !ok {
			t.Errorf("scanner leaves %q to the parser", doc)
		}
	}
}
