package catalog

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Kind says of a kind that sluice does not know whether it runs pods, and how
// it comes to rest when an authorisation has ended.
type Kind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	// Template is the path of its pod template, such as "spec.template"; empty
	// when it has none. Images below it are pinned.
	Template string `json:"template,omitempty"`
	// Suspend is the field that stops its pods; empty for a kind that runs none.
	Suspend *Suspend `json:"suspend,omitempty"`
	// Health says when its objects are ready; nil for a kind that nothing waits for.
	Health *Health `json:"health,omitempty"`
}

// Health is how Argo CD, once it has the check, sees that objects of a kind are ready.
type Health struct {
	// Condition is the type of the condition that is True then.
	Condition string `json:"condition"`
}

// Suspend is a field and what it holds while an authorisation is suspended.
type Suspend struct {
	Field string `json:"field"`
	Value any    `json:"value"`
}

var (
	groupForm = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
	kindForm  = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	fieldForm = regexp.MustCompile(`^spec(\.[a-z][A-Za-z0-9]*)+$`)
)

// Workload returns k as package base treats the kinds that sluice knows.
func (k Kind) Workload() manifest.Workload {
	w := manifest.Workload{Group: k.Group, Kind: k.Kind}
	if k.Template != "" {
		w.Template = strings.Split(k.Template, ".")
	}
	if k.Suspend != nil {
		w.Rest, w.Value = "/"+strings.Join(k.Suspend.Path(), "/"), k.Suspend.text()
	}
	return w
}

// Path returns the field's path, from the top of the object.
func (s Suspend) Path() []string { return strings.Split(s.Field, ".") }

// text returns the value in YAML; it is empty for what is no plain value.
func (s Suspend) text() string {
	switch v := s.Value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case bool, int64, float64:
		return fmt.Sprint(v)
	}
	return ""
}

// kinds checks what the version says of kinds.
func (c *checker) kinds(kinds []Kind) {
	known := manifest.Workloads()
	for _, k := range kinds {
		what := fmt.Sprintf("kind %q of group %q", k.Kind, k.Group)
		w := k.Workload()
		same := func(x manifest.Workload) bool { return x.Group == w.Group && x.Kind == w.Kind }
		switch {
		case !groupForm.MatchString(k.Group) || !kindForm.MatchString(k.Kind):
			c.refuse("write group: db.example.com and kind: Cluster", "%s is none of a custom resource", what)
		case slices.ContainsFunc(known, same):
			c.refuse("remove the entry; sluice knows the kind, or another entry names it", "%s is known", what)
		case k.Template != "" && !fieldForm.MatchString(k.Template):
			c.refuse("write it like spec.template", "%s: template %q is no path", what, k.Template)
		case k.Template != "" && k.Suspend == nil:
			c.refuse("add suspend: {field: spec.replicas, value: 0}", "%s runs pods and does not say how they stop", what)
		case k.Suspend != nil && !fieldForm.MatchString(k.Suspend.Field):
			c.refuse("write it like spec.replicas", "%s: suspend: field %q is no path", what, k.Suspend.Field)
		case k.Suspend != nil && w.Value == "":
			c.refuse("write a number, true, false or a text", "%s: suspend: value %v is no plain value", what, k.Suspend.Value)
		case k.Health != nil && !kindForm.MatchString(k.Health.Condition):
			c.refuse("write it like Ready", "%s: health: %s is no type of a condition", what, quote(k.Health.Condition))
		case k.Health != nil && (k.Group == "argoproj.io" || !manifest.CustomGroup(k.Group)):
			c.refuse("remove health", "%s: health: Argo CD and sluice check the kind themselves", what)
		}
		known = append(known, w)
	}
}

// Checked returns the kinds of which versions say when their objects are ready,
// each once, sorted by group and kind.
func (c *Catalog) Checked() []Kind {
	var all []Kind
	for _, v := range c.All() {
		for _, k := range v.Kinds {
			if k.Health != nil {
				all = append(all, k)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Kind) int { return a.name().Compare(b.name()) })
	return slices.CompactFunc(all, func(a, b Kind) bool { return a.name() == b.name() })
}

func (k Kind) name() manifest.GroupKind { return manifest.GroupKind{Group: k.Group, Kind: k.Kind} }

// checkHealths refuses versions that say something else of a kind's health than
// one before them: an Argo CD has one check of a kind.
func (c *Catalog) checkHealths(f faults) {
	said := map[manifest.GroupKind]Kind{}
	by := map[manifest.GroupKind]Ref{}
	for _, v := range c.All() {
		for _, k := range v.Kinds {
			if k.Health == nil {
				continue
			}
			before, ok := said[k.name()]
			if !ok {
				said[k.name()], by[k.name()] = k, v.Ref
			} else if !reflect.DeepEqual([]any{k.Health, k.Suspend}, []any{before.Health, before.Suspend}) {
				f.add(v.Ref.String(), fmt.Errorf("%s/%s: %w", v.Ref, v.Ref.DescriptionFile(), fault.Hintf("write health and suspend as there: Argo CD has one check of a kind",
					"kind %q of group %q: %s says something else of its health", k.Kind, k.Group, by[k.name()])))
				delete(c.versions, v.Ref)
			}
		}
	}
}
