package overlaytest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
)

// kinds are the headers that the methods of kustomize's test harness put
// before the text of a kustomization.
var kinds = map[string]string{
	"WriteK": "\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
	"WriteC": "\napiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
}

// testCases returns the builds in the Go tests of one directory.
func testCases(module, dir string) ([]Case, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		return nil, err
	}
	r := &reader{dir, map[string]*ast.FuncDecl{}, scope{}}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		r.file(file)
	}
	var cases []Case
	for name, f := range r.functions {
		if !strings.HasPrefix(name, "Test") {
			continue
		}
		rel, _ := filepath.Rel(module, dir) // dir is below module
		rec := &recorder{name: path.Join(filepath.ToSlash(rel), name), files: map[string]string{}}
		r.follow(f.Body, scope{}, rec, 0)
		cases = append(cases, rec.cases...)
	}
	return cases, nil
}

// reader knows the functions and texts of a package.
type reader struct {
	dir       string
	functions map[string]*ast.FuncDecl
	globals   scope
}

// scope holds the values of names: strings, numbers, lists (of any), structs
// (map[string]any) and functions.
type scope map[string]any

// file notes the functions and texts of one file.
func (r *reader) file(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Body != nil {
				r.functions[d.Name.Name] = d
			}
		case *ast.GenDecl:
			r.declare(d, r.globals)
		}
	}
}

func (r *reader) declare(d *ast.GenDecl, s scope) {
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok {
			for i, name := range v.Names {
				if i < len(v.Values) {
					s[name.Name] = r.value(v.Values[i], s)
				}
			}
		}
	}
}

// maxCalls bounds how deep calls of the package's own functions are followed.
const maxCalls = 8

// follow records the writes and builds below a node in the order of the text.
func (r *reader) follow(n ast.Node, s scope, rec *recorder, depth int) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				// Of a call with several results the first is the text.
				if name, ok := left.(*ast.Ident); ok && i < len(n.Rhs) {
					if v := r.value(n.Rhs[i], s); v != nil {
						s[name.Name] = v
					}
				}
			}
		case *ast.GenDecl:
			r.declare(n, s)
		case *ast.RangeStmt:
			r.loop(n, s, rec, depth)
			return false
		case *ast.CallExpr:
			r.call(n, s, rec, depth)
		}
		return true
	})
}

// loop follows the body of a range once for each element.
func (r *reader) loop(n *ast.RangeStmt, s scope, rec *recorder, depth int) {
	list, _ := r.value(n.X, s).([]any)
	for _, element := range list {
		if name, ok := n.Value.(*ast.Ident); ok {
			s[name.Name] = element
		}
		r.follow(n.Body, s, rec, depth)
	}
}

// call records a call of the harness, or follows one of the package's functions.
func (r *reader) call(n *ast.CallExpr, s scope, rec *recorder, depth int) {
	switch f := n.Fun.(type) {
	case *ast.SelectorExpr:
		r.method(f.Sel.Name, n.Args, s, rec)
	case *ast.Ident:
		callee, ok := r.value(f, s).(*ast.FuncDecl)
		if !ok || depth == maxCalls {
			return
		}
		inner, i := scope{}, 0
		for _, field := range callee.Type.Params.List {
			for _, name := range field.Names {
				if i < len(n.Args) {
					inner[name.Name] = r.value(n.Args[i], s)
				}
				i++
			}
		}
		r.follow(callee.Body, inner, rec, depth+1)
	}
}

func (r *reader) method(name string, args []ast.Expr, s scope, rec *recorder) {
	texts := make([]string, 0, 2)
	for _, a := range args {
		if _, sub := a.(*ast.FuncLit); sub {
			return // a subtest: its body is followed
		}
		if t, ok := r.value(a, s).(string); ok {
			texts = append(texts, t)
		}
	}
	switch {
	case len(texts) == 2 && kinds[name] != "":
		rec.write(path.Join(texts[0], "kustomization.yaml"), kinds[name]+texts[1])
	case len(texts) == 2 && (name == "WriteF" || name == "WriteFile"):
		rec.write(texts[0], texts[1])
	case len(texts) == 1 && len(args) == 2 && (name == "Run" || name == "RunWithErr"):
		rec.build(texts[0])
	}
}
