package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

const (
	// maxValueBytes bounds one parameter's value.
	maxValueBytes = 4096
	// maxNumber bounds the magnitude of numbers, so that none needs an exponent.
	maxNumber = 1e15
)

// Fill checks an authorisation's parameters against the version's schema, adds
// the defaults and returns every parameter as a string: numbers without an
// exponent, booleans as true and false. The values come from etcd: strings
// must be printable, of one line and at most 4096 bytes, numbers below 1e15.
// The error joins every fault, each with a hint.
func (v *Version) Fill(params map[string]any) (map[string]string, error) {
	s := v.schema
	all := maps.Clone(s.defaults)
	texts := make(map[string]string, len(s.names))
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !slices.Contains(s.names, name) {
			faults = append(faults, fault.Hintf(didYouMean(name, s.names), "parameter %s is unknown to %s", quote(name), v.Ref))
			continue
		}
		value, err := scalar(params[name])
		if s.secret(name, value) {
			err = errSecret
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("parameter %q: %w", name, err))
			delete(all, name)
			continue
		}
		all[name] = value
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if err := s.compiled.Validate(all); err != nil {
		return nil, errors.Join(v.explain(err)...)
	}
	for name, value := range all {
		texts[name] = text(value)
	}
	return texts, nil
}

// errSecret does not show the value, which may be what it must not be.
var errSecret = fault.Hintf("put the value into a Secret of the tenant's namespace and give the Secret's name", "it takes the name of a Secret, and the value is none")

// secret reports whether a writeOnly parameter has a value that is no name.
func (s *schema) secret(name string, value any) bool {
	text, _ := value.(string)
	return slices.Contains(s.secrets, name) && !ident.IsDNSName(text)
}

// Secrets returns the parameters whose values are the names of Secrets, sorted.
func (v *Version) Secrets() []string { return slices.Clone(v.schema.secrets) }

// Accepts returns how a value of one own parameter is written, as Fill writes
// it, if the parameter's schema accepts it.
func (v *Version) Accepts(name string, value any) (written string, ok bool) {
	s := v.schema.compiled.Properties[name]
	value, err := scalar(value)
	if s == nil || err != nil || s.Validate(value) != nil || v.schema.secret(name, value) {
		return "", false
	}
	return text(value), true
}

// ParameterNames returns the sorted names of the version's own parameters.
func (v *Version) ParameterNames() []string { return slices.Clone(v.schema.names) }

// Defaults returns the defaults of the version's parameters as strings, as
// Fill would. Required parameters have none.
func (v *Version) Defaults() map[string]string {
	out := make(map[string]string, len(v.schema.defaults))
	for name, value := range v.schema.defaults {
		out[name] = text(value)
	}
	return out
}

// scalar returns a value as string, bool, int64 or float64 when it is a scalar
// within the bounds. Whole numbers are int64 whatever their notation was.
func scalar(value any) (any, error) {
	switch x := value.(type) {
	case bool:
		return x, nil
	case string:
		return x, checkText(x)
	case int:
		return number(float64(x), int64(x))
	case int64:
		return number(float64(x), x)
	case float64:
		return number(x, 0)
	case json.Number:
		if i, err := x.Int64(); err == nil {
			return number(float64(i), i)
		}
		f, err := x.Float64()
		if err != nil {
			return nil, fault.Hintf("use a smaller number", "number %s is out of range", quote(x.String()))
		}
		return number(f, 0)
	case nil:
		return nil, fault.Hintf("leave the parameter out to get the default", "value null is no scalar")
	default:
		return nil, fault.Hintf("write a string, a number, true or false", "the value is a %s, not a scalar", wordFor(value))
	}
}

func wordFor(value any) string {
	switch value.(type) {
	case map[string]any:
		return "mapping"
	case []any:
		return "list"
	}
	return fmt.Sprintf("%T", value)
}

// number bounds a number; i is its exact value when it was an integer.
func number(f float64, i int64) (any, error) {
	if !(math.Abs(f) < maxNumber) { // NaN too
		return nil, fault.Hintf("use a number below 1e15", "number %g is out of range", f)
	}
	if f == math.Trunc(f) {
		if i == 0 {
			i = int64(f)
		}
		return i, nil
	}
	if math.Abs(f) < 1/maxNumber {
		return nil, fault.Hintf("use 0 or a larger number", "number %g is out of range", f)
	}
	return f, nil
}

// checkText refuses what does not show: a value must be what people see.
func checkText(s string) error {
	if len(s) > maxValueBytes {
		return fault.Hintf("put long values into the product", "the value has %d bytes, at most %d are allowed", len(s), maxValueBytes)
	}
	if !utf8.ValidString(s) {
		return fault.Hintf("write UTF-8", "value %s is not valid UTF-8", quote(s))
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return fault.Hintf("use printable characters on one line", "value %s contains %U", quote(s), r)
		}
	}
	return nil
}

func text(value any) string {
	switch x := value.(type) {
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	default:
		return fmt.Sprint(x)
	}
}

// quote quotes a hostile value and bounds its length.
func quote(s string) string {
	const most = 48
	if len(s) > most {
		return fmt.Sprintf("%+q...", s[:most])
	}
	return fmt.Sprintf("%+q", s)
}

// explain turns the validator's tree of errors into one fault a parameter.
func (v *Version) explain(err error) []error {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return []error{err}
	}
	hint := fmt.Sprintf("see `sluice catalog show %s/%s`", v.Name, v.Version)
	var faults []error
	for _, leaf := range leaves(top) {
		what := "parameters"
		if len(leaf.InstanceLocation) > 0 {
			what = fmt.Sprintf("parameter %q", strings.Join(leaf.InstanceLocation, "."))
		}
		faults = append(faults, fault.Hintf(hint, "%s: %s", what, describe(leaf)))
	}
	return faults
}

// leaves returns the errors that say why, in the order of the schema's walk,
// sorted by place so that the message does not depend on map order.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var out []*jsonschema.ValidationError
	for _, c := range e.Causes {
		out = append(out, leaves(c)...)
	}
	slices.SortStableFunc(out, func(a, b *jsonschema.ValidationError) int {
		if c := slices.Compare(a.InstanceLocation, b.InstanceLocation); c != 0 {
			return c
		}
		return strings.Compare(describe(a), describe(b))
	})
	return out
}

// describe words one error on one line.
func describe(e *jsonschema.ValidationError) string {
	if m, ok := e.ErrorKind.(*kind.Required); ok {
		return "missing " + fault.List(m.Missing)
	}
	const most = 160
	p := message.NewPrinter(language.English)
	words := strings.Join(strings.Fields(e.ErrorKind.LocalizedString(p)), " ")
	if len(words) > most {
		return strings.ToValidUTF8(words[:most], "") + "..."
	}
	return words
}

// schemaFault words an error of the schema compiler on one line.
func schemaFault(err error) string {
	if bad, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		err = bad.Err
	}
	if top, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		var parts []string
		for _, leaf := range leaves(top) {
			at := "/" + strings.Join(leaf.InstanceLocation, "/")
			parts = append(parts, strings.TrimSuffix(at, "/")+": "+describe(leaf))
		}
		return strings.TrimPrefix(strings.Join(parts[:min(len(parts), 3)], ", "), ": ")
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}
