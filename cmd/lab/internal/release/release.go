// Package release says what a lab is made of: the sets of versions that are
// known to work together, the Go modules that pin them, and the programs that
// are built from each module.
//
// Versions are not repeated here. They are read from the go.mod of the pinned
// module, which is the only place that names them. The package is pure: it
// reads no files and runs nothing.
package release

import (
	"bufio"
	"bytes"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
)

// Set is a choice of versions that passed the lab's own tests together.
type Set struct {
	// Name is what people type: v2.14.
	Name string
	// Modules are built in this order.
	Modules []Module
}

// Module is one directory of pinned versions and the programs built from it.
type Module struct {
	// Dir is the directory below the folder of pinned modules.
	Dir string
	// Main is the module whose version the programs report.
	Main string
	// Stamp returns the linker's -X assignments for that version.
	Stamp func(version string) []string
	// Patch is set when the source of Main has to be changed before it is built.
	Patch *Patch
	// Programs are the binaries to build.
	Programs []Program
}

// Program is one binary.
type Program struct {
	// Name of the file that is built.
	Name string
	// Package is the import path of its main package.
	Package string
	// Links are further names of the same binary, for programs that look at the name they run under.
	Links []string
}

// Patch is a change to the source of a module.
type Patch struct {
	// Skip names top-level directories of the module that the build does not need.
	Skip []string
	// File is changed, slash-separated and relative to the module.
	File string
	// Old must occur exactly once; New takes its place.
	Old, New string
	// Install are files of the module that are kept beside the binaries.
	Install []string
}

// Find returns the set of that name.
func Find(name string) (Set, error) {
	for _, s := range Sets() {
		if s.Name == name {
			return s, nil
		}
	}
	return Set{}, fault.Hintf("choose one of: "+strings.Join(Names(), ", "), "looking for set %q: no such set", name)
}

// Names lists the names of all sets, the default first.
func Names() []string {
	var names []string
	for _, s := range Sets() {
		names = append(names, s.Name)
	}
	return names
}

// Programs lists the names of all programs of the set with their links, sorted.
func (s Set) Programs() []string {
	var names []string
	for _, m := range s.Modules {
		for _, p := range m.Programs {
			names = append(append(names, p.Name), p.Links...)
		}
	}
	slices.Sort(names)
	return names
}

// Version returns the version that a go.mod requires of a module, and "" if it requires none.
func Version(gomod []byte, module string) string {
	lines := bufio.NewScanner(bytes.NewReader(gomod))
	for lines.Scan() {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "require "))
		if len(fields) >= 2 && fields[0] == module && fields[1] != "=>" {
			return fields[1]
		}
	}
	return ""
}
