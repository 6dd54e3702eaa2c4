package strict_test

import (
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/strict"
)

type record struct {
	Name string            `json:"name"`
	Map  map[string]string `json:"map"`
}

func TestYAMLRefuses(t *testing.T) {
	bomb := "map: &a {x: \"1\"}\n" + strings.Repeat("name: *a\n", 3)
	for name, tc := range map[string]struct{ reason, in, want string }{
		"Unknown":   {"typing errors are seen", "nam: x", `"nam"`},
		"Case":      {"fields have one spelling", "Name: x", `"Name"`},
		"Duplicate": {"the later value must not win silently", "name: x\nname: y", `"name"`},
		"Nested":    {"duplicates are seen at any depth", "map:\n  a: x\n  a: y", `"a"`},
		"Alias":     {"no alias bombs", bomb, "anchors"},
		"Anchor":    {"no anchors without aliases either", "name: &a x", "anchors"},
		"Documents": {"one file, one document", "name: x\n---\nname: y", "second document"},
		"DocEnd":    {"what follows an end mark must not be lost", "name: x\n...\nmap: {}", "document"},
		"CR":        {"a carriage return ends a line too", "name: x\r---\rmap: {}", "second document"},
		"TooLarge":  {"size is bounded before parsing", strings.Repeat("#", 2000), "2000 bytes"},
		"Number":    {"numbers are not strings", "name: 5", "number"},
		"NotYAML":   {"errors are one line", "name: [", "decoding YAML"},
		"Truncated": {"half a file is no file", "name: \"x", "decoding YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			var out record
			err := strict.YAML([]byte(tc.in), 1000, &out)
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("YAML(%.40q) = %v, want one line that names %s: %s", tc.in, err, tc.want, tc.reason)
			}
		})
	}
}

func TestYAMLAccepts(t *testing.T) {
	for name, in := range map[string]string{
		"Plain": "name: x\nmap: {a: \"1\"}\n", "Ampersand": "name: a & b\n", "Star": "name: \"* *\"\n", "JSON": `{"name":"x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var out record
			if err := strict.YAML([]byte(in), 1000, &out); err != nil || out.Name == "" {
				t.Errorf("YAML(%q) = %+v, %v, want a name", in, out, err)
			}
		})
	}
}

func FuzzYAML(f *testing.F) {
	f.Add([]byte("name: x\nmap: {a: \"1\"}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out record
		if err := strict.YAML(data, 1<<16, &out); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("YAML(%q) error has more than one line: %q", data, err)
		}
	})
}
