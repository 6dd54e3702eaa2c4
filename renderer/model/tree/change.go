package tree

import (
	"bytes"
	"slices"
	"strings"
)

// Kind says how a file differs between two directories.
type Kind int

// The three ways in which a file differs.
const (
	Added Kind = iota
	Changed
	Removed
)

// String returns the word that reports use: added, changed or removed.
func (k Kind) String() string {
	return [...]string{"added", "changed", "removed"}[k]
}

// Change is one file that differs. New is its new content; it is nil for a
// removed file. The old content stays where it was.
type Change struct {
	Path string
	Kind Kind
	New  []byte
}

// Counts says how many files a comparison or a commit added, changed and removed.
type Counts struct{ Added, Changed, Removed int }

// Any reports whether anything differs.
func (c Counts) Any() bool { return c != Counts{} }

// Plus returns the sums of c and o.
func (c Counts) Plus(o Counts) Counts {
	return Counts{c.Added + o.Added, c.Changed + o.Changed, c.Removed + o.Removed}
}

// Count returns how many of changes are of each kind.
func Count(changes []Change) Counts {
	var c Counts
	for _, ch := range changes {
		switch ch.Kind {
		case Added:
			c.Added++
		case Changed:
			c.Changed++
		case Removed:
			c.Removed++
		}
	}
	return c
}

// Sort orders changes bytewise by path.
func Sort(changes []Change) {
	slices.SortFunc(changes, func(a, b Change) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return int(a.Kind) - int(b.Kind)
	})
}

// Equal reports whether two directories hold the same names with the same
// contents; then they have one digest.
func Equal(a, b *Dir) bool {
	return a == b || slices.EqualFunc(a.Entries(), b.Entries(), func(x, y Entry) bool {
		return x.Name == y.Name && (x.Dir == nil) == (y.Dir == nil) && bytes.Equal(x.Data, y.Data) && Equal(x.Dir, y.Dir)
	})
}

// Diff returns the files that differ between two directories, sorted by path.
// Either may be nil, which is an empty directory; shared pointers are not
// descended into.
func Diff(before, after *Dir) []Change {
	var changes []Change
	diff("", before, after, &changes)
	Sort(changes)
	return changes
}

func diff(prefix string, before, after *Dir, changes *[]Change) {
	if before == after {
		return
	}
	old := map[string]Entry{}
	for _, e := range before.Entries() {
		old[e.Name] = e
	}
	for _, e := range after.Entries() {
		was, had := old[e.Name]
		delete(old, e.Name)
		diffEntry(prefix+e.Name, was, had, e, changes)
	}
	for name, e := range old {
		list(prefix+name, e, Removed, changes)
	}
}

func diffEntry(path string, was Entry, had bool, is Entry, changes *[]Change) {
	switch {
	case !had:
		list(path, is, Added, changes)
	case was.Dir != nil && is.Dir != nil:
		diff(path+"/", was.Dir, is.Dir, changes)
	case was.Dir != nil || is.Dir != nil:
		list(path, was, Removed, changes)
		list(path, is, Added, changes)
	case !bytes.Equal(was.Data, is.Data):
		*changes = append(*changes, Change{path, Changed, is.Data})
	}
}

// list records every file of e as added or removed.
func list(path string, e Entry, kind Kind, changes *[]Change) {
	if e.Dir == nil {
		c := Change{Path: path, Kind: kind}
		if kind == Added {
			c.New = e.Data
		}
		*changes = append(*changes, c)
		return
	}
	for _, sub := range e.Dir.Entries() {
		list(path+"/"+sub.Name, sub, kind, changes)
	}
}

// Guard judges a set of changes as a whole before they happen.
type Guard interface {
	// See is told of each file that is changed or removed, in any order, from
	// many goroutines and maybe more than once. Files that are new are no harm
	// and may be left out.
	See(c Change)
	// Check is asked once all were seen; its error says why they must not happen.
	Check() error
}
