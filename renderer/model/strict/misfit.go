package strict

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"go.yaml.in/yaml/v3"
)

// maxExplained bounds the text that is parsed once more for the sake of words.
const maxExplained = 4 << 20

// maxMisfits is how many misfits an error tells.
const maxMisfits = 3

// Misfit says in the writer's words why a text in YAML or JSON does not decode
// into what out points to: line, field, value and what belongs there, as in
//
//	line 7: rings[0].versions.swg: 202 is a number, not a string
//
// The decoder's own words are those of Go's types. Misfit is nil when it finds
// nothing, which says nothing about the text.
func Misfit(data []byte, out any) error {
	var doc yaml.Node
	if len(data) > maxExplained {
		return nil
	}
	_ = yaml.Unmarshal(data, &doc) // what is no YAML has no content
	if len(doc.Content) == 0 {
		return nil
	}
	m := misfits{lines: bytes.Contains(bytes.TrimSpace(data), []byte("\n"))}
	m.fit(doc.Content[0], reflect.TypeOf(out).Elem(), "")
	if len(m.all) == 0 {
		return nil
	}
	var texts []string
	for _, err := range m.all[:min(len(m.all), maxMisfits)] {
		texts = append(texts, err.Error())
	}
	if more := len(m.all) - maxMisfits; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return fault.Hintf(fault.HintOf(m.all[0]), "%w", told{strings.Join(texts, "; "), m.all})
}

// told is a text that wraps what it tells.
type told struct {
	text string
	all  []error
}

func (t told) Error() string   { return t.text }
func (t told) Unwrap() []error { return t.all }

// misfits collects what does not fit, in the order of the text.
type misfits struct {
	lines bool // the text has several, so that a number helps
	all   []error
}

func (m *misfits) add(n *yaml.Node, path, hint, format string, args ...any) {
	place := ""
	if m.lines {
		place = fmt.Sprintf("line %d: ", n.Line)
	}
	if path != "" {
		place += path + ": "
	}
	m.all = append(m.all, fault.Hintf(hint, place+"%w", fmt.Errorf(format, args...)))
}

// fit looks for misfits of n and all below it with a type.
func (m *misfits) fit(n *yaml.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.ShortTag() == "!!null" {
		return // null leaves a field as it is
	}
	value := reflect.New(t).Interface()
	if text, ok := value.(encoding.TextUnmarshaler); ok {
		if m.expect(n, path, "a string", kindOf(n) == "a string") {
			m.gate(n, path, text)
		}
		return
	}
	if form, ok := value.(json.Unmarshaler); ok {
		m.form(n, path, form)
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		if m.expect(n, path, "a mapping", n.Kind == yaml.MappingNode) {
			m.fields(n, t, path)
		}
	case reflect.Map:
		if m.expect(n, path, "a mapping", n.Kind == yaml.MappingNode) {
			m.entries(n, t, path)
		}
	case reflect.Slice:
		if m.expect(n, path, "a list", n.Kind == yaml.SequenceNode) {
			for i, item := range n.Content {
				m.fit(item, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	case reflect.String:
		m.expect(n, path, "a string", kindOf(n) == "a string")
	case reflect.Bool:
		m.expect(n, path, "true or false", kindOf(n) == "a boolean")
	case reflect.Int, reflect.Int64:
		m.expect(n, path, "a whole number", kindOf(n) == "a number" && whole(n.Value))
	case reflect.Float64:
		m.expect(n, path, "a number", kindOf(n) == "a number")
	}
}

// fields fits the fields of a struct.
func (m *misfits) fields(n *yaml.Node, t reflect.Type, path string) {
	types := map[string]reflect.Type{}
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			types[name] = f.Type
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if field, ok := types[key.Value]; ok {
			m.fit(n.Content[i+1], field, below(path, key.Value))
			continue
		}
		m.add(key, path, fault.DidYouMean(key.Value, names, "the fields are "+fault.List(names)+"; names are case-sensitive"),
			"unknown field %s", fault.Clip(key.Value))
	}
}

// entries fits the keys and values of a map.
func (m *misfits) entries(n *yaml.Node, t reflect.Type, path string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if text, ok := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(t.Key())); ok {
			m.gate(key, path, text)
		}
		m.fit(n.Content[i+1], t.Elem(), below(path, key.Value))
	}
}

// gate asks the gate of a type.
func (m *misfits) gate(n *yaml.Node, path string, gate encoding.TextUnmarshaler) {
	if err := gate.UnmarshalText([]byte(n.Value)); err != nil {
		m.add(n, path, fault.HintOf(err), "%w", err)
	}
}

// form asks a type with a form of its own; it is asked for scalars only.
func (m *misfits) form(n *yaml.Node, path string, form json.Unmarshaler) {
	var value any
	if n.Kind != yaml.ScalarNode || n.Decode(&value) != nil {
		return
	}
	js, err := json.Marshal(value)
	if err == nil {
		err = form.UnmarshalJSON(js)
	}
	if err != nil {
		m.add(n, path, fault.HintOf(err), "%w", err)
	}
}

// expect adds a misfit unless n is what is wanted.
func (m *misfits) expect(n *yaml.Node, path, want string, fits bool) bool {
	if fits {
		return true
	}
	is, shown, hint := kindOf(n), "it", "write "+want+" there"
	if n.Kind == yaml.ScalarNode {
		shown = n.Value[:min(len(n.Value), 48)]
		switch {
		case is == "a string":
			shown, hint = fault.Clip(n.Value), hint+", without quotes"
		case want == "a string":
			hint = "quote it: " + strconv.Quote(shown)
		}
	}
	m.add(n, path, hint, "%w", errors.New(shown+" is "+is+", not "+want))
	return false
}

// kindOf words what the decoder takes n for, which reads YAML 1.1.
func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!int", n.ShortTag() == "!!float":
		return "a number"
	case n.ShortTag() == "!!bool", n.Style == 0 && switchWord(n.Value):
		return "a boolean"
	}
	return "a string"
}

// whole reports whether a number is whole and no float loses it.
func whole(s string) bool {
	if _, err := strconv.ParseInt(s, 0, 64); err == nil {
		return true
	}
	f, err := strconv.ParseFloat(s, 64)
	return err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
}

// below returns the path of a field. A name that is no word is quoted.
func below(path, name string) string {
	if quoted := fault.Clip(name); quoted != `"`+name+`"` || strings.ContainsAny(name, " .:[]") || name == "" {
		name = quoted
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
