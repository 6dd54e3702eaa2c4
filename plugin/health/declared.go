package health

import (
	"fmt"
	"strings"
)

// Declared is a kind of which a catalog says when its objects are ready.
type Declared struct {
	Group, Kind string
	// Condition is the type of the condition that is True of what is ready: a
	// letter, then letters and digits.
	Condition string
	// Rest is the path of the field that holds RestValue, a bool, a number or a
	// string, while nothing runs; empty for a kind that runs nothing.
	Rest      []string
	RestValue any
}

// Customization returns the entry of argocd-cm that checks the kind's health.
func (d Declared) Customization() (at, script string, err error) {
	if script, err = (sources{files}).script("declared.lua", d.Kind); err != nil {
		return "", "", err
	}
	rest := "false"
	if len(d.Rest) > 0 {
		rest = "obj"
		for _, name := range d.Rest {
			rest = fmt.Sprintf("map(%s)[%s]", rest, literal(name))
		}
		rest += " == " + literal(d.RestValue)
	}
	return key("health", d.Group+"/"+d.Kind), strings.NewReplacer("<Condition>", d.Condition, "<Rest>", rest).Replace(script), nil
}

// literal writes a value in Lua. Each byte of a text is escaped: Lua and JSON
// write them otherwise.
func literal(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, `\%03d`, c)
	}
	return `"` + b.String() + `"`
}
