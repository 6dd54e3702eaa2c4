package overlaytest

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Case is a build that somebody else's tests describe.
type Case struct {
	Name  string
	Root  string // slash path of the directory that is built
	Files map[string]string
}

// Corpus returns the builds in the Go tests and in the directories of a module
// of kustomize, sorted by name. The tests are read as data, not run: what they
// write to their file system up to a build are the files of that build. Texts
// that the reader cannot work out are left out, so a case need not be what its
// test meant; it is a kustomization all the same.
func Corpus(module string) ([]Case, error) {
	var cases []Case
	err := filepath.WalkDir(module, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		inTests, err := testCases(module, name)
		if err != nil {
			return err
		}
		cases = append(cases, inTests...)
		onDisk, err := directoryCase(module, name)
		cases = append(cases, onDisk...)
		return err
	})
	slices.SortFunc(cases, func(a, b Case) int { return cmp.Compare(a.Name, b.Name) })
	return cases, err
}

// directoryCase returns a directory that holds a kustomization, with all files
// of the directory above it.
func directoryCase(module, dir string) ([]Case, error) {
	if _, err := os.Stat(filepath.Join(dir, "kustomization.yaml")); err != nil {
		return nil, nil //nolint:nilerr // it is no case
	}
	top := filepath.Dir(dir)
	files := map[string]string{}
	err := filepath.WalkDir(top, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(top, name) // name is below top
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	name, _ := filepath.Rel(module, dir) // dir is below module
	return []Case{{filepath.ToSlash(name), filepath.Base(dir), files}}, err
}

// recorder follows what one test writes and builds.
type recorder struct {
	name  string
	files map[string]string
	cases []Case
}

func (r *recorder) write(name, content string) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name != "" {
		r.files[name] = content
	}
}

func (r *recorder) build(root string) {
	root = cmp.Or(strings.TrimPrefix(path.Clean("/"+root), "/"), ".")
	name := fmt.Sprintf("%s#%d", r.name, len(r.cases))
	r.cases = append(r.cases, Case{name, root, maps.Clone(r.files)})
}
