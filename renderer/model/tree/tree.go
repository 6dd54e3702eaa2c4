// Package tree holds directories as values: names, contents and nothing else.
//
// A Dir never changes once built, so it may be shared between goroutines and
// between parents; writers use its pointer as identity to store a directory
// that many parents hold (a version's base) only once. Entries are in Git's
// tree order. The package knows no disk and no Git.
package tree

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Entry is one name in a Dir: a file with Data, or a directory when Dir is set.
type Entry struct {
	Name string
	Data []byte
	Dir  *Dir
}

// Dir is an immutable directory.
type Dir struct{ entries []Entry }

// Entries returns the entries in Git's tree order. The caller must not change them.
func (d *Dir) Entries() []Entry {
	if d == nil {
		return nil
	}
	return d.entries
}

// New returns a directory of the given entries. It fails when a name is empty,
// is "." or "..", contains a slash or NUL, or occurs twice.
func New(entries ...Entry) (*Dir, error) {
	sorted := slices.Clone(entries)
	// A file "a" and a directory "a" are not side by side in Git's order.
	slices.SortFunc(sorted, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	for i, e := range sorted {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00") {
			return nil, fmt.Errorf("building directory: bad name %q", e.Name)
		}
		if i > 0 && sorted[i-1].Name == e.Name {
			return nil, fmt.Errorf("building directory: name %q occurs twice", e.Name)
		}
	}
	slices.SortFunc(sorted, compareGit)
	return &Dir{sorted}, nil
}

// compareGit orders entries as Git orders a tree: a directory as if its name ended in a slash.
func compareGit(a, b Entry) int {
	n := min(len(a.Name), len(b.Name))
	return cmp.Or(strings.Compare(a.Name[:n], b.Name[:n]), cmp.Compare(a.at(n), b.at(n)))
}

// at returns the i-th byte of the name in Git's order, 0 behind its end.
func (e Entry) at(i int) byte {
	switch {
	case i < len(e.Name):
		return e.Name[i]
	case e.Dir != nil:
		return '/'
	}
	return 0
}

// FromFiles returns the directory that holds files, keyed by slash-separated path.
func FromFiles(files map[string][]byte) (*Dir, error) {
	return fromSorted(slices.Sorted(maps.Keys(files)), 0, files)
}

// fromSorted returns the directory whose own path is the first skip bytes of
// paths; those of one directory below it are side by side.
func fromSorted(paths []string, skip int, files map[string][]byte) (*Dir, error) {
	entries := make([]Entry, 0, min(len(paths), 16))
	for len(paths) > 0 {
		name, _, nested := strings.Cut(paths[0][skip:], "/")
		if !nested {
			entries = append(entries, Entry{Name: name, Data: files[paths[0]]})
			paths = paths[1:]
			continue
		}
		prefix, n := paths[0][:skip+len(name)+1], 1
		for n < len(paths) && strings.HasPrefix(paths[n], prefix) {
			n++
		}
		d, err := fromSorted(paths[:n], len(prefix), files)
		if err != nil {
			return nil, fmt.Errorf("building directory %q: %w", name, err)
		}
		entries = append(entries, Entry{Name: name, Dir: d})
		paths = paths[n:]
	}
	return New(entries...)
}

// Walk calls f for every file below d in tree order, with its slash-separated
// path, and stops at the first error.
func (d *Dir) Walk(f func(path string, data []byte) error) error { return d.walk("", f) }

func (d *Dir) walk(prefix string, f func(string, []byte) error) error {
	for _, e := range d.Entries() {
		var err error
		if e.Dir != nil {
			err = e.Dir.walk(prefix+e.Name+"/", f)
		} else {
			err = f(prefix+e.Name, e.Data)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Files returns every file below d keyed by slash-separated path.
func (d *Dir) Files() map[string][]byte {
	files := map[string][]byte{}
	_ = d.Walk(func(path string, data []byte) error { // the callback never fails
		files[path] = data
		return nil
	})
	return files
}

// Lookup returns the entry at a slash-separated path below d.
func (d *Dir) Lookup(path string) (Entry, bool) {
	name, rest, nested := strings.Cut(path, "/")
	for _, e := range d.Entries() {
		if e.Name != name {
			continue
		}
		if !nested {
			return e, true
		}
		return e.Dir.Lookup(rest)
	}
	return Entry{}, false
}

// Read returns the contents of the file at path; the error has a hint-free
// message that names the path.
func (d *Dir) Read(path string) ([]byte, error) {
	e, ok := d.Lookup(path)
	if !ok || e.Dir != nil {
		return nil, fault.New(fault.Person, "", "reading %q: no such file", path)
	}
	return e.Data, nil
}
