package exit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gatorcloud/sluice/cmd/internal/cli/exit"
	"github.com/gatorcloud/sluice/renderer/model/fault"
)

func TestCode(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"Done":      {nil, 0},
		"Different": {fmt.Errorf("comparing: %w", exit.ErrDifferent), 1},
		"Both":      {errors.Join(exit.ErrDifferent, fault.Hintf("run render", "3 files differ")), 1},
		"Person":    {fault.Hintf("do this", "bad"), 2},
		"Unknown":   {errors.New("bad"), 2},
		"Skipped":   {errors.Join(fault.New(fault.Skipped, "", "one left out")), 3},
		"Retry":     {fault.New(fault.Retry, "", "lost"), 75},
	} {
		t.Run(name, func(t *testing.T) {
			if got := exit.Code(tc.err); got != tc.want {
				t.Errorf("Code(%v) = %d, want %d", tc.err, got, tc.want)
			}
		})
	}
}

func TestPrintKeepsToItsLines(t *testing.T) {
	var b strings.Builder
	exit.Print(&b, errors.Join(exit.ErrDifferent, fault.Hintf("mend\nit", "bad \x1b[31mvalue\nsecond line"), errors.New("other")))
	want := "sluice: error: bad [31mvalue second line\nsluice: hint: mend it\nsluice: error: other\n"
	if b.String() != want {
		t.Errorf("Print() = %q, want %q", b.String(), want)
	}
}
