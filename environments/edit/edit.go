// Package edit changes fleet.yaml as a person would who changes little: comments,
// order and form of all else stay, byte for byte.
//
// Every change is proven before it is handed out: the new text must mean what
// the old one meant but for the change. What cannot be changed so, because it
// is written in a form that the package does not know, is refused and left to
// people. It knows the form of the file and not its sense: environments checks it.
package edit

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/ident"
	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"github.com/gatorcloud/sluice/renderer/model/strict"
	"go.yaml.in/yaml/v3"
)

// maxBytes bounds a fleet.yaml, as the loader does.
const maxBytes = 4 << 20

// Want is a version that a ring shall run.
type Want struct {
	Ring    ident.Ring
	Product ident.Product
	Version ident.Version
}

// Versions returns the text of a fleet.yaml in which rings want other versions.
// A product that a ring did not have is added behind its others.
func Versions(fleet []byte, wants ...Want) ([]byte, error) {
	if text, err := versions(fleet, wants); err == nil {
		return text, nil
	}
	for _, w := range wants { // one by one: what changes one place twice, and which one cannot be made
		next, err := versions(fleet, []Want{w})
		if err != nil {
			return nil, fmt.Errorf("editing fleet.yaml: ring %q: product %q: %w", w.Ring, w.Product, err)
		}
		fleet = next
	}
	return fleet, nil
}

// versions makes all changes at once, so that the proof costs as much as that of one.
func versions(fleet []byte, wants []Want) ([]byte, error) {
	doc, err := read(fleet)
	if err != nil {
		return nil, err
	}
	var changes []splice
	for _, w := range wants {
		s, changed, err := doc.version(w)
		if err != nil {
			return nil, err
		}
		if changed {
			changes = append(changes, s)
		}
	}
	if text, ok := doc.prove(changes...); ok {
		return text, nil
	}
	return nil, unknown()
}

// version lets the document mean what is wanted, and returns the change of its
// text, if there is one.
func (d *document) version(w Want) (s splice, changed bool, err error) {
	rings, _ := d.means["rings"].([]any)
	i := slices.IndexFunc(rings, func(r any) bool { return field(r, "name") == w.Ring.String() })
	if i < 0 {
		return s, false, fault.Hintf("name a ring of fleet.yaml", "there is no such ring")
	}
	versions, ok := field(rings[i], "versions").(map[string]any)
	if !ok {
		return s, false, unknown()
	}
	name := w.Product.String()
	old, there := versions[name]
	if old == w.Version.String() {
		return s, false, nil
	}
	versions[name] = w.Version.String()
	node := d.node("rings", i, "versions")
	if there {
		return d.replace(child(node, name), w.Version.String()), true, nil
	}
	return d.insert(node, name, w.Version.String()), true, nil
}

// document is a text, what it means, and where.
type document struct {
	text  []byte
	means map[string]any
	root  *yaml.Node
}

func read(text []byte) (*document, error) {
	d := &document{text: text}
	if err := strict.YAML(text, maxBytes, &d.means); err != nil {
		return nil, err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil || len(n.Content) == 0 || d.means == nil {
		return nil, unknown()
	}
	d.root = n.Content[0]
	return d, nil
}

// unknown is what is said of a form that cannot be changed in place.
func unknown() error {
	return fault.Hintf("make the change by hand", "it is written in a form that cannot be changed in place")
}

// splice is what stands between two offsets in a changed text; offsets below
// zero are of a form that is not known.
type splice struct {
	from, to int
	with     string
}

// prove returns the text with its changes, if it then means what d means now,
// and false otherwise.
func (d *document) prove(changes ...splice) ([]byte, bool) {
	slices.SortStableFunc(changes, func(a, b splice) int { return cmp.Compare(a.from, b.from) })
	var text []byte
	at := 0
	for _, c := range changes {
		if c.from < at || c.to < c.from || c.to > len(d.text) {
			return nil, false
		}
		text = append(append(text, d.text[at:c.from]...), c.with...)
		at = c.to
	}
	text = append(text, d.text[at:]...)
	var means map[string]any
	err := strict.YAML(text, maxBytes, &means)
	return text, err == nil && reflect.DeepEqual(means, d.means)
}

// node returns the node at a path; nil for none.
func (d *document) node(path ...any) *yaml.Node {
	n := d.root
	for _, step := range path {
		switch step := step.(type) {
		case string:
			n = child(n, step)
		case int:
			if n == nil || step >= len(n.Content) {
				return nil
			}
			n = n.Content[step]
		}
	}
	return n
}

// child returns the value of a key of a mapping; nil for none.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// field returns a field of what may be a mapping; nil for none.
func field(of any, name string) any {
	m, _ := of.(map[string]any)
	return m[name]
}

// replace puts a string in the place of a scalar, in quotes of the same kind.
func (d *document) replace(n *yaml.Node, with string) splice {
	from, to := d.token(n)
	quoted := manifest.Quote(with)
	if n != nil && n.Style == yaml.SingleQuotedStyle {
		quoted = "'" + strings.ReplaceAll(with, "'", "''") + "'"
	}
	return splice{from, to, quoted}
}

// insert adds a key with a string to a mapping, behind its others.
func (d *document) insert(mapping *yaml.Node, key, value string) splice {
	entry := key + `: "` + value + `"`
	if mapping == nil {
		return splice{from: -1}
	}
	at, with := d.offset(mapping)+1, entry // an empty {}
	if len(mapping.Content) > 0 {
		_, at = d.token(mapping.Content[len(mapping.Content)-1])
		with = ", " + entry
	}
	if mapping.Style&yaml.FlowStyle == 0 {
		at = d.lineEnd(at)
		with = d.lineBreak() + string(bytes.Repeat([]byte(" "), mapping.Column-1)) + entry
	}
	return splice{at, at, with}
}
