// Package tree holds directories as values: names, contents and nothing else.
//
// A Dir never changes once built, so it may be shared between goroutines and
// between parents; writers use its pointer as identity to store a directory
// that many parents hold (a version's base) only once. Entries are in Git's
// tree order. The package knows no disk and no Git.
package tree

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/fault"
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
	slices.SortFunc(sorted, compareGit)
	for i, e := range sorted {
		if e.Name == "" || e.Name == "." || e.Name == ".." || strings.ContainsAny(e.Name, "/\x00") {
			return nil, fmt.Errorf("building directory: bad name %q", e.Name)
		}
		if i > 0 && sorted[i-1].Name == e.Name {
			return nil, fmt.Errorf("building directory: name %q occurs twice", e.Name)
		}
	}
	// A file "a" and a directory "a" do not sort side by side.
	seen := make(map[string]bool, len(sorted))
	for _, e := range sorted {
		if seen[e.Name] {
			return nil, fmt.Errorf("building directory: name %q occurs twice", e.Name)
		}
		seen[e.Name] = true
	}
	return &Dir{sorted}, nil
}

// compareGit orders entries as Git orders a tree: a directory as if its name ended in a slash.
func compareGit(a, b Entry) int { return strings.Compare(gitName(a), gitName(b)) }

func gitName(e Entry) string {
	if e.Dir != nil {
		return e.Name + "/"
	}
	return e.Name
}

// FromFiles returns the directory that holds files, keyed by slash-separated path.
func FromFiles(files map[string][]byte) (*Dir, error) {
	here := make([]Entry, 0, len(files))
	below := map[string]map[string][]byte{}
	for path, data := range files {
		name, rest, nested := strings.Cut(path, "/")
		if !nested {
			here = append(here, Entry{Name: name, Data: data})
			continue
		}
		if below[name] == nil {
			below[name] = map[string][]byte{}
		}
		below[name][rest] = data
	}
	for name, sub := range below {
		d, err := FromFiles(sub)
		if err != nil {
			return nil, fmt.Errorf("building directory %q: %w", name, err)
		}
		here = append(here, Entry{Name: name, Dir: d})
	}
	return New(here...)
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
