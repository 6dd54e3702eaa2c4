package environments

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// APIVersion is the apiVersion of environment.yaml and fleet.yaml.
const APIVersion = "sluice.gatorcloud.io/v1"

const (
	environmentFile = "environment.yaml"
	fleetFile       = "fleet.yaml"
	maxFileBytes    = 4 << 20
)

// Site is an environment with its fleet, both valid and with defaults filled in.
type Site struct {
	Environment
	Fleet Fleet
	// Notes say what in fleet.yaml has no meaning any more.
	Notes []string

	lines strict.Lines // of fleet.yaml
}

// Place names a place in fleet.yaml by the line of the value at a path of keys
// and indices: "fleet.yaml: line 12".
func (s *Site) Place(path ...any) string { return place(fleetFile, s.lines, path) }

// Files returns the names of the files of an environment that people write.
func Files() []string { return []string{environmentFile, fleetFile} }

// List returns the names of the environments in root, the environments
// folder, in order. Folders without an environment.yaml are passed over.
func List(root fs.FS) ([]ident.Environment, error) {
	entries, err := fs.ReadDir(root, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing environments: %w", err)
	}
	var names []ident.Environment
	var faults []error
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if _, err := fs.Stat(root, path.Join(e.Name(), environmentFile)); err != nil {
			continue
		}
		name, err := ident.Parse[ident.EnvironmentKind](e.Name())
		if err != nil {
			faults = append(faults, fmt.Errorf("listing environments: %w", err))
			continue
		}
		names = append(names, name)
	}
	return names, errors.Join(append(faults, checkPrefixes(names)...)...)
}

// checkPrefixes refuses names whose Applications could be taken for each
// other's: tenant "b-c" of environment "a" and tenant "c" of "a-b".
func checkPrefixes(names []ident.Environment) []error {
	var faults []error
	for _, a := range names {
		for _, b := range names {
			if strings.HasPrefix(b.String(), a.String()+"-") {
				faults = append(faults, fault.Hintf("rename one of them",
					"listing environments: %q begins with the name of environment %q, so their Applications could collide", b, a))
			}
		}
	}
	return faults
}

// Load reads and validates one environment from root, the environments
// folder. The error joins every fault found.
func Load(root fs.FS, name ident.Environment) (*Site, error) {
	site := &Site{}
	envFile, fleet := path.Join(name.String(), environmentFile), path.Join(name.String(), fleetFile)
	if _, err := fs.Stat(root, envFile); errors.Is(err, fs.ErrNotExist) {
		return nil, unknown(root, name)
	}
	envLines, err1 := read(root, envFile, &site.Environment)
	lines, err2 := read(root, fleet, &site.Fleet)
	if err := loading(name, err1, err2); err != nil {
		return nil, err
	}
	site.lines = lines
	site.Notes = site.notes()
	site.fill()
	var faults []error
	env := checker{file: environmentFile, lines: envLines, faults: &faults}
	site.Environment.check(env, name)
	site.checkApart(env, root)
	site.Fleet.check(checker{file: fleetFile, lines: lines, faults: &faults}, site.Prometheus != "")
	if err := loading(name, faults...); err != nil {
		return nil, err
	}
	return site, nil
}

// loading joins faults, each of which says which environment it is of.
func loading(name ident.Environment, faults ...error) error {
	var all []error
	for _, err := range faults {
		if err != nil {
			all = append(all, fmt.Errorf("loading environment %q: %w", name, err))
		}
	}
	return errors.Join(all...)
}

// unknown says that there is no such environment, and what there is.
func unknown(root fs.FS, name ident.Environment) error {
	const hint = "an environment is a folder environments/<name> with environment.yaml and fleet.yaml"
	names, _ := List(root) // one that is wrong is none to name
	var there []string
	for _, n := range names {
		there = append(there, n.String())
	}
	return fault.Hintf(fault.DidYouMean(name.String(), there, hint), "loading environment %q: there is none", name)
}

// read decodes a small YAML file strictly, and returns where what stands in it.
func read(root fs.FS, name string, out any) (strict.Lines, error) {
	none := strict.Lines{}
	info, err := fs.Stat(root, name)
	if err != nil {
		return none, fault.Hintf("every environment has an "+environmentFile+" and a "+fleetFile, "reading %s: %w", name, err)
	}
	if info.Size() > maxFileBytes {
		return none, fault.Hintf("split the environment", "reading %s: %d bytes, at most %d are allowed", name, info.Size(), maxFileBytes)
	}
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return none, fmt.Errorf("reading %s: %w", name, err)
	}
	if err := strict.YAML(data, maxFileBytes, out); err != nil {
		hint := cmp.Or(fault.HintOf(err), "compare with "+path.Base(name)+" in environments/local")
		return none, fault.Hintf(hint, "reading %s: %w", name, err)
	}
	return strict.ReadLines(data), nil
}
