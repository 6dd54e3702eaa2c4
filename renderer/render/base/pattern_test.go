package base

import (
	"slices"
	"testing"
)

func TestPatterned(t *testing.T) {
	for name, tc := range map[string]struct {
		reason, pattern string
		want            []any // among others
	}{
		"Size":        {"nothing, and much", `^[0-9]+Gi$`, []any{"0Gi", "00Gi", "999999Gi"}},
		"Label":       {"it may end in a dash", `^zone-[a-z0-9-]*$`, []any{"zone-", "zone------", "zone-z"}},
		"Fixed":       {"exactly as long", `^[A-Z]{3}-[0-9]{7}$`, []any{"AAA-0000000", "ZZZ-9999999"}},
		"Alternative": {"the first and the last", `^(low|middle|high)$`, []any{"low", "high"}},
		"Optional":    {"with and without", `^a(b)?$`, []any{"a", "ab"}},
		"Any":         {"whatever prints", `^.{2}$`, []any{"!!", "~~"}},
		"Host":        {"capitals too", `^[A-Za-z0-9-]+[.]example[.]com$`, []any{"-.example.com", "z.example.com"}},
		"Unread":      {"a form that Go has not", `^(?=a)a$`, nil},
		"Endless":     {"it stays short", `^(((a{99}){99}){99})$`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := patterned(tc.pattern)
			for _, w := range tc.want {
				if !slices.Contains(got, w) {
					t.Errorf("%s: patterned(%q) = %q, want %q among them", tc.reason, tc.pattern, got, w)
				}
			}
			if tc.want == nil && len(got) > 0 {
				t.Errorf("%s: patterned(%q) = %.80q, want none", tc.reason, tc.pattern, got)
			}
		})
	}
}
