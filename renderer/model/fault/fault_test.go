package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestClassAndHintSurviveWrapping(t *testing.T) {
	inner := fault.Hintf("do this", "reading %q: no such product", "swg")
	outer := fmt.Errorf("rendering tenant %q: %w", "1000006", inner)
	if got := fault.ClassOf(outer); got != fault.Person {
		t.Errorf("ClassOf() = %v, want person", got)
	}
	if got := fault.HintOf(outer); got != "do this" {
		t.Errorf("HintOf() = %q, want the hint", got)
	}
	if got, want := outer.Error(), `rendering tenant "1000006": reading "swg": no such product`; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	again := fault.New(fault.Skipped, "", "%w", outer)
	if fault.ClassOf(again) != fault.Skipped || fault.HintOf(again) != "do this" {
		t.Errorf("the outermost class and the first hint: got %v, %q", fault.ClassOf(again), fault.HintOf(again))
	}
	if plain := errors.New("x"); fault.ClassOf(plain) != fault.Unknown || fault.HintOf(plain) != "" || fault.HintOf(nil) != "" {
		t.Error("a plain error has a class or a hint")
	}
}

func TestList(t *testing.T) {
	for name, tc := range map[string]struct {
		in   []string
		want string
	}{
		"Empty": {nil, ""}, "Sorted": {[]string{"b", "a"}, `"a", "b"`}, "Quoted": {[]string{"a\nb"}, `"a\nb"`},
		"Cut": {[]string{"e", "d", "c", "b", "a"}, `"a", "b", "c" and 2 more`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fault.List(tc.in); got != tc.want {
				t.Errorf("List(%q) = %s, want %s", tc.in, got, tc.want)
			}
		})
	}
}

// TestLine leaves one short line that a terminal does not obey.
func TestLine(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"Plain":   {"no such project", "no such project"},
		"Lines":   {" a\n\tb\r\n", "a b"},
		"Control": {"a\x1b[31mb\x00\u202ec", "a [31mb c"},
		"Bytes":   {"a\xffb", "ab"},
		"Long":    {strings.Repeat("x", 300), strings.Repeat("x", 200) + "..."},
		"Rune":    {strings.Repeat("x", 199) + "éé", strings.Repeat("x", 199) + "..."},
		"Huge":    {strings.Repeat("\n", 1<<20) + "x", ""},
		"Nothing": {"", ""},
	} {
		if got := fault.Line(tc.text); got != tc.want {
			t.Errorf("%s: Line(%.40q) = %q, want %q", name, tc.text, got, tc.want)
		}
	}
}
