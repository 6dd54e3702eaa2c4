package authz

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/quantity"
)

// Bounds of what a record may hold.
const (
	// MaxRecord is the most bytes that a record may have.
	MaxRecord = 64 << 10
	// MaxReplicas is the most replicas that an authorisation may ask for.
	MaxReplicas = 1000
	// MaxText is the most bytes of a name or description.
	MaxText = 256

	maxEntries   = 64      // labels, parameters
	maxParameter = 4 << 10 // bytes of a parameter's string
	maxCode      = 16
	// maxExact is 2^53: every whole number up to it has its own float64.
	maxExact = 1 << 53
	// minFloat keeps a fraction writable without an exponent.
	minFloat = 1e-9
)

// checkText accepts text that a person can read as it is: valid UTF-8 of
// graphic characters, so no control characters, direction marks or joiners.
func checkText(s string) error {
	if len(s) > MaxText {
		return fmt.Errorf("has %d bytes, at most %d are allowed", len(s), MaxText)
	}
	for i, c := range s {
		if !graphic(c) {
			return fmt.Errorf("character %d is %s", utf8.RuneCountInString(s[:i])+1, describe(c))
		}
	}
	return nil
}

// graphic reports whether c is seen on a screen as what it is. U+FFFD stands
// for text that was already broken and is refused too.
func graphic(c rune) bool { return c != utf8.RuneError && unicode.IsGraphic(c) }

func describe(c rune) string {
	if c == utf8.RuneError {
		return "not valid UTF-8 (U+FFFD)"
	}
	return fmt.Sprintf("%+q (%U), which is not printable", c, c)
}

// text checks a field for people and names it in the error.
func text(field, s string) error {
	if err := checkText(s); err != nil {
		return fault.Hintf("use printable characters without control or direction marks", "%s %s: %w", field, fault.Clip(s), err)
	}
	return nil
}

func checkCode(s string) error {
	const hint = "use 1 to 16 characters a-z and 0-9"
	if s == "" || len(s) > maxCode {
		return fault.Hintf(hint, "tenantCode %s: has %d bytes", fault.Clip(s), len(s))
	}
	for _, c := range s {
		if c < '0' || '9' < c && c < 'a' || 'z' < c {
			return fault.Hintf(hint, "tenantCode %s: contains %+q (%U)", fault.Clip(s), c, c)
		}
	}
	return nil
}

// checkLabels holds labels to Kubernetes' form, so that a tenant's label can be
// put on an object and matched by a selector.
func checkLabels(labels map[string]string) error {
	const hint = "use the form of Kubernetes labels: at most 63 characters A-Z, a-z, 0-9, '-', '_' and '.'"
	if len(labels) > maxEntries {
		return fault.Hintf("drop some", "labels: has %d entries, at most %d are allowed", len(labels), maxEntries)
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		v := labels[k]
		if !ident.IsLabelKey(k) {
			return fault.Hintf(hint, "labels: key %s is no label name", fault.Clip(k))
		}
		if !ident.IsLabelValue(v) {
			return fault.Hintf(hint, "labels: value %s of %q is no label value", fault.Clip(v), k)
		}
	}
	return nil
}

// checkStorage accepts an empty string or the size of a disk.
func checkStorage(field, s string) error {
	if s == "" {
		return nil
	}
	if _, err := quantity.Storage(s); err != nil {
		return fmt.Errorf("%s %w", field, err)
	}
	return nil
}

// checkCount takes what the JSON decoder made of the field.
func checkCount(field string, v any, most int64) (int, error) {
	hint := fmt.Sprintf("use a whole number from 0 to %d without quotes", most)
	switch n := v.(type) {
	case nil:
		return 0, nil
	case int64:
		if n < 0 || n > most {
			return 0, fault.Hintf(hint, "%s %d: is out of range", field, n)
		}
		return int(n), nil
	case float64:
		return 0, fault.Hintf(hint, "%s %v: is no whole number in range", field, n)
	case string:
		return 0, fault.Hintf(hint, "%s %s: is a string", field, fault.Clip(n))
	default:
		return 0, fault.Hintf(hint, "%s: is %s", field, jsonKind(v))
	}
}

// rfc3339 is the grammar that the standard library's parser exceeds (golang.org/issue/54580):
// that takes a comma, an hour of one digit and an offset of 99 hours.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// ParseMoment reads what a person writes for a moment: a date, which is its
// midnight in UTC, or an RFC 3339 time. It has the bounds of a record's times.
func ParseMoment(s string) (time.Time, error) {
	const hint = "use 2028-12-31 or 2028-12-31T00:00:00Z, of the years 2000 to 9999 in UTC"
	full := s
	if _, err := time.Parse(time.DateOnly, s); err == nil {
		full += "T00:00:00Z"
	}
	t, err := parseTime("time", full)
	switch {
	case err == nil:
		return t, nil
	case !rfc3339.MatchString(full):
		return time.Time{}, fault.Hintf(hint, "%q is no time", s)
	}
	return time.Time{}, fault.Hintf(hint, "%w", err)
}

// parseTime reads an RFC 3339 time of any zone and returns it in UTC.
func parseTime(field, s string) (time.Time, error) {
	const hint = "use RFC 3339 with a year from 2000 to 9999, e.g. 2028-12-31T00:00:00Z"
	var t time.Time
	if err := t.UnmarshalText([]byte(s)); err != nil || !rfc3339.MatchString(s) {
		return time.Time{}, fault.Hintf(hint, "%s %s: is no RFC 3339 time", field, fault.Clip(s))
	}
	t = t.UTC()
	if t.Year() < 2000 || t.Year() > 9999 {
		return time.Time{}, fault.Hintf(hint, "%s %s: year %d is out of range", field, fault.Clip(s), t.Year())
	}
	return t, nil
}

// checkParameters accepts a flat map of scalars and brings whole floats to
// int64, so that 2 and 2.0 are one value everywhere.
func checkParameters(params map[string]any) error {
	if len(params) > maxEntries {
		return fault.Hintf("drop some", "parameters: has %d entries, at most %d are allowed", len(params), maxEntries)
	}
	for _, k := range slices.Sorted(maps.Keys(params)) {
		if !ident.IsParameter(k) {
			return fault.Hintf("use a letter a-z followed by letters and digits", "parameters: name %s is not valid", fault.Clip(k))
		}
		v, err := checkScalar(params[k])
		if err != nil {
			return fmt.Errorf("parameters: %q: %w", k, err)
		}
		params[k] = v
	}
	return nil
}

func checkScalar(v any) (any, error) {
	const hint = "use a string, a number, true or false"
	switch v := v.(type) {
	case bool:
		return v, nil
	case int64:
		if v < -maxExact || v > maxExact {
			return nil, fault.Hintf("put large numbers in quotes", "number %d: is beyond 2^53", v)
		}
		return v, nil
	case float64:
		return checkFloat(v)
	case string:
		return v, checkParameterText(v)
	default:
		return nil, fault.Hintf(hint, "is %s, which is no scalar", jsonKind(v))
	}
}

func checkFloat(f float64) (any, error) {
	switch abs := math.Abs(f); {
	case math.IsNaN(f) || abs > maxExact:
		return nil, fault.Hintf("put large numbers in quotes", "number %v: is beyond 2^53", f)
	case f == math.Trunc(f):
		return int64(f), nil
	case abs < minFloat:
		return nil, fault.Hintf("put small numbers in quotes", "number %v: is below %v", f, minFloat)
	}
	return f, nil
}

func checkParameterText(s string) error {
	if len(s) > maxParameter {
		return fault.Hintf("shorten it", "string of %d bytes: at most %d are allowed", len(s), maxParameter)
	}
	for i, c := range s {
		if !graphic(c) {
			return fault.Hintf("use printable characters without control or direction marks",
				"string %s: character %d is %s", fault.Clip(s), utf8.RuneCountInString(s[:i])+1, describe(c))
		}
	}
	return nil
}

func jsonKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64, float64:
		return "a number"
	case []any:
		return "an array"
	default:
		return "an object"
	}
}
