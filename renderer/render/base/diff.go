package base

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/catalog"
	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// Impact is what a change does in a cluster.
type Impact string

// The impacts, from the least on.
const (
	ImpactAdd       Impact = "add"
	ImpactConfig    Impact = "config"
	ImpactRoute     Impact = "route"
	ImpactScale     Impact = "scale"
	ImpactRestart   Impact = "restart"
	ImpactRemove    Impact = "remove"
	ImpactData      Impact = "data"
	ImpactImmutable Impact = "immutable"
)

// Change is one difference between two versions, as an ordinary tenant has them.
type Change struct {
	// Object is kind/name, or "parameter" and a name.
	Object string `json:"object"`
	// Field is where the object differs; empty when it is new or gone.
	Field  string `json:"field,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Impact Impact `json:"impact"`
	// Breaks says why the cluster does not carry the change out by itself, or
	// who would lose something; empty when nothing stands in the way.
	Breaks string `json:"breaks,omitempty"`
	// How is the declared migration of a change that breaks.
	How string `json:"how,omitempty"`
}

// String returns the name of the change, by which a version's migrations mean it.
func (c Change) String() string { return strings.TrimSpace(c.Object + " " + c.Field) }

// Diff returns how b differs from a, an earlier version: first parameters, then
// objects by name.
func Diff(a, b *Base) []Change {
	d := differ{changes: parameterChanges(a.Version, b.Version), before: a, after: b}
	d.objects(index(a.active), index(b.active))
	d.declared()
	return d.changes
}

// Built is an object as it was built of a base; without text there is none, and
// without a base it is of no version.
type Built struct {
	Base *Base
	Text []byte
}

// Compare returns how an object differs from what it was, of an earlier version
// or the same. Values are shown as say says them.
func Compare(was, is Built, say func(string) string) ([]Change, error) {
	none := &Base{Version: &catalog.Version{}}
	d := differ{before: cmp.Or(was.Base, none), after: cmp.Or(is.Base, none), say: say, built: true}
	before, err := parseObjects(was.Text)
	if err != nil {
		return nil, err
	}
	after, err := parseObjects(is.Text)
	if err != nil {
		return nil, err
	}
	d.objects(index(before), index(after))
	d.declared()
	return d.changes, nil
}

// declared fills in what people do about changes that break.
func (d *differ) declared() {
	for i, c := range d.changes {
		if m := d.after.Version.Migrates(d.before.Version.Version, c.String()); m != nil && c.Breaks != "" {
			d.changes[i].How = m.How
		}
	}
}

// undeclared returns a fault for each of the changes from a to b that a cluster
// does not carry out and no migration speaks of.
func undeclared(a, b *Base, changes []Change) []error {
	var faults []error
	for _, c := range changes {
		if c.Breaks != "" && c.How == "" {
			faults = append(faults, fault.Hintf(
				fmt.Sprintf("leave it as it was, or declare it in the version's description: migrations: [{from: %q, change: %q, how: what people do}]", a.Version.Version, c),
				"upgrading %s from %s: %s: %s", b.Version.Ref, a.Version.Version, c, c.Breaks))
		}
	}
	return faults
}

func index(objects []object) map[identity]object {
	all := map[identity]object{}
	for _, o := range objects {
		all[o.identity()] = o
	}
	return all
}

// differ collects the changes between objects.
type differ struct {
	changes       []Change
	before, after *Base
	built         bool // with the values of a tenant, which say writes
	say           func(string) string
}

func (d *differ) objects(before, after map[identity]object) {
	ids := slices.Collect(maps.Keys(before))
	for id := range after {
		if _, ok := before[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b identity) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name), strings.Compare(a.group, b.group))
	})
	for _, id := range ids {
		was, had := before[id]
		is, has := after[id]
		name := id.kind + "/" + id.name
		switch {
		case !had:
			d.changes = append(d.changes, Change{Object: name, Impact: ImpactAdd})
		case !has:
			d.changes = append(d.changes, gone(name, was))
		default:
			x := comparedObject{d, name, was, is}
			x.maps(nil, was.fields, is.fields)
			if !d.built { // else the values say it themselves
				x.hands()
			}
		}
	}
}

// gone is an object that the later version has not.
func gone(name string, was object) Change {
	c := Change{Object: name, Impact: ImpactRemove}
	if was.is("", "PersistentVolumeClaim") || was.is("apps", "StatefulSet") && hasClaims(was) {
		c.Impact, c.Breaks = ImpactData, "its volumes are no longer anybody's, and what replaces it begins empty"
	}
	return c
}

// comparedObject is an object that both versions have.
type comparedObject struct {
	*differ
	name    string
	was, is object
}

func (x comparedObject) maps(path []string, was, is map[string]any) {
	keys := slices.Collect(maps.Keys(was))
	for k := range is {
		if _, ok := was[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		if len(path) == 2 && path[0] == "metadata" && x.marks(k) {
			continue // ours
		}
		x.value(append(slices.Clip(path), k), was[k], is[k])
	}
}

// marks reports whether a label or annotation is a mark. Of an Application its wave
// is: what its parent may do to it, and whose it is, is nowhere else.
func (x comparedObject) marks(key string) bool {
	return isMark(key) && (key == manifest.AnnotationWave || !x.is.is("argoproj.io", "Application"))
}

func (x comparedObject) value(path []string, was, is any) {
	if reflect.DeepEqual(was, is) {
		return
	}
	a, aok := was.(map[string]any)
	b, bok := is.(map[string]any)
	if aok && bok {
		x.maps(path, a, b)
		return
	}
	if a, b := byName(was), byName(is); a != nil && b != nil {
		x.maps(path, a, b)
		return
	}
	c := Change{Object: x.name, Field: strings.Join(path, ".")}
	c.From, c.To = x.both(was, is)
	c.Impact, c.Breaks = x.impact(path, was, is)
	x.changes = append(x.changes, c)
}

// byName returns a list whose entries have names of their own as a mapping, nil
// for any other value.
func byName(v any) map[string]any {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil
	}
	out := map[string]any{}
	for _, item := range list {
		entry, _ := item.(map[string]any)
		name, ok := entry["name"].(string)
		if metadata := at(entry, "metadata"); !ok && metadata != nil {
			name, ok = metadata["name"].(string)
		}
		if _, twice := out["[name="+name+"]"]; !ok || twice {
			return nil
		}
		out["[name="+name+"]"] = entry
	}
	return out
}

// both writes two values for people: of texts of many lines, as they were built,
// the first line that differs.
func (d *differ) both(was, is any) (from, to string) {
	a, aok := was.(string)
	b, bok := is.(string)
	if d.built && aok && bok && strings.Contains(a, "\n") && strings.Contains(b, "\n") {
		before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
		for i := range min(len(before), len(after)) {
			if before[i] != after[i] {
				return d.say(strings.TrimSpace(before[i])) + " ...", d.say(strings.TrimSpace(after[i])) + " ..."
			}
		}
		return strconv.Itoa(len(before)) + " lines", strconv.Itoa(len(after)) + " lines"
	}
	return d.short(was), d.short(is)
}

// short writes a value for people.
func (d *differ) short(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		return strconv.Itoa(len(v)) + " fields"
	case []any:
		if !d.built || slices.ContainsFunc(v, compound) {
			return strconv.Itoa(len(v)) + " entries"
		}
	}
	text := fmt.Sprint(v)
	if d.built {
		return d.say(text)
	}
	if len(text) > 60 || strings.Contains(text, "\n") {
		return fault.Clip(text)
	}
	return text
}

// compound reports whether a value has others in it.
func compound(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}
