package health

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed declared.lua fragments/*.lua */health.lua */*/health.lua */*/actions/discovery.lua */*/actions/*/action.lua */*/ignore-updates.yaml
var files embed.FS

// prefix begins the keys of argocd-cm that customise kinds.
const prefix = "resource.customizations."

// Customizations returns the entries of argocd-cm by key:
// resource.customizations.<health|actions|ignoreResourceUpdates>.<group_Kind>.
// The caller owns the map. An error is a mistake in a source, which it names.
func Customizations() (map[string]string, error) { return sources{files}.customizations() }

// sources are the files of which the entries are made, and the only input.
type sources struct{ fs.FS }

func (s sources) customizations() (map[string]string, error) {
	entries := map[string]string{}
	err := fs.WalkDir(s, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		dir, file := path.Dir(name), path.Base(name)
		switch file {
		case "health.lua":
			return s.addChecks(entries, name)
		case "ignore-updates.yaml":
			entries[key("ignoreResourceUpdates", dir)], err = s.read(name)
		case "discovery.lua":
			entries[key("actions", path.Dir(dir))], err = s.actions(dir)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// key returns the entry's key for the kind whose directory is dir.
func key(what, dir string) string {
	return prefix + what + "." + strings.ReplaceAll(dir, "/", "_")
}

// addChecks adds the check in the named file for every kind that it is for.
func (s sources) addChecks(entries map[string]string, name string) error {
	source, err := s.read(name)
	if err != nil {
		return err
	}
	for _, kind := range kinds(path.Dir(name), source) {
		at := key("health", kind)
		if _, taken := entries[at]; taken {
			return fmt.Errorf("expanding %s: %s has another check", name, kind)
		}
		if entries[at], err = s.script(name, path.Base(kind)); err != nil {
			return err
		}
	}
	return nil
}

// actions returns the YAML of a kind's actions, whose directory is dir: the
// discovery script and one definition for each directory beside it.
func (s sources) actions(dir string) (string, error) {
	kind := path.Base(path.Dir(dir))
	discovery, err := s.script(dir+"/discovery.lua", kind)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("discovery.lua: |\n")
	indent(&b, "  ", discovery)
	b.WriteString("definitions:\n")
	names, err := fs.Glob(s, dir+"/*/action.lua") // sorted
	if err != nil {
		return "", err
	}
	for _, name := range names {
		action, err := s.script(name, kind)
		if err != nil {
			return "", err
		}
		b.WriteString("- name: " + path.Base(path.Dir(name)) + "\n  action.lua: |\n")
		indent(&b, "    ", action)
	}
	return b.String(), nil
}

// indent writes text as the body of a YAML block scalar; empty lines stay empty.
func indent(b *strings.Builder, by, text string) {
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(by)
		}
		b.WriteString(line)
	}
}
