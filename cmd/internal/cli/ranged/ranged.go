// Package ranged adds flags whose values have bounds.
//
// A value outside them is refused while the command line is read, before
// anything is opened. Numbers are decimal: 013 is thirteen and 0x10 nothing.
package ranged

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Bounds say where a flag's value goes, what it is when nobody gives the flag,
// and between which values it may lie.
type Bounds[T any] struct {
	Into                 *T
	Default, Least, Most T
}

// Int adds a flag for a decimal number.
func Int(set *pflag.FlagSet, name string, b Bounds[int], usage string) {
	*b.Into = b.Default
	set.Var(&flag[int]{b, "int", parseInt, strconv.Itoa}, name, usage)
}

// Duration adds a flag for a duration.
func Duration(set *pflag.FlagSet, name string, b Bounds[time.Duration], usage string) {
	*b.Into = b.Default
	set.Var(&flag[time.Duration]{b, "duration", time.ParseDuration, time.Duration.String}, name, usage)
}

// flag is a pflag.Value with bounds.
type flag[T cmp.Ordered] struct {
	Bounds[T]
	kind   string
	parse  func(string) (T, error)
	format func(T) string
}

// String returns the value.
func (f *flag[T]) String() string {
	if f.Into == nil {
		return ""
	}
	return f.format(*f.Into)
}

// Type names the value in help texts.
func (f *flag[T]) Type() string { return f.kind }

// Set reads a value and checks it.
func (f *flag[T]) Set(s string) error {
	v, err := f.parse(s)
	if err == nil && (v < f.Least || v > f.Most) {
		err = fmt.Errorf("%s is out of range", s)
	}
	if err != nil {
		return fault.Hintf(fmt.Sprintf("use %s to %s", f.format(f.Least), f.format(f.Most)), "%w", err)
	}
	*f.Into = v
	return nil
}

func parseInt(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no decimal number", s)
	}
	return n, nil
}
