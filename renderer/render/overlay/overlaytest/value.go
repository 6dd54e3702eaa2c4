package overlaytest

import (
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// value works out what an expression is: a string, a list, a struct or nil.
func (r *reader) value(e ast.Expr, s scope) any {
	switch e := e.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.Ident:
		if v, ok := s[e.Name]; ok {
			return v
		}
		if v, ok := r.globals[e.Name]; ok {
			return v
		}
		if f, ok := r.functions[e.Name]; ok {
			return f
		}
	case *ast.ParenExpr:
		return r.value(e.X, s)
	case *ast.BinaryExpr:
		a, aOK := r.value(e.X, s).(string)
		b, bOK := r.value(e.Y, s).(string)
		if e.Op == token.ADD && aOK && bOK {
			return a + b
		}
	case *ast.SelectorExpr:
		if fields, ok := r.value(e.X, s).(map[string]any); ok {
			return fields[e.Sel.Name]
		}
	case *ast.UnaryExpr:
		return r.value(e.X, s)
	case *ast.CompositeLit:
		return r.composite(e, s)
	case *ast.CallExpr:
		return r.result(e, s)
	}
	return nil
}

func literal(e *ast.BasicLit) any {
	switch e.Kind {
	case token.STRING:
		if v, err := strconv.Unquote(e.Value); err == nil {
			return v
		}
	case token.INT:
		if v, err := strconv.Atoi(e.Value); err == nil {
			return v
		}
	}
	return nil
}

// composite returns a struct for keys that are names, else a list.
func (r *reader) composite(e *ast.CompositeLit, s scope) any {
	fields, list := map[string]any{}, []any{}
	for _, element := range e.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			v := r.value(pair.Value, s)
			if name, ok := pair.Key.(*ast.Ident); ok {
				fields[name.Name] = v
				continue
			}
			list = append(list, v)
			continue
		}
		list = append(list, r.value(element, s))
	}
	if len(fields) > 0 {
		return fields
	}
	return list
}

// result works out the few calls that make texts in kustomize's tests.
func (r *reader) result(e *ast.CallExpr, s scope) any {
	args := make([]any, len(e.Args))
	texts := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = r.value(a, s)
		texts[i], _ = args[i].(string)
		if args[i] == nil {
			return nil
		}
	}
	switch f := e.Fun.(type) {
	case *ast.ArrayType: // []byte(text)
		return args[0]
	case *ast.Ident:
		if f.Name == "string" {
			return args[0]
		}
	case *ast.SelectorExpr:
		switch f.Sel.Name {
		case "ReadFile":
			if data, err := os.ReadFile(filepath.Join(r.dir, texts[0])); err == nil && len(texts) == 1 {
				return string(data)
			}
		case "Sprintf":
			return fmt.Sprintf(texts[0], args[1:]...)
		case "Join":
			return path.Join(texts...)
		case "ReplaceAll":
			return strings.ReplaceAll(texts[0], texts[1], texts[2])
		}
	}
	return nil
}
