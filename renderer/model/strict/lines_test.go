package strict_test

import (
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/strict"
)

func TestLines(t *testing.T) {
	const text = "# first\nname: a\nrings:\n- name: x\n  versions:\n    swg: \"1\"\n- {name: y,\n   steps: [1]}\n"
	for name, tc := range map[string]struct {
		path []any
		want int
	}{
		"Field":   {[]any{"name"}, 2},
		"Key":     {[]any{"rings", 0, "versions"}, 5},
		"Below":   {[]any{"rings", 0, "versions", "swg"}, 6},
		"Item":    {[]any{"rings", 1}, 7},
		"Flow":    {[]any{"rings", 1, "steps", 0}, 8},
		"Nearest": {[]any{"rings", 1, "gates", 3, "max"}, 7},
		"Beyond":  {[]any{"rings", 9}, 3},
		"Wrong":   {[]any{"name", 0}, 2},
		"Nothing": {[]any{"zone"}, 0},
		"Root":    {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := strict.ReadLines([]byte(text)).Of(tc.path...); got != tc.want {
				t.Errorf("Of(%v) = %d, want %d", tc.path, got, tc.want)
			}
		})
	}
	if got := strict.ReadLines([]byte("a: [")).Of("a") + (strict.Lines{}).Of("a"); got != 0 {
		t.Errorf("Of() in what is no YAML = %d, want 0", got)
	}
}
