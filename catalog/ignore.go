package catalog

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// IgnoreDifferences returns what the components of v say of fields that the
// cluster rewrites, in the order that people gave.
func (v *Version) IgnoreDifferences() []manifest.IgnoreDifference {
	var all []manifest.IgnoreDifference
	for _, c := range v.Components {
		all = append(all, c.IgnoreDifferences...)
	}
	return all
}

var (
	// An expression is a path, with one selection by a text in it at most: what
	// is seen of a jq program without running it.
	jqName   = `\.(?:[A-Za-z_][A-Za-z0-9_]*|"[^"\\]+")\??`
	jqPath   = jqName + `(?:` + jqName + `|\[(?:[0-9]*|"[^"\\]+")\]\??)*`
	jqForm   = regexp.MustCompile(`^` + jqPath + `(?: *\| *select\(` + jqPath + ` *== *"[^"\\()|]*"\)(?: *\| *` + jqPath + `)?)?$`)
	jqSelect = regexp.MustCompile(` *\| *select\([^)]*\)(?: *\| *)?`)
	jqStep   = regexp.MustCompile(`\.([A-Za-z_][A-Za-z0-9_]*)|[.[]"([^"\\]+)"|\[[0-9]*\]`)
)

// IgnoredPaths returns the paths that d names, a field a step; "*" is an entry
// of a list. The expressions must have passed the catalog's check.
func IgnoredPaths(d manifest.IgnoreDifference) [][]string {
	var paths [][]string
	for _, p := range d.JSONPointers {
		steps := strings.Split(p, "/")[1:]
		for i, s := range steps {
			steps[i] = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
			if strings.Trim(s, "0123456789") == "" || s == "-" {
				steps[i] = "*"
			}
		}
		paths = append(paths, steps)
	}
	for _, e := range d.JQPathExpressions {
		var steps []string
		for _, m := range jqStep.FindAllStringSubmatch(jqSelect.ReplaceAllString(e, ""), -1) {
			if name := m[1] + m[2]; name != "" {
				steps = append(steps, name)
			} else {
				steps = append(steps, "*")
			}
		}
		paths = append(paths, steps)
	}
	return paths
}

// ignored checks the form of what a component ignores, and that it is narrow:
// one object each, and fields that are not half of it. Package base checks what
// the fields are for.
func (c *checker) ignored(component ident.Component, list []manifest.IgnoreDifference) {
	if len(list) > 0 && c.ref.Shared {
		c.refuse("let the manifests agree with what the cluster writes", "component %q: ignoreDifferences are for products only", component)
	}
	for _, d := range list {
		what := fmt.Sprintf("component %q: ignoreDifferences of %s %q", component, d.Kind, d.Name)
		if !kindForm.MatchString(d.Kind) || d.Name == "" || strings.ContainsAny(d.Name, "*/ ") {
			c.refuse("write group, kind and name of one object", "%s: no one object", what)
		}
		if len(d.JSONPointers)+len(d.JQPathExpressions) == 0 {
			c.refuse("write jsonPointers: [/spec/...]", "%s: no field", what)
		}
		for _, p := range d.JSONPointers {
			if !strings.HasPrefix(p, "/") || strings.HasSuffix(p, "/") {
				c.refuse("write it like /spec/clusterIP", "%s: %q is no pointer to a field", what, p)
				return
			}
		}
		for _, e := range d.JQPathExpressions {
			if !jqForm.MatchString(e) {
				c.refuse(`write a path like .webhooks[]?.clientConfig.caBundle or .spec.a[] | select(.name == "b")`, "%s: expression %q is more than a path", what, e)
				return
			}
		}
		for _, path := range IgnoredPaths(d) {
			if hint, wide := wide(path); wide {
				c.refuse(hint, "%s: %q is too wide", what, strings.Join(path, "."))
			}
		}
	}
}

// wide reports whether a path is more than one field, or one that sluice or
// Kubernetes tell an object by.
func wide(path []string) (hint string, yes bool) {
	switch {
	case len(path) < 2 || path[1] == "*":
		return "name the field itself", true
	case path[0] != "metadata":
		return "", false
	case len(path) < 3 || path[1] != "annotations" && path[1] != "labels":
		return "name one annotation or label", true
	}
	for _, domain := range []string{"gatorcloud.io/", "argocd.argoproj.io/", "app.kubernetes.io/instance"} {
		if strings.HasPrefix(path[2], domain) {
			return "remove it: sluice or Argo CD sets it", true
		}
	}
	return "", false
}
