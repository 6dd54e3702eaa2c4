package catalog

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
)

// kustomizationFields are what a kustomization of the catalog may use. What is
// missing reaches out (generators, openapi), belongs to the overlay (namespace)
// or is deprecated in favour of patches and replacements. helmCharts are charts
// of the version's own tree; no helm is run for them, and none reaches an overlay.
func kustomizationFields() []string {
	return []string{
		"apiVersion", "kind", "metadata", "resources", "components", "patches", "replacements",
		"configMapGenerator", "secretGenerator", "generatorOptions", "helmCharts", "helmGlobals", "images", "labels", "commonLabels",
		"commonAnnotations", "namePrefix", "nameSuffix", "replicas", "sortOptions", "buildMetadata",
	}
}

// kustomizations checks every YAML file of the version that a parser without
// bounds will read, and that kustomizations refer to existing files only: so
// to nothing remote and nothing outside.
func (c *checker) kustomizations(v *Version) {
	v.helmCharts = map[string][]HelmChart{}
	_ = c.files.Walk(func(name string, data []byte) error { // the callback never fails
		c.where = name
		switch {
		case archive(name):
			c.refuse("unpack it", "archives are not allowed")
		case c.template(name), name == c.ref.DescriptionFile(), !yamlName(name):
		default:
			c.yamlFile(v, name, data)
		}
		return nil
	})
	for _, c.where = range c.annotated {
		if c.charts > 0 {
			c.refuse("remove it", "buildMetadata: the annotations would tell another origin of what helmCharts make than kustomize does")
		}
	}
}

// inChart reports whether a file or directory belongs to a chart.
func (c *checker) inChart(name string) bool { return c.chartAbove(name, true) }

// template reports whether a file or directory belongs to the templates of a
// chart, which are YAML only once they are rendered.
func (c *checker) template(name string) bool { return c.chartAbove(name, false) }

// chartAbove reports whether a directory above name holds a chart and, unless
// within is set, name lies below a directory templates of it.
func (c *checker) chartAbove(name string, within bool) bool {
	for ; name != "."; name = path.Dir(name) {
		within = within || path.Base(name) == "templates"
		if e, ok := c.files.Lookup(path.Join(path.Dir(name), "Chart.yaml")); ok && e.Dir == nil && within {
			return true
		}
	}
	return false
}

func archive(name string) bool {
	for _, ext := range []string{".tgz", ".tar", ".gz", ".zip"} {
		if strings.HasSuffix(strings.ToLower(name), ext) {
			return true
		}
	}
	return false
}

// yamlName reports whether a file is parsed as YAML; JSON is YAML.
func yamlName(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json", ".lock":
		return true
	}
	return path.Base(name) == "Kustomization"
}

func (c *checker) yamlFile(v *Version, name string, data []byte) {
	// Kustomize expands anchors of manifests, and the engine counts what they
	// expand to; what sluice reads itself has none.
	check := strict.CheckShared
	kustomization := slices.Contains(kustomizationNames(), path.Base(name))
	if kustomization || c.inChart(name) || name == manifest.ReplacementsFile {
		check = strict.Check
	}
	if err := check(data, maxFileBytes); err != nil {
		c.add(err)
		return
	}
	if !kustomization {
		return
	}
	var doc map[string]any
	if err := strict.YAML(data, maxFileBytes, &doc); err != nil {
		c.refuse("write one mapping with each field once", "%w", err)
		return
	}
	for _, field := range slices.Sorted(maps.Keys(doc)) {
		if !slices.Contains(kustomizationFields(), field) {
			c.refuse("use resources, patches, replacements and generators of local files", "field %q is not allowed in the catalog", field)
		}
	}
	if slices.Contains(list(doc["buildMetadata"]), any("managedByLabel")) {
		c.refuse("write app.kubernetes.io/managed-by under labels", "buildMetadata: managedByLabel names the program that builds, and objects depend on the version alone")
	}
	if len(list(doc["buildMetadata"])) > 0 {
		c.annotated = append(c.annotated, name)
	}
	dir := path.Dir(name)
	if charts := c.helmCharts(dir, doc); len(charts) > 0 {
		v.helmCharts[name] = charts
	}
	for _, field := range []string{"resources", "components"} {
		for _, item := range list(doc[field]) {
			c.reachable(dir, field, item, true)
		}
	}
	for _, field := range []string{"patches", "replacements"} {
		for _, item := range list(doc[field]) {
			if at, ok := mapping(item)["path"]; ok {
				c.reachable(dir, field, at, true)
			}
		}
	}
	for _, field := range []string{"configMapGenerator", "secretGenerator"} {
		for _, item := range list(doc[field]) {
			c.generator(dir, field, mapping(item))
		}
	}
}

// generator checks the files that a ConfigMap or Secret is made of.
func (c *checker) generator(dir, field string, g map[string]any) {
	for _, item := range list(g["files"]) {
		s, _ := item.(string)
		if _, file, named := strings.Cut(s, "="); named {
			item = file
		}
		c.reachable(dir, field, item, false)
	}
	for _, item := range list(g["envs"]) {
		c.reachable(dir, field, item, false)
	}
	if env, ok := g["env"]; ok {
		c.reachable(dir, field, env, false)
	}
}

// reachable checks that ref, written in a kustomization in dir, is a file or
// directory of the version; a file that is parsed must have the name of one.
func (c *checker) reachable(dir, field string, ref any, parsed bool) {
	s, ok := ref.(string)
	if !ok {
		c.refuse("write a path", "%s: %v is no path", field, fmt.Sprintf("%.40v", ref))
		return
	}
	target := path.Join(dir, s)
	e, found := c.files.Lookup(target)
	switch {
	case strings.HasPrefix(s, "/") || !found:
		c.refuse("refer to files and directories of the same version; copy in what is remote",
			"%s: %s is not a file or directory of this version", field, quote(s))
	case parsed && c.template(target):
		c.refuse("list the chart under helmCharts", "%s: %s belongs to the templates of a chart, which are no YAML", field, quote(s))
	case parsed && e.Dir == nil && !yamlName(target):
		c.refuse("rename it to .yaml", "%s: %s is read as YAML and not named so", field, quote(s))
	}
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func mapping(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
