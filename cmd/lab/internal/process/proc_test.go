package process

import (
	"strings"
	"testing"
)

func TestParseStat(t *testing.T) {
	tail := " Z 1 42 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 10"
	cases := map[string]struct {
		reason  string
		line    string
		session int
		started string
		dead    bool
		fails   bool
	}{
		"Plain":       {"the usual form", "42 (sh)" + tail, 77, "123456", true, false},
		"Parentheses": {"a program may name itself anything", "42 (a) S 9 9 (b)" + tail, 77, "123456", true, false},
		"Ending":      {"threads of a zombie hold its ports", "42 (sh)" + strings.Replace(tail, " 20 0 1 0 ", " 20 0 3 0 ", 1), 77, "123456", false, false},
		"Running":     {"one thread that lives", "42 (sh)" + strings.Replace(tail, "Z", "S", 1), 77, "123456", false, false},
		"Short":       {"a cut line is refused", "42 (sh) S 1", 0, "", false, true},
		"Empty":       {"no line at all", "", 0, "", false, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tc.line)
			if (err != nil) != tc.fails || got.session != tc.session || got.started != tc.started || got.dead() != tc.dead {
				t.Errorf("%s: parseStat(%q) = %+v, %v", tc.reason, tc.line, got, err)
			}
		})
	}
}
