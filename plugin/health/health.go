package health

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed fragments/*.lua */health.lua */*/health.lua */*/actions/discovery.lua */*/actions/*/action.lua */*/ignore-updates.yaml
var sources embed.FS

// prefix begins the keys of argocd-cm that customise kinds.
const prefix = "resource.customizations."

// Customizations returns the entries of argocd-cm by key:
// resource.customizations.<health|actions|ignoreResourceUpdates>.<group_Kind>.
// The caller owns the map. An error is a mistake in a source, which it names.
func Customizations() (map[string]string, error) {
	entries := map[string]string{}
	err := fs.WalkDir(sources, ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch dir, file := path.Split(name); file {
		case "health.lua":
			entries[key("health", dir)], err = script(name)
		case "ignore-updates.yaml":
			entries[key("ignoreResourceUpdates", dir)], err = read(name)
		case "discovery.lua":
			entries[key("actions", path.Dir(path.Clean(dir)))], err = actions(dir)
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
	return prefix + what + "." + strings.ReplaceAll(path.Clean(dir), "/", "_")
}

// read returns the text of an embedded file.
func read(name string) (string, error) {
	data, err := sources.ReadFile(name)
	return string(data), err
}

// script returns what the source in an embedded file expands to.
func script(name string) (string, error) {
	source, err := read(name)
	if err != nil {
		return "", err
	}
	text, err := expand(source)
	if err != nil {
		return "", fmt.Errorf("expanding %s: %w", name, err)
	}
	return text, nil
}

// actions returns the YAML of a kind's actions: the discovery script and one
// definition for each directory beside it.
func actions(dir string) (string, error) {
	discovery, err := script(dir + "discovery.lua")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("discovery.lua: |\n")
	indent(&b, "  ", discovery)
	b.WriteString("definitions:\n")
	files, err := fs.Glob(sources, dir+"*/action.lua") // in the order of their names
	if err != nil {
		return "", err
	}
	for _, file := range files {
		action, err := script(file)
		if err != nil {
			return "", err
		}
		b.WriteString("- name: " + path.Base(path.Dir(file)) + "\n  action.lua: |\n")
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
