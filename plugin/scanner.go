package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gatorcloud/sluice/renderer/model/manifest"
)

// node is a mapping of an object in which the checks want a value.
type node uint8

const (
	nodeOther node = iota
	nodeTop
	nodeMetadata
	nodeLabels
	nodeAnnotations
	nodeSpec
	nodeTemplate
	nodePodSpec
	nodeNodeSelector
)

// child returns the mapping under key of n.
func (n node) child(key []byte) node {
	switch {
	case n == nodeTop && string(key) == "metadata":
		return nodeMetadata
	case n == nodeTop && string(key) == "spec":
		return nodeSpec
	case n == nodeMetadata && string(key) == "labels":
		return nodeLabels
	case n == nodeMetadata && string(key) == "annotations":
		return nodeAnnotations
	case n == nodeSpec && string(key) == "template":
		return nodeTemplate
	case n == nodeTemplate && string(key) == "spec":
		return nodePodSpec
	case n == nodePodSpec && string(key) == "nodeSelector":
		return nodeNodeSelector
	}
	return nodeOther
}

// field returns where the value under key of n is kept, nil for nowhere.
func (o *object) field(n node, key []byte) *string {
	switch n {
	case nodeTop:
		return pick(key, "apiVersion", &o.apiVersion, "kind", &o.kind)
	case nodeMetadata:
		return pick(key, "name", &o.name, "namespace", &o.namespace)
	case nodeLabels:
		return pick(key, manifest.LabelComponent, &o.component, "", nil)
	case nodeAnnotations:
		return pick(key, manifest.AnnotationWave, &o.wave, "", nil)
	case nodeSpec:
		if string(key) == "suspend" {
			return &o.suspend
		}
		return pick(key, "replicas", &o.replicas, "progressDeadlineSeconds", &o.deadline)
	}
	return nil
}

func pick(key []byte, a string, forA *string, b string, forB *string) *string {
	switch string(key) {
	case a:
		return forA
	case b:
		return forB
	}
	return nil
}

// scanner follows the mappings in which the checks want values. Everything
// else (other mappings, lists, texts of several lines) is passed over: it is
// indented deeper than the line that it begins in.
type scanner struct {
	open   [5]node // from the top to the current line's parent
	depth  int     // of open
	closed int     // lines deeper than this are passed over; -1 for none
}

// blanks is longer than any indentation that is followed.
const blanks = "                "

// passes reports whether a line is passed over, as most are.
func (s *scanner) passes(line []byte) bool {
	return s.closed >= 0 && len(line) > s.closed && string(line[:s.closed+1]) == blanks[:s.closed+1]
}

// line takes in a line that ends at end of the document.
func (s *scanner) line(line []byte, end int, o *object) error {
	indent := 0
	for indent < len(line) && line[indent] == ' ' {
		indent++
	}
	rest := line[indent:]
	if len(rest) == 0 {
		return nil
	}
	if s.depth == 0 {
		s.open[0], s.depth = nodeTop, 1
	}
	if indent%2 != 0 || indent/2 >= s.depth {
		return fmt.Errorf("manifest has an unexpected indentation of %d", indent)
	}
	s.depth, s.closed = indent/2+1, indent
	switch {
	case rest[0] == '-' && (len(rest) == 1 || rest[1] == ' '): // a list
		return nil
	case rest[0] == '?' || rest[0] == ':': // a key of more than 128 bytes, and its value
		return nil
	case rest[0] == '#':
		return errors.New("manifest has a comment, which kustomize does not print")
	}
	key, value, err := pair(rest)
	if err != nil {
		return err
	}
	parent := s.open[s.depth-1]
	if len(value) > 0 {
		return o.take(parent, key, value, end)
	}
	if n := parent.child(key); n != nodeOther {
		s.open[s.depth], s.closed = n, -1
		s.depth++
	}
	return nil
}

// take keeps a value if the checks want it.
func (o *object) take(parent node, key, value []byte, end int) error {
	o.nodeSelector = o.nodeSelector || parent == nodeNodeSelector
	field := o.field(parent, key)
	if field == nil {
		return nil
	}
	if field == &o.wave {
		o.waveStart, o.waveEnd = end-len(value), end
	}
	var err error
	*field, err = scalar(string(value))
	return err
}

// pair cuts "key: value" or "key:"; keys may be quoted and hold colons.
func pair(line []byte) (key, value []byte, err error) {
	end := 0
	if line[0] == '"' || line[0] == '\'' {
		i := bytes.Index(line[1:], []byte{line[0], ':'})
		if i < 0 {
			return nil, nil, fmt.Errorf("manifest has the line %s, which is no key", clip(string(line)))
		}
		end = i + 2
	}
	if i := bytes.Index(line[end:], []byte(": ")); i >= 0 {
		return line[:end+i], bytes.TrimLeft(line[end+i+2:], " "), nil
	}
	if line[len(line)-1] != ':' {
		return nil, nil, fmt.Errorf("manifest has the line %s, which is no key", clip(string(line)))
	}
	return line[:len(line)-1], nil, nil
}

// scalar returns the string of a one-line YAML scalar.
func scalar(value string) (string, error) {
	switch value[0] {
	case '"':
		s, err := strconv.Unquote(value)
		if err != nil {
			return "", fmt.Errorf("manifest has the value %s, which cannot be read", clip(value))
		}
		return s, nil
	case '\'':
		return strings.ReplaceAll(strings.Trim(value, "'"), "''", "'"), nil
	case '|', '>', '&', '*', '!', '{', '[':
		return "", fmt.Errorf("manifest has the value %s where a word belongs", clip(value))
	}
	return value, nil
}
