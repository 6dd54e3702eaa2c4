package chart

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// What the rendering of one chart may cost. Steps are counted and not seconds,
// so that the same chart ends the same way everywhere; the time is there for
// what no step shows. A chart of a dozen objects takes some thousand steps.
const (
	maxTime  = 20 * time.Second
	maxSteps = 2 << 20 // perStep for each thing computed, and one for each 16 bytes of a text
	perStep  = 2
	maxText  = 8 << 20 // bytes of one text
	maxDepth = 500     // templates within templates, and values within values
	maxInput = 1 << 20 // bytes of one template, whose parser recurses
)

// meter counts what templates do.
type meter struct {
	ctx   context.Context //nolint:containedctx // of the one call of Render
	left  int
	depth int // of templates that are being executed
}

func newMeter(ctx context.Context) *meter { return &meter{ctx: ctx, left: maxSteps} }

// costError says which bound was reached.
type costError struct{ what string }

// Error returns the bound.
func (e *costError) Error() string { return e.what }

// spend takes n steps off.
func (m *meter) spend(n int) error {
	if n > m.left {
		m.left = 0
		return &costError{"it takes too long or makes too much"}
	}
	m.left -= max(n, 0)
	if m.ctx.Err() != nil {
		return context.Cause(m.ctx)
	}
	return nil
}

// enter and leave count the depth of templates.
func (m *meter) enter() error {
	if m.depth >= maxDepth {
		return &costError{fmt.Sprintf("its templates call each other more than %d deep", maxDepth)}
	}
	m.depth++
	return m.spend(perStep)
}

func (m *meter) leave() { m.depth-- }

// pass is what every value goes through that a template computes: it charges
// for it and returns it. What is inside of lists and maps was charged before.
func (m *meter) pass(v reflect.Value) (reflect.Value, error) { return v, m.surface(v) }

// method is pass for the result of a method, which may have looked at much.
func (m *meter) method(v reflect.Value) (reflect.Value, error) {
	if err := m.spend(10 * perStep); err != nil {
		return v, err
	}
	return m.pass(v)
}

// show is pass for what is about to be read to its bottom, such as printed.
func (m *meter) show(v reflect.Value) (reflect.Value, error) { return v, m.print(v) }

// surface charges for a value without what is inside it.
func (m *meter) surface(v reflect.Value) error {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		if v.Len() > maxText {
			return &costError{fmt.Sprintf("it makes a text of %d bytes", v.Len())}
		}
		return m.spend(perStep + v.Len()/16)
	case reflect.Slice, reflect.Array, reflect.Map:
		return m.spend(perStep + v.Len())
	}
	return m.spend(perStep)
}

// bottom charges for a value and all that is inside. A value that is inside
// itself, which `set` can make, ends at the depth.
func (m *meter) bottom(v reflect.Value, depth int) error { return m.walk(v, depth, m.bottom) }

// print is bottom for a value that is written as Go writes it: a pointer as
// what it points to, but one inside as its address, unless it says itself how.
func (m *meter) print(v reflect.Value) error {
	for (v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer) && !v.IsNil() {
		v = v.Elem()
	}
	return m.printed(v, 0)
}

func (m *meter) printed(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Pointer && !v.IsNil() {
		if v.CanInterface() {
			switch v.Interface().(type) {
			case fmt.Stringer, error:
				return m.spend(10 * perStep)
			}
		}
		return &impureError{"printing an address of memory"}
	}
	return m.walk(v, depth, m.printed)
}

// walk charges for a value; into charges for those inside.
func (m *meter) walk(v reflect.Value, depth int, into func(reflect.Value, int) error) error {
	if depth > maxDepth {
		return &costError{fmt.Sprintf("it reads a value that is more than %d deep", maxDepth)}
	}
	if err := errors.Join(m.spend(depth/8), m.surface(v)); err != nil { // indentation
		return err
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			return into(v.Elem(), depth+1)
		}
	case reflect.Map:
		for each := v.MapRange(); each.Next(); {
			if err := errors.Join(m.surface(each.Key()), into(each.Value(), depth+1)); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return nil
		}
		for i := range v.Len() {
			if err := into(v.Index(i), depth+1); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if err := into(field, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// output is where a template writes.
type output struct {
	strings.Builder
	meter *meter
}

// Write charges for what is written.
func (o *output) Write(p []byte) (int, error) {
	if o.Len()+len(p) > maxText {
		return 0, &costError{fmt.Sprintf("it makes a text of more than %d bytes", maxText)}
	}
	if err := o.meter.spend(len(p) / 16); err != nil {
		return 0, err
	}
	return o.Builder.Write(p)
}

// explain returns the error of a template on one line; that of a bound or of
// the context without the chain of templates that led to it.
func (m *meter) explain(name string, err error) error {
	cause := context.Cause(m.ctx)
	var cost *costError
	if errors.As(err, &cost) || errors.As(cause, &cost) {
		return fault.Hintf("bound its loops and recursion, or write what it makes into a file", "template %q costs more than a chart may: %w", name, cost)
	}
	if cause != nil {
		return fmt.Errorf("template %q: %w", name, cause)
	}
	if impure, ok := errors.AsType[*impureError](err); ok {
		return fault.Hintf("give the result as a value of the component", "template %q: %w", name, impure)
	}
	return fault.Hintf("mend the template or the component's values", "%w", clean(err))
}

// product multiplies counts without overflow; less than nothing is nothing.
func product(a, b int) int {
	switch {
	case a <= 0 || b <= 0:
		return 0
	case a > math.MaxInt/b:
		return math.MaxInt
	}
	return a * b
}
