package base

import (
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// impure reports whether a template function's result depends on something
// else than its arguments: the cluster, the network, the environment, the
// clock, the time zone or chance.
func impure(name string) bool {
	return strings.HasPrefix(name, "rand") || strings.HasPrefix(name, "gen") || slices.Contains([]string{
		"lookup", "env", "expandenv", "getHostByName", "now", "ago", "date", "dateInZone", "date_in_zone",
		"dateModify", "date_modify", "mustDateModify", "must_date_modify", "htmlDate", "htmlDateInZone",
		"toDate", "mustToDate", "durationRound", "unixEpoch", "shuffle", "uuidv4", "htpasswd", "bcrypt", "encryptAES",
	}, name)
}

// unordered are the functions whose result is in the random order of a map.
func unordered(name string) bool { return name == "keys" || name == "values" }

// orders are the functions whose result does not depend on the order of a list.
func orders(name string) bool {
	return name == "sortAlpha" || name == "len" || name == "has" || name == "empty"
}

// checkTemplate parses a template and refuses functions that make its result
// differ from one rendering to the next.
func checkTemplate(name, text string) error {
	t := parse.New(name)
	t.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := t.Parse(text, "", "", trees); err != nil {
		return fault.Hintf("mend the template", "template %q: %w", name, oneLine(err))
	}
	for _, tree := range trees {
		if tree.Root == nil {
			continue
		}
		if bad := badFunction(reflect.ValueOf(tree.Root)); bad != "" {
			hint := "give the result as a value of the component"
			if unordered(bad) {
				hint = "pipe it into sortAlpha"
			}
			return fault.Hintf(hint, "template %q: function %q gives another result each time", name, bad)
		}
	}
	return nil
}

// badFunction returns the first function below a node that must not be used.
// The parser's node types are many and all exported, so they are walked by
// reflection; none has a way back up but Tree, which is unexported or skipped.
func badFunction(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return ""
		}
		switch n := v.Interface().(type) {
		case *parse.Tree:
			return ""
		case *parse.PipeNode:
			return badPipe(n)
		case *parse.IdentifierNode:
			if impure(n.Ident) {
				return n.Ident
			}
			return ""
		}
		return badFunction(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if !v.Type().Field(i).IsExported() {
				continue
			}
			if bad := badFunction(v.Field(i)); bad != "" {
				return bad
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if bad := badFunction(v.Index(i)); bad != "" {
				return bad
			}
		}
	}
	return ""
}

// badPipe also refuses keys and values whose order nothing puts right: a later
// command of the pipe, or the command that has them as an argument.
func badPipe(p *parse.PipeNode) string {
	for i, c := range p.Cmds {
		if name := function(c); unordered(name) && !slices.ContainsFunc(p.Cmds[i+1:], func(c *parse.CommandNode) bool { return orders(function(c)) }) {
			return name
		}
		for _, arg := range c.Args {
			inner, ok := arg.(*parse.PipeNode)
			checked := reflect.ValueOf(arg)
			if ok && orders(function(c)) && len(inner.Cmds) == 1 && unordered(function(inner.Cmds[0])) {
				checked = reflect.ValueOf(inner.Cmds[0].Args[1:])
			}
			if bad := badFunction(checked); bad != "" {
				return bad
			}
		}
	}
	return ""
}

// function returns the name of the function that a command calls, "" for none.
func function(c *parse.CommandNode) string {
	if len(c.Args) == 0 {
		return ""
	}
	if id, ok := c.Args[0].(*parse.IdentifierNode); ok {
		return id.Ident
	}
	return ""
}
