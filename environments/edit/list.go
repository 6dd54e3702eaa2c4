package edit

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
	"go.yaml.in/yaml/v3"
)

// Field is a field of an entry, a string.
type Field struct{ Key, Value string }

// Append returns the text of a fleet.yaml with one more entry in a list of its
// exceptions, such as expedite; the list is added when there is none.
func Append(fleet []byte, list string, entry ...Field) ([]byte, error) {
	doc, err := read(fleet)
	if err != nil {
		return nil, fmt.Errorf("editing fleet.yaml: %w", err)
	}
	means, texts := map[string]any{}, make([]string, 0, len(entry))
	for _, f := range entry {
		means[f.Key] = f.Value
		texts = append(texts, f.Key+": "+plain(f.Value))
	}
	all, _ := doc.means[list].([]any)
	doc.means[list] = append(all, means)
	text, ok := doc.push(list, "{"+strings.Join(texts, ", ")+"}")
	if !ok {
		return nil, fmt.Errorf("editing fleet.yaml: %s: %w", list, unknown())
	}
	return text, nil
}

// push writes an entry behind the last of a list. Where that ends is not known
// of every form, so the places where it could are tried in their order.
func (d *document) push(list, entry string) ([]byte, bool) {
	n := d.node(list)
	switch {
	case n == nil:
		end, before := len(d.text), ""
		if end > 0 && d.text[end-1] != '\n' {
			before = d.lineBreak()
		}
		return d.prove(splice{end, end, before + list + ":" + d.lineBreak() + "- " + entry + d.lineBreak()})
	case n.Kind == yaml.SequenceNode && n.Style&yaml.FlowStyle != 0:
		separator := ", "
		if len(n.Content) == 0 {
			separator = ""
		}
		for at := d.offset(n); at < len(d.text); at++ {
			if d.text[at] == ']' {
				if text, ok := d.prove(splice{at, at, separator + entry}); ok {
					return text, true
				}
			}
		}
		return nil, false
	}
	indent := ""
	if n.Kind == yaml.SequenceNode {
		indent = strings.Repeat(" ", n.Column-1)
	}
	for at := d.lineEnd(d.offset(last(n))); ; at = d.lineEnd(min(at+len(d.lineBreak()), len(d.text))) {
		if text, ok := d.prove(splice{at, at, d.lineBreak() + indent + "- " + entry}); ok || at == len(d.text) {
			return text, ok
		}
	}
}

// last returns the last scalar below a node.
func last(n *yaml.Node) *yaml.Node {
	for len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

var word = regexp.MustCompile(`^[a-z][a-z-]*[a-z]$`)

// plain writes a string as people do: single words without quotes.
func plain(s string) string {
	switch s {
	case "yes", "no", "on", "off", "true", "false", "null":
	default:
		if word.MatchString(s) {
			return s
		}
	}
	return manifest.Quote(s)
}
