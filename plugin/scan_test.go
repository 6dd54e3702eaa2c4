package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubejson "k8s.io/apimachinery/pkg/util/json"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// judge reads a manifest as Argo CD does, with Kubernetes' decoder over the
// YAML library. It reports false for what Argo CD cannot read as one object,
// or would send to a cluster that cannot.
func judge(doc []byte) (o object, all map[string]any, ok bool) {
	d := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(doc), 4096)
	for objects := 0; ; objects++ {
		var raw runtime.RawExtension
		err := d.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return o, all, objects == 1 && o.judge(all)
		}
		if err != nil || kubejson.Unmarshal(raw.Raw, &all) != nil {
			return o, nil, false
		}
	}
}

// judge takes in the values of a decoded object. It reports false if a text is
// none, which no cluster takes.
func (o *object) judge(all map[string]any) bool {
	field := func(path ...string) any {
		v, _, _ := unstructured.NestedFieldNoCopy(all, path...)
		return v
	}
	texts := true
	text := func(path ...string) string {
		v := field(path...)
		s, ok := v.(string)
		texts = texts && (ok || v == nil)
		return s
	}
	scalar := func(path ...string) string {
		v := field(path...)
		if v == nil {
			return ""
		}
		raw, _ := json.Marshal(v)
		return string(raw)
	}
	o.apiVersion, o.kind = text("apiVersion"), text("kind")
	o.name, o.namespace = text("metadata", "name"), text("metadata", "namespace")
	o.component = text("metadata", "labels", "gatorcloud.io/component")
	o.wave = text("metadata", "annotations", "argocd.argoproj.io/sync-wave")
	o.pausedAt, o.paused = text("metadata", "annotations", "autoscaling.keda.sh/paused-replicas"), text("metadata", "annotations", "autoscaling.keda.sh/paused")
	o.replicas, o.deadline, o.suspend = scalar("spec", "replicas"), scalar("spec", "progressDeadlineSeconds"), scalar("spec", "suspend")
	selector, _ := field("spec", "template", "spec", "nodeSelector").(map[string]any)
	o.nodeSelector = len(selector) > 0
	return texts
}

func differs(want, got object) string {
	want.waveStart, want.waveEnd = got.waveStart, got.waveEnd
	return cmp.Diff(want, got, cmp.AllowUnexported(object{}))
}

// scan reads a text that is one manifest.
func scan(text []byte) (object, error) {
	s := newStream(text)
	if !s.more() {
		return object{}, errors.New("no manifest")
	}
	_, o, err := s.next()
	if err == nil && s.more() {
		err = errors.New("more than one manifest")
	}
	return o, err
}

// scanned reads a text that is one manifest without the YAML library, and
// reports whether that is possible.
func scanned(text []byte) (object, bool) {
	s := scanner{stream: newStream(text)}
	if !s.more() || s.odd {
		return object{}, false
	}
	end, ok := s.read()
	return s.object, ok && end == len(text)
}

// tester is a test or one run of a property.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkScan compares both ways of reading a manifest with the judge.
func checkScan(t tester, doc []byte) {
	t.Helper()
	want, all, readable := judge(doc)
	if got, ok := scanned(doc); ok && readable {
		if d := differs(want, got); d != "" {
			t.Errorf("scanner reads %q (-want +got):\n%s", doc, d)
		}
	} else if ok {
		return // Argo CD refuses it
	}
	got, err := scan(doc)
	switch complete := want.apiVersion != "" && want.kind != "" && want.name != ""; {
	case err != nil && readable && complete && !several(doc):
		t.Errorf("scan(%q) = %v, want %+v", doc, err, want)
	case err != nil:
		return
	case !readable || !complete:
		t.Errorf("scan(%q) = %+v, want an error", doc, got)
	}
	if d := differs(want, got); d != "" {
		t.Errorf("scan(%q) (-want +got):\n%s", doc, d)
	}
	checkMove(t, doc, got, all)
}

// several reports whether a manifest is in a form that could hold several objects.
func several(doc []byte) bool {
	at := func(mark string) bool {
		return bytes.HasPrefix(doc, []byte(mark)) || bytes.Contains(doc, []byte("\n"+mark))
	}
	return at("---") || at("...") || bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{"))
}

// checkMove checks that another wave changes exactly the wave.
func checkMove(t tester, doc []byte, o object, want map[string]any) {
	t.Helper()
	if o.wave == "" {
		return
	}
	moved, err := withWave(doc, o, 42)
	if err != nil {
		t.Fatalf("withWave(%q) = %v, want nil", doc, err)
	}
	if err := unstructured.SetNestedField(want, "42", "metadata", "annotations", "argocd.argoproj.io/sync-wave"); err != nil {
		t.Fatalf("moving %q: %v", doc, err)
	}
	_, got, ok := judge(moved)
	if d := cmp.Diff(want, got); d != "" || !ok {
		t.Errorf("withWave(%q, 42) = %q (-want +got):\n%s", doc, moved, d)
	}
}

// head is the least that an object has.
const head = "apiVersion: v1\nkind: X\nmetadata:\n  name: a\n"

func named(value string) string { return "apiVersion: v1\nkind: X\nmetadata:\n  name: " + value + "\n" }

func waved(value string) string {
	return head + "  annotations:\n    argocd.argoproj.io/sync-wave: " + value + "\n"
}

// forms are manifests in which a reader of lines could see what YAML does not.
func forms() map[string]string {
	data := func(v string) string { return "apiVersion: v1\ndata:\n" + v + "kind: X\nmetadata:\n  name: a\n" }
	spec := func(v string) string { return head + "spec:\n" + v }
	return map[string]string{
		"Head": head, "NoNewline": "apiVersion: v1\nkind: X\nmetadata:\n  name: a", "Empty": "", "Blank": " \n\n",
		// Quotes.
		"Single": named("'a'"), "SingleDoubled": named("'a'''"), "SingleOnlyQuotes": named("''''''"), "SingleEmpty": named("''"), "SingleOpen": named("'a"),
		"SingleLines": named("'a\n    b'"), "SingleLinesUnindented": named("'a\nb'"), "SingleTrailing": named("'a' b"), "SingleComment": named("'a' # b"),
		"Double": named(`"a"`), "DoubleEmpty": named(`""`), "DoubleOpen": named(`"a`), "DoubleLines": named("\"a\n    b\""), "DoubleContinued": named("\"a\\\n    b\""),
		"DoubleBlank": named("\"a\n\n    b\""), "DoubleUnindented": data("  a: \"x\nkind: Secret\"\n"), "DoubleMark": data("  a: \"x\n---\nkind: Y\"\n"),
		"Escapes": named(`"\0\a\b\t\n\v\f\r\e\ \"\\\N\_\L\P"`), "EscapeSlash": named(`"a\/b"`), "EscapeTick": named(`"a\'b"`), "EscapeHex": named(`"\x41\u00e9\U0001F600"`),
		"EscapeShort": named(`"\x4"`), "EscapeSurrogate": named(`"\ud83d\ude00"`), "EscapeUnknown": named(`"\y"`), "EscapeE": named(`"\e"`),
		"OtherEscapes": data(`  a: "\0\a\b\t\n\v\f\r\e\ \"\\\N\_\L\P"` + "\n"), "OtherSlash": data(`  a: "\/"` + "\n"), "OtherHex": data(`  a: "\x41"` + "\n"), "OtherShort": data(`  a: "\x4"` + "\n"),
		"OtherContinued": data("  a: \"x\\\n    \\  y\\\n    z\"\n"), "OtherSingle": data("  a: 'it''s\n\n    that''s'\n"), "OtherUnclosed": data("  a: 'it''s\n"),
		"BackslashAtEnd": data("  a: \"x\\\\\"\n"), "QuoteInPlain": data("  a: it's \"so\"\n"), "QuoteThenText": data("  a: \"x\" y\n"),
		// Keys.
		"KeyDouble": "apiVersion: v1\n\"kind\": X\nmetadata:\n  name: a\n", "KeySingle": "apiVersion: v1\n'kind': X\nmetadata:\n  name: a\n", "KeyEscape": "apiVersion: v1\n\"\\x6bind\": X\nmetadata:\n  name: a\n",
		"KeyColon": head + "  labels:\n    \"a: b\": c\n    'd: ''e': f\n", "KeyNoBlank": "apiVersion: v1\n\"kind\":X\nmetadata:\n  name: a\n", "KeyBlank": "apiVersion: v1\nkind : X\nmetadata :\n  name: a\n", "KeyBlankQuoted": "apiVersion: v1\n\"kind\" : X\nmetadata:\n  name: a\n",
		"KeyTwice": head + "kind: Y\n", "KeyTwiceQuoted": head + "\"kind\": Y\n", "MetadataTwice": head + "metadata:\n  namespace: b\n", "OtherTwice": data("  a: b\n  a: c\n"), "SelectorTwice": spec("  template:\n    spec:\n      nodeSelector: {}\n      nodeSelector:\n        a: b\n"),
		"KeyCase": "apiVersion: v1\nKind: X\nmetadata:\n  name: a\n", "KeyCaseToo": head + "  Namespace: b\n  NAME: c\n", "KeyFold": head + "  name\u017fpace: b\n", "KeyComplex": data("  ? a\n  : b\n"), "KeyComplexTop": "? kind\n: Y\n" + head,
		"KeyNull": data("  ~: b\n"), "KeyNullWord": data("  null: b\n"), "KeyBool": data("  on: b\n"), "KeyNumber": data("  1: b\n  1.5: c\n"), "KeyHuge": data("  18446744073709551615: b\n"), "KeyHugeHex": data("  0xffffffffffffffff: b\n"), "KeyEmpty": data("  \"\": b\n"), "KeyNothing": data("  : b\n"),
		"KeyDate": data("  2001-01-01: b\n"), "KeyMerge": data("  <<: {a: b}\n"), "KeyMergeTop": "x: &x\n  namespace: b\napiVersion: v1\nkind: X\nmetadata:\n  <<: *x\n  name: a\n", "KeyMergeWord": data("  <<: b\n"), "KeyMergeQuoted": data("  \"<<\": b\n"),
		"KeyDash": data("  -a: b\n  ?b: c\n  :d: e\n"), "KeyComment": data("  a #b: c\n"), "KeyHash": data("  a#b: c#d\n"), "KeyOpen": data("  \"a\n    b\": c\n"),
		// Plain texts.
		"PlainLines": named("a\n    b"), "PlainLinesOther": data("  a: b\n    c\n\n    d\n"), "PlainLinesColon": data("  a: b\n    c: d\n"), "PlainLinesComment": data("  a: b\n    # c\n    d\n"), "PlainLinesDash": data("  a: b\n    - c\n"),
		"PlainNested": named("\n    a"), "PlainColon": named("a: b"), "PlainColonEnd": named("a:"), "PlainComment": named("a # b"), "PlainHash": named("a#b"), "PlainTrailing": named("a  "), "PlainTrailingOther": data("  a: b  \n"), "KeyTrailing": "apiVersion: v1\nkind: X\nmetadata: \n  name: a\n",
		"PlainNumber": named("12"), "PlainFloat": named("1e5"), "PlainBool": named("yes"), "PlainNull": named("null"), "PlainTilde": named("~"), "PlainNothing": named(""), "PlainDate": named("2001-01-01"), "PlainHex": named("0x1F"), "PlainOctal": named("0o17"), "PlainDigitFirst": named("3scale"),
		"PlainNo": named("no"), "PlainN": named("n"), "PlainOff": named("Off"), "PlainYaml": named("%a"), "PlainAt": named("@a"), "PlainTick": named("`a`"), "PlainDash": named("-a"), "PlainDashBlank": named("- a"), "PlainEndless": data("  a: .inf\n"), "PlainNotANumber": data("  a: .NaN\n"), "PlainMinusEndless": data("  - -.inf\n"), "PlainIndicators": data("  a: ]b\n"),
		// Numbers and truth values.
		"Replicas": spec("  replicas: 3\n"), "ReplicasQuoted": spec("  replicas: \"0\"\n"), "ReplicasHex": spec("  replicas: 0x0\n"), "ReplicasOctal": spec("  replicas: 010\n"), "ReplicasFloat": spec("  replicas: 0.0\n"), "ReplicasBlank": spec("  replicas: 1_0\n"), "ReplicasMinus": spec("  replicas: -0\n"), "ReplicasPlus": spec("  replicas: +0\n"),
		"ReplicasMapping": spec("  replicas:\n    min: 0\n"), "ReplicasFlow": spec("  replicas: {min: 0}\n"), "ReplicasNull": spec("  replicas: null\n"), "ReplicasNothing": spec("  replicas:\n"), "ReplicasLines": spec("  replicas: 0\n    0\n"), "ReplicasComment": spec("  replicas: 0 # none\n"), "ReplicasHuge": spec("  replicas: 99999999999999999999\n"), "ReplicasLong": spec("  replicas: 9007199254740993\n"),
		"Suspend": spec("  suspend: true\n"), "SuspendYes": spec("  suspend: yes\n"), "SuspendQuoted": spec("  suspend: \"true\"\n"), "SuspendCase": spec("  suspend: True\n"), "Deadline": spec("  progressDeadlineSeconds: 600\n"), "SpecText": head + "spec: text\n", "SpecList": head + "spec:\n- replicas: 1\n",
		"Selector": spec("  template:\n    spec:\n      nodeSelector:\n        a: b\n"), "SelectorNull": spec("  template:\n    spec:\n      nodeSelector:\n        a:\n"), "SelectorEmpty": spec("  template:\n    spec:\n      nodeSelector: {}\n"), "SelectorNothing": spec("  template:\n    spec:\n      nodeSelector:\n"), "SelectorList": spec("  template:\n    spec:\n      nodeSelector:\n      - a: b\n"), "SelectorFlow": spec("  template:\n    spec:\n      nodeSelector: {a: b}\n"), "TemplateText": spec("  template: text\n"), "TemplateLines": spec("  template: |\n    spec:\n      nodeSelector:\n        a: b\n"),
		// Comments.
		"CommentFirst": "# x\n" + head, "CommentTop": "apiVersion: v1\n# kind: Y\nkind: X\nmetadata:\n  name: a\n", "CommentNested": "apiVersion: v1\nkind: X\nmetadata:\n  name: a\n  labels:\n  # is:\n    gatorcloud.io/component: routes\n", "CommentDeep": data("  a:\n    # b\n    c: d\n"), "CommentOnly": "# x\n", "CommentBeforeColon": "apiVersion: v1\nkind: X\nmetadata:\n  x:\n  - a #b: \"c\n  name: a\n  y: z\"\n",
		// Blocks of lines.
		"Literal": named("|\n    a"), "LiteralOther": data("  a: |\n    kind: Y\n    ---\n    \"open\n    - x\n\n    # y\n  b: c\n"), "LiteralStrip": data("  a: |-\n    b\n"), "LiteralKeep": data("  a: |+\n    b\n\n"), "LiteralTwo": data("  a: |2\n      b\n    c\n"), "LiteralTwoStrip": data("  a: |2-\n\n    c\n"), "LiteralMinusTwo": data("  a: |-2\n     c\n"),
		"LiteralFour": data("  a: |4\n       b\n"), "LiteralZero": data("  a: |0\n    b\n"), "LiteralTwice": data("  a: |--\n    b\n"), "LiteralText": data("  a: | b\n    c\n"), "LiteralComment": data("  a: | # b\n    c\n"), "LiteralEmpty": data("  a: |\n  b: c\n"), "LiteralBlankFirst": data("  a: |\n\n    b\n"), "LiteralBlanksFirst": data("  a: |\n       \n    b\n"), "LiteralLess": data("  a: |\n      b\n    c\n"), "LiteralTop": "apiVersion: |\n v1\nkind: X\nmetadata:\n  name: a\n", "LiteralAtEnd": head + "  x: |\n", "LiteralUnindented": data("  a: |\nb: c\n"),
		"Folded": data("  a: >\n    b\n    c\n"), "FoldedStrip": data("  a: >-\n    b\n"), "FoldedName": named(">-\n    a"), "LiteralItem": data("  a:\n  - |\n    b: \"c\n  - d\n"), "LiteralItemKey": data("  a:\n  - b: |\n      c\n    d: e\n"), "LiteralItemLess": data("  a:\n  - b: |\n     c\n    d: e\n"),
		// Lists.
		"ListBelow": data("  a:\n  - b\n  - c: d\n    e: f\n  - - g\n    - h\n  -\n  - i\n"), "ListIndented": data("  a:\n    - b\n    - c: d\n      e: f\n"), "ListTop": "- a\n- b\n", "ListTopBlank": "-\n\n" + head, "ListInMapping": data("  a: b\n  - c\n"), "ListItemIndent": data("  a:\n  -   b: c\n      d: e\n  - f: g\n     h: i\n"), "ListItemLines": data("  a:\n  - b\n    c\n  - \"d\n    e\"\n"), "ListItemKeyOpen": data("  a:\n  -\n    b: c\n"), "ListNested": data("  a:\n  - b:\n    - c\n    d:\n      - e\n"), "ListThenKey": data("  a:\n    - b\n    c: d\n"), "ListEmptyItem": data("  a:\n  -\nb:\n-\n"), "ListTrailing": data("  a:\n  - \n  - b \n"),
		// Flow style.
		"FlowEmpty": data("  a: {}\n  b: []\n  c:\n  - {}\n  - []\n"), "FlowMetadata": "apiVersion: v1\nkind: X\nmetadata: {name: a}\n", "FlowLines": "apiVersion: v1\nkind: X\nmetadata: {name: a,\nnamespace: b}\n", "FlowName": named("{a: b}"), "FlowBlank": data("  a: { }\n"), "FlowOpen": data("  a: {\n"), "FlowTop": "{apiVersion: v1, kind: X, metadata: {name: a}}\n", "JSON": `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}}`, "JSONTwice": `{"apiVersion":"v1","kind":"X","metadata":{"name":"a"}}` + "\n" + `{"apiVersion":"v1","kind":"Y","metadata":{"name":"b"}}`, "FlowLabels": head + "  labels: {gatorcloud.io/component: b}\n",
		// Anchors and tags.
		"Anchor": named("&x a"), "Alias": "x: &x b\n" + "apiVersion: v1\nkind: X\nmetadata:\n  name: *x\n", "AliasUnknown": data("  a: *x\n"), "AnchorMapping": "apiVersion: v1\nkind: X\nmetadata: &m\n  name: a\nother: *m\n", "AnchorKey": "apiVersion: v1\n&k kind: X\nmetadata:\n  name: a\n", "Tag": named("!!str 12"), "TagInt": named("!!int \"12\""), "TagOther": data("  a: !!binary aGk=\n"), "TagBroken": data("  a: !!int b\n"), "TagCustom": named("!x a"), "TagNull": named("!!null a"),
		// Characters.
		"Tab": named("a\tb"), "TabIndent": "apiVersion: v1\nkind: X\nmetadata:\n\tname: a\n", "TabBefore": named("\ta"), "TabAfter": named("a\t"), "TabAfterColon": "apiVersion: v1\nkind:\tX\nmetadata:\n  name: a\n", "TabComment": named("a\t# b"), "TabLiteral": data("  a: |\n    b\tc\n"), "Return": "apiVersion: v1\r\nkind: X\r\nmetadata:\r\n  name: a\r\n", "ReturnOnly": "apiVersion: v1\rkind: X\rmetadata:\r  name: a\r", "ReturnInQuotes": data("  a: \"x\rkind: Y\"\n"),
		"NextLine": named("a\u0085  namespace: b"), "LineSeparator": named("a\u2028  namespace: b"), "ParagraphSeparator": named("a\u2029  namespace: b"), "NoBreakBlank": named("a\u00a0b"), "WideBlank": named("a\u3000b"), "Accent": named("\u00e9"), "AccentData": data("  \u00e9: \u4e2d\u6587\n"), "Mark": "\ufeff" + head, "MarkInside": named("a\ufeff"), "Replacement": named("\ufffd"), "NoCharacter": named("\uffff"), "Smile": data("  a: \U0001F600\n"),
		"Zero": named("a\x00"), "Bell": named("\a"), "Delete": named("\x7f"), "Control": data("  a: b\x80\n"), "C1": named("\u0080"), "BadUTF8": named("\xff"), "Overlong": named("\xc0\xaf"), "Surrogate": named("\xed\xa0\x80"), "HighPlane": named("\xf4\x90\x80\x80"), "UTF16": "\xff\xfea\x00:\x00 \x00b\x00",
		// Documents.
		"Mark2": head + "---\nkind: Y\n", "MarkBlank": head + "--- \nkind: Y\n", "MarkText": head + "--- {kind: Y}\n", "MarkComment": head + "--- # x\nkind: Y\n", "MarkTab": head + "---\tx\n", "MarkFirst": "---\n" + head, "MarkEnd": head + "...\n", "MarkEndMore": head + "...\nkind: Y\n", "MarkKey": "---a: b\n" + head, "DotsKey": "...a: b\n" + head, "Directive": "%YAML 1.1\n---\n" + head, "DirectiveOnly": "%a: b\n" + head, "MarkReturn": "apiVersion: v1\nkind: X\nmetadata:\n  name: a\r---\rkind: Y\n",
		// Indentation.
		"Indented": "apiVersion: v1\nkind: X\nmetadata:\n    name: a\n", "Odd": "apiVersion: v1\nkind: X\nmetadata:\n name: a\n", "WholeIndented": "  apiVersion: v1\n  kind: X\n  metadata:\n    name: a\n", "WholeIndentedThenNot": "  apiVersion: v1\nkind: X\nmetadata:\n  name: a\n", "Between": "apiVersion: v1\nkind: X\nmetadata:\n    name: a\n  namespace: b\n", "DeepBetween": data("  a:\n      b: c\n    d: e\n"), "NotNested": data("  a: b\n    c: d\n"), "MetadataText": "apiVersion: v1\nkind: X\nmetadata: a\n", "LabelsText": head + "  labels: a\n", "LabelsList": head + "  labels:\n  - gatorcloud.io/component: b\n", "LabelNumber": head + "  labels:\n    gatorcloud.io/component: 5\n", "LabelOther": head + "  labels:\n    gatorcloud.io/component: b\n    a: 5\n", "BlankLines": "\napiVersion: v1\n\n  \nkind: X\nmetadata:\n\n  name: a\n\n",
		// Waves.
		"Wave": waved(`"3"`), "WaveSingle": waved("'3'"), "WavePlain": waved("3"), "WaveWord": waved("a"), "WaveComment": waved(`"3" # x`), "WaveEscape": waved(`"\x33"`), "WaveLiteral": waved("|-\n      3"), "WaveAnchored": waved(`&x "3"`) + "x: 9007199254740993\ny: 1.0\nz: 1e3\n", "WaveTwice": waved(`"3"`) + "    argocd.argoproj.io/sync-wave: \"4\"\n", "WaveKept": "x: &x b\n" + waved(`"3"`) + "z: |+\n  b\n\n", "WaveUnended": "x: &x b\n" + waved(`"3"`) + "z: |\n  b", "WaveFlow": head + "  annotations: {argocd.argoproj.io/sync-wave: \"3\"}\n",
	}
}

func TestScanForms(t *testing.T) {
	for name, doc := range forms() {
		t.Run(name, func(t *testing.T) { checkScan(t, []byte(doc)) })
	}
}

// Whatever a manifest is, it is read as the YAML library reads it, or refused.
func FuzzScan(f *testing.F) {
	for _, doc := range forms() {
		f.Add([]byte(doc))
	}
	stream, err := os.ReadFile("testdata/golden/product.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, doc := range bytes.SplitAfter(stream, []byte("---\n")) {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc []byte) { checkScan(t, doc) })
}
