package chart

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/BurntSushi/toml"
	"sigs.k8s.io/yaml"
	goyaml "sigs.k8s.io/yaml/goyaml.v3"
)

// ownShallow are the shallow functions of helm's own, and those whose result
// the library would give in the order of a map.
func ownShallow() template.FuncMap {
	return template.FuncMap{
		"keys":     keys,
		"values":   values,
		"fail":     func(message string) (string, error) { return "", errors.New(message) },
		"required": required,
	}
}

// ownDeep are the functions of helm's own that read or make deep values.
func ownDeep() template.FuncMap {
	return template.FuncMap{
		"fromJson":      func(text string) map[string]any { return decoded(json.Unmarshal, text) },
		"fromJsonArray": func(text string) []any { return decodedList(json.Unmarshal, text) },
		"fromToml":      fromTOML,
		"fromYaml":      func(text string) map[string]any { return decoded(unmarshalYAML, text) },
		"fromYamlArray": func(text string) []any { return decodedList(unmarshalYAML, text) },
		"toJson":        toJSON,
		"toToml":        toTOML,
		"toYaml":        toYAML,
		"toYamlPretty":  toYAMLPretty,
	}
}

// ownPrint are the functions of the template language that print.
func ownPrint() template.FuncMap {
	return template.FuncMap{
		"html":     template.HTMLEscaper,
		"js":       template.JSEscaper,
		"print":    fmt.Sprint,
		"println":  fmt.Sprintln,
		"urlquery": template.URLQueryEscaper,
	}
}

// keys returns the keys of mappings, each in its order. helm gives them in any.
func keys(dicts ...map[string]any) []string {
	out := []string{}
	for _, d := range dicts {
		out = append(out, sorted(d)...)
	}
	return out
}

// values returns the values of a mapping in the order of its keys.
func values(dict map[string]any) []any {
	out := []any{}
	for _, k := range sorted(dict) {
		out = append(out, dict[k])
	}
	return out
}

// required fails with a message when there is no value.
func required(message string, v any) (any, error) {
	if v == nil || v == "" {
		return v, errors.New(message)
	}
	return v, nil
}

func toYAML(v any) string {
	data, err := yaml.Marshal(v)
	if err != nil {
		return "" // as helm does
	}
	return strings.TrimSuffix(string(data), "\n")
}

func toYAMLPretty(v any) string {
	var b bytes.Buffer
	e := goyaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func toJSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(data)
}

func toTOML(v any) string {
	var b bytes.Buffer
	if err := toml.NewEncoder(&b).Encode(v); err != nil {
		return err.Error()
	}
	return b.String()
}

func unmarshalYAML(data []byte, out any) error { return yaml.Unmarshal(data, out) }

// decoded returns a mapping; what cannot be read is its entry Error.
func decoded(unmarshal func([]byte, any) error, text string) map[string]any {
	out := map[string]any{}
	if err := unmarshal([]byte(text), &out); err != nil {
		out["Error"] = err.Error()
	}
	return out
}

func decodedList(unmarshal func([]byte, any) error, text string) []any {
	out := []any{}
	if err := unmarshal([]byte(text), &out); err != nil {
		out = []any{err.Error()}
	}
	return out
}

// fromTOML reads a mapping. A time in it would be in the zone of the machine.
func fromTOML(text string) (map[string]any, error) {
	out := decoded(toml.Unmarshal, text)
	if timed(out) {
		return nil, &impureError{"reading a time"}
	}
	return out, nil
}

func timed(v any) bool {
	switch v := v.(type) {
	case time.Time:
		return true
	case map[string]any:
		for _, x := range v {
			if timed(x) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, timed)
	case []map[string]any:
		return slices.ContainsFunc(v, func(m map[string]any) bool { return timed(m) })
	}
	return false
}
