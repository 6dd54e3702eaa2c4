package process

import "testing"

func TestParseStat(t *testing.T) {
	tail := " S 1 42 77 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 10"
	cases := map[string]struct {
		reason  string
		line    string
		session int
		started string
		fails   bool
	}{
		"Plain":       {"the usual form", "42 (sh)" + tail, 77, "123456", false},
		"Parentheses": {"a program may name itself anything", "42 (a) S 9 9 (b)" + tail, 77, "123456", false},
		"Short":       {"a cut line is refused", "42 (sh) S 1", 0, "", true},
		"Empty":       {"no line at all", "", 0, "", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tc.line)
			if (err != nil) != tc.fails || got.session != tc.session || got.started != tc.started {
				t.Errorf("%s: parseStat(%q) = %+v, %v", tc.reason, tc.line, got, err)
			}
		})
	}
}
