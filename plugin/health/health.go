package health

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed */health.lua */*/health.lua */*/actions/discovery.lua */*/actions/*/action.lua */*/ignore-updates.yaml
var scripts embed.FS

// prefix begins the keys of argocd-cm that customise kinds.
const prefix = "resource.customizations."

// Customizations returns the entries of argocd-cm by key:
// resource.customizations.<health|actions|ignoreResourceUpdates>.<group_Kind>.
// The caller owns the map.
func Customizations() map[string]string {
	entries := map[string]string{}
	walk(func(name string, data []byte) {
		switch dir, file := path.Split(name); file {
		case "health.lua":
			entries[key("health", dir)] = string(data)
		case "ignore-updates.yaml":
			entries[key("ignoreResourceUpdates", dir)] = string(data)
		case "discovery.lua":
			entries[key("actions", path.Dir(path.Clean(dir)))] = actions(dir, data)
		}
	})
	return entries
}

// walk calls f for every embedded file, in path order. Reading an embedded file cannot fail.
func walk(f func(name string, data []byte)) {
	_ = fs.WalkDir(scripts, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := scripts.ReadFile(name)
			f(name, data)
		}
		return err
	})
}

// key returns the entry's key for the kind whose directory is dir.
func key(what, dir string) string {
	return prefix + what + "." + strings.ReplaceAll(path.Clean(dir), "/", "_")
}

// actions returns the YAML of a kind's actions: the discovery script and one
// definition for each directory beside it.
func actions(dir string, discovery []byte) string {
	var b strings.Builder
	b.WriteString("discovery.lua: |\n")
	indent(&b, "  ", discovery)
	b.WriteString("definitions:\n")
	files, _ := fs.Glob(scripts, dir+"*/action.lua") // the pattern is well formed
	for _, file := range slices.Sorted(slices.Values(files)) {
		data, _ := scripts.ReadFile(file)
		b.WriteString("- name: " + path.Base(path.Dir(file)) + "\n  action.lua: |\n")
		indent(&b, "    ", data)
	}
	return b.String()
}

// indent writes text as the body of a YAML block scalar; empty lines stay empty.
func indent(b *strings.Builder, by string, text []byte) {
	for line := range strings.Lines(string(text)) {
		if line != "\n" {
			b.WriteString(by)
		}
		b.WriteString(line)
	}
}
