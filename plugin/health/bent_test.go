package health_test

import (
	"encoding/json"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// spoken finds the names that a script reads and the words that it compares with.
var spoken = regexp.MustCompile(`\.([a-zA-Z]\w*)|"([^"\s]+)"`)

// vocabulary returns the names and words of our scripts for a kind, so that
// random objects have a chance to reach every line.
func vocabulary(t *testing.T, kind string) []string {
	t.Helper()
	var words []string
	override := vm(t).ResourceOverrides[kind]
	for _, found := range spoken.FindAllStringSubmatch(override.HealthLua+override.Actions, -1) {
		words = append(words, found[1]+found[2])
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// hostile are words that look like a number or a time, and some that do not.
var hostile = []string{
	"", "Unknown", "Missing", "1", "-1", "1e309", ".nan", "NaN", "0x", "0x10", "inf", "202", "swg=202",
	"2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2020-01-01T00:00:00+08:00", "not a time", "\x00\xff%s%n",
}

// anything generates JSON-shaped values of some words, up to a depth.
func anything(words []string, depth int) *rapid.Generator[any] {
	word := rapid.OneOf(rapid.SampledFrom(words), rapid.SampledFrom(hostile), rapid.String())
	leaf := rapid.OneOf(
		word.AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
		rapid.SampledFrom([]any{nil, math.NaN(), math.Inf(1), math.Inf(-1), json.Number("5")}),
	)
	if depth == 0 {
		return leaf
	}
	below := rapid.Deferred(func() *rapid.Generator[any] { return anything(words, depth-1) })
	return rapid.OneOf(leaf, rapid.MapOfN(word, below, 0, 6).AsAny(), rapid.SliceOfN(below, 0, 4).AsAny())
}

// bent generates objects from the tests of a kind in which a few places hold anything.
func bent(t *testing.T, kind string) *rapid.Generator[app] {
	t.Helper()
	var known []any
	for _, file := range testdata(t, testsOf(t, kind)) {
		known = append(known, load(t, file))
	}
	something := anything(vocabulary(t, kind), 4)
	return rapid.Custom(func(t *rapid.T) app {
		obj := rapid.SampledFrom(known).Draw(t, "object")
		for range rapid.IntRange(0, 4).Draw(t, "places") {
			obj = replace(obj, rapid.SampledFrom(places(obj)).Draw(t, "place"), something.Draw(t, "value"))
		}
		return replace(replace(obj, []any{"apiVersion"}, object(kind)["apiVersion"]), []any{"kind"}, path.Base(kind)).(map[string]any)
	})
}

// places returns the paths of all that is in v: keys of maps and indices of lists.
func places(v any) [][]any {
	var all [][]any
	add := func(step, below any) {
		all = append(all, []any{step})
		for _, rest := range places(below) {
			all = append(all, append([]any{step}, rest...))
		}
	}
	switch x := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			add(key, x[key])
		}
	case []any:
		for i, value := range x {
			add(i, value)
		}
	}
	return all
}

// replace returns v with another value at a place; v stays as it is.
func replace(v any, place []any, value any) any {
	if len(place) == 0 {
		return value
	}
	switch x := v.(type) {
	case map[string]any:
		rest := maps.Clone(x)
		key := place[0].(string)
		rest[key] = replace(x[key], place[1:], value)
		return rest
	case []any:
		rest := slices.Clone(x)
		i := place[0].(int)
		rest[i] = replace(x[i], place[1:], value)
		return rest
	}
	return v
}
