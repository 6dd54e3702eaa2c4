package hygiene_test

import (
	"go/ast"
	"go/token"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestTopLevel(t *testing.T) {
	allowed := []string{"cmd", "renderer", "plugin", "catalog", "environments", ".gitlab-ci.yml", "Makefile", "go.mod", "go.sum", "README.md", "LICENSE"}
	ignored := []string{"bin", "dist", "sluice-demo"} // made by make and by the demo; .gitignore names them
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(allowed, e.Name()) && !slices.Contains(ignored, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}

func TestPackageNames(t *testing.T) {
	banned := []string{"util", "utils", "common", "helper", "helpers", "shared", "misc", "types"}
	for _, f := range source(t) {
		name := strings.TrimSuffix(f.tree.Name.Name, "_test")
		if slices.Contains(banned, name) || strings.ContainsAny(name, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Errorf("%s: package name %q says nothing or is no single lower-case word", f.path, name)
		}
	}
}

func TestPackagesAreDocumented(t *testing.T) {
	documented, seen := map[string]bool{}, map[string]string{}
	for _, f := range source(t) {
		if f.test {
			continue
		}
		seen[f.dir] = f.path
		if f.tree.Doc != nil && len(f.tree.Doc.Text()) > 40 {
			documented[f.dir] = true
		}
	}
	for dir := range seen {
		if !documented[dir] {
			t.Errorf("package %s does not say what it does", dir)
		}
	}
}

func TestExportedSymbolsAreDocumented(t *testing.T) {
	for _, f := range source(t) {
		if f.test || f.tree.Name.Name == "main" {
			continue
		}
		for _, d := range f.tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && receiverExported(d) && d.Doc == nil && !wellKnown(d) {
					t.Errorf("%s: %s has no comment", f.at(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				checkSpecs(t, f, d)
			}
		}
	}
}

// wellKnown reports whether a method's meaning is that of a standard interface.
func wellKnown(d *ast.FuncDecl) bool {
	return d.Recv != nil && slices.Contains([]string{"Error", "Unwrap", "Close", "Name", "Size", "Mode", "ModTime", "IsDir", "Sys", "Info", "Type", "Stat", "Read"}, d.Name.Name)
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return true
		}
	}
}

func checkSpecs(t *testing.T, f file, d *ast.GenDecl) {
	t.Helper()
	if d.Tok == token.IMPORT {
		return
	}
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
				t.Errorf("%s: %s has no comment", f.at(s.Pos()), s.Name.Name)
			}
		case *ast.ValueSpec:
			if s.Names[0].IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
				t.Errorf("%s: %s has no comment", f.at(s.Pos()), s.Names[0].Name)
			}
		}
	}
}

func TestFilesAreSmall(t *testing.T) {
	var sizes []int
	for _, f := range source(t) {
		if f.test {
			continue
		}
		sizes = append(sizes, f.lines)
		if f.lines > 500 {
			t.Errorf("%s has %d lines, at most 500 are allowed", f.path, f.lines)
		}
		if f.tree.Name.Name == "main" && strings.HasSuffix(f.path, "/main.go") && f.lines > 40 {
			t.Errorf("%s has %d lines, at most 40 are allowed", f.path, f.lines)
		}
	}
	bound(t, "lines of a file", sizes, 130, 500)
}

func TestFunctionsAreSmall(t *testing.T) {
	var sizes []int
	for _, f := range source(t) {
		if f.test {
			continue
		}
		for _, d := range f.tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			lines := f.set.Position(fn.Body.End()).Line - f.set.Position(fn.Body.Pos()).Line - 1
			sizes = append(sizes, max(lines, 1))
			if lines > 120 {
				t.Errorf("%s: %s has %d lines, at most 120 are allowed", f.at(fn.Pos()), fn.Name.Name, lines)
			}
			most := 5 // inside a package
			if fn.Name.IsExported() {
				most = 4
			}
			if n := parameters(fn); n > most {
				t.Errorf("%s: %s has %d parameters; use an options struct", f.at(fn.Pos()), fn.Name.Name, n)
			}
		}
	}
	bound(t, "lines of a function", sizes, 10, 60)
}

// parameters counts a function's parameters without its context.
func parameters(fn *ast.FuncDecl) int {
	n := 0
	for i, p := range fn.Type.Params.List {
		if sel, ok := p.Type.(*ast.SelectorExpr); ok && i == 0 && sel.Sel.Name == "Context" {
			continue
		}
		n += max(1, len(p.Names))
	}
	return n
}

// bound checks the median and the 95th percentile.
func bound(t *testing.T, what string, sizes []int, median, p95 int) {
	t.Helper()
	slices.Sort(sizes)
	if got := sizes[len(sizes)/2]; got > median {
		t.Errorf("median %s = %d, want at most %d", what, got, median)
	}
	if got := sizes[len(sizes)*95/100]; got > p95 {
		t.Errorf("95th percentile of %s = %d, want at most %d", what, got, p95)
	}
}

func TestNoInitAndNoPackageState(t *testing.T) {
	for _, f := range source(t) {
		if f.test {
			continue
		}
		for _, d := range f.tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: init hides work in imports", f.at(fn.Pos()))
			}
		}
	}
}
