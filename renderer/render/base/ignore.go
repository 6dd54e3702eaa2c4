package base

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// ignored checks what a component ignores against its objects.
func (b *builder) ignored(c catalog.Component, objects []object) {
	for _, d := range c.IgnoreDifferences {
		place := fmt.Sprintf("component %q: ignoreDifferences of %s %q", c.Name, d.Kind, d.Name)
		n := slices.IndexFunc(objects, func(o object) bool { return o.is(d.Group, d.Kind) && o.name == d.Name })
		if n < 0 {
			b.add(place, fault.Hintf("mend group, kind and name, or remove the entry", "no such object in group %q", d.Group))
			continue
		}
		for _, path := range catalog.IgnoredPaths(d) {
			if why := unignorable(objects[n], path); why != "" {
				b.add(place, fault.Hintf("name a field that is not the version's to say", "%q: %s", strings.Join(path, "."), why))
			}
		}
	}
}

// ignoredSizes refuses to leave to the cluster how large a claim is that a
// tenant sizes: what he buys would never reach it.
func (b *Base) ignoredSizes() (faults []error) {
	size := strings.Split(claimSize, ".")
	for _, d := range b.Version.IgnoreDifferences() {
		parameter, sized := b.given[claimField{d.Name, claimSize}]
		if d.Kind != "PersistentVolumeClaim" || !sized {
			continue
		}
		for _, path := range catalog.IgnoredPaths(d) {
			if covers(path, size) || covers(size, path) {
				faults = append(faults, fault.Hintf("remove the entry, or the replacement that writes there", "ignoreDifferences of %s %q: %q: parameter %q sizes the claim",
					d.Kind, d.Name, strings.Join(path, "."), parameter))
			}
		}
	}
	return faults
}

// unignorable says why a field may not be left to the cluster; it is empty when
// it may. A workload has to stop, and to run the images that were published.
func unignorable(o object, path []string) string {
	if o.workload == nil {
		return ""
	}
	if rest := restPath(*o.workload); len(rest) > 0 && (covers(path, rest) || covers(rest, path)) {
		return "suspension sets the field"
	}
	if len(o.workload.Template) == 0 {
		return ""
	}
	pods := append(slices.Clone(o.workload.Template), "spec")
	for _, list := range []string{"containers", "initContainers"} {
		containers := append(slices.Clone(pods), list)
		switch below := path[min(len(containers), len(path)):]; {
		case covers(path, containers):
			return "all pods are below it"
		case !covers(containers, path):
		case len(below) < 2:
			return "a whole container is below it"
		case below[1] == "image" || below[1] == "*":
			return "images are part of the version"
		}
	}
	return ""
}

// covers reports whether the field at b is a or lies below it.
func covers(a, b []string) bool {
	if len(a) > len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && a[i] != "*" && b[i] != "*" {
			return false
		}
	}
	return true
}

// restPath returns the path of the field that puts a workload to rest; nil for none.
func restPath(w manifest.Workload) []string {
	if w.Rest == "" {
		return nil
	}
	names := strings.Split(strings.TrimPrefix(w.Rest, "/"), "/")
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "~1", "/")
	}
	return names
}
