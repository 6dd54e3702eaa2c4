package base

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// comparison compares an object with what it was before its parameters.
type comparison struct {
	object object
	given  map[string]string
	custom bool
}

// fields compares mappings and what is below them.
func (c comparison) fields(path []string, was, is map[string]any) error {
	for _, k := range slices.Sorted(maps.Keys(is)) {
		before, had := was[k]
		here := append(slices.Clip(path), k)
		if !had && c.custom && (len(path) > 0 && path[0] == "spec" || k == "spec") {
			return fault.Hintf("write the field in the object, with a value of its type", "%s: field %q is made by a parameter, and nobody knows its type", c.object, strings.Join(here, "."))
		}
		if had {
			if err := c.value(here, before, is[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

// value compares two values at one place: a parameter may change what is
// there, and not what kind of thing it is.
func (c comparison) value(path []string, was, is any) error {
	switch is := is.(type) {
	case map[string]any:
		if before, ok := was.(map[string]any); ok {
			return c.fields(path, before, is)
		}
	case []any:
		before, _ := was.([]any)
		for i := range min(len(before), len(is)) {
			if err := c.value(append(slices.Clip(path), strconv.Itoa(i)), before[i], is[i]); err != nil {
				return err
			}
		}
	case string:
		if _, number := asNumber(was); number {
			return c.refuse(path, "a number", fault.Clip(is))
		}
		if _, boolean := was.(bool); boolean {
			return c.refuse(path, "true or false", fault.Clip(is))
		}
	case bool:
		if before, ok := was.(bool); ok && before != is && !c.gave(strconv.FormatBool(is)) || !ok && was != nil {
			return c.refuse(path, word(was), strconv.FormatBool(is))
		}
	default:
		n, number := asNumber(is)
		if _, ok := asNumber(was); number && (!ok && was != nil || was != is && !c.gave(n)) {
			return c.refuse(path, word(was), n)
		}
	}
	return nil
}

// word says what kind of thing a value is.
func word(v any) string {
	switch v.(type) {
	case string:
		return "a text"
	case bool:
		return "true or false"
	}
	return "the number that was given"
}

func (c comparison) refuse(path []string, want, got string) error {
	return fault.Hintf("bound the parameter's schema to what the field takes", "%s: field %q is %s and becomes %s",
		c.object, strings.Join(path, "."), want, got)
}

// asNumber returns how a number is written.
func asNumber(v any) (string, bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case float64:
		return strconv.FormatFloat(n, 'f', -1, 64), true
	}
	return "", false
}

// gave reports whether a parameter has exactly this text.
func (c comparison) gave(text string) bool {
	for _, v := range c.given {
		if v == text {
			return true
		}
	}
	return false
}
