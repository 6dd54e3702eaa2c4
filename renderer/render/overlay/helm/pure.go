package helm

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// impure are the template functions whose result depends on something else
// than their arguments: the cluster, the network, the environment, the clock,
// the time zone or chance.
var impure = []string{
	"lookup", "env", "expandenv", "getHostByName", "now", "ago", "date", "dateInZone", "date_in_zone", "dateModify", "date_modify",
	"mustDateModify", "must_date_modify", "htmlDate", "htmlDateInZone", "toDate", "mustToDate", "durationRound", "unixEpoch",
	"shuffle", "uuidv4", "htpasswd", "bcrypt", "encryptAES",
}

// isImpure reports whether a function must not be used.
func isImpure(name string) bool {
	return strings.HasPrefix(name, "rand") || strings.HasPrefix(name, "gen") || slices.Contains(impure, name)
}

// pure refuses charts whose templates, or the texts that templates may be made
// of (values and files), call impure functions.
func pure(ch *chart.Chart, values map[string]any) error {
	for _, t := range ch.Templates {
		if err := template(t.Name, string(t.Data)); err != nil {
			return fmt.Errorf("chart %q: %w", ch.Name(), err)
		}
	}
	for _, f := range ch.Files {
		if strings.Contains(string(f.Data), "{{") && called(f.Name, string(f.Data)) != "" {
			return fault.Hintf("give the result as a value", "chart %q: file %q calls %q", ch.Name(), f.Name, called(f.Name, string(f.Data)))
		}
	}
	for _, v := range []map[string]any{ch.Values, values} {
		if err := texts("values", v); err != nil {
			return fmt.Errorf("chart %q: %w", ch.Name(), err)
		}
	}
	for _, sub := range ch.Dependencies() {
		if err := pure(sub, nil); err != nil {
			return err
		}
	}
	return nil
}

// texts checks the strings in values that may be templates.
func texts(place string, v any) error {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "{{") {
			return template(place, v)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if err := texts(place+"."+k, v[k]); err != nil {
				return err
			}
		}
	case []any:
		for i, x := range v {
			if err := texts(fmt.Sprintf("%s[%d]", place, i), x); err != nil {
				return err
			}
		}
	}
	return nil
}

// template refuses a text that calls an impure function.
func template(name, text string) error {
	if f := called(name, text); f != "" {
		return fault.Hintf("give the result as a value", "template %q calls %q, which gives another result each time", name, f)
	}
	return nil
}

// called returns the first impure function that a template calls, "" if there
// is none. A text that is no template is an error of rendering, not of this.
func called(name, text string) string {
	t := parse.New(name)
	t.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := t.Parse(text, "", "", trees); err != nil {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(trees)) {
		if root := trees[name].Root; root != nil {
			if f := inNode(reflect.ValueOf(root)); f != "" {
				return f
			}
		}
	}
	return ""
}

// inNode looks for impure functions below a node. The parser has a dozen node
// types with exported children, so they are walked by reflection.
func inNode(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ""
		}
		switch n := v.Interface().(type) {
		case *parse.Tree:
			return ""
		case *parse.IdentifierNode:
			if isImpure(n.Ident) {
				return n.Ident
			}
		case *parse.StringNode:
			if strings.Contains(n.Text, "{{") { // a text for tpl
				return called("text", n.Text)
			}
		}
		return inNode(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				if f := inNode(v.Field(i)); f != "" {
					return f
				}
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if f := inNode(v.Index(i)); f != "" {
				return f
			}
		}
	}
	return ""
}
