package stock

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// errReadOnly answers every attempt to change the tree.
var errReadOnly = errors.New("file system is read-only")

// files shows a tree to kustomize as a read-only file system whose root is "/".
// A path that leaves the root ends at the root, as on any Unix.
type files struct{ root *tree.Dir }

var _ filesys.FileSystem = files{}

// find returns the entry at name and its clean absolute path.
func (f files) find(name string) (tree.Entry, string, bool) {
	clean := path.Clean("/" + name)
	if clean == "/" {
		return tree.Entry{Dir: f.root}, clean, true
	}
	e, ok := f.root.Lookup(clean[1:])
	return e, clean, ok
}

// CleanedAbs splits name into the directory and the file it names.
func (f files) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	e, clean, ok := f.find(name)
	switch {
	case !ok:
		return "", "", fmt.Errorf("'%s' doesn't exist", name)
	case e.Dir != nil:
		return filesys.ConfirmedDir(clean), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(clean)), path.Base(clean), nil
}

// Exists reports whether name is in the tree.
func (f files) Exists(name string) bool {
	_, _, ok := f.find(name)
	return ok
}

// IsDir reports whether name is a directory.
func (f files) IsDir(name string) bool {
	e, _, ok := f.find(name)
	return ok && e.Dir != nil
}

// ReadFile returns a copy of the contents of a file.
func (f files) ReadFile(name string) ([]byte, error) {
	e, clean, ok := f.find(name)
	switch {
	case !ok:
		return nil, fmt.Errorf("'%s' doesn't exist", clean)
	case e.Dir != nil:
		return nil, fmt.Errorf("cannot read content from non-file '%s'", clean)
	}
	return slices.Clone(e.Data), nil
}

// ReadDir returns the names in a directory.
func (f files) ReadDir(name string) ([]string, error) {
	e, clean, ok := f.find(name)
	if !ok || e.Dir == nil {
		return nil, fmt.Errorf("%s is not a directory", clean)
	}
	names := make([]string, 0, len(e.Dir.Entries()))
	for _, entry := range e.Dir.Entries() {
		names = append(names, entry.Name)
	}
	return names, nil
}

// Glob returns the files that match pattern, as kustomize's own file systems do.
func (f files) Glob(pattern string) ([]string, error) {
	pattern = path.Clean("/" + pattern)
	var found []string
	err := f.root.Walk(func(name string, _ []byte) error {
		ok, err := filepath.Match(pattern, "/"+name)
		if ok {
			found = append(found, "/"+name)
		}
		return err
	})
	slices.Sort(found)
	return found, err
}

// Walk is not offered: no path of a build needs it.
func (f files) Walk(string, filepath.WalkFunc) error { return fs.ErrInvalid }

// Open is not offered: builds read whole files.
func (f files) Open(string) (filesys.File, error) { return nil, fs.ErrInvalid }

// Create fails: the tree is immutable.
func (f files) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir fails: the tree is immutable.
func (f files) Mkdir(string) error { return errReadOnly }

// MkdirAll fails: the tree is immutable.
func (f files) MkdirAll(string) error { return errReadOnly }

// RemoveAll fails: the tree is immutable.
func (f files) RemoveAll(string) error { return errReadOnly }

// WriteFile fails: the tree is immutable.
func (f files) WriteFile(string, []byte) error { return errReadOnly }

// within reports whether root is a clean slash path that stays inside the tree.
func within(root string) bool {
	return root == "." || (root != "" && path.Clean(root) == root && !path.IsAbs(root) &&
		root != ".." && !strings.HasPrefix(root, "../"))
}
