package hygiene_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const (
	module = "github.com/gatorcloud/sluice"
	root   = "../../.."
)

// file is one Go file of the project.
type file struct {
	path  string // from the repository's root
	dir   string
	test  bool
	set   *token.FileSet
	tree  *ast.File
	lines int
}

// source returns every Go file of the project.
func source(t *testing.T) []file {
	t.Helper()
	files, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found %d Go files, want the whole project", len(files))
	}
	return files
}

// parsed parses them, once for all tests: none changes what it is given.
var parsed = sync.OnceValues(func() (files []file, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if d.IsDir() {
			if d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != "." || isModule(path) && name != "." {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{filepath.ToSlash(name), filepath.ToSlash(filepath.Dir(name)), strings.HasSuffix(path, "_test.go"),
			set, tree, set.File(tree.Pos()).LineCount()})
		return nil
	})
	return files, err
})

// isModule reports whether a directory is a module of its own.
func isModule(dir string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, "go.mod"))
	return len(found) > 0
}

func (f file) at(pos token.Pos) string { return f.path + ":" + strconv.Itoa(f.set.Position(pos).Line) }
