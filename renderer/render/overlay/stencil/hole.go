package stencil

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sigs.k8s.io/kustomize/kyaml/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// hole is one scalar of the output that values go into.
type hole struct {
	parts  []part
	path   []step
	tag    string
	style  yaml.Style
	refers bool   // the field may refer to an object by name
	space  bool   // the field may be compared with the overlay's namespace
	prefix string // what precedes the scalar when it is alone in its document
	column int    // where the scalar begins in its line
}

// step leads from a node to a child: by the key of a mapping, or, when the key
// is empty, into a list. The style is that of the node it leaves.
type step struct {
	key   string
	list  bool
	style yaml.Style
}

// steps returns the path with "*" for elements of lists.
func (h *hole) steps() []string {
	keys := make([]string, len(h.path))
	for i, s := range h.path {
		keys[i] = s.key
		if s.list {
			keys[i] = "*"
		}
	}
	return keys
}

// locate finds out how the scalar stands in a document.
func (h *hole) locate() error {
	const marker = "marker"
	text, err := h.alone(yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: marker})
	if err != nil {
		return err
	}
	prefix, ok := strings.CutSuffix(text, marker+"\n")
	if !ok {
		return fmt.Errorf("scalar at %v does not end its document", h.steps())
	}
	h.prefix = prefix
	h.column = len(prefix) - strings.LastIndexByte(prefix, '\n') - 1
	return nil
}

// ask lets kustomize's encoders write the scalar for v.
func (h *hole) ask(v string) (string, error) {
	text, err := h.alone(yaml.Node{Kind: yaml.ScalarNode, Tag: h.tag, Style: h.style, Value: v})
	if err != nil {
		return "", err
	}
	scalar, ok := strings.CutPrefix(text, h.prefix)
	if !ok || !strings.HasSuffix(scalar, "\n") {
		return "", fmt.Errorf("scalar at %v changes its surroundings", h.steps())
	}
	return scalar[:len(scalar)-1], nil
}

// alone encodes a document in which the node stands where the hole is, and
// nothing else. It calls what resource.AsYAML calls.
func (h *hole) alone(leaf yaml.Node) (string, error) {
	node := &leaf
	for _, s := range slices.Backward(h.path) {
		parent := &yaml.Node{Kind: yaml.SequenceNode, Style: s.style, Content: []*yaml.Node{node}}
		if !s.list {
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: yaml.NodeTagString, Value: s.key}
			parent = &yaml.Node{Kind: yaml.MappingNode, Style: s.style, Content: []*yaml.Node{key, node}}
		}
		node = parent
	}
	json, err := yaml.NewRNode(node).MarshalJSON()
	if err != nil {
		return "", err
	}
	text, err := sigsyaml.JSONToYAML(json)
	return string(text), err
}

// write appends the scalar for v to dst. It fails when kustomize would, and
// when it cannot tell.
func (h *hole) write(dst []byte, v string) ([]byte, bool) {
	text := h.tag == yaml.NodeTagString
	switch {
	case h.style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
	case text && quoted(v):
		dst = append(dst, '"')
		dst = append(dst, v...)
		return append(dst, '"'), true
	case h.style == 0 && (h.tag == "" || h.tag == yaml.NodeTagInt) && number(v):
		return append(dst, v...), true
	case (text || h.tag == "") && plain(v) && h.fits(v):
		return append(dst, v...), true
	}
	if !known(v) {
		return dst, false
	}
	scalar, err := h.ask(v)
	return append(dst, scalar...), err == nil
}

// lineWidth is the column from which on the output's encoder breaks lines at blanks.
const lineWidth = 80

// fits reports whether v stays on one line.
func (h *hole) fits(v string) bool {
	return h.column+len(v) <= lineWidth || strings.IndexByte(v, ' ') < 0
}

// known reports whether a scalar of the value v is encoded alike wherever it
// stands in a document: text of printable characters. A block scalar that
// begins with a blank or ends with empty lines depends on what follows.
func known(v string) bool {
	if len(v) > 1<<16 || !utf8.ValidString(v) || strings.HasSuffix(v, "\n\n") || v == "\n" {
		return false
	}
	lines := strings.IndexByte(v, '\n') >= 0
	if lines && (v[0] == ' ' || v[0] == '\n') {
		return false
	}
	for _, r := range v {
		if r != '\n' && !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
