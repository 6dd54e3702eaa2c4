package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
)

// apiVersion is a group and a version, with or without a kind.
var apiVersion = regexp.MustCompile(`^[a-z0-9.-]+/v[a-z0-9]+(/[A-Za-z0-9]+)?$`)

// kubeVersion is a version of Kubernetes, as helm's flag --kube-version takes it.
var kubeVersion = regexp.MustCompile(`^v?1\.[0-9]{1,3}(\.[0-9]{1,3})?$`)

// maxPriority is how many buckets later a component may be pushed at most.
const maxPriority = 100

// components checks the list of components and returns those whose names are
// good, with the defaults filled in.
func (c *checker) components(docs []documentComponent) []Component {
	if len(docs) > maxComponents {
		c.refuse("split the product", "%d components, at most %d are allowed", len(docs), maxComponents)
		return nil
	}
	seen := map[string]bool{}
	var out []Component
	for _, doc := range docs {
		name, err := ident.Parse[ident.ComponentKind](doc.Name)
		if err != nil {
			c.add(err)
			continue
		}
		if doc.Name == "retained" {
			c.refuse("choose another name", `component %q: the name marks what is left of a product`, name)
			continue
		}
		if seen[doc.Name] {
			c.refuse("rename or remove one of them", "component %q is named twice", doc.Name)
			continue
		}
		seen[doc.Name] = true
		out = append(out, c.component(name, doc))
	}
	if !slices.ContainsFunc(out, func(x Component) bool { return x.Sharing == SharingNone }) {
		c.refuse("add a component with sharing: none", "the version has no component of its own")
	}
	return out
}

// component checks one entry by itself.
func (c *checker) component(name ident.Component, doc documentComponent) Component {
	out := Component{
		Name: name, Description: doc.Description, Source: doc.Source, Path: doc.Path,
		Sharing: doc.Sharing, Priority: doc.Priority, Values: doc.Values, APIVersions: doc.APIVersions, KubeVersion: doc.KubeVersion, Data: doc.Data,
		IgnoreDifferences: doc.IgnoreDifferences,
	}
	if out.Sharing == "" {
		out.Sharing = SharingNone
	}
	switch out.Sharing {
	case SharingNone:
		c.ownComponent(&out, doc)
	case SharingTenant, SharingEnvironment:
		c.reference(&out, doc)
	default:
		c.refuse("use none, tenant or environment", "component %q: sharing %q is unknown", name, doc.Sharing)
	}
	for _, d := range doc.DependsOn {
		dep, err := ident.Parse[ident.ComponentKind](d)
		if err != nil {
			c.add(fmt.Errorf("component %q depends on: %w", name, err))
			continue
		}
		out.DependsOn = append(out.DependsOn, dep)
	}
	return out
}

// ownComponent checks an entry that is deployed with the version, and fills it.
func (c *checker) ownComponent(out *Component, doc documentComponent) {
	if doc.Version != "" {
		c.refuse("remove the version, or say whom it serves with sharing", "component %q: version %q is for references only", out.Name, doc.Version)
	}
	switch doc.Source {
	case "":
		out.Source = SourceKustomize
	case SourceKustomize, SourceHelm:
	default:
		c.refuse("use kustomize or helm", "component %q: source %q is unknown", out.Name, doc.Source)
	}
	if out.Path == "" {
		out.Path = "components/" + out.Name.String()
	}
	if len(doc.Values) > 0 && doc.Source != SourceHelm {
		c.refuse("remove the values, or write source: helm", "component %q: values are for charts only", out.Name)
	}
	if len(doc.APIVersions) > 0 && doc.Source != SourceHelm {
		c.refuse("remove them, or write source: helm", "component %q: apiVersions are for charts only", out.Name)
	}
	if doc.KubeVersion != "" && doc.Source != SourceHelm {
		c.refuse("remove it, or write source: helm", "component %q: kubeVersion is for charts only", out.Name)
	}
	c.capabilities(fmt.Sprintf("component %q", out.Name), doc.APIVersions, doc.KubeVersion)
	switch doc.Data {
	case "":
		out.Data = DataKeep
	case DataKeep, DataDelete:
	default:
		c.refuse("use keep or delete", "component %q: data %q is unknown", out.Name, doc.Data)
	}
	c.ignored(out.Name, doc.IgnoreDifferences)
	if doc.Priority < 0 || doc.Priority > maxPriority {
		c.refuse(fmt.Sprintf("use 0 to %d", maxPriority), "component %q: priority %d is out of range", out.Name, doc.Priority)
	}
}

// capabilities checks what a chart finds of its cluster.
func (c *checker) capabilities(what string, apiVersions []string, kube string) {
	if kube != "" && !kubeVersion.MatchString(kube) {
		c.refuse("write it like v1.34.0", "%s: %q is no version of Kubernetes", what, kube)
	}
	for _, v := range apiVersions {
		if !apiVersion.MatchString(v) {
			c.refuse("write it like monitoring.coreos.com/v1", "%s: %q is no API version", what, v)
		}
	}
}

// reference checks an entry that stands for a shared component.
func (c *checker) reference(out *Component, doc documentComponent) {
	v, err := ident.Parse[ident.VersionKind](doc.Version)
	if err != nil {
		c.add(fmt.Errorf("component %q refers to a shared component: %w", out.Name, err))
	}
	out.Version = v
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"source", doc.Source != ""}, {"path", doc.Path != ""}, {"values", len(doc.Values) > 0},
		{"apiVersions", len(doc.APIVersions) > 0}, {"kubeVersion", doc.KubeVersion != ""}, {"data", doc.Data != ""}, {"priority", doc.Priority != 0},
		{"ignoreDifferences", len(doc.IgnoreDifferences) > 0},
	} {
		if f.set {
			c.refuse("set it in the shared component, or write sharing: none", "component %q: a reference has no %s", out.Name, f.name)
		}
	}
}

// graph checks the dependencies between entries and returns the buckets of the
// version's own components. References are Healthy before the version starts,
// so they push nothing.
func (c *checker) graph(v *Version) [][]Component {
	byName := map[string]Component{}
	for _, x := range v.Components {
		byName[x.Name.String()] = x
	}
	var nodes []node
	for _, x := range v.Components {
		n := node{name: x.Name.String(), priority: max(0, x.Priority)}
		for _, dep := range x.DependsOn {
			if d, ok := c.dependency(x, dep, byName); ok && d.Sharing == SharingNone {
				n.dependsOn = append(n.dependsOn, dep.String())
			}
		}
		if x.Sharing == SharingNone {
			nodes = append(nodes, n)
		}
	}
	names, faults := buckets(nodes)
	c.add(faults...)
	out := make([][]Component, len(names))
	for i, bucket := range names {
		for _, name := range bucket {
			out[i] = append(out[i], byName[name])
		}
	}
	return out
}

// dependency checks that x may depend on dep.
func (c *checker) dependency(x Component, dep ident.Component, byName map[string]Component) (Component, bool) {
	d, ok := byName[dep.String()]
	switch {
	case !ok:
		c.refuse(fault.DidYouMean(dep.String(), slices.Sorted(maps.Keys(byName)), "name a component of the same list"),
			"component %q depends on unknown component %q", x.Name, dep)
	case reach(d.Sharing) < reach(x.Sharing):
		c.refuse("turn the dependency round, or share both alike",
			"component %q serves the whole %s and depends on %q, which serves fewer", x.Name, x.Sharing, dep)
	case x.Sharing != SharingNone:
		c.refuse("say so in the shared component itself", "component %q: a reference depends on nothing", x.Name)
	default:
		return d, true
	}
	return Component{}, false
}

// reach orders sharings by how many a component serves.
func reach(s Sharing) int {
	return slices.Index([]Sharing{SharingNone, SharingTenant, SharingEnvironment}, s)
}
