package strict_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

const bound = 1 << 20

func TestCheckRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ reason, in, want string }{
		"Alias":      {"aliases are never expanded", "a: &x [1]\nb: *x\n", "line 1: anchors"},
		"Second":     {"every document is looked at", "a: 1\n---\nb: &x 2\n", "line 3: anchors"},
		"MergeKey":   {"a merge key is no string", "a:\n  <<: {b: 1}\n", `line 2: key "<<"`},
		"Tag":        {"a tag changes a type unseen", "a: !!binary aGk=\n", `"!!binary"`},
		"CustomTag":  {"a tag may run code elsewhere", "a: !ENV x\n", `"!ENV"`},
		"TaggedKey":  {"keys have no tags either", "!!str a: x\n", `"!!str"`},
		"NumberKey":  {"a number as key becomes a string", "{1: a}\n", `key "1"`},
		"BooleanKey": {"YAML 1.1 reads on as true", "on: a\n", `key "on"`},
		"NullKey":    {"null as key becomes a string", "~: a\n", `key "~"`},
		"MapKey":     {"a mapping as key is no JSON", "? {a: b}\n: c\n", "not a string"},
		"Deep":       {"depth is bounded", strings.Repeat("{a: ", 80) + "1" + strings.Repeat("}", 80), "deeper than 64"},
		"VeryDeep":   {"the stack is bounded", strings.Repeat("[", 500_000), "YAML"},
		"Documents":  {"documents are bounded", strings.Repeat("---\na: 1\n", 2100), "2000 documents"},
		"TooLarge":   {"size is bounded before parsing", strings.Repeat("#", bound+1), "1048577 bytes"},
		"Control":    {"control characters are not YAML", "a: \"\x00\"\n", "control"},
	} {
		t.Run(name, func(t *testing.T) {
			err := strict.Check([]byte(tc.in), bound)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("Check(%.40q) = %v, want one line that names %s: %s", tc.in, err, tc.want, tc.reason)
			}
			if fault.HintOf(err) == "" {
				t.Errorf("Check(%.40q) = %v has no hint", tc.in, err)
			}
		})
	}
}

// Anchors are taken as long as what they stand for stays small.
func TestCheckShared(t *testing.T) {
	bomb := "a0: &a0 [" + strings.Repeat("x, ", 9) + "x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9)+fmt.Sprintf("*a%d", i))
	}
	for name, tc := range map[string]struct{ reason, in, want string }{
		"Alias":   {"the same labels twice", "a: &x {b: c}\nd: *x\n", ""},
		"Merge":   {"the same labels and one more", "a: &x {b: c}\nd: {<<: *x, e: f}\n", ""},
		"Second":  {"in every document", "a: 1\n---\nb: &x 2\nc: *x\n", ""},
		"Bomb":    {"ten levels of ten", bomb, "anchors"},
		"Itself":  {"no end", "a: &x [1, *x]\n", "anchors"},
		"Unknown": {"there is no such anchor", "a: *x\n", "unknown anchor"},
		"Tag":     {"all else is refused as ever", "a: &x !!binary aGk=\n", "tag"},
		"Key":     {"all else is refused as ever", "a: &x {on: 1}\n", `key "on"`},
		"Tagged":  {"a merge key has no tag", "a: {!!merge <<: {b: 1}}\n", "tag"},
	} {
		t.Run(name, func(t *testing.T) {
			err := strict.CheckShared([]byte(tc.in), bound)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%s: CheckShared() = %v, want %q", tc.reason, err, tc.want)
			}
		})
	}
}

func TestCheckAccepts(t *testing.T) {
	for name, in := range map[string]string{
		"Empty": "", "Comment": "# nothing\n", "Documents": "a: 1\n---\nb: [x, {\"on\": 1}]\n",
		"Quoted": "\"1\": a\n'y': b\n", "JSON": `{"a": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := strict.Check([]byte(in), bound); err != nil {
				t.Errorf("Check(%q) = %v, want nil", in, err)
			}
		})
	}
}

// Nine levels of ten aliases each would take gigabytes once expanded.
func TestAliasBombCostsNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		prev, next := string(rune('0'+i)), string(rune('1'+i))
		b.WriteString("a" + next + ": &a" + next + " [" + strings.TrimSuffix(strings.Repeat("*a"+prev+",", 10), ",") + "]\n")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var v any
	if err := strict.YAML([]byte(b.String()), bound, &v); err == nil {
		t.Error("YAML of an alias bomb = nil error")
	}
	if err := strict.Check([]byte(b.String()), bound); err == nil {
		t.Error("Check of an alias bomb = nil error")
	}
	runtime.ReadMemStats(&after)
	if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 16 {
		t.Errorf("refusing an alias bomb took %d MB", made)
	}
}
